//! A simulated disk that loses power: what was not synced may be lost, reordered or torn.
//!
//! Every change and every sync is numbered and kept. [`SimVfs::crash_image`] derives, for any point
//! of the run and any seed, a disk as a power loss at that point could have left it:
//!
//! - Contents synced with `sync_data` or `sync_all` are there, always.
//! - Each later write or cut of a file may be missing, in any combination with the others (reordered),
//!   or in part: sectors of 512 bytes are written whole or not at all (torn). A write past the end may
//!   leave its length but not its bytes (zeros), or its bytes but not all of its length.
//! - Names made durable with `sync_dir` are there, always. Each later creation, rename or removal may
//!   be missing, in any combination. A rename happens whole or not at all.
//!
//! Syncing a file does not sync its name.

mod history;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::sync::{Mutex, RwLock};

use super::disk::{Disk, Entry, FileId, Node};
use super::{LockKind, OpenMode, Vfs, VfsFile, VfsLock};
use history::{FileHistory, FileOp, History, Mode, Rng, mix};

#[derive(Debug)]
struct State {
    disk: Disk,
    history: History,
    ignore_file_sync: bool,
    ignore_dir_sync: bool,
    fail_file_sync: bool,
}

#[derive(Debug)]
struct Shared {
    seed: u64,
    state: Mutex<State>,
}

/// A disk in memory that records every operation as a possible moment of a power loss.
///
/// Clones share the disk.
#[derive(Clone, Debug)]
pub struct SimVfs {
    shared: Arc<Shared>,
}

impl SimVfs {
    /// An empty disk; equal seeds and equal operations give equal images.
    pub fn new(seed: u64) -> Self {
        let history = History {
            certain: vec![(0, vec![Arc::default()])],
            ..History::default()
        };
        Self::with(seed, Disk::default(), history)
    }

    fn with(seed: u64, disk: Disk, history: History) -> Self {
        let state = State {
            disk,
            history,
            ignore_file_sync: false,
            ignore_dir_sync: false,
            fail_file_sync: false,
        };
        SimVfs {
            shared: Arc::new(Shared {
                seed,
                state: Mutex::new(state),
            }),
        }
    }

    /// How many operations changed or synced something so far; each is a point to crash at.
    pub fn operations(&self) -> u64 {
        self.shared.state.lock().history.clock
    }

    /// What operation `n` was, counted from 1: for the report of a failed test.
    pub fn operation(&self, n: u64) -> Option<String> {
        let index = usize::try_from(n.checked_sub(1)?).ok()?;
        self.shared.state.lock().history.labels.get(index).cloned()
    }

    /// From now on `sync_data` and `sync_all` succeed without effect: a lying disk, or the bug of
    /// a forgotten fsync.
    pub fn ignore_file_sync(&self, ignore: bool) {
        self.shared.state.lock().ignore_file_sync = ignore;
    }

    /// From now on `sync_data` and `sync_all` fail, and as on a real system the changes that they
    /// should have written are forgotten: they can still be read, and no later sync writes them.
    pub fn fail_file_sync(&self, fail: bool) {
        self.shared.state.lock().fail_file_sync = fail;
    }

    /// From now on `sync_dir` succeeds without effect.
    pub fn ignore_dir_sync(&self, ignore: bool) {
        self.shared.state.lock().ignore_dir_sync = ignore;
    }

    /// A disk as a power loss after the first `crash` operations could have left it.
    ///
    /// Image 0 has everything that was written, image 1 only what was synced; any other one is a
    /// random choice between. The image is a disk of its own with no operations and no locks.
    pub fn crash_image(&self, crash: u64, image: u64) -> SimVfs {
        let state = self.shared.state.lock();
        let seed = mix(self.shared.seed ^ mix(crash ^ mix(image)));
        let mut rng = Rng(seed);
        let mode = match image {
            0 => Mode::All,
            1 => Mode::None,
            _ => Mode::draw(&mut rng),
        };
        let dirs = state.history.dirs_after(crash, mode, &mut rng);
        let mut files = HashMap::new();
        for entry in dirs.iter().flat_map(|dir| dir.values()) {
            if let Entry::File(id) = entry {
                let mode = if mode == Mode::Mixed {
                    Mode::draw(&mut rng)
                } else {
                    mode
                };
                files.insert(
                    *id,
                    state.history.contents_after(*id, crash, mode, &mut rng),
                );
            }
        }
        let mut history = History {
            certain: vec![(0, dirs.clone())],
            ..History::default()
        };
        let nodes = files.into_iter().map(|(id, pages)| {
            let file = FileHistory::restored(pages.clone());
            history.files.insert(id, file);
            (
                id,
                Arc::new(Node {
                    id,
                    pages: RwLock::new(pages),
                }),
            )
        });
        let disk = Disk::restore(dirs, nodes.collect(), state.disk.next_file);
        SimVfs::with(seed, disk, history)
    }

