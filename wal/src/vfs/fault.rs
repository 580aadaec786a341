//! A file system that fails on request: the n-th operation, once or from then on.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::sync::Mutex;

use super::{LockKind, OpenMode, Vfs, VfsFile, VfsLock};

/// An operation on the file system or a file, for counting and for choosing faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpKind {
    /// [`Vfs::open`].
    Open,
    /// [`Vfs::read_dir`].
    ReadDir,
    /// [`Vfs::exists`].
    Exists,
    /// [`Vfs::create_dir`].
    CreateDir,
    /// [`Vfs::remove_file`].
    RemoveFile,
    /// [`Vfs::rename`].
    Rename,
    /// [`Vfs::hard_link`].
    HardLink,
    /// [`Vfs::sync_dir`].
    SyncDir,
    /// [`Vfs::try_lock`].
    Lock,
    /// [`VfsFile::read_at`].
    Read,
    /// [`VfsFile::write_all_at`].
    Write,
    /// [`VfsFile::sync_data`].
    SyncData,
    /// [`VfsFile::sync_all`].
    SyncAll,
    /// [`VfsFile::set_len`].
    SetLen,
    /// [`VfsFile::len`].
    Len,
}

/// Which operations fail, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    countdown: u64,
    kind: io::ErrorKind,
    code: Option<i32>,
    sticky: bool,
    short: bool,
    only: Option<Vec<OpKind>>,
}

impl Fault {
    /// The n-th operation from now fails, counted from 1, with an input/output error.
    pub fn nth(n: u64) -> Self {
        Fault {
            countdown: n.max(1),
            kind: io::ErrorKind::Other,
            code: None,
            sticky: false,
            short: false,
            only: None,
        }
    }

    /// The kind of the error (default `Other`).
    #[must_use]
    pub fn kind(mut self, kind: io::ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// The operating system's code for the error, such as 5 for EIO; replaces the kind.
    #[must_use]
    pub fn code(mut self, code: i32) -> Self {
        self.code = Some(code);
        self
    }

    /// Later operations fail too (default: one failure).
    #[must_use]
    pub fn sticky(mut self) -> Self {
        self.sticky = true;
        self
    }

    /// A failing write first writes the first half of its bytes (default: nothing).
    #[must_use]
    pub fn short_write(mut self) -> Self {
        self.short = true;
        self
    }

    /// Only these operations count and fail (default: all).
    #[must_use]
    pub fn only(mut self, kinds: &[OpKind]) -> Self {
        self.only = Some(kinds.to_vec());
        self
    }

    fn error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, "injected fault"),
        }
    }
}

#[derive(Debug, Default)]
struct Plan {
    operations: u64,
    counts: HashMap<OpKind, u64>,
    fault: Option<Fault>,
    fired: u64,
}

/// What a failing operation still does.
struct Failure {
    error: io::Error,
    short: bool,
}

impl Plan {
    fn step(&mut self, kind: OpKind) -> Result<(), Failure> {
        self.operations += 1;
        *self.counts.entry(kind).or_insert(0) += 1;
        let Some(fault) = &mut self.fault else {
            return Ok(());
        };
        if fault
            .only
            .as_ref()
            .is_some_and(|only| !only.contains(&kind))
        {
            return Ok(());
        }
        if fault.countdown > 1 {
            fault.countdown -= 1;
            return Ok(());
        }
        let failure = Failure {
            error: fault.error(),
            short: fault.short,
        };
        if !fault.sticky {
            self.fault = None;
        }
        self.fired += 1;
        Err(failure)
    }
}

/// Wraps a file system, counts its operations and fails those that are asked for.
///
/// Clones share the counters and the fault.
#[derive(Clone, Debug)]
pub struct FaultVfs {
    inner: Arc<dyn Vfs>,
    plan: Arc<Mutex<Plan>>,
}

impl FaultVfs {
    /// Wraps a file system; nothing fails until [`FaultVfs::inject`].
    pub fn new(inner: Arc<dyn Vfs>) -> Self {
        FaultVfs {
            inner,
            plan: Arc::default(),
        }
    }

    /// Sets the fault, counted from now; replaces an earlier one.
    pub fn inject(&self, fault: Fault) {
        self.plan.lock().fault = Some(fault);
    }

