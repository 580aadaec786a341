//! Segment files and deletes on disks that flip bytes, cut files and lose power.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_wal::{Fault, FaultVfs, MemVfs, OpenMode, OsVfs, SimVfs, Vfs, read_all};
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;
use crate::manifest::{CollectionKind, CollectionManifest, Manifest, SegmentEntry};
use crate::{Result, Schema};

const DIR: &str = "db";
type Sections = Vec<(String, Vec<u8>)>;

fn dirs(vfs: &dyn Vfs, dir: &Path) {
    vfs.create_dir(dir).unwrap();
    vfs.create_dir(&dir.join("segments")).unwrap();
    vfs.sync_dir(dir).unwrap();
    vfs.sync_dir(
        dir.parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )
    .unwrap();
}

fn mem() -> MemVfs {
    let vfs = MemVfs::new();
    dirs(&vfs, Path::new(DIR));
    vfs
}

fn put(vfs: &dyn Vfs, path: &Path, bytes: &[u8]) {
    if vfs.exists(path).unwrap() {
        vfs.remove_file(path).unwrap();
    }
    vfs.open(path, OpenMode::CreateNew)
        .unwrap()
        .write_all_at(bytes, 0)
        .unwrap();
}

fn write(vfs: &dyn Vfs, dir: &Path, number: u64, sections: &Sections) -> Result<PathBuf> {
    let path = segment_path(dir, number);
    let mut writer = SegmentWriter::create(vfs, &path)?;
    for (name, bytes) in sections {
        writer.add(name, bytes)?;
    }
    writer.finish()?;
    Ok(path)
}

fn open_and_verify(vfs: &dyn Vfs, path: &Path) -> Result<SegmentFile> {
    let file = SegmentFile::open(vfs, path, SegmentAccess::Heap)?;
    file.verify()?;
    Ok(file)
}

fn sample() -> Sections {
    vec![
        ("keys".into(), b"some keys".to_vec()),
        ("empty".into(), Vec::new()),
        ("vec.text \u{e9}".into(), vec![7; 130]),
    ]
}

fn entry(number: u64, deletes: Option<u64>) -> SegmentEntry {
    SegmentEntry {
        number,
        rows: 9,
        deletes,
        min_seqno: 1,
        max_seqno: 1,
        bytes: 0,
    }
}

fn manifest(next_segment: u64, segments: Vec<SegmentEntry>) -> Manifest {
    let collection = CollectionManifest {
        id: 0,
        name: "docs".into(),
        kind: CollectionKind::Documents,
        schema: Schema::new().text(),
        created: 1,
        sealed_seqno: 1,
        segments,
        ingests: BTreeMap::new(),
    };
    Manifest {
        next_segment,
        next_collection: 1,
        catalog_seqno: 1,
        floor: 1,
        features: 0,
        collections: vec![collection],
    }
}

fn sections() -> impl Strategy<Value = Sections> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    proptest::collection::btree_map(".{0,8}", bytes, 0..8)
        .prop_map(|sections| sections.into_iter().collect::<Sections>())
        .prop_shuffle()
}

