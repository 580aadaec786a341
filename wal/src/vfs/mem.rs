//! Files in memory, for tests and for databases that leave nothing behind.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::sync::Mutex;

use super::disk::{Disk, FileId, Node};
use super::{LockKind, OpenMode, Vfs, VfsFile, VfsLock};

/// A file system in memory; it ends with its last clone and the files opened from it.
#[derive(Clone, Debug, Default)]
pub struct MemVfs {
    disk: Arc<Mutex<Disk>>,
}

impl MemVfs {
    /// An empty file system.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Vfs for MemVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let (node, _) = self.disk.lock().open(path, mode)?;
        Ok(Arc::new(MemFile {
            node,
            writable: mode != OpenMode::Read,
        }))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.lock().read_dir(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.lock().exists(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.lock().create_dir(path).map(drop)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.lock().remove_file(path).map(drop)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.lock().rename(from, to).map(drop)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.lock().dir(path).map(drop)
    }

    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>> {
        let mut disk = self.disk.lock();
        let node = match disk.open(path, OpenMode::ReadWrite) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                disk.open(path, OpenMode::CreateNew)?.0
            }
            result => result?.0,
        };
        if !disk.lock(node.id, kind) {
            return Ok(None);
        }
        Ok(Some(Box::new(MemLock {
            disk: self.disk.clone(),
            id: node.id,
        })))
    }
}

#[derive(Debug)]
struct MemLock {
    disk: Arc<Mutex<Disk>>,
    id: FileId,
}

impl VfsLock for MemLock {}

impl Drop for MemLock {
    fn drop(&mut self) {
        self.disk.lock().unlock(self.id);
    }
}

#[derive(Debug)]
struct MemFile {
    node: Arc<Node>,
    writable: bool,
}

impl MemFile {
    fn check_writable(&self) -> io::Result<()> {
        if self.writable {
            Ok(())
        } else {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
}

impl VfsFile for MemFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(self.node.pages.read().read_at(buf, offset))
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.check_writable()?;
        self.node.pages.write().write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_writable()?;
        self.node.pages.write().set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.node.pages.read().len())
    }

    fn as_std(&self) -> Option<&std::fs::File> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::os::OsVfs;
    use super::super::read_all;
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Open(usize, OpenMode),
        Write(usize, u64, Vec<u8>),
        Cut(usize, u64),
        Remove(usize),
        Rename(usize, usize),
        MakeDir(usize),
        List(usize),
    }

    const PATHS: [&str; 6] = ["a", "b", "d", "d/a", "d/e", "d/e/a"];

    fn step() -> impl Strategy<Value = Step> {
        let path = 0..PATHS.len();
        let mode = prop_oneof![
            Just(OpenMode::Read),
            Just(OpenMode::ReadWrite),
            Just(OpenMode::CreateNew),
            Just(OpenMode::CreateNew)
        ];
        prop_oneof![
            (path.clone(), mode).prop_map(|(path, mode)| Step::Open(path, mode)),
            (
                path.clone(),
                0u64..300,
                proptest::collection::vec(any::<u8>(), 0..300)
            )
                .prop_map(|(path, at, data)| Step::Write(path, at, data)),
            (path.clone(), 0u64..500).prop_map(|(path, len)| Step::Cut(path, len)),
            path.clone().prop_map(Step::Remove),
            (path.clone(), path.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
            path.clone().prop_map(Step::MakeDir),
            path.prop_map(Step::List),
        ]
    }

    fn run(vfs: &dyn Vfs, root: &Path, step: &Step) -> Result<String, io::ErrorKind> {
        let at = |path: &usize| root.join(PATHS[*path]);
        let shown = match step {
            Step::Open(path, mode) => vfs.open(&at(path), *mode).map(|_| String::new()),
            Step::Write(path, offset, data) => vfs
                .open(&at(path), OpenMode::ReadWrite)
                .and_then(|file| file.write_all_at(data, *offset))
                .and_then(|()| read_all(vfs, &at(path)))
                .map(|bytes| format!("{bytes:?}")),
            Step::Cut(path, len) => vfs
                .open(&at(path), OpenMode::ReadWrite)
                .and_then(|file| file.set_len(*len))
                .and_then(|()| read_all(vfs, &at(path)))
                .map(|bytes| format!("{bytes:?}")),
            Step::Remove(path) => vfs.remove_file(&at(path)).map(|()| String::new()),
            Step::Rename(from, to) => vfs.rename(&at(from), &at(to)).map(|()| String::new()),
            Step::MakeDir(path) => vfs.create_dir(&at(path)).map(|()| String::new()),
            Step::List(path) => vfs.read_dir(&at(path)).map(|names| names.join(",")),
        };
        shown.map_err(|error| error.kind())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// A test on files in memory is worth something only if they act like the system's: the
        /// same steps give the same results and the same kinds of error on both.
        #[test]
        fn files_in_memory_act_like_those_of_the_system(
            steps in proptest::collection::vec(step(), 1..40),
        ) {
            let home = tempfile::tempdir().unwrap();
            let mem = MemVfs::new();
            for step in &steps {
                let real = run(&OsVfs, home.path(), step);
                let model = run(&mem, Path::new("/"), step);
                prop_assert_eq!(real, model, "{:?}", step);
            }
        }
    }

    /// Locks end with their holder, and a removed file stays readable through its handle.
    #[test]
    fn handles_outlive_names_and_locks_end_with_their_holder() {
        let vfs = MemVfs::new();
        let path = Path::new("LOCK");
        let held = vfs.try_lock(path, LockKind::Shared).unwrap().unwrap();
        let second = vfs.try_lock(path, LockKind::Shared).unwrap().unwrap();
        assert!(vfs.try_lock(path, LockKind::Exclusive).unwrap().is_none());
        drop((held, second));
        assert!(vfs.try_lock(path, LockKind::Exclusive).unwrap().is_some());

        let file = vfs.open(Path::new("a"), OpenMode::CreateNew).unwrap();
        file.write_all_at(b"abc", 0).unwrap();
        vfs.remove_file(Path::new("a")).unwrap();
        let mut read = [0; 3];
        assert_eq!(file.read_full_at(&mut read, 0).unwrap(), 3);
        assert_eq!(&read, b"abc");
    }
}
