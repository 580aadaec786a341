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

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::disk::{Change, DirId, Dirs, Disk, Entry, FileId, Node};
use super::pages::Pages;
use super::{LockKind, OpenMode, Vfs, VfsFile, VfsLock};

const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum FileOp {
    Write { offset: u64, data: Arc<[u8]> },
    SetLen(u64),
}

/// What is known of one file: its contents at each sync, and every change.
#[derive(Clone, Debug, Default)]
struct FileHistory {
    synced: Vec<(u64, Pages)>,
    ops: Vec<(u64, FileOp)>,
}

#[derive(Clone, Debug, Default)]
struct History {
    /// The number of the latest operation; the first one is 1.
    clock: u64,
    files: HashMap<FileId, FileHistory>,
    changes: Vec<(u64, Change)>,
    dir_syncs: HashMap<DirId, Vec<u64>>,
    /// Whole trees at moments when no change was in doubt, so that images need not start at the first.
    certain: Vec<(u64, Dirs)>,
    labels: Vec<String>,
}

#[derive(Debug)]
struct State {
    disk: Disk,
    history: History,
    ignore_file_sync: bool,
    ignore_dir_sync: bool,
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
            let file = FileHistory {
                synced: vec![(0, pages.clone())],
                ops: Vec::new(),
            };
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

/// How a choice is made of the changes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    All,
    None,
    /// The first few, in order, the next one torn.
    Prefix,
    /// Each by itself, some torn.
    Each,
    /// Every sector by itself, few, half or most of them.
    Sectors(u8),
    /// Lengths without bytes.
    Lengths,
    /// Another choice for each file.
    Mixed,
}

impl Mode {
    fn draw(rng: &mut Rng) -> Mode {
        match rng.below(10) {
            0 => Mode::Prefix,
            1 => Mode::Sectors(32),
            2 => Mode::Sectors(128),
            3 => Mode::Sectors(224),
            4 => Mode::Lengths,
            5 => Mode::All,
            6 => Mode::None,
            7 => Mode::Mixed,
            _ => Mode::Each,
        }
    }
}

impl History {
    fn tick(&mut self, label: impl FnOnce() -> String) -> u64 {
        self.clock += 1;
        self.labels.push(label());
        self.clock
    }

    fn change(&mut self, change: Change, label: impl FnOnce() -> String) {
        let now = self.tick(label);
        if let Change::Put {
            entry: Entry::File(id),
            ..
        } = &change
        {
            self.files.insert(*id, FileHistory::default());
        }
        self.changes.push((now, change));
    }

    /// Whether a change made at `at` is certain at the moment `now`.
    fn is_certain(&self, at: u64, change: &Change, now: u64) -> bool {
        change.dirs().iter().all(|dir| {
            let syncs = self
                .dir_syncs
                .get(dir)
                .map(Vec::as_slice)
                .unwrap_or_default();
            syncs
                .get(syncs.partition_point(|sync| *sync < at))
                .is_some_and(|sync| *sync <= now)
        })
    }

    fn sync_dir(&mut self, dir: DirId, live: &Dirs, label: impl FnOnce() -> String) {
        let now = self.tick(label);
        self.dir_syncs.entry(dir).or_default().push(now);
        let since = self.certain.last().map_or(0, |(at, _)| *at);
        let open = self.changes.iter().rev().take_while(|(at, _)| *at > since);
        if open
            .into_iter()
            .all(|(at, change)| self.is_certain(*at, change, now))
        {
            self.certain.push((now, live.clone()));
        }
    }

    fn dirs_after(&self, crash: u64, mode: Mode, rng: &mut Rng) -> Dirs {
        let last = self
            .certain
            .partition_point(|(at, _)| *at <= crash)
            .saturating_sub(1);
        let (since, mut dirs) = self.certain[last].clone();
        let first = self.changes.partition_point(|(at, _)| *at <= since);
        let mut changes = Vec::new();
        for (at, change) in self.changes[first..]
            .iter()
            .take_while(|(at, _)| *at <= crash)
        {
            changes.push((change, self.is_certain(*at, change, crash)));
            // A directory that came later than the tree we start from needs its place in the table.
            if let Change::Put {
                entry: Entry::Dir(dir),
                ..
            } = change
                && dirs.len() <= *dir
            {
                dirs.resize(dir + 1, Arc::default());
            }
        }
        let doubtful = changes.iter().filter(|(_, certain)| !certain).count() as u64;
        let names = match mode {
            Mode::All | Mode::None => mode,
            _ => {
                [Mode::All, Mode::None, Mode::Prefix, Mode::Each, Mode::Each][rng.below(5) as usize]
            }
        };
        let mut prefix = rng.below(doubtful + 1);
        for (change, certain) in changes {
            let keep = certain
                || match names {
                    Mode::All => true,
                    Mode::None => false,
                    Mode::Prefix => {
                        let keep = prefix > 0;
                        prefix = prefix.saturating_sub(1);
                        keep
                    }
                    _ => rng.chance(128),
                };
            if keep {
                change.apply(&mut dirs);
            }
        }
        dirs
    }

