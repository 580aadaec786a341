//! A directory tree in memory with the semantics of POSIX, under `MemVfs` and `SimVfs`.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use crate::sync::RwLock;

use super::pages::Pages;
use super::{LockKind, OpenMode};

pub(super) type FileId = u64;
pub(super) type DirId = usize;
pub(super) const ROOT: DirId = 0;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(FileId),
    Dir(DirId),
}

/// All directories; the maps are shared between copies until one of them changes.
pub(super) type Dirs = Vec<Arc<BTreeMap<String, Entry>>>;

/// A file that exists as long as a name or a handle refers to it.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) id: FileId,
    pub(super) pages: RwLock<Pages>,
}

/// One change of names, as it may or may not reach the disk.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put {
        dir: DirId,
        name: String,
        entry: Entry,
    },
    Remove {
        dir: DirId,
        name: String,
    },
    Move {
        from: (DirId, String),
        to: (DirId, String),
        entry: Entry,
    },
}

impl Change {
    pub(super) fn apply(&self, dirs: &mut Dirs) {
        let mut edit = |dir: &DirId, name: &String, entry: Option<Entry>| {
            let map = Arc::make_mut(&mut dirs[*dir]);
            match entry {
                Some(entry) => map.insert(name.clone(), entry),
                None => map.remove(name),
            };
        };
        match self {
            Change::Put { dir, name, entry } => edit(dir, name, Some(*entry)),
            Change::Remove { dir, name } => edit(dir, name, None),
            Change::Move { from, to, entry } => {
                edit(&from.0, &from.1, None);
                edit(&to.0, &to.1, Some(*entry));
            }
        }
    }

    /// The directories whose sync makes the change certain.
    pub(super) fn dirs(&self) -> [DirId; 2] {
        match self {
            Change::Put { dir, .. } | Change::Remove { dir, .. } => [*dir, *dir],
            Change::Move { from, to, .. } => [from.0, to.0],
        }
    }
}

/// The tree, its files and the locks on them.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) dirs: Dirs,
    pub(super) files: HashMap<FileId, Arc<Node>>,
    pub(super) next_file: FileId,
    /// -1 for an exclusive holder, otherwise the number of shared ones.
    locks: HashMap<FileId, i64>,
}

impl Default for Disk {
    fn default() -> Self {
        Disk {
            dirs: vec![Arc::default()],
            files: HashMap::new(),
            next_file: 0,
            locks: HashMap::new(),
        }
    }
}

impl Disk {
    /// A disk with this content and nobody holding a lock.
    pub(super) fn restore(
        dirs: Dirs,
        files: HashMap<FileId, Arc<Node>>,
        next_file: FileId,
    ) -> Self {
        Disk {
            dirs,
            files,
            next_file,
            locks: HashMap::new(),
        }
    }

