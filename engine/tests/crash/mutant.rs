//! A file system through which the engine behaves as if it had a certain bug.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lumos_wal::{LockKind, OpenMode, SimVfs, Vfs, VfsFile, VfsLock, read_all};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Log,
    Segment,
    Deletes,
    Manifest,
    Other,
}

impl Kind {
    fn of(path: &Path) -> Kind {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default().trim_end_matches(".tmp");
        match name.rsplit_once('.').map_or(name, |(_, end)| end) {
            "wal" | "spare" => Kind::Log,
            "seg" => Kind::Segment,
            "del" => Kind::Deletes,
            "MANIFEST" => Kind::Manifest,
            _ => Kind::Other,
        }
    }
}

/// A bug of storage engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Files of this kind are never synced.
    NoSync(Kind),
    /// A sync makes durable what the sync before it should have.
    LateSync(Kind),
    /// Every second sync is left out.
    HalfSync(Kind),
    /// The first sync of a file is left out.
    NoFirstSync(Kind),
    /// Commits are not synced, but the making of log files is.
    NoCommitSync,
    /// A new file gets its name first and is synced later.
    RenameFirst(Kind),
    /// The directory of this name is never synced.
    NoDirSync(&'static str),
    /// The manifest is written over the old one.
    InPlace,
    /// What a manifest replaces is unlinked before the new manifest is there.
    EarlyUnlink(Kind),
    /// Bytes of the log are written with the write that comes after them.
    LateWrite,
    /// The last sector of a large write is forgotten.
    ShortWrite(Kind),
    /// A log file that is used again keeps the header of its earlier life.
    OldHeader,
}

#[derive(Debug)]
pub(crate) struct MutantVfs {
    disk: SimVfs,
    bug: Bug,
    /// Files whose sync waits for their rename, by name.
    unsynced: Mutex<HashMap<PathBuf, Arc<dyn VfsFile>>>,
}

impl MutantVfs {
    pub(crate) fn new(disk: SimVfs, bug: Bug) -> Self {
        MutantVfs {
            disk,
            bug,
            unsynced: Mutex::default(),
        }
    }

    /// Removes what a new manifest will not name any more, before that is on disk.
    fn unlink_early(&self, manifest: &Path, kind: Kind) -> io::Result<()> {
        let root = manifest.parent().unwrap_or(Path::new("."));
        let dir = root.join(if kind == Kind::Log { "wal" } else { "segments" });
        let names = self.disk.read_dir(&dir)?.into_iter();
        let mut old: Vec<String> = names
            .filter(|name| Kind::of(Path::new(name)) == kind && !name.ends_with(".spare"))
            .collect();
        old.sort();
        // The newest is the one that is written or was written last.
        old.pop();
        for name in old {
            let path = dir.join(&name);
            match kind {
                // A newer generation of the same segment replaces it.
                Kind::Deletes => {
                    let newer = self.disk.read_dir(&dir)?.into_iter().any(|other| {
                        other > name
                            && other.split('.').next() == name.split('.').next()
                            && other.ends_with(".del")
                    });
                    if newer {
                        self.disk.remove_file(&path)?;
                    }
                }
                _ => self.disk.remove_file(&path)?,
            }
        }
        Ok(())
    }
}

impl Vfs for MutantVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let kind = Kind::of(path);
        if mode == OpenMode::CreateNew
            && kind == Kind::Manifest
            && let Bug::EarlyUnlink(kind) = self.bug
        {
            self.unlink_early(path, kind)?;
        }
        let file: Arc<dyn VfsFile> = Arc::new(MutantFile {
            inner: self.disk.open(path, mode)?,
            bug: self.bug,
            kind,
            syncs: Mutex::new(0),
            held: Mutex::default(),
        });
        if self.bug == Bug::RenameFirst(kind) && mode != OpenMode::Read {
            let inner = self.disk.open(path, OpenMode::ReadWrite)?;
            self.unsynced
                .lock()
                .unwrap()
                .insert(path.to_path_buf(), inner);
        }
        Ok(file)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.read_dir(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self.disk.remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.bug {
                Bug::EarlyUnlink(_) => Ok(()),
                _ => Err(error),
            },
            outcome => outcome,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.bug == Bug::InPlace && Kind::of(to) == Kind::Manifest && self.disk.exists(to)? {
            let bytes = read_all(&self.disk, from)?;
            let file = self.disk.open(to, OpenMode::ReadWrite)?;
            file.write_all_at(&bytes, 0)?;
            file.set_len(bytes.len() as u64)?;
            file.sync_all()?;
            return self.disk.remove_file(from);
        }
        if matches!(self.bug, Bug::EarlyUnlink(Kind::Log)) && !self.disk.exists(from)? {
            return Ok(());
        }
        self.disk.rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().and_then(|name| name.to_str());
        if matches!(self.bug, Bug::NoDirSync(dir) if Some(dir) == name) {
            return Ok(());
        }
        self.disk.sync_dir(path)?;
        for (_, file) in self.unsynced.lock().unwrap().drain() {
            file.sync_all()?;
        }
        Ok(())
    }

    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>> {
        self.disk.try_lock(path, kind)
    }
}

#[derive(Debug)]
struct MutantFile {
    inner: Arc<dyn VfsFile>,
    bug: Bug,
    kind: Kind,
    syncs: Mutex<u64>,
    /// A write that was put off.
    held: Mutex<Option<(Vec<u8>, u64)>>,
}

impl MutantFile {
    /// Whether a sync is to be done.
    fn syncs(&self) -> bool {
        let mut syncs = self.syncs.lock().unwrap();
        *syncs += 1;
        match self.bug {
            Bug::NoSync(kind) | Bug::LateSync(kind) | Bug::RenameFirst(kind) => kind != self.kind,
            Bug::HalfSync(kind) => kind != self.kind || syncs.is_multiple_of(2),
            Bug::NoFirstSync(kind) => kind != self.kind || *syncs > 1,
            _ => true,
        }
    }
}

impl VfsFile for MutantFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.inner.read_at(buf, offset)
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        match self.bug {
            // What was written so far becomes durable when something else is written.
            Bug::LateSync(kind) if kind == self.kind => self.inner.sync_all()?,
            // Frames, not zeros or the header.
            Bug::LateWrite
                if self.kind == Kind::Log && offset >= 4096 && buf.iter().any(|b| *b > 0) =>
            {
                let held = self.held.lock().unwrap().replace((buf.to_vec(), offset));
                if let Some((bytes, offset)) = held {
                    self.inner.write_all_at(&bytes, offset)?;
                }
                return Ok(());
            }
            Bug::ShortWrite(kind) if kind == self.kind && buf.len() > 1_024 => {
                return self.inner.write_all_at(&buf[..buf.len() - 512], offset);
            }
            Bug::OldHeader if self.kind == Kind::Log && offset == 0 && buf.len() == 64 => {
                let mut old = [0; 8];
                self.inner.read_full_at(&mut old, 0)?;
                if old == *b"LUMOSWAL" {
                    return Ok(());
                }
            }
            _ => {}
        }
        self.inner.write_all_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.bug == Bug::NoCommitSync && self.kind == Kind::Log || !self.syncs() {
            return Ok(());
        }
        self.inner.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        match self.syncs() {
            true => self.inner.sync_all(),
            false => Ok(()),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn as_std(&self) -> Option<&std::fs::File> {
        None
    }
}
