//! Bytes that were durable and are not what they were.

use proptest::prelude::*;

use super::*;
use crate::MemVfs;
use crate::header::{FRAMES_START, FileHeader, HEADER_LEN};

/// A log killed after five synced commits and a buffered one, whose frame attests the five.
fn killed_log() -> (Arc<dyn Vfs>, u64) {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 1..=5, 60);
    let synced = log.current.as_ref().unwrap().end;
    log.append(6, &[payload(6, 60)]).unwrap();
    kill(log);
    (vfs, synced)
}

/// A bit of an acknowledged commit rotted on disk. Cutting the log there would lose commits without
/// a word: it is refused with the file and the place, by writers and readers, and left as it is.
#[test]
fn a_flipped_byte_before_the_synced_mark_is_corruption_with_file_and_offset() {
    let (vfs, synced) = killed_log();
    let path = dir().join(log_name(1));
    let good = read_all(&*vfs, &path).unwrap();
    let frame = crate::frame::frame_len(60);
    for at in FRAMES_START..synced {
        let place = (at - FRAMES_START) % frame;
        if place >= 48 + 60 {
            continue; // Padding means nothing.
        }
        let mut bytes = good.clone();
        bytes[at as usize] ^= 0x10;
        let bad = with_bytes(&*vfs, &log_name(1), &bytes);
        for error in [open(&bad, 0).unwrap_err(), replay(&*bad, 0).unwrap_err()] {
            match error {
                Error::Corruption { file, offset, .. } => {
                    assert_eq!(file, path);
                    assert_eq!(offset, at - place, "the frame of byte {at}");
                }
                other => panic!("byte {at}: {other:?}"),
            }
        }
        assert_eq!(read_all(&*bad, &path).unwrap(), bytes, "byte {at}");
        assert_eq!(names(&*bad), [log_name(1)]);
    }
}

/// The same in a log that was closed: its end is marked, so nothing can be taken for a torn tail.
#[test]
fn any_flipped_byte_of_a_closed_log_is_corruption() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    log.append(1, &[payload(1, 64), payload(2, 64)]).unwrap();
    let end = log.current.as_ref().unwrap().end;
    drop(log);
    let good = read_all(&*vfs, &dir().join(log_name(1))).unwrap();
    for at in (0..HEADER_LEN as u64).chain(FRAMES_START..end) {
        let mut bytes = good.clone();
        bytes[at as usize] ^= 1;
        let bad = with_bytes(&*vfs, &log_name(1), &bytes);
        let error = open(&bad, 0).unwrap_err();
        assert!(
            matches!(error, Error::Corruption { .. }),
            "byte {at}: {error:?}"
        );
    }
}

/// A flipped byte in a file that is not the last one is damage without further proof: the next
/// file's first commit says how many frames there were.
#[test]
fn a_flipped_byte_in_an_earlier_file_is_corruption() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    log.append(1, &[payload(1, 64)]).unwrap();
    kill(log);
    let (mut log, ..) = open(&vfs, 0).unwrap();
    commit(&mut log, 2..=2, 64);
    drop(log);
    let mut bytes = read_all(&*vfs, &dir().join(log_name(1))).unwrap();
    bytes[FRAMES_START as usize + 50] ^= 1;
    let bad = with_bytes(&*vfs, &log_name(1), &bytes);
    match open(&bad, 0).unwrap_err() {
        Error::Corruption { file, offset, .. } => {
            assert_eq!((file, offset), (dir().join(log_name(1)), FRAMES_START));
        }
        other => panic!("unexpected {other:?}"),
    }
    // With both commits in a manifest nobody needs that file.
    assert_eq!(open(&bad, 1).unwrap().1, frames(2..=2, 64));
}

