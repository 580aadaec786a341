//! Rotation, release and reuse of log files.

use super::*;
use crate::{FaultVfs, MemVfs, OpKind};

/// A log is a row of files of bounded size, read as one.
#[test]
fn a_full_file_is_closed_and_the_next_one_begun() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=30, 1000);
    assert_eq!(names(&*vfs), [log_name(1), log_name(2), log_name(3)]);
    let bytes = 30 * crate::frame::frame_len(1000) + 3 * 4096;
    assert_eq!(log.live_bytes(), bytes);
    drop(log);
    for name in names(&*vfs) {
        let len = read_all(&*vfs, &dir().join(name)).unwrap().len();
        assert!(len <= 16 << 10, "{len}");
    }
    let (log, found, recovery) = open(&vfs, 0).unwrap();
    assert_eq!(found, frames(1..=30, 1000));
    assert_eq!(recovery.files, 3);
    assert_eq!(log.live_bytes(), bytes);
}

/// A transaction larger than a whole file is still one frame of one file.
#[test]
fn a_transaction_larger_than_a_file_gets_one_of_its_own() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=1, 10);
    commit(&mut log, 2..=2, 100_000);
    commit(&mut log, 3..=3, 10);
    kill(log);
    assert_eq!(names(&*vfs).len(), 3);
    let (_log, found, _) = open(&vfs, 0).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(found[1].1, payload(2, 100_000));
}

/// Released files become spares, up to the limit, and the rest is unlinked; commits above the
/// floor stay.
#[test]
fn released_files_are_kept_as_spares_or_removed() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=55, 1000);
    assert_eq!(names(&*vfs).len(), 5);
    let before = log.live_bytes();
    log.release(10).unwrap();
    assert_eq!(names(&*vfs).len(), 5, "the first file ends with commit 11");
    assert_eq!(log.live_bytes(), before);
    log.release(44).unwrap();
    assert_eq!(
        names(&*vfs),
        [spare_name(1), spare_name(2), log_name(5)],
        "two spares, two removed"
    );
    assert!(log.live_bytes() < before);
    kill(log);
    let (mut log, found, _) = open(&vfs, 44).unwrap();
    assert_eq!(found, frames(45..=55, 1000));
    // Below the floor of the files that are left, commits are gone for good.
    let error = open(&vfs, 43).unwrap_err();
    assert!(matches!(error, Error::Corruption { .. }), "{error:?}");
    log.release(55).unwrap();
    assert_eq!(log.live_bytes(), 0);
    drop(log);
    let (mut log, found, recovery) = open(&vfs, 55).unwrap();
    assert!(found.is_empty());
    assert_eq!(recovery.last_seqno, 55);
    commit(&mut log, 56..=56, 10);
    drop(log);
    assert_eq!(open(&vfs, 55).unwrap().1, frames(56..=56, 10));
}

/// A log that rests gives back the room of its spares, and goes on as before.
#[test]
fn a_trimmed_log_keeps_no_spares_and_no_less() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=55, 1000);
    log.release(44).unwrap();
    log.trim().unwrap();
    assert_eq!(names(&*vfs), [log_name(5)]);
    log.trim().unwrap();
    commit(&mut log, 56..=90, 1000);
    kill(log);
    assert_eq!(open(&vfs, 44).unwrap().1, frames(45..=90, 1000));
}

/// A reused file is full of old frames whose checksums are right. Their salt is not, so none is ever
/// replayed, also when the new frames lie exactly over the old ones.
#[test]
fn stale_frames_of_a_recycled_file_are_never_replayed() {
    for random in [false, true] {
        let options = || match random {
            true => options().salt_seed(rand_seed()).rotate_bytes(1 << 20),
            false => options().rotate_bytes(1 << 20),
        };
        let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
        let (mut log, ..) = open_with(&vfs, 0, options()).unwrap();
        commit(&mut log, 1..=20, 100);
        log.release(20).unwrap();
        assert_eq!(names(&*vfs), [spare_name(1)]);
        let mut last = 20;
        for _ in 0..5 {
            commit(&mut log, last + 1..=last + 3, 100);
            assert_eq!(names(&*vfs).len(), 1, "the spare is in use");
            kill(log);
            let (again, found, recovery) = open_with(&vfs, last, options()).unwrap();
            assert_eq!(found, frames(last + 1..=last + 3, 100));
            assert_eq!(recovery.last_seqno, last + 3);
            assert_eq!(recovery.truncated_bytes, 0);
            last += 3;
            log = again;
            log.release(last).unwrap();
        }
    }
}

fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(1)
}

/// Commits up to the floor are in segments already; they are not replayed a second time, also when
/// the floor lies in the middle of a file or beyond the end of the log.
#[test]
fn frames_up_to_the_floor_are_not_visited() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=30, 1000);
    drop(log);
    for floor in 0..=30 {
        let (log, found, recovery) = open(&vfs, floor).unwrap();
        assert_eq!(found, frames(floor + 1..=30, 1000));
        assert_eq!(recovery.frames, 30 - floor);
        assert_eq!(log.last_seqno(), 30);
    }
    let (mut log, found, recovery) = open(&vfs, 33).unwrap();
    assert!(found.is_empty());
    assert_eq!(recovery.last_seqno, 33);
    commit(&mut log, 34..=34, 10);
    drop(log);
    assert_eq!(open(&vfs, 33).unwrap().1, frames(34..=34, 10));
}

/// The caller counts the commits; one that skips or repeats a number is told and nothing happens.
#[test]
fn a_commit_out_of_order_is_refused() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 4).unwrap();
    for wrong in [0, 4, 6] {
        let error = log.append(wrong, &[vec![]]).unwrap_err();
        assert!(
            matches!(error, Error::OutOfOrder { expected: 5, .. }),
            "{error:?}"
        );
    }
    log.append(5, &[vec![]]).unwrap();
}

/// A sync of an overwrite is fast, one of a growing file is not: within its room a commit is one
/// write and one sync of data, and nothing else.
#[test]
fn a_commit_is_one_write_and_one_sync() {
    let faults = FaultVfs::new(Arc::new(MemVfs::new()));
    let vfs: Arc<dyn Vfs> = Arc::new(faults.clone());
    let (mut log, ..) = open_with(&vfs, 0, LogOptions::default()).unwrap();
    commit(&mut log, 1..=1, 100);
    let (all, writes, syncs) = (
        faults.operations(),
        faults.count(OpKind::Write),
        faults.count(OpKind::SyncData),
    );
    commit(&mut log, 2..=101, 100);
    assert_eq!(faults.count(OpKind::Write), writes + 100);
    assert_eq!(faults.count(OpKind::SyncData), syncs + 100);
    assert_eq!(faults.operations(), all + 200);
    log.sync().unwrap();
    assert_eq!(faults.operations(), all + 200, "there was nothing to sync");
}
