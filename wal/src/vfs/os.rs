//! The operating system's files: the one module that may use `std::fs`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{LockKind, OpenMode, Vfs, VfsFile, VfsLock};
use crate::error::{Error, Result};

const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;

/// File systems on which locks, syncs or renames do not keep their promises.
const NETWORK_KINDS: [&str; 18] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ncpfs",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.gcsfuse",
    "fuse.goofys",
    "fuse.mount-s3",
    "fuse.glusterfs",
    "fuse.davfs2",
];

/// The file system of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsVfs;

impl Vfs for OsVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let mut options = OpenOptions::new();
        options.read(true).mode(FILE_MODE);
        match mode {
            OpenMode::Read => {}
            OpenMode::ReadWrite => {
                options.write(true);
            }
            OpenMode::CreateNew => {
                options.write(true).create_new(true);
            }
        }
        let file = options.open(path)?;
        // The system opens a directory for reading as if it were a file.
        if mode == OpenMode::Read && file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Arc::new(OsFile(file)))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(DIR_MODE).create(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            result => result,
        }
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn is_special(&self, path: &Path) -> io::Result<bool> {
        let kind = fs::symlink_metadata(path)?.file_type();
        Ok(!kind.is_file() && !kind.is_dir())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        File::open(path)?.sync_all()
    }

    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>> {
        let file = open_for_lock(path, kind)?;
        let locked = match kind {
            LockKind::Exclusive => file.try_lock(),
            LockKind::Shared => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => Ok(Some(Box::new(OsLock { _file: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// A shared lock needs no write permission when the file is there.
fn open_for_lock(path: &Path, kind: LockKind) -> io::Result<File> {
    if kind == LockKind::Shared {
        match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
    }
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path)
}

/// Closing the file releases the lock.
#[derive(Debug)]
struct OsLock {
    _file: File,
}

impl VfsLock for OsLock {}

#[derive(Debug)]
struct OsFile(File);

impl VfsFile for OsFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match FileExt::read_at(&self.0, buf, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(&self.0, buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn as_std(&self) -> Option<&File> {
        Some(&self.0)
    }
}

/// Refuses a directory on a network file system, where a lock or a sync may silently do nothing.
///
/// The directory need not exist yet: its nearest ancestor that does is looked at. Only Linux tells;
/// elsewhere every directory is accepted.
///
/// # Errors
/// [`Error::UnsupportedFileSystem`] with the type of the file system.
pub fn refuse_network_file_system(path: &Path) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    // Without /proc there is nothing to go by, and a container without it is no reason to refuse.
    let Ok(mounts) = fs::read("/proc/self/mountinfo") else {
        return Ok(());
    };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let real = absolute
        .ancestors()
        .find_map(|ancestor| fs::canonicalize(ancestor).ok());
    match network_kind(&String::from_utf8_lossy(&mounts), &real.unwrap_or(absolute)) {
        None => Ok(()),
        Some(kind) => Err(Error::UnsupportedFileSystem {
            path: path.to_path_buf(),
            kind,
        }),
    }
}

/// The type of the file system that holds an absolute path, when it is a network one.
fn network_kind(mountinfo: &str, path: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mountinfo.lines() {
        // id parent major:minor root MOUNT-POINT options [tags...] - TYPE source options
        let mut halves = line.splitn(2, " - ");
        let (Some(left), Some(right)) = (halves.next(), halves.next()) else {
            continue;
        };
        let Some(point) = left.split(' ').nth(4) else {
            continue;
        };
        let Some(kind) = right.split(' ').next() else {
            continue;
        };
        let point = unescape(point);
        let depth = point.components().count();
        // A later mount on the same point hides the earlier one.
        if path.starts_with(&point) && best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind)
        .filter(|kind| NETWORK_KINDS.contains(kind))
        .map(str::to_string)
}

/// The kernel writes blanks and backslashes of a mount point as three octal digits.
fn unescape(point: &str) -> PathBuf {
    let mut out = Vec::with_capacity(point.len());
    let mut rest = point.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if first == b'\\' => {
                out.push(byte);
                rest = tail.get(3..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /home rw shared:5 - nfs4 server:/home rw
31 22 0:41 / /mnt/my\\040share rw - cifs //host/share rw
32 22 0:42 / /home/local rw - xfs /dev/vdb rw
33 22 0:43 / /over rw - ext4 /dev/vdc rw
34 33 0:44 / /over rw - fuse.sshfs host:/ rw";

    /// The deepest mount point decides, and the last one mounted there.
    #[test]
    fn network_mounts_are_recognised_by_the_deepest_mount_point() {
        let kind = |path: &str| network_kind(MOUNTS, Path::new(path));
        assert_eq!(kind("/var/lib/db"), None);
        assert_eq!(kind("/home/ann/db").as_deref(), Some("nfs4"));
        assert_eq!(kind("/homes/db"), None);
        assert_eq!(kind("/home/local/db"), None);
        assert_eq!(kind("/mnt/my share/db").as_deref(), Some("cifs"));
        assert_eq!(kind("/over/db").as_deref(), Some("fuse.sshfs"));
        assert_eq!(network_kind("not a mount table", Path::new("/a")), None);
    }

    /// Nobody but the owner reads a database, whatever the caller forgot.
    #[test]
    fn files_and_directories_are_private_to_the_owner() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        OsVfs.create_dir(&dir).unwrap();
        OsVfs.create_dir(&dir).unwrap();
        let file = OsVfs.open(&dir.join("a"), OpenMode::CreateNew).unwrap();
        drop(
            OsVfs
                .try_lock(&dir.join("LOCK"), LockKind::Exclusive)
                .unwrap(),
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), DIR_MODE);
        assert_eq!(mode(&dir.join("a")), FILE_MODE);
        assert_eq!(mode(&dir.join("LOCK")), FILE_MODE);
        assert!(file.as_std().is_some());
    }

    /// Two handles of one process exclude each other as two processes do.
    #[test]
    fn an_exclusive_lock_excludes_every_other_until_dropped() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("LOCK");
        let held = OsVfs.try_lock(&path, LockKind::Exclusive).unwrap();
        assert!(held.is_some());
        assert!(
            OsVfs
                .try_lock(&path, LockKind::Exclusive)
                .unwrap()
                .is_none()
        );
        assert!(OsVfs.try_lock(&path, LockKind::Shared).unwrap().is_none());
        drop(held);
        let first = OsVfs.try_lock(&path, LockKind::Shared).unwrap();
        let second = OsVfs.try_lock(&path, LockKind::Shared).unwrap();
        assert!(first.is_some() && second.is_some());
        assert!(
            OsVfs
                .try_lock(&path, LockKind::Exclusive)
                .unwrap()
                .is_none()
        );
    }

    /// A directory that does not exist yet is judged by where it would be.
    #[test]
    fn a_local_directory_is_accepted_before_it_exists() {
        let home = tempfile::tempdir().unwrap();
        refuse_network_file_system(&home.path().join("not/yet/there")).unwrap();
    }
}