proptest! {
    /// What was added is found, aligned, from a file and from memory, however it is read.
    #[test]
    fn sections_come_back(sections in sections(), number: u64) {
        let vfs = mem();
        let path = write(&vfs, Path::new(DIR), number, &sections).unwrap();
        let mut buffer = SegmentBuffer::new(0).unwrap();
        for (name, bytes) in &sections {
            buffer.add(name, bytes).unwrap();
        }
        let mapped = SegmentFile::open(&vfs, &path, SegmentAccess::Mmap).unwrap();
        for file in [open_and_verify(&vfs, &path).unwrap(), mapped, buffer.finish().unwrap()] {
            file.verify().unwrap();
            let mut names: Vec<String> = sections.iter().map(|(name, _)| name.clone()).collect();
            names.sort_unstable();
            prop_assert_eq!(file.sections().collect::<Vec<_>>(), names);
            for (name, bytes) in &sections {
                let found = file.section(name).unwrap();
                prop_assert_eq!(found.as_slice(), bytes);
                prop_assert_eq!(found.as_ptr().addr() % 64, 0);
            }
            let missing = file.section("a name that is too long to be there");
            prop_assert!(missing.is_none());
            prop_assert_eq!(file.len(), read_all(&vfs, &path).unwrap().len() as u64);
        }
    }

    /// Deletes come back, and rows that the segment does not have are refused.
    #[test]
    fn deletes_come_back(
        rows in proptest::collection::btree_set(0u32..200_000, 0..300), generation: u64,
    ) {
        let vfs = mem();
        let dir = Path::new(DIR);
        let deletes: RoaringBitmap = rows.into_iter().collect();
        write_deletes(&vfs, dir, 3, generation, &deletes).unwrap();
        prop_assert_eq!(&read_deletes(&vfs, dir, 3, generation, 200_000).unwrap(), &deletes);
        if let Some(last) = deletes.max() {
            read_deletes(&vfs, dir, 3, generation, last + 1).unwrap();
            read_deletes(&vfs, dir, 3, generation, last).unwrap_err();
        }
    }

    /// Hostile bytes under valid checksums: an error or a value, never a panic.
    #[test]
    fn hostile_directories_do_not_panic(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..5),
    ) {
        let vfs = mem();
        let path = write(&vfs, Path::new(DIR), 1, &sample()).unwrap();
        let mut bytes = read_all(&vfs, &path).unwrap();
        let footer = bytes.len() - 48;
        let directory = u64_at(&bytes, footer).unwrap() as usize;
        for (at, byte) in changes {
            bytes[directory + at % (footer + 32 - directory)] = byte;
        }
        let crc = lumos_wal::checksum(&bytes[directory..footer]);
        bytes[footer + 28..footer + 32].copy_from_slice(&crc.to_le_bytes());
        let crc = lumos_wal::checksum(&bytes[footer..footer + 44]);
        bytes[footer + 44..].copy_from_slice(&crc.to_le_bytes());
        let bytes = access::copy(&bytes).unwrap();
        if let Ok(file) = SegmentFile::new(Path::new("1.seg"), bytes, SegmentAccess::Heap) {
            let _any = file.verify();
            let _any: Vec<_> = file.sections().filter_map(|name| file.section(&name)).collect();
        }
    }
}

/// Silent damage gives wrong answers: every changed byte of a file is noticed, wherever it is.
#[test]
fn every_flipped_byte_is_noticed() {
    let vfs = mem();
    let dir = Path::new(DIR);
    let path = write(&vfs, dir, 7, &sample()).unwrap();
    let whole = read_all(&vfs, &path).unwrap();
    for at in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            put(&vfs, &path, &bytes);
            let error = SegmentFile::open(&vfs, &path, SegmentAccess::Mmap).unwrap_err();
            assert!(
                matches!(error, Error::Corruption { .. }),
                "byte {at}: {error}"
            );
        }
    }
    write_deletes(&vfs, dir, 7, 1, &(5..9).collect()).unwrap();
    let path = deletes_path(dir, 7, 1);
    let whole = read_all(&vfs, &path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        put(&vfs, &path, &bytes);
        let error = read_deletes(&vfs, dir, 7, 1, 9).unwrap_err();
        assert!(
            matches!(error, Error::Corruption { .. }),
            "byte {at}: {error}"
        );
    }
}

/// A file that was cut anywhere, or has bytes after its end, is refused.
#[test]
fn every_other_length_is_noticed() {
    let vfs = mem();
    let dir = Path::new(DIR);
    let path = write(&vfs, dir, 7, &sample()).unwrap();
    let mut whole = read_all(&vfs, &path).unwrap();
    for len in 0..whole.len() {
        put(&vfs, &path, &whole[..len]);
        SegmentFile::open(&vfs, &path, SegmentAccess::Mmap).unwrap_err();
    }
    whole.push(0);
    put(&vfs, &path, &whole);
    SegmentFile::open(&vfs, &path, SegmentAccess::Mmap).unwrap_err();
    write_deletes(&vfs, dir, 7, 1, &(5..9).collect()).unwrap();
    let path = deletes_path(dir, 7, 1);
    let mut whole = read_all(&vfs, &path).unwrap();
    for len in 0..whole.len() {
        put(&vfs, &path, &whole[..len]);
        read_deletes(&vfs, dir, 7, 1, 9).unwrap_err();
    }
    whole.push(0);
    put(&vfs, &path, &whole);
    read_deletes(&vfs, dir, 7, 1, 9).unwrap_err();
}