    /// Ends all faults: the disk has been repaired.
    pub fn clear(&self) {
        self.plan.lock().fault = None;
    }

    /// How many operations were started so far.
    pub fn operations(&self) -> u64 {
        self.plan.lock().operations
    }

    /// How many operations of one kind were started so far.
    pub fn count(&self, kind: OpKind) -> u64 {
        self.plan.lock().counts.get(&kind).copied().unwrap_or(0)
    }

    /// How many operations were made to fail.
    pub fn fired(&self) -> u64 {
        self.plan.lock().fired
    }

    fn step(&self, kind: OpKind) -> io::Result<()> {
        self.plan.lock().step(kind).map_err(|failure| failure.error)
    }
}

impl Vfs for FaultVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        self.step(OpKind::Open)?;
        let inner = self.inner.open(path, mode)?;
        Ok(Arc::new(FaultFile {
            inner,
            plan: self.plan.clone(),
        }))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.step(OpKind::ReadDir)?;
        self.inner.read_dir(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.step(OpKind::Exists)?;
        self.inner.exists(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.step(OpKind::CreateDir)?;
        self.inner.create_dir(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step(OpKind::RemoveFile)?;
        self.inner.remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(OpKind::Rename)?;
        self.inner.rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(OpKind::HardLink)?;
        self.inner.hard_link(from, to)
    }

    fn is_special(&self, path: &Path) -> io::Result<bool> {
        self.step(OpKind::Exists)?;
        self.inner.is_special(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step(OpKind::SyncDir)?;
        self.inner.sync_dir(path)
    }

    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>> {
        self.step(OpKind::Lock)?;
        self.inner.try_lock(path, kind)
    }
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn VfsFile>,
    plan: Arc<Mutex<Plan>>,
}

impl FaultFile {
    fn step(&self, kind: OpKind) -> io::Result<()> {
        self.plan.lock().step(kind).map_err(|failure| failure.error)
    }
}

impl VfsFile for FaultFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.step(OpKind::Read)?;
        self.inner.read_at(buf, offset)
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let outcome = self.plan.lock().step(OpKind::Write);
        match outcome {
            Ok(()) => self.inner.write_all_at(buf, offset),
            Err(failure) => {
                if failure.short {
                    let half = buf.get(..buf.len() / 2).unwrap_or_default();
                    self.inner.write_all_at(half, offset)?;
                }
                Err(failure.error)
            }
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.step(OpKind::SyncData)?;
        self.inner.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.step(OpKind::SyncAll)?;
        self.inner.sync_all()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.step(OpKind::SetLen)?;
        self.inner.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.step(OpKind::Len)?;
        self.inner.len()
    }

    fn as_std(&self) -> Option<&std::fs::File> {
        self.inner.as_std()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::mem::MemVfs;
    use super::*;

    fn file(vfs: &FaultVfs) -> Arc<dyn VfsFile> {
        vfs.open(Path::new("a"), OpenMode::CreateNew).unwrap()
    }

    /// One failure leaves the next call alone; a sticky one lasts until the disk is repaired.
    #[test]
    fn a_fault_fires_once_or_until_cleared() {
        let vfs = FaultVfs::new(Arc::new(MemVfs::new()));
        let file = file(&vfs);
        vfs.inject(Fault::nth(2).code(5));
        file.sync_data().unwrap();
        assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(5));
        file.sync_data().unwrap();

        vfs.inject(
            Fault::nth(1)
                .kind(io::ErrorKind::StorageFull)
                .sticky()
                .only(&[OpKind::Write]),
        );
        file.sync_data().unwrap();
        for _ in 0..3 {
            let error = file.write_all_at(b"x", 0).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
        vfs.clear();
        file.write_all_at(b"x", 0).unwrap();
        assert_eq!(vfs.fired(), 4);
        assert_eq!(vfs.count(OpKind::Write), 4);
    }

    /// A short write leaves half of its bytes behind, as a full disk does.
    #[test]
    fn a_short_write_leaves_a_part_behind() {
        let vfs = FaultVfs::new(Arc::new(MemVfs::new()));
        let file = file(&vfs);
        vfs.inject(Fault::nth(1).short_write());
        assert!(file.write_all_at(b"abcdef", 0).is_err());
        assert_eq!(file.len().unwrap(), 3);
    }
}
