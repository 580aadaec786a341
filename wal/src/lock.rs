//! The lock that keeps a second writer out.
//!
//! `LOCK` is held with an advisory lock of the operating system for as long as a writer is open. Its
//! text tells who that is, for the message that the second writer gets:
//!
//! ```text
//! pid 4711
//! started 1795466000
//! program lumos
//! ```
//!
//! `started` is when the lock was taken, in seconds since 1970. Only the lock counts: text without
//! a lock is what a killed process left behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::vfs::{LockKind, OpenMode, Vfs, VfsFile, VfsLock};

const LOCK: &str = "LOCK";
/// How often the text is read again while the holder is about to write it.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(2);

/// The right to write to a database directory, until dropped.
#[derive(Debug)]
pub struct WriterLock {
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    // Declared last: the text is cleared while the lock is still held.
    _held: Box<dyn VfsLock>,
}

impl WriterLock {
    /// Takes the lock of the database in `dir`, which must exist, and writes who has it.
    ///
    /// # Errors
    /// [`Error::Locked`] with the process that holds it; [`Error::Io`].
    pub fn acquire(vfs: &dyn Vfs, dir: &Path) -> Result<WriterLock> {
        let path = dir.join(LOCK);
        let io = |op| {
            let path = path.clone();
            move |error| Error::io(op, &path, error)
        };
        let mut attempt = 0;
        let held = loop {
            if let Some(held) = vfs
                .try_lock(&path, LockKind::Exclusive)
                .map_err(io("lock"))?
            {
                break held;
            }
            let holder = Holder::read(vfs, &path);
            attempt += 1;
            if holder.pid.is_some() || attempt == ATTEMPTS {
                return Err(Error::Locked {
                    path,
                    pid: holder.pid,
                    name: holder.name,
                });
            }
            // The holder has the lock and is about to write its name, or is just leaving.
            std::thread::sleep(PAUSE);
        };
        let file = vfs.open(&path, OpenMode::ReadWrite).map_err(io("open"))?;
        let text = Holder::current();
        file.set_len(0).map_err(io("write"))?;
        if let Err(error) = file.write_all_at(text.as_bytes(), 0).map_err(io("write")) {
            // The lock is held without the text. On a full disk someone has come to make room.
            if !error.is_out_of_space() {
                return Err(error);
            }
            file.set_len(0).map_err(io("write"))?;
        }
        Ok(WriterLock {
            path,
            file,
            _held: held,
        })
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Stale text would name this process to someone who meets the next holder; it is no more
        // than that, so a failure does not matter.
        let _cleared = self.file.set_len(0);
    }
}

#[derive(Default)]
struct Holder {
    pid: Option<u32>,
    name: Option<String>,
}

impl Holder {
    fn current() -> String {
        let program = std::env::current_exe().ok();
        let program = program
            .as_deref()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str());
        let program = program.unwrap_or("unknown").replace(char::is_control, " ");
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        format!(
            "pid {}\nstarted {started}\nprogram {program}\n",
            std::process::id()
        )
    }

    /// Reads what it can: the text may be empty, half written or someone else's.
    fn read(vfs: &dyn Vfs, path: &Path) -> Holder {
        // A directory may come from anywhere: no more is read than such a text can have.
        let mut bytes = [0; 4096];
        let file = vfs.open(path, OpenMode::Read);
        let read = file.and_then(|file| file.read_full_at(&mut bytes, 0));
        let text = String::from_utf8_lossy(bytes.get(..read.unwrap_or(0)).unwrap_or_default());
        let mut holder = Holder::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("pid", pid)) => holder.pid = pid.parse().ok(),
                Some(("program", name)) => {
                    holder.name = Some(name.chars().filter(|c| !c.is_control()).take(64).collect());
                }
                _ => {}
            }
        }
        // The last line is complete only with its end: before that, the text is being written.
        if text.ends_with('\n') {
            holder
        } else {
            Holder::default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::{MemVfs, OsVfs, SimVfs, read_all};

    /// Two programs opened one directory and both wrote: the second is told who the first is.
    #[test]
    fn a_second_writer_is_told_who_holds_the_lock() {
        let home = tempfile::tempdir().unwrap();
        let lock = WriterLock::acquire(&OsVfs, home.path()).unwrap();
        assert!(lock.path().ends_with("LOCK"));
        match WriterLock::acquire(&OsVfs, home.path()) {
            Err(Error::Locked { path, pid, name }) => {
                assert_eq!(path, home.path().join("LOCK"));
                assert_eq!(pid, Some(std::process::id()));
                assert!(name.unwrap().starts_with("lumos_wal"));
            }
            other => panic!("unexpected {other:?}"),
        }
        drop(lock);
        WriterLock::acquire(&OsVfs, home.path()).unwrap();
    }

    /// A killed process leaves its text but no lock: the next one takes over.
    #[test]
    fn stale_text_without_a_lock_is_no_obstacle() {
        let vfs = MemVfs::new();
        let file = vfs.open(Path::new("LOCK"), OpenMode::CreateNew).unwrap();
        file.write_all_at(b"pid 1\nstarted 5\nprogram a very long gone program\n", 0)
            .unwrap();
        let lock = WriterLock::acquire(&vfs, Path::new("/")).unwrap();
        let text = String::from_utf8(read_all(&vfs, Path::new("LOCK")).unwrap()).unwrap();
        assert!(
            text.starts_with(&format!("pid {}\n", std::process::id())),
            "{text}"
        );
        assert!(!text.contains("long gone"));
        drop(lock);
        assert_eq!(read_all(&vfs, Path::new("LOCK")).unwrap(), b"");
    }

    /// Text that says nothing still gives the typed error, only without a name.
    #[test]
    fn unreadable_text_gives_an_unnamed_holder() {
        let vfs = MemVfs::new();
        let _held = vfs
            .try_lock(Path::new("LOCK"), LockKind::Exclusive)
            .unwrap()
            .unwrap();
        let file = vfs.open(Path::new("LOCK"), OpenMode::ReadWrite).unwrap();
        file.write_all_at(b"pid \xff\xfe\nprogram \x1b[31m", 0)
            .unwrap();
        let error = WriterLock::acquire(&vfs, Path::new("/")).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Locked {
                    pid: None,
                    name: None,
                    ..
                }
            ),
            "{error:?}"
        );
    }

    /// A machine that comes back after a power loss holds no locks.
    #[test]
    fn a_crash_image_holds_no_lock() {
        let sim = SimVfs::new(1);
        let _lock = WriterLock::acquire(&sim, Path::new("/")).unwrap();
        assert!(WriterLock::acquire(&sim, Path::new("/")).is_err());
        for image in 0..20 {
            WriterLock::acquire(&sim.crash_image(sim.operations(), image), Path::new("/")).unwrap();
        }
    }
}
