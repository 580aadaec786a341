#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::{Fault, FaultVfs, LogOptions, MemVfs, OpKind, Vfs};

fn open(vfs: &Arc<dyn Vfs>) -> (Log, Vec<(Seqno, Vec<u8>)>) {
    let mut frames = Vec::new();
    let options = LogOptions::default().preallocate_bytes(1 << 20);
    let (log, _) = Log::open(vfs.clone(), Path::new("wal"), 0, options, |seqno, bytes| {
        frames.push((seqno, bytes.to_vec()));
        Ok::<_, Error>(())
    })
    .unwrap();
    (log, frames)
}

type Batch = Vec<(Seqno, Vec<u8>)>;

/// Remembers what was applied, batch by batch.
#[derive(Default)]
struct Applied {
    batches: Mutex<Vec<Batch>>,
}

impl Applied {
    fn all(&self) -> Vec<(Seqno, Vec<u8>)> {
        self.batches.lock().concat()
    }
}

impl Apply<Vec<u8>> for Applied {
    fn apply(&self, batch: Vec<(Seqno, Vec<u8>)>) {
        self.batches.lock().push(batch);
    }
}

struct Bench {
    faults: FaultVfs,
    vfs: Arc<dyn Vfs>,
    applied: Arc<Applied>,
    committer: Committer<Vec<u8>>,
}

impl Bench {
    fn new() -> Bench {
        let faults = FaultVfs::new(Arc::new(MemVfs::new()));
        let vfs: Arc<dyn Vfs> = Arc::new(faults.clone());
        let applied = Arc::new(Applied::default());
        let committer = Committer::new(Some(open(&vfs).0), 0, applied.clone());
        Bench {
            faults,
            vfs,
            applied,
            committer,
        }
    }

    fn commit(&self, bytes: &[u8], durability: Durability) -> Result<Seqno> {
        self.committer
            .commit(bytes.to_vec(), bytes.to_vec(), durability)
    }

    /// Commits one transaction, and all of `others` in the batch after it.
    fn one_then_batch(&self, others: &[Durability]) -> Vec<Result<Seqno>> {
        let closed = self.committer.store.lock();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| self.commit(b"first", Durability::Buffered));
            // The first one leads, alone, and stops before the log.
            wait_until(|| self.committer.logging());
            let mut threads = Vec::new();
            for (n, durability) in others.iter().enumerate() {
                threads.push(scope.spawn(move || self.commit(b"later", *durability)));
                wait_until(|| self.committer.queued() == n + 1);
            }
            drop(closed);
            first.join().unwrap().unwrap();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        })
    }
}

fn wait_until(ready: impl Fn() -> bool) {
    while !ready() {
        std::thread::yield_now();
    }
}

