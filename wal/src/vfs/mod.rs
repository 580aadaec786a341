//! The file system as the database sees it: few operations, with their durability spelled out.
//!
//! Data written with [`VfsFile::write_all_at`] survives a power loss only after
//! [`VfsFile::sync_data`]; a created, renamed or removed name only after [`Vfs::sync_dir`] on its
//! directory. [`SimVfs`](crate::SimVfs) holds every caller to exactly that.

mod disk;
pub(crate) mod fault;
pub(crate) mod mem;
pub(crate) mod os;
mod pages;
pub(crate) mod sim;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// For reading; the file must exist.
    Read,
    /// For reading and writing; the file must exist.
    ReadWrite,
    /// For reading and writing; the file must not exist and is created with mode 0600.
    CreateNew,
}

/// Who may hold a lock at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// One holder.
    Exclusive,
    /// Any number of shared holders and no exclusive one.
    Shared,
}

/// A held lock on a file; dropping it releases the lock.
pub trait VfsLock: Debug + Send + Sync {}

/// A file system.
pub trait Vfs: Debug + Send + Sync + 'static {
    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound` when the file is missing, `AlreadyExists` for [`OpenMode::CreateNew`] when it is
    /// not, and whatever the system reports.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>>;

    /// The names of the entries of a directory, sorted.
    ///
    /// # Errors
    /// `NotFound`, and whatever the system reports.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Whether a file or directory of this name exists.
    ///
    /// # Errors
    /// Whatever the system reports, apart from `NotFound`.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Creates one directory with mode 0700; a directory that exists is left as it is.
    ///
    /// # Errors
    /// `NotFound` when the parent is missing, `AlreadyExists` when a file has this name.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a file's name; open handles stay usable.
    ///
    /// # Errors
    /// `NotFound`, and whatever the system reports.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Renames a file, replacing a file at `to` in one step.
    ///
    /// # Errors
    /// `NotFound`, and whatever the system reports.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name as well; the name must be free.
    ///
    /// # Errors
    /// `Unsupported` where files cannot have two names, `CrossesDevices`, `AlreadyExists`, and whatever
    /// the system reports.
    fn hard_link(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether a name is that of a symbolic link, or of anything but a file or a directory.
    ///
    /// # Errors
    /// `NotFound`, and whatever the system reports.
    fn is_special(&self, path: &Path) -> io::Result<bool> {
        match self.exists(path)? {
            true => Ok(false),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Whatever the system reports. After a failure the directory's state is unknown.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Locks a file, creating it when it is missing; `None` when someone else holds it.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>>;
}

/// An open file.
pub trait VfsFile: Debug + Send + Sync {
    /// Reads at an offset; fewer bytes than asked for are possible, 0 is the end of the file.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `buf` at an offset, extending the file when needed.
    ///
    /// # Errors
    /// Whatever the system reports. A part may have been written.
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the contents, and the length they need, durable.
    ///
    /// # Errors
    /// Whatever the system reports. Never retry: the data may be gone although a second call succeeds.
    fn sync_data(&self) -> io::Result<()>;

    /// Like [`VfsFile::sync_data`], with all metadata.
    ///
    /// # Errors
    /// As for [`VfsFile::sync_data`].
    fn sync_all(&self) -> io::Result<()>;

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// As for [`VfsFile::len`].
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The file of the operating system, for mapping it; `None` for files in memory.
    fn as_std(&self) -> Option<&std::fs::File>;

    /// Reads until `buf` is full or the file ends, and returns how much was read.
    ///
    /// # Errors
    /// As for [`VfsFile::read_at`].
    fn read_full_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset + filled as u64)? {
                0 => break,
                n => filled += n,
            }
        }
        Ok(filled)
    }
}

/// Reads a whole file.
///
/// # Errors
/// Whatever the system reports; `OutOfMemory` when the file does not fit.
pub fn read_all(vfs: &dyn Vfs, path: &Path) -> io::Result<Vec<u8>> {
    let file = vfs.open(path, OpenMode::Read)?;
    let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(len)
        .map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(len, 0);
    let read = file.read_full_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}
