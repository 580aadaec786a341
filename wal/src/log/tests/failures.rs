//! A disk that fails or is full.

use std::io;

use super::*;
use crate::{Fault, FaultVfs, MemVfs, OpKind};

fn faulty() -> (FaultVfs, Arc<dyn Vfs>) {
    let faults = FaultVfs::new(Arc::new(MemVfs::new()));
    let vfs = Arc::new(faults.clone());
    (faults, vfs)
}

/// After a failed sync the system may have dropped the pages and report success the next time. So
/// nothing is written any more, nothing is synced again, and opening starts from what is there.
#[test]
fn a_failed_sync_poisons_until_the_log_is_opened_again() {
    let (faults, vfs) = faulty();
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=2, 100);
    log.append(3, &[payload(3, 100)]).unwrap();
    faults.inject(Fault::nth(1).code(5).only(&[OpKind::SyncData]));
    let error = log.sync().unwrap_err();
    assert!(matches!(error, Error::Io { op: "sync", .. }), "{error:?}");
    let (syncs, writes) = (faults.count(OpKind::SyncData), faults.count(OpKind::Write));
    for error in [
        log.sync().unwrap_err(),
        log.append(4, &[payload(4, 100)]).unwrap_err(),
        log.release(2).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Poisoned { .. }), "{error:?}");
    }
    drop(log);
    assert_eq!(faults.count(OpKind::SyncData), syncs, "no second try");
    assert_eq!(faults.count(OpKind::Write), writes);
    let (mut log, found, _) = open(&vfs, 0).unwrap();
    // Commit 3 was not acknowledged; here the system kept it, so it is there, whole.
    assert_eq!(found, frames(1..=3, 100));
    commit(&mut log, 4..=4, 100);
    drop(log);
    assert_eq!(open(&vfs, 0).unwrap().1, frames(1..=4, 100));
}

/// The disk filled up in the middle of a frame: the commit fails, the half frame is cut when the log
/// is opened again, and the commits before and after it are all there.
#[test]
fn a_short_write_fails_the_commit_and_nothing_else() {
    let (faults, vfs) = faulty();
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=2, 100);
    faults.inject(
        Fault::nth(1)
            .kind(io::ErrorKind::StorageFull)
            .short_write()
            .only(&[OpKind::Write]),
    );
    let error = log.append(3, &[payload(9, 100)]).unwrap_err();
    assert!(matches!(error, Error::Io { op: "write", .. }), "{error:?}");
    let error = log.append(3, &[payload(3, 100)]).unwrap_err();
    assert!(matches!(error, Error::Poisoned { .. }), "{error:?}");
    drop(log);
    let (mut log, found, recovery) = open(&vfs, 0).unwrap();
    assert_eq!(found, frames(1..=2, 100));
    assert!(recovery.truncated_bytes > 0);
    commit(&mut log, 3..=5, 100);
    drop(log);
    assert_eq!(open(&vfs, 0).unwrap().1, frames(1..=5, 100));
}

/// A disk that is full when room is made stops the commit before a byte of it is written: reads go
/// on, and once there is space so do writes, without opening again.
#[test]
fn a_full_disk_is_a_clean_error_and_writes_resume_with_space() {
    for rotate in [16 << 10, 1 << 20] {
        for short in [false, true] {
            let (faults, vfs) = faulty();
            let (mut log, ..) = open_with(&vfs, 0, options().rotate_bytes(rotate)).unwrap();
            let mut fulls = 0;
            for seqno in 1..=100 {
                // The room for this commit, when it needs any, is refused three times.
                let bytes = frame_len(1000);
                if log
                    .current
                    .as_ref()
                    .is_some_and(|file| file.end + bytes > rotate)
                {
                    // Closing the old file needs no room: it was made with the last commit's.
                    log.finish_file().unwrap();
                }
                let room = |file: &Writer| file.end + bytes + 48 <= file.allocated;
                if !log.current.as_ref().is_some_and(room) {
                    let full = Fault::nth(1).kind(io::ErrorKind::StorageFull).sticky();
                    let full = full.only(&[OpKind::Write]);
                    let full = if short { full.short_write() } else { full };
                    faults.inject(full);
                    for _ in 0..3 {
                        let error = log.append(seqno, &[payload(seqno, 1000)]).unwrap_err();
                        assert!(error.is_out_of_space(), "{error:?}");
                        fulls += 1;
                    }
                    faults.clear();
                }
                commit(&mut log, seqno..=seqno, 1000);
            }
            assert!(fulls >= 9, "{fulls}");
            kill(log);
            assert_eq!(open(&vfs, 0).unwrap().1, frames(1..=100, 1000));
        }
    }
}