/// Many threads commit at once, in both modes: every transaction gets a number of its own, all are
/// applied in the order of their numbers, exactly once, and the log says the same.
#[test]
fn concurrent_commits_are_each_applied_once_and_in_order() {
    let bench = Bench::new();
    let (threads, each) = (8, 250);
    let barrier = Barrier::new(threads);
    let mut acknowledged: Vec<(Seqno, Vec<u8>)> = std::thread::scope(|scope| {
        let run = |thread: usize| {
            let (bench, barrier) = (&bench, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let mut mine = Vec::new();
                for n in 0..each {
                    let bytes = format!("{thread}/{n}").into_bytes();
                    let durability = match (thread + n) % 3 {
                        0 => Durability::Sync,
                        _ => Durability::Buffered,
                    };
                    let seqno = bench.commit(&bytes, durability).unwrap();
                    // Acknowledged means applied.
                    assert!(
                        bench
                            .applied
                            .batches
                            .lock()
                            .last()
                            .unwrap()
                            .last()
                            .unwrap()
                            .0
                            >= seqno
                    );
                    mine.push((seqno, bytes));
                }
                assert!(mine.is_sorted());
                mine
            })
        };
        let threads: Vec<_> = (0..threads).map(run).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    acknowledged.sort();
    let numbers: Vec<_> = acknowledged.iter().map(|(seqno, _)| *seqno).collect();
    assert_eq!(numbers, (1..=(threads * each) as Seqno).collect::<Vec<_>>());
    assert_eq!(bench.applied.all(), acknowledged);
    assert_eq!(bench.committer.last_seqno(), (threads * each) as Seqno);
    drop(bench.committer);
    assert_eq!(open(&bench.vfs).1, acknowledged);
}

/// Buffered is chosen for its speed: not one sync.
#[test]
fn buffered_commits_do_not_sync() {
    let bench = Bench::new();
    bench.commit(b"a", Durability::Buffered).unwrap();
    let syncs = bench.faults.count(OpKind::SyncData);
    for _ in 0..100 {
        bench.commit(b"b", Durability::Buffered).unwrap();
    }
    assert_eq!(bench.faults.count(OpKind::SyncData), syncs);
    bench.committer.sync().unwrap();
    assert_eq!(bench.faults.count(OpKind::SyncData), syncs + 1);
    bench.commit(b"c", Durability::Sync).unwrap();
    assert_eq!(bench.faults.count(OpKind::SyncData), syncs + 2);
}

/// Threads that arrive while another one commits share one write and, when any of them asks for
/// it, one sync.
#[test]
fn a_batch_is_one_write_and_syncs_once_when_any_asks() {
    use Durability::{Buffered, Sync};
    for (others, expected) in [
        (vec![Buffered; 5], 0),
        (vec![Buffered, Sync, Buffered], 1),
        (vec![Sync; 6], 1),
    ] {
        let bench = Bench::new();
        bench.commit(b"the file exists", Sync).unwrap();
        let (writes, syncs) = (
            bench.faults.count(OpKind::Write),
            bench.faults.count(OpKind::SyncData),
        );
        let seqnos: Vec<_> = bench
            .one_then_batch(&others)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(seqnos, (3..3 + others.len() as Seqno).collect::<Vec<_>>());
        assert_eq!(bench.faults.count(OpKind::Write), writes + 2);
        assert_eq!(bench.faults.count(OpKind::SyncData), syncs + expected);
        assert_eq!(bench.applied.batches.lock().len(), 3);
    }
}

/// The sync of a batch fails: all of it fails with the cause, none of it is applied, and every later
/// write is refused.
#[test]
fn a_failed_sync_fails_the_whole_batch_and_poisons() {
    let bench = Bench::new();
    bench.commit(b"kept", Durability::Sync).unwrap();
    bench
        .faults
        .inject(Fault::nth(1).code(5).only(&[OpKind::SyncData]));
    for result in bench.one_then_batch(&[Durability::Buffered, Durability::Sync]) {
        match result.unwrap_err() {
            Error::Io { source, .. } => assert_eq!(source.raw_os_error(), Some(5)),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(
        bench.applied.all().len(),
        2,
        "the first and the one that led alone"
    );
    assert!(bench.committer.poisoned());
    for error in [
        bench.commit(b"x", Durability::Buffered).unwrap_err(),
        bench.committer.sync().unwrap_err(),
        bench.committer.release(1).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Poisoned { .. }), "{error:?}");
    }
    let acknowledged = bench.applied.all();
    drop(bench.committer);
    assert_eq!(open(&bench.vfs).1[..2], acknowledged[..]);
}

/// The disk fills up in the middle of a frame: the commit fails and is not applied, and after
/// opening again no commit that was acknowledged before or after is missing.
#[test]
fn a_full_disk_fails_the_commit_and_loses_no_other() {
    let bench = Bench::new();
    bench.commit(b"one", Durability::Sync).unwrap();
    let full = Fault::nth(1).kind(std::io::ErrorKind::StorageFull);
    bench
        .faults
        .inject(full.short_write().only(&[OpKind::Write]));
    let error = bench.commit(&[7; 500], Durability::Sync).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(bench.commit(b"two", Durability::Sync).is_err());
    assert_eq!(bench.applied.all(), [(1, b"one".to_vec())]);
    drop(bench.committer);
    let (log, found) = open(&bench.vfs);
    assert_eq!(found, [(1, b"one".to_vec())]);
    let committer = Committer::new(Some(log), 1, bench.applied.clone());
    let commit = committer.commit(b"two".to_vec(), b"two".to_vec(), Durability::Sync);
    assert_eq!(commit.unwrap(), 2);
    drop(committer);
    assert_eq!(
        open(&bench.vfs).1,
        [(1, b"one".to_vec()), (2, b"two".to_vec())]
    );
}

/// A transaction that is too large fails alone.
#[test]
fn a_transaction_that_is_too_large_fails_alone() {
    let bench = Bench::new();
    let error = bench
        .committer
        .commit(
            vec![0; crate::MAX_PAYLOAD + 1],
            Vec::new(),
            Durability::Sync,
        )
        .unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert_eq!(bench.commit(b"x", Durability::Sync).unwrap(), 1);
}

/// A database in memory commits the same way, without a log.
#[test]
fn without_a_log_commits_are_applied_all_the_same() {
    let applied = Arc::new(Applied::default());
    let committer = Committer::new(None, 41, applied.clone());
    assert_eq!(
        committer
            .commit(vec![1], vec![2], Durability::Sync)
            .unwrap(),
        42
    );
    committer.sync().unwrap();
    committer.release(42).unwrap();
    assert_eq!(committer.live_bytes(), 0);
    assert_eq!(applied.all(), [(42, vec![2])]);
}

struct Panics(AtomicU64);

impl Apply<()> for Panics {
    fn apply(&self, _: Vec<(Seqno, ())>) {
        assert!(
            self.0.fetch_sub(1, Ordering::SeqCst) > 1,
            "the second one panics"
        );
    }
}

/// A bug in the code that applies must not leave the other threads waiting for ever.
#[test]
fn a_panic_while_applying_poisons_and_wakes_everyone() {
    // Who leads and who waits is different each time.
    for _ in 0..50 {
        panic_while_applying();
    }
}

fn panic_while_applying() {
    let committer = Committer::new(None, 0, Arc::new(Panics(AtomicU64::new(2))));
    committer.commit(vec![], (), Durability::Sync).unwrap();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let commit = || committer.commit(vec![], (), Durability::Sync);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(commit)).collect();
        threads
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect()
    });
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_err()).count(),
        1
    );
    for outcome in outcomes.into_iter().flatten() {
        assert!(
            matches!(outcome, Err(Error::Poisoned { .. })),
            "{outcome:?}"
        );
    }
    assert!(committer.poisoned());
}
