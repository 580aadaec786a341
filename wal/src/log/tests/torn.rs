//! A crash in the middle of the last write.

use proptest::prelude::*;

use super::*;
use crate::MemVfs;
use crate::frame::FRAME_HEADER;
use crate::header::FRAMES_START;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// What was appended in any batches, with any payloads and any reopenings between, is read back
    /// in order, from any floor.
    #[test]
    fn every_frame_comes_back_in_order(
        batches in proptest::collection::vec(
            (proptest::collection::vec(0usize..3000, 1..5), any::<bool>(), any::<bool>()), 1..25),
        floor in 0u64..40,
    ) {
        let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
        let (mut log, ..) = open(&vfs, 0).unwrap();
        let mut all = Vec::new();
        for (lengths, sync, reopen) in batches {
            let first = all.len() as Seqno + 1;
            let batch: Vec<_> = (first..).zip(lengths).map(|(n, len)| payload(n, len)).collect();
            log.append(first, &batch).unwrap();
            all.extend((first..).zip(batch));
            if sync {
                log.sync().unwrap();
            }
            if reopen {
                let old = log;
                if sync { drop(old) } else { kill(old) }
                log = open(&vfs, 0).unwrap().0;
            }
        }
        prop_assert_eq!(log.last_seqno(), all.len() as Seqno);
        kill(log);
        let floor = floor.min(all.len() as Seqno);
        let expected = &all[floor as usize..];
        let (found, recovery) = replay(&*vfs, floor).unwrap();
        prop_assert_eq!(&found, expected);
        prop_assert_eq!(recovery.frames, expected.len() as u64);
        let (_log, found, again) = open(&vfs, floor).unwrap();
        prop_assert_eq!(&found, expected);
        prop_assert_eq!(again.last_seqno, all.len() as Seqno);
    }
}

/// The power failed while the last commit was written: however many of its bytes arrived, the ones
/// before it are all there, it is there whole or not at all, and the next commit takes its place.
#[test]
fn a_write_torn_at_any_byte_is_cut_and_nothing_acknowledged_lost() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=3, 100);
    let name = log_name(1);
    let before = read_all(&*vfs, &dir().join(&name)).unwrap();
    let start = log.current.as_ref().unwrap().end as usize;
    log.append(4, &[payload(4, 90), payload(5, 30)]).unwrap();
    let end = log.current.as_ref().unwrap().end as usize;
    let after = read_all(&*vfs, &dir().join(&name)).unwrap();
    kill(log);
    assert_eq!(before.len(), after.len(), "the room was made before");
    let second = start + crate::frame::frame_len(90) as usize;
    for cut in start..=end {
        let mut bytes = after.clone();
        bytes[cut..end].copy_from_slice(&before[cut..end]);
        let torn = with_bytes(&*vfs, &name, &bytes);
        let (mut log, found, recovery) = open(&torn, 0).unwrap();
        // The padding is zeros before and after, so a frame is whole without it.
        let whole = match cut {
            cut if cut >= second + FRAME_HEADER + 30 => 5,
            cut if cut >= start + FRAME_HEADER + 90 => 4,
            _ => 3,
        };
        let mut expected = frames(1..=3, 100);
        expected.extend([(4, payload(4, 90)), (5, payload(5, 30))]);
        expected.truncate(whole);
        assert_eq!(found, expected, "cut at {cut}");
        assert_eq!(recovery.last_seqno, whole as Seqno);
        let next = whole as Seqno + 1;
        commit(&mut log, next..=next, 77);
        kill(log);
        expected.push((next, payload(next, 77)));
        assert_eq!(open(&torn, 0).unwrap().1, expected, "cut at {cut}");
    }
}

/// The last write arrived out of order, its first sector missing and the rest there: nothing in it
/// was acknowledged, so none of it counts, and it does not come back after later commits.
#[test]
fn a_write_that_lacks_its_beginning_is_cut_whole() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=2, 10);
    let start = log.current.as_ref().unwrap().end as usize;
    log.append(3, &[payload(3, 700), payload(4, 10)]).unwrap();
    let end = log.current.as_ref().unwrap().end as usize;
    kill(log);
    let mut bytes = read_all(&*vfs, &dir().join(log_name(1))).unwrap();
    bytes[start..start + 600].fill(0);
    let torn = with_bytes(&*vfs, &log_name(1), &bytes);
    let (mut log, found, recovery) = open(&torn, 0).unwrap();
    assert_eq!(found, frames(1..=2, 10));
    assert_eq!(recovery.truncated_bytes, (end - start) as u64);
    commit(&mut log, 3..=3, 10);
    drop(log);
    assert_eq!(open(&torn, 0).unwrap().1, frames(1..=3, 10));
}

/// A process that died before its sync leaves frames that the system shows but may not have on
/// disk. Once they were replayed they count, so recovery writes them again and syncs them.
#[test]
fn frames_of_a_killed_process_are_durable_once_replayed() {
    let sim = crate::SimVfs::new(3);
    let vfs: Arc<dyn Vfs> = Arc::new(sim.clone());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=1, 50);
    log.append(2, &[payload(2, 600)]).unwrap();
    kill(log);
    let killed = sim.process_crash(sim.operations());
    let vfs: Arc<dyn Vfs> = Arc::new(killed.clone());
    let (log, found, _) = open(&vfs, 0).unwrap();
    kill(log);
    let expected = vec![(1, payload(1, 50)), (2, payload(2, 600))];
    assert_eq!(found, expected);
    for image in 0..50 {
        let vfs: Arc<dyn Vfs> = Arc::new(killed.crash_image(killed.operations(), image));
        assert_eq!(open(&vfs, 0).unwrap().1, expected, "image {image}");
    }
}

/// The sync of commit 2 failed and the system forgot its pages, but goes on showing them. Recovery
/// finds the commit and hands it out, so it must write it again: a sync alone would not.
#[test]
fn frames_whose_sync_failed_are_written_again_when_replayed() {
    let sim = crate::SimVfs::new(4);
    let vfs: Arc<dyn Vfs> = Arc::new(sim.clone());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=1, 50);
    log.append(2, &[payload(2, 600)]).unwrap();
    sim.fail_file_sync(true);
    log.sync().unwrap_err();
    sim.fail_file_sync(false);
    drop(log);
    let (log, found, _) = open(&vfs, 0).unwrap();
    kill(log);
    let expected = vec![(1, payload(1, 50)), (2, payload(2, 600))];
    assert_eq!(found, expected);
    for image in 0..50 {
        let vfs: Arc<dyn Vfs> = Arc::new(sim.crash_image(sim.operations(), image));
        assert_eq!(open(&vfs, 0).unwrap().1, expected, "image {image}");
    }
}

/// A log that was opened and never written makes no file, and opening it changes nothing.
#[test]
fn opening_twice_without_writing_changes_nothing() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    drop(open(&vfs, 0).unwrap());
    assert!(names(&*vfs).is_empty());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=2, 10);
    drop(log);
    let bytes = read_all(&*vfs, &dir().join(log_name(1))).unwrap();
    assert_eq!(
        bytes.len() as u64,
        FRAMES_START + 2 * crate::frame::frame_len(10) + FRAME_HEADER as u64
    );
    drop(open(&vfs, 0).unwrap());
    assert_eq!(names(&*vfs), [log_name(1)]);
    assert_eq!(read_all(&*vfs, &dir().join(log_name(1))).unwrap(), bytes);
}
