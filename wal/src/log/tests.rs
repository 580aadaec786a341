#![allow(clippy::unwrap_used, clippy::expect_used)]

mod damage;
mod failures;
mod files;
mod readers;
mod torn;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::read_all;

type Frames = Vec<(Seqno, Vec<u8>)>;

fn dir() -> &'static Path {
    Path::new("wal")
}

/// Small files, so that a short test rotates and grows them.
fn options() -> LogOptions {
    LogOptions::default()
        .preallocate_bytes(4096)
        .rotate_bytes(16 << 10)
        .salt_seed(7)
}

fn open(vfs: &Arc<dyn Vfs>, floor: Seqno) -> Result<(Log, Frames, Recovery)> {
    open_with(vfs, floor, options())
}

fn open_with(
    vfs: &Arc<dyn Vfs>,
    floor: Seqno,
    options: LogOptions,
) -> Result<(Log, Frames, Recovery)> {
    let mut frames = Vec::new();
    let (log, recovery) = Log::open(vfs.clone(), dir(), floor, options, |seqno, payload| {
        frames.push((seqno, payload.to_vec()));
        Ok::<_, Error>(())
    })?;
    Ok((log, frames, recovery))
}

fn replay(vfs: &dyn Vfs, floor: Seqno) -> Result<(Frames, Recovery)> {
    let mut frames = Vec::new();
    let recovery = Log::replay(vfs, dir(), floor, |seqno, payload| {
        frames.push((seqno, payload.to_vec()));
        Ok::<_, Error>(())
    })?;
    Ok((frames, recovery))
}

/// What commit `seqno` logs in these tests: bytes that tell which one it is, `len` of them.
fn payload(seqno: Seqno, len: usize) -> Vec<u8> {
    (0..len)
        .map(|n| (seqno as usize * 31 + n * 7) as u8)
        .collect()
}

fn frames(range: std::ops::RangeInclusive<Seqno>, len: usize) -> Frames {
    range.map(|seqno| (seqno, payload(seqno, len))).collect()
}

/// Appends the commits one by one, each synced.
fn commit(log: &mut Log, range: std::ops::RangeInclusive<Seqno>, len: usize) {
    for seqno in range {
        log.append(seqno, &[payload(seqno, len)]).unwrap();
        log.sync().unwrap();
    }
}

fn names(vfs: &dyn Vfs) -> Vec<String> {
    vfs.read_dir(dir()).unwrap()
}

/// The log ends here without a word, as with `kill -9`.
fn kill(log: Log) {
    std::mem::forget(log);
}

/// The same file system with the bytes of one file replaced.
fn with_bytes(vfs: &dyn Vfs, name: &str, bytes: &[u8]) -> Arc<dyn Vfs> {
    let copy = crate::MemVfs::new();
    copy.create_dir(dir()).unwrap();
    for other in names(vfs) {
        let file = copy.open(&dir().join(&other), OpenMode::CreateNew).unwrap();
        if other == name {
            file.write_all_at(bytes, 0).unwrap();
        } else {
            let same = read_all(vfs, &dir().join(&other)).unwrap();
            file.write_all_at(&same, 0).unwrap();
        }
    }
    Arc::new(copy)
}