/// A restored backup can mix files up: one that has the name of another is refused.
#[test]
fn files_under_foreign_names_are_refused() {
    let vfs = mem();
    let dir = Path::new(DIR);
    let path = write(&vfs, dir, 7, &sample()).unwrap();
    vfs.rename(&path, &segment_path(dir, 8)).unwrap();
    SegmentFile::open(&vfs, &segment_path(dir, 8), SegmentAccess::Heap).unwrap_err();
    write_deletes(&vfs, dir, 7, 1, &(5..9).collect()).unwrap();
    for (number, generation) in [(7, 2), (8, 1)] {
        let other = deletes_path(dir, number, generation);
        put(
            &vfs,
            &other,
            &read_all(&vfs, &deletes_path(dir, 7, 1)).unwrap(),
        );
        read_deletes(&vfs, dir, number, generation, 9).unwrap_err();
    }
}

/// On a real disk the sections lie in a mapping, which outlives the name of the file.
#[test]
fn mapped_sections_outlive_the_name() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("db");
    let vfs = OsVfs;
    dirs(&vfs, &dir);
    let big = vec![42; 17 << 20];
    let sections = vec![
        ("vec.a".to_string(), big.clone()),
        ("keys".to_string(), vec![1, 2, 3]),
    ];
    let path = write(&vfs, &dir, 1, &sections).unwrap();
    for access in [SegmentAccess::Mmap, SegmentAccess::Heap] {
        let file = SegmentFile::open(&vfs, &path, access).unwrap();
        assert_eq!(file.section("vec.a").unwrap().as_ptr().addr() % 64, 0);
        file.verify().unwrap();
    }
    let file = SegmentFile::open(&vfs, &path, SegmentAccess::Mmap).unwrap();
    let section = file.section("vec.a").unwrap();
    drop(file);
    vfs.remove_file(&path).unwrap();
    assert_eq!(section.as_slice(), big);
}