    /// The disk after the first `crash` operations as the next process finds it when only the
    /// process died: everything is there, and what was not synced is still in doubt.
    pub fn process_crash(&self, crash: u64) -> SimVfs {
        let state = self.shared.state.lock();
        let history = state.history.cut_at(crash);
        let mut rng = Rng(0);
        let dirs = history.dirs_after(crash, Mode::All, &mut rng);
        let mut files = HashMap::new();
        for entry in dirs.iter().flat_map(|dir| dir.values()) {
            if let Entry::File(id) = entry {
                let pages = history.contents_after(*id, crash, Mode::All, &mut rng);
                files.insert(
                    *id,
                    Arc::new(Node {
                        id: *id,
                        pages: RwLock::new(pages),
                    }),
                );
            }
        }
        let disk = Disk::restore(dirs, files, state.disk.next_file);
        let sim = SimVfs::with(self.shared.seed, disk, history);
        let mut copy = sim.shared.state.lock();
        copy.ignore_file_sync = state.ignore_file_sync;
        copy.ignore_dir_sync = state.ignore_dir_sync;
        drop(copy);
        sim
    }
}

impl Vfs for SimVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let mut state = self.shared.state.lock();
        let (node, change) = state.disk.open(path, mode)?;
        if let Some(change) = change {
            state
                .history
                .change(change, || format!("create {}", path.display()));
        }
        let writable = mode != OpenMode::Read;
        let name = path.display().to_string();
        Ok(Arc::new(SimFile {
            shared: self.shared.clone(),
            node,
            writable,
            name,
        }))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.shared.state.lock().disk.read_dir(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.shared.state.lock().disk.exists(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        if let Some(change) = state.disk.create_dir(path)? {
            state
                .history
                .change(change, || format!("create directory {}", path.display()));
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        let change = state.disk.remove_file(path)?;
        state
            .history
            .change(change, || format!("remove {}", path.display()));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        if let Some(change) = state.disk.rename(from, to)? {
            let label = || format!("rename {} to {}", from.display(), to.display());
            state.history.change(change, label);
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        let State {
            disk,
            history,
            ignore_dir_sync,
            ..
        } = &mut *state;
        let dir = disk.dir(path)?;
        if *ignore_dir_sync {
            history.tick(|| format!("ignored sync of directory {}", path.display()));
        } else {
            let label = || format!("sync directory {}", path.display());
            history.sync_dir(dir, &disk.dirs, label);
        }
        Ok(())
    }

    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>> {
        let mut state = self.shared.state.lock();
        let (node, change) = match state.disk.open(path, OpenMode::ReadWrite) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                state.disk.open(path, OpenMode::CreateNew)?
            }
            result => result?,
        };
        if let Some(change) = change {
            state
                .history
                .change(change, || format!("create {}", path.display()));
        }
        if !state.disk.lock(node.id, kind) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimLock {
            shared: self.shared.clone(),
            id: node.id,
        })))
    }
}

#[derive(Debug)]
struct SimLock {
    shared: Arc<Shared>,
    id: FileId,
}

impl VfsLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.shared.state.lock().disk.unlock(self.id);
    }
}

#[derive(Debug)]
struct SimFile {
    shared: Arc<Shared>,
    node: Arc<Node>,
    writable: bool,
    name: String,
}

impl SimFile {
    fn change(&self, op: FileOp, label: impl FnOnce() -> String) -> io::Result<()> {
        if !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut state = self.shared.state.lock();
        match &op {
            FileOp::Write { offset, data } => self.node.pages.write().write_at(data, *offset)?,
            FileOp::SetLen(len) => self.node.pages.write().set_len(*len)?,
        }
        let now = state.history.tick(label);
        state
            .history
            .files
            .entry(self.node.id)
            .or_default()
            .ops
            .push((now, op));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        let State {
            history,
            ignore_file_sync,
            fail_file_sync,
            ..
        } = &mut *state;
        let what = match (*fail_file_sync, *ignore_file_sync) {
            (true, _) => "failed sync",
            (_, true) => "ignored sync",
            _ => "sync",
        };
        let now = history.tick(|| format!("{what} of {}", self.name));
        let file = history.files.entry(self.node.id).or_default();
        if *fail_file_sync {
            file.fail_sync(now);
            return Err(io::Error::other("the simulated disk failed"));
        }
        if !*ignore_file_sync {
            file.sync(now, &self.node.pages.read());
        }
        Ok(())
    }
}

impl VfsFile for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(self.node.pages.read().read_at(buf, offset))
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let op = FileOp::Write {
            offset,
            data: buf.into(),
        };
        self.change(op, || {
            format!("write {} bytes at {offset} of {}", buf.len(), self.name)
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(FileOp::SetLen(len), || {
            format!("cut {} to {len} bytes", self.name)
        })
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.node.pages.read().len())
    }

    fn as_std(&self) -> Option<&std::fs::File> {
        None
    }
}

#[cfg(test)]
mod tests;