/// An error at every single operation of a run, once and from then on: what was acknowledged is
/// there after opening again, in order, and at most the one commit in flight besides.
#[test]
fn an_error_at_any_operation_loses_nothing_acknowledged() {
    for sticky in [false, true] {
        for short in [false, true] {
            for n in 1.. {
                let (faults, vfs) = faulty();
                let mut fault = Fault::nth(n).code(5);
                if sticky {
                    fault = fault.sticky();
                }
                if short {
                    fault = fault.short_write();
                }
                faults.inject(fault);
                let (acknowledged, floor) = run(&vfs);
                if faults.fired() == 0 {
                    assert_eq!(acknowledged, 40, "the run without a fault");
                    assert!(n > 100, "{n} operations");
                    break;
                }
                faults.clear();
                let (mut log, found, recovery) = open(&vfs, floor).unwrap();
                let last = recovery.last_seqno;
                assert!(
                    last == acknowledged || last == acknowledged + 1,
                    "operation {n}: {acknowledged} acknowledged, {last} found"
                );
                assert_eq!(found, frames(floor + 1..=last, 700), "operation {n}");
                commit(&mut log, last + 1..=last + 1, 700);
                drop(log);
                let found = open(&vfs, floor).unwrap().1;
                assert_eq!(found, frames(floor + 1..=last + 1, 700), "operation {n}");
            }
        }
    }
}

/// Commits until something fails; returns the last acknowledged commit and the released floor.
fn run(vfs: &Arc<dyn Vfs>) -> (Seqno, Seqno) {
    let (mut acknowledged, mut floor) = (0, 0);
    for _ in 0..2 {
        let Ok((mut log, _, recovery)) = open(vfs, floor) else {
            continue;
        };
        acknowledged = recovery.last_seqno;
        for seqno in acknowledged + 1..=acknowledged + 20 {
            if log.append(seqno, &[payload(seqno, 700)]).is_err() || log.sync().is_err() {
                return (acknowledged, floor);
            }
            acknowledged = seqno;
            if seqno % 7 == 0 {
                floor = seqno - 3;
                // A failure leaves files behind, nothing else.
                let _kept = log.release(floor);
            }
        }
    }
    (acknowledged, floor)
}

/// A file became a spare, and the sync of its new name failed: nobody knows which name is on disk,
/// and a second sync proves nothing. So the file must not be written over by this process.
#[test]
fn a_failed_sync_of_the_directory_poisons_too() {
    let (faults, vfs) = faulty();
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=30, 1000);
    faults.inject(Fault::nth(1).code(5).only(&[OpKind::SyncDir]));
    let error = log.release(20).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    let syncs = faults.count(OpKind::SyncDir);
    let error = log.append(31, &[payload(31, 1000)]).unwrap_err();
    assert!(matches!(error, Error::Poisoned { .. }), "{error:?}");
    assert_eq!(faults.count(OpKind::SyncDir), syncs, "no second try");
    drop(log);
    assert_eq!(open(&vfs, 20).unwrap().1, frames(21..=30, 1000));
}

/// A payload that no frame can hold is refused before anything happens.
#[test]
fn a_payload_beyond_the_limit_is_refused() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    let error = log.append(1, &[vec![0; MAX_PAYLOAD + 1]]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    commit(&mut log, 1..=1, 10);
}