/// A large mapped section is not read at opening; its damage is found by `verify`, and by opening with
/// `Heap`.
#[test]
fn damage_in_a_large_vector_section_is_found_by_verify() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("db");
    let vfs = OsVfs;
    dirs(&vfs, &dir);
    for (name, found_by_opening) in [("vec.a", false), ("keys", true)] {
        let path = write(&vfs, &dir, 1, &vec![(name.to_string(), vec![42; 17 << 20])]).unwrap();
        vfs.open(&path, OpenMode::ReadWrite)
            .unwrap()
            .write_all_at(&[43], 9 << 20)
            .unwrap();
        SegmentFile::open(&vfs, &path, SegmentAccess::Heap).unwrap_err();
        match SegmentFile::open(&vfs, &path, SegmentAccess::Mmap) {
            Ok(file) if !found_by_opening => drop(file.verify().unwrap_err()),
            Err(Error::Corruption { .. }) if found_by_opening => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// What cannot be stored is an error of the call, not a file that cannot be read.
#[test]
fn a_name_is_used_once_and_has_a_length() {
    let mut buffer = SegmentBuffer::new(0).unwrap();
    buffer.add("a", b"1").unwrap();
    buffer.add("a", b"2").unwrap_err();
    buffer.add(&"x".repeat(70_000), b"").unwrap_err();
    let file = buffer.finish().unwrap();
    assert_eq!(file.section("a").unwrap().as_slice(), b"1");
}

/// Whatever fails, no half file stays behind and the next attempt works.
#[test]
fn an_error_at_any_step_leaves_no_half_file() {
    for n in 1.. {
        let vfs = FaultVfs::new(Arc::new(mem()));
        vfs.inject(Fault::nth(n).short_write());
        let result = write(&vfs, Path::new(DIR), 1, &sample());
        let failed = vfs.fired() > 0;
        vfs.clear();
        if !failed {
            result.unwrap();
            break;
        }
        result.unwrap_err();
        for name in vfs.read_dir(&Path::new(DIR).join("segments")).unwrap() {
            assert_eq!(name, "00000001.seg", "operation {n}");
            open_and_verify(&vfs, &segment_path(Path::new(DIR), 1)).unwrap();
        }
        write(&vfs, Path::new(DIR), 1, &sample()).unwrap();
    }
}

/// The order that everything rests on: after a power loss at any moment, every file that the manifest
/// names is there and whole, and removing orphans takes none of them.
#[test]
fn after_a_power_loss_the_manifest_names_whole_files() {
    let sim = SimVfs::new(11);
    let dir = Path::new(DIR);
    dirs(&sim, dir);
    let deleted: RoaringBitmap = (0..4).collect();
    let begin = sim.operations();
    write(&sim, dir, 0, &sample()).unwrap();
    manifest(1, vec![entry(0, None)]).write(&sim, dir).unwrap();
    let first = sim.operations();
    write_deletes(&sim, dir, 0, 1, &deleted).unwrap();
    manifest(1, vec![entry(0, Some(1))])
        .write(&sim, dir)
        .unwrap();
    let second = sim.operations();
    write(&sim, dir, 1, &sample()).unwrap();
    manifest(2, vec![entry(1, None)]).write(&sim, dir).unwrap();
    sim.remove_file(&segment_path(dir, 0)).unwrap();
    sim.remove_file(&deletes_path(dir, 0, 1)).unwrap();
    let mut kinds = std::collections::HashSet::new();
    for crash in begin..=sim.operations() {
        for image in 0..100 {
            let disk = sim.crash_image(crash, image);
            let found = Manifest::read(&disk, dir).unwrap();
            assert!(
                found.is_some() || crash < first,
                "crash {crash} image {image}"
            );
            let found = found.unwrap_or_default();
            // Twice: what the first pass leaves is what a second crash would find.
            for _ in 0..2 {
                remove_orphans(&disk, dir, &found, &BTreeSet::new()).unwrap();
                for entry in found
                    .collections
                    .iter()
                    .flat_map(|collection| &collection.segments)
                {
                    open_and_verify(&disk, &segment_path(dir, entry.number)).unwrap();
                    if let Some(generation) = entry.deletes {
                        let read = read_deletes(&disk, dir, entry.number, generation, 9).unwrap();
                        assert_eq!(read, deleted);
                    }
                    kinds.insert((entry.number, entry.deletes));
                    assert!(crash < second || *entry != super::tests::entry(0, None));
                }
            }
        }
    }
    assert_eq!(
        kinds.len(),
        3,
        "the images must show every manifest: {kinds:?}"
    );
}

/// Leftovers go, everything else stays: files of the manifest and files of other people.
#[test]
fn orphans_are_files_of_ours_that_the_manifest_does_not_name() {
    let vfs = mem();
    let dir = Path::new(DIR);
    let place = |name: &str| put(&vfs, &dir.join("segments").join(name), b"x");
    let all = [
        "00000001.1.del",
        "00000001.2.del",
        "00000001.seg",
        "00000002.1.del",
        "00000002.seg",
        "00000003.seg",
        "00000003.seg.tmp",
        "00000009.seg",
        "2.seg",
        "notes.tmp",
        "notes.txt",
    ];
    all.into_iter().for_each(place);
    let names = || vfs.read_dir(&dir.join("segments")).unwrap();
    // Without a manifest nothing that was finished is thrown away.
    remove_orphans(&vfs, dir, &Manifest::default(), &BTreeSet::new()).unwrap();
    let mut kept = all.to_vec();
    kept.retain(|name| *name != "00000003.seg.tmp");
    assert_eq!(names(), kept);
    place("00000003.seg.tmp");
    // Segment 9 is being written.
    place("00000009.seg.tmp");
    remove_orphans(
        &vfs,
        dir,
        &manifest(9, vec![entry(1, Some(2)), entry(3, None)]),
        &BTreeSet::from([9]),
    )
    .unwrap();
    let expected = [
        "00000001.2.del",
        "00000001.seg",
        "00000003.seg",
        "00000009.seg",
        "00000009.seg.tmp",
        "2.seg",
        "notes.tmp",
        "notes.txt",
    ];
    assert_eq!(names(), expected);
    let (vfs, nothing) = (MemVfs::new(), BTreeSet::new());
    remove_orphans(&vfs, Path::new("nowhere"), &Manifest::default(), &nothing).unwrap();
}

/// The bytes of version 1 are fixed: a change here is a new version.
#[test]
fn the_bytes_of_version_one() {
    let vfs = mem();
    let path = write(&vfs, Path::new(DIR), 0x0102, &vec![("a".into(), vec![9])]).unwrap();
    let bytes = read_all(&vfs, &path).unwrap();
    assert_eq!(
        &bytes[..24],
        b"LUMOSSEG\x01\0\0\0\0\0\0\0\x02\x01\0\0\0\0\0\0"
    );
    assert_eq!((bytes[64], bytes.len()), (9, 128 + 23 + 48));
    assert_eq!(&bytes[128..144], b"\x40\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0");
    assert_eq!(&bytes[148..151], b"\x01\0a");
    assert_eq!(&bytes[151..159], 128u64.to_le_bytes());
    assert_eq!(&bytes[151 + 32..151 + 40], b"LUMOSEND");
    assert_eq!(lumos_wal::checksum(&bytes), 3_162_655_575);
}
