//! What happened to a simulated disk, and what of it may survive a power loss.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::disk::{Change, DirId, Dirs, Entry, FileId};
use super::super::pages::Pages;

pub(super) const SECTOR: usize = 512;

#[derive(Clone, Debug)]
pub(super) enum FileOp {
    Write { offset: u64, data: Arc<[u8]> },
    SetLen(u64),
}

/// What is known of one file: its contents at each sync, and every change.
#[derive(Clone, Debug, Default)]
pub(super) struct FileHistory {
    pub(super) synced: Vec<(u64, Pages)>,
    pub(super) ops: Vec<(u64, FileOp)>,
    /// The syncs that failed, and with each the moment of the last sync before it: the changes between
    /// will not be written by any later sync.
    failed: Vec<(u64, u64)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// The number of the latest operation; the first one is 1.
    pub(super) clock: u64,
    pub(super) files: HashMap<FileId, FileHistory>,
    pub(super) changes: Vec<(u64, Change)>,
    pub(super) dir_syncs: HashMap<DirId, Vec<u64>>,
    /// Whole trees at moments when no change was in doubt, so that images need not start at the first.
    pub(super) certain: Vec<(u64, Dirs)>,
    pub(super) labels: Vec<String>,
}

/// How a choice is made of the changes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
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
    pub(super) fn draw(rng: &mut Rng) -> Mode {
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

impl FileHistory {
    /// The contents, all of which are certain now.
    pub(super) fn restored(pages: Pages) -> FileHistory {
        FileHistory {
            synced: vec![(0, pages)],
            ..FileHistory::default()
        }
    }

    /// A sync that succeeds: `live` is on disk, apart from what an earlier one failed to write.
    pub(super) fn sync(&mut self, now: u64, live: &Pages) {
        let since = self.synced.last().map_or(0, |(at, _)| *at);
        let pages = match self.failed.last() {
            Some((at, _)) if *at > since => {
                let (_, mut pages) = self.synced.last().cloned().unwrap_or_default();
                for (at, op) in &self.ops {
                    if *at > since && !self.is_dropped(*at, now) {
                        apply(&mut pages, op);
                    }
                }
                pages
            }
            _ => live.clone(),
        };
        self.synced.push((now, pages));
    }

    pub(super) fn fail_sync(&mut self, now: u64) {
        let since = self.synced.last().map_or(0, |(at, _)| *at);
        self.failed.push((now, since));
    }

    fn is_dropped(&self, at: u64, now: u64) -> bool {
        let mut failed = self.failed.iter();
        failed.any(|(failed, since)| *failed <= now && (*since..*failed).contains(&at))
    }
}

impl History {
    pub(super) fn tick(&mut self, label: impl FnOnce() -> String) -> u64 {
        self.clock += 1;
        self.labels.push(label());
        self.clock
    }

    pub(super) fn change(&mut self, change: Change, label: impl FnOnce() -> String) {
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

    pub(super) fn sync_dir(&mut self, dir: DirId, live: &Dirs, label: impl FnOnce() -> String) {
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

    pub(super) fn dirs_after(&self, crash: u64, mode: Mode, rng: &mut Rng) -> Dirs {
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

    pub(super) fn contents_after(
        &self,
        id: FileId,
        crash: u64,
        mode: Mode,
        rng: &mut Rng,
    ) -> Pages {
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
        for (n, (at, op)) in pending.iter().enumerate() {
            if mode != Mode::All && file.is_dropped(*at, crash) {
                continue;
            }
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
    pub(super) fn cut_at(&self, crash: u64) -> History {
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
            file.failed.retain(|(at, _)| *at <= crash);
        }
        cut
    }
}

fn apply(pages: &mut Pages, op: &FileOp) {
    // The lengths were accepted when the operation was made, so they are again.
    let _accepted = match op {
        FileOp::SetLen(len) => pages.set_len(*len),
        FileOp::Write { offset, data } => pages.write_at(data, *offset),
    };
}

/// Applies an operation, each sector with `odds` of 256; `wide` keeps the length in any case.
fn apply_partly(pages: &mut Pages, op: &FileOp, odds: u64, wide: bool, rng: &mut Rng) {
    match op {
        FileOp::SetLen(_) if odds >= 256 || rng.chance(odds) => apply(pages, op),
        FileOp::SetLen(_) => {}
        FileOp::Write { .. } if odds >= 256 => apply(pages, op),
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
        }
    }
}

pub(super) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub(super) struct Rng(pub(super) u64);

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
