//! Group commit under schedulers that choose every interleaving: at random, and by PCT (Burckhardt et
//! al., ASPLOS 2010), which finds bugs that need few switches.
//!
//! `LUMOS_SEEDS=0..10000 cargo test --release -p lumos-wal --features shuttle --test interleavings`
//! looks longer. A panic while applying is not modelled: the scheduler gives up its locks when anything
//! panics. The unit tests of group commit have it on real threads.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod explore;
mod planted;

use std::path::Path;
use std::sync::Arc;

use explore::explore;
use lumos_wal::sync::Mutex;
use lumos_wal::{
    Apply, Committer, Durability, Error, Fault, FaultVfs, Log, LogOptions, MemVfs, OpKind, Result,
    Seqno, SimVfs, Vfs,
};
use shuttle::rand::Rng;
use shuttle::thread;

/// Schedules are those of so many seeds, unless `LUMOS_SEEDS` says which.
const SEEDS: u64 = 2_000;
/// Bytes of stack of each thread.
const STACK: usize = 256 << 10;
/// A schedule of a planted bug that is longer never ends.
const STEPS: usize = 20_000;

const COMMITTERS: u8 = 3;
const COMMITS: u8 = 2;

type Frames = Vec<(Seqno, Vec<u8>)>;

fn open(vfs: Arc<dyn Vfs>) -> (Log, Frames) {
    let mut frames = Vec::new();
    let options = LogOptions::default()
        .preallocate_bytes(8 << 10)
        .salt_seed(1);
    let (log, _) = Log::open(vfs, Path::new("wal"), 0, options, |seqno, bytes| {
        frames.push((seqno, bytes.to_vec()));
        Ok::<_, Error>(())
    })
    .unwrap();
    (log, frames)
}

/// Remembers what was applied, and checks that it was durable before.
struct Applied {
    frames: Mutex<Frames>,
    disk: Option<SimVfs>,
}

impl Apply<Vec<u8>> for Applied {
    fn apply(&self, batch: Frames) {
        let (last, _) = batch.last().unwrap();
        let synced = batch.iter().any(|(_, bytes)| bytes[0] == 0);
        self.frames.lock().extend(batch.clone());
        if let Some(disk) = self.disk.as_ref().filter(|_| synced) {
            let image = disk.crash_image(disk.operations(), *last);
            let kept = open(Arc::new(image)).1;
            assert_eq!(*self.frames.lock(), kept[..*last as usize]);
        }
    }
}

/// A transaction of a thread; the first byte tells its durability.
fn payload(thread: u8, n: u8) -> (Vec<u8>, Durability) {
    match (thread + n).is_multiple_of(2) {
        true => (vec![0, thread, n], Durability::Sync),
        false => (vec![1, thread, n], Durability::Buffered),
    }
}

/// What a thread was told of its transactions.
type Told = Vec<(Vec<u8>, Result<Seqno>)>;

/// Threads that commit; each returns what it was told.
fn committers(
    committer: &Arc<Committer<Vec<u8>>>,
    applied: &Arc<Applied>,
) -> Vec<thread::JoinHandle<Told>> {
    let run = |thread: u8| {
        let (committer, applied) = (committer.clone(), applied.clone());
        thread::spawn(move || {
            let mut told = Vec::new();
            for n in 0..COMMITS {
                let (bytes, durability) = payload(thread, n);
                let outcome = committer.commit(bytes.clone(), bytes.clone(), durability);
                if let Ok(seqno) = outcome {
                    // Acknowledged means applied.
                    let frame = (seqno, bytes.clone());
                    assert!(applied.frames.lock().contains(&frame), "{frame:?}");
                }
                told.push((bytes, outcome));
            }
            told
        })
    };
    (0..COMMITTERS).map(run).collect()
}

/// Synced and buffered commits of several threads, with syncs and releases in between: each is durable
/// before it is applied if it asked for it, and applied before it is acknowledged; the numbers have no
/// gaps, and the log says the same.
#[test]
fn commits_are_durable_then_applied_then_acknowledged() {
    explore("group commit", || {
        let disk = SimVfs::new(7);
        let vfs: Arc<dyn Vfs> = Arc::new(disk.clone());
        let applied = Arc::new(Applied {
            frames: Mutex::default(),
            disk: Some(disk),
        });
        let log = open(vfs.clone()).0;
        let committer = Arc::new(Committer::new(Some(log), 0, applied.clone()));
        let threads = committers(&committer, &applied);
        let other = committer.clone();
        let syncs = thread::spawn(move || {
            other.sync().unwrap();
            let last = other.last_seqno();
            other.release(0).unwrap();
            assert!(other.last_seqno() >= last);
        });
        let mut acknowledged = Vec::new();
        for thread in threads {
            let told = thread.join().unwrap().into_iter();
            let mine: Frames = told.map(|(bytes, seqno)| (seqno.unwrap(), bytes)).collect();
            assert!(mine.is_sorted());
            acknowledged.extend(mine);
        }
        syncs.join().unwrap();
        acknowledged.sort();
        let numbers: Vec<Seqno> = acknowledged.iter().map(|(seqno, _)| *seqno).collect();
        let count = u64::from(COMMITTERS * COMMITS);
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
        assert_eq!(*applied.frames.lock(), acknowledged);
        drop(committer);
        assert_eq!(open(vfs).1, acknowledged);
    });
}

/// Some sync fails: who was in its batch is told why, who comes later is refused, nobody waits for ever,
/// and what was acknowledged is there when the log is opened again.
#[test]
fn a_failing_sync_or_write_is_told_to_everyone_and_nothing_acknowledged_is_lost() {
    explore("failing log", || {
        let faults = FaultVfs::new(Arc::new(MemVfs::new()));
        let vfs: Arc<dyn Vfs> = Arc::new(faults.clone());
        let applied = Arc::new(Applied {
            frames: Mutex::default(),
            disk: None,
        });
        let log = open(vfs.clone()).0;
        let committer = Arc::new(Committer::new(Some(log), 0, applied.clone()));
        let mut random = shuttle::rand::thread_rng();
        let kind = [OpKind::SyncData, OpKind::Write][random.gen_range(0..2)];
        faults.inject(Fault::nth(random.gen_range(1..5)).code(5).only(&[kind]));
        let threads = committers(&committer, &applied);
        let mut acknowledged = Vec::new();
        for thread in threads {
            let mut refused = false;
            for (bytes, outcome) in thread.join().unwrap() {
                match outcome {
                    Ok(seqno) => {
                        assert!(!refused, "a commit after a failure");
                        acknowledged.push((seqno, bytes));
                    }
                    Err(Error::Io { .. } | Error::Poisoned { .. }) => refused = true,
                    Err(other) => panic!("{other}"),
                }
            }
            assert!(!refused || committer.poisoned());
        }
        acknowledged.sort();
        // What failed was not applied.
        assert_eq!(*applied.frames.lock(), acknowledged);
        if faults.fired() > 0 {
            let after = committer.commit(vec![1], vec![1], Durability::Buffered);
            assert!(matches!(after, Err(Error::Poisoned { .. })));
        }
        drop(committer);
        faults.clear();
        let found = open(vfs).1;
        assert_eq!(found[..acknowledged.len()], acknowledged);
    });
}