    pub(super) fn entry(&self, path: &Path) -> io::Result<Entry> {
        let mut at = Entry::Dir(ROOT);
        for name in names(path)? {
            let Entry::Dir(dir) = at else {
                return Err(io::ErrorKind::NotADirectory.into());
            };
            at = *self.dirs[dir].get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(at)
    }

    pub(super) fn dir(&self, path: &Path) -> io::Result<DirId> {
        match self.entry(path)? {
            Entry::Dir(dir) => Ok(dir),
            Entry::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// The directory that holds a name, and the name.
    fn place(&self, path: &Path) -> io::Result<(DirId, String)> {
        let mut names = names(path)?;
        let name = names.pop().ok_or(io::ErrorKind::InvalidInput)?.to_string();
        let mut at = ROOT;
        for name in names {
            match self.dirs[at].get(name) {
                Some(Entry::Dir(dir)) => at = *dir,
                Some(Entry::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => return Err(io::ErrorKind::NotFound.into()),
            }
        }
        Ok((at, name))
    }

    fn node(&self, id: FileId) -> io::Result<Arc<Node>> {
        self.files
            .get(&id)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn open(
        &mut self,
        path: &Path,
        mode: OpenMode,
    ) -> io::Result<(Arc<Node>, Option<Change>)> {
        let (dir, name) = self.place(path)?;
        match (self.dirs[dir].get(&name), mode) {
            (Some(_), OpenMode::CreateNew) => Err(io::ErrorKind::AlreadyExists.into()),
            (Some(Entry::Dir(_)), _) => Err(io::ErrorKind::IsADirectory.into()),
            (Some(Entry::File(id)), _) => Ok((self.node(*id)?, None)),
            (None, OpenMode::CreateNew) => {
                let id = self.next_file;
                self.next_file += 1;
                let node = Arc::new(Node {
                    id,
                    ..Node::default()
                });
                self.files.insert(id, node.clone());
                let change = Change::Put {
                    dir,
                    name,
                    entry: Entry::File(id),
                };
                change.apply(&mut self.dirs);
                Ok((node, Some(change)))
            }
            (None, _) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        Ok(self.dirs[self.dir(path)?].keys().cloned().collect())
    }

    pub(super) fn exists(&self, path: &Path) -> io::Result<bool> {
        match self.entry(path) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<Option<Change>> {
        if names(path)?.is_empty() {
            return Ok(None);
        }
        let (dir, name) = self.place(path)?;
        match self.dirs[dir].get(&name) {
            Some(Entry::Dir(_)) => Ok(None),
            Some(Entry::File(_)) => Err(io::ErrorKind::AlreadyExists.into()),
            None => {
                let entry = Entry::Dir(self.dirs.len());
                self.dirs.push(Arc::default());
                let change = Change::Put { dir, name, entry };
                change.apply(&mut self.dirs);
                Ok(Some(change))
            }
        }
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<Change> {
        let (dir, name) = self.place(path)?;
        match self.dirs[dir].get(&name) {
            None => Err(io::ErrorKind::NotFound.into()),
            Some(Entry::Dir(_)) => Err(io::ErrorKind::IsADirectory.into()),
            Some(Entry::File(id)) => {
                self.files.remove(id);
                let change = Change::Remove { dir, name };
                change.apply(&mut self.dirs);
                Ok(change)
            }
        }
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<Option<Change>> {
        let (from_dir, from_name) = self.place(from)?;
        let (to_dir, to_name) = self.place(to)?;
        let entry = *self.dirs[from_dir]
            .get(&from_name)
            .ok_or(io::ErrorKind::NotFound)?;
        let target = self.dirs[to_dir].get(&to_name).copied();
        if target == Some(entry) {
            return Ok(None);
        }
        match (entry, target) {
            (Entry::Dir(dir), _) if self.holds(dir, to_dir) => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            (_, Some(Entry::Dir(old))) if self.holds(old, from_dir) => {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            (Entry::File(_), Some(Entry::Dir(_))) => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            (Entry::Dir(_), Some(Entry::File(_))) => {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            (Entry::Dir(_), Some(Entry::Dir(old))) if !self.dirs[old].is_empty() => {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            (_, Some(Entry::File(old))) => {
                self.files.remove(&old);
            }
            _ => {}
        }
        let change = Change::Move {
            from: (from_dir, from_name),
            to: (to_dir, to_name),
            entry,
        };
        change.apply(&mut self.dirs);
        Ok(Some(change))
    }

    /// Whether `inner` is `outer` or lies somewhere below it.
    fn holds(&self, outer: DirId, inner: DirId) -> bool {
        outer == inner
            || self.dirs[outer].values().any(|entry| match entry {
                Entry::Dir(child) => self.holds(*child, inner),
                Entry::File(_) => false,
            })
    }

    pub(super) fn lock(&mut self, id: FileId, kind: LockKind) -> bool {
        let held = self.locks.entry(id).or_insert(0);
        match kind {
            LockKind::Exclusive if *held == 0 => *held = -1,
            LockKind::Shared if *held >= 0 => *held += 1,
            _ => return false,
        }
        true
    }

    pub(super) fn unlock(&mut self, id: FileId) {
        if let Some(held) = self.locks.get_mut(&id) {
            *held -= held.signum();
        }
    }
}

/// The names of a path; the working directory and the root are the same place.
fn names(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => {
                names.push(name.to_str().ok_or(io::ErrorKind::InvalidInput)?)
            }
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        }
    }
    Ok(names)
}