    fn contents_after(&self, id: FileId, crash: u64, mode: Mode, rng: &mut Rng) -> Pages {
        let Some(file) = self.files.get(&id) else {
            return Pages::default();
        };
        let synced = file
            .synced
            .partition_point(|(at, _)| *at <= crash)
            .checked_sub(1);
        let (since, mut pages) = match synced.and_then(|last| file.synced.get(last)) {
            Some((at, pages)) => (*at, pages.clone()),
            None => (0, Pages::default()),
        };
        let first = file.ops.partition_point(|(at, _)| *at <= since);
        let end = file.ops.partition_point(|(at, _)| *at <= crash);
        let pending = &file.ops[first..end];
        let prefix = rng.below(pending.len() as u64 + 1) as usize;
        for (n, (_, op)) in pending.iter().enumerate() {
            let odds = match mode {
                Mode::All => 256,
                Mode::None => continue,
                Mode::Prefix if n < prefix => 256,
                Mode::Prefix if n == prefix => 128,
                Mode::Prefix => continue,
                Mode::Each | Mode::Mixed => match rng.below(4) {
                    0 => continue,
                    1 => 128,
                    _ => 256,
                },
                Mode::Sectors(odds) => u64::from(odds),
                Mode::Lengths => 0,
            };
            let wide = mode == Mode::Lengths || rng.chance(128);
            apply_partly(&mut pages, op, odds, wide, rng);
        }
        pages
    }

    /// The history as it was after the first operations.
    fn cut_at(&self, crash: u64) -> History {
        let mut cut = self.clone();
        cut.clock = cut.clock.min(crash);
        cut.labels
            .truncate(usize::try_from(crash).unwrap_or(usize::MAX));
        cut.changes.retain(|(at, _)| *at <= crash);
        cut.certain.retain(|(at, _)| *at <= crash);
        cut.dir_syncs
            .values_mut()
            .for_each(|syncs| syncs.retain(|at| *at <= crash));
        for file in cut.files.values_mut() {
            file.synced.retain(|(at, _)| *at <= crash);
            file.ops.retain(|(at, _)| *at <= crash);
        }
        cut
    }
}

/// Applies an operation, each sector with `odds` of 256; `wide` keeps the length in any case.
fn apply_partly(pages: &mut Pages, op: &FileOp, odds: u64, wide: bool, rng: &mut Rng) {
    // The lengths were accepted when the operation was made, so they are again.
    let _accepted = match op {
        FileOp::SetLen(len) if odds >= 256 || rng.chance(odds) => pages.set_len(*len),
        FileOp::SetLen(_) => Ok(()),
        FileOp::Write { offset, data } if odds >= 256 => pages.write_at(data, *offset),
        FileOp::Write { offset, data } => {
            let end = offset + data.len() as u64;
            if wide && end > pages.len() {
                let _accepted = pages.set_len(end);
            }
            let mut at = *offset;
            let mut rest = &data[..];
            while !rest.is_empty() {
                let n = (SECTOR - (at % SECTOR as u64) as usize).min(rest.len());
                let (sector, tail) = rest.split_at(n);
                if rng.chance(odds) {
                    let _accepted = pages.write_at(sector, at);
                }
                at += n as u64;
                rest = tail;
            }
            Ok(())
        }
    };
}

fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn chance(&mut self, odds: u64) -> bool {
        self.next() % 256 < odds
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
        if state.ignore_file_sync {
            state
                .history
                .tick(|| format!("ignored sync of {}", self.name));
        } else {
            let now = state.history.tick(|| format!("sync {}", self.name));
            let pages = self.node.pages.read().clone();
            state
                .history
                .files
                .entry(self.node.id)
                .or_default()
                .synced
                .push((now, pages));
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