/// A file cut short by a file system check or a bad copy is not a torn tail: the room was durable
/// before the first frame was written.
#[test]
fn a_file_cut_short_is_corruption() {
    let (vfs, synced) = killed_log();
    let good = read_all(&*vfs, &dir().join(log_name(1))).unwrap();
    for len in [0, 63, 64, 4096, 4200, synced as usize, good.len() - 1] {
        let bad = with_bytes(&*vfs, &log_name(1), &good[..len]);
        let error = open(&bad, 0).unwrap_err();
        assert!(
            matches!(error, Error::Corruption { .. }),
            "length {len}: {error:?}"
        );
    }
}

/// The file grew, and was later cut back to the length that it had before: the first frame after the
/// growth says so, and its beginning always lies before the cut.
#[test]
fn a_file_cut_back_to_an_earlier_length_is_corruption() {
    for len in [10, 500, 2000, 3000] {
        let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
        let (mut log, ..) = open_with(&vfs, 0, options().rotate_bytes(1 << 20)).unwrap();
        let mut lengths = Vec::new();
        for seqno in 1.. {
            commit(&mut log, seqno..=seqno, len);
            let allocated = log.current.as_ref().unwrap().allocated;
            if lengths.last() != Some(&allocated) {
                lengths.push(allocated);
            }
            if lengths.len() == 3 {
                break;
            }
        }
        kill(log);
        let good = read_all(&*vfs, &dir().join(log_name(1))).unwrap();
        for cut in &lengths[..2] {
            let bad = with_bytes(&*vfs, &log_name(1), &good[..*cut as usize]);
            let error = open(&bad, 0).unwrap_err();
            assert!(
                matches!(error, Error::Corruption { .. }),
                "frames of {len} cut to {cut}: {error:?}"
            );
        }
    }
}

/// Somebody deleted a log file in the middle: the commits that are missing are named.
#[test]
fn a_missing_file_is_corruption_that_names_the_commits() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    for seqno in 1..=3 {
        let (mut log, ..) = open(&vfs, 0).unwrap();
        commit(&mut log, seqno..=seqno, 10);
    }
    vfs.remove_file(&dir().join(log_name(2))).unwrap();
    let error = open(&vfs, 0).unwrap_err().to_string();
    assert!(error.contains("commit"), "{error}");
    assert!(open(&vfs, 1).is_err());
    assert_eq!(open(&vfs, 2).unwrap().1, frames(3..=3, 10));
}

/// A mangled header whose checksum is right must not make numbers wrap around.
#[test]
fn a_header_at_the_end_of_all_numbers_is_corruption() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    vfs.create_dir(dir()).unwrap();
    let header = FileHeader {
        number: 1,
        first: Seqno::MAX - 1,
        salt: 1,
        length: 4096,
    };
    let path = dir().join(log_name(1));
    let file = vfs.open(&path, OpenMode::CreateNew).unwrap();
    file.write_all_at(&header.encode(), 0).unwrap();
    file.set_len(8192).unwrap();
    let error = open(&vfs, crate::header::MAX_SEQNO).unwrap_err();
    assert!(matches!(error, Error::Corruption { .. }), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Hostile bytes in any part of a file: an error or a prefix of the commits, never a panic and
    /// never a commit that was not made. One changed byte loses nothing acknowledged; several may
    /// destroy a commit together with the proof that it was there.
    #[test]
    fn mangled_files_give_an_error_or_a_prefix(
        edits in proptest::collection::vec((0usize..6000, any::<u8>()), 1..6),
        cut in proptest::option::of(0usize..9000),
    ) {
        let (vfs, _) = killed_log();
        let mut bytes = read_all(&*vfs, &dir().join(log_name(1))).unwrap();
        for (at, byte) in &edits {
            bytes[*at] = *byte;
        }
        bytes.truncate(cut.unwrap_or(usize::MAX));
        let bad = with_bytes(&*vfs, &log_name(1), &bytes);
        if let Ok((_, found, _)) = open(&bad, 0) {
            prop_assert_eq!(&found[..], &frames(1..=6, 60)[..found.len()]);
            prop_assert!(edits.len() > 1 || found.len() >= 5);
        }
    }
}
