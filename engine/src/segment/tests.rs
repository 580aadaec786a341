#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;

use lumos_wal::{MemVfs, OpenMode, Vfs};
use ownedbytes::OwnedBytes;
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;

fn write(vfs: &dyn Vfs, path: &Path, sections: &[(String, Vec<u8>)]) -> u64 {
    let mut writer = SegmentWriter::create(vfs, path).unwrap();
    for (name, bytes) in sections {
        writer.add(name, bytes).unwrap();
    }
    writer.finish().unwrap()
}

fn store(vfs: &MemVfs, path: &Path, bytes: &[u8]) {
    let _ = vfs.remove_file(path);
    vfs.open(path, OpenMode::CreateNew).unwrap().write_all_at(bytes, 0).unwrap();
}

proptest! {
    /// Sections come back byte by byte, aligned, from a file and from memory.
    #[test]
    fn sections_are_read_as_they_were_written(
        sections in prop::collection::btree_map("[a-z.]{1,12}", prop::collection::vec(any::<u8>(), 0..300), 0..6)
    ) {
        let vfs = MemVfs::new();
        let path = Path::new("a.seg");
        let sections: Vec<(String, Vec<u8>)> = sections.into_iter().collect();
        let len = write(&vfs, path, &sections);
        let mut buffer = SegmentBuffer::new();
        for (name, bytes) in &sections {
            buffer.add(name, bytes).unwrap();
        }
        for file in [SegmentFile::open(&vfs, path, SegmentAccess::Mmap).unwrap(), buffer.finish().unwrap()] {
            prop_assert_eq!(file.len(), len);
            file.verify().unwrap();
            prop_assert!(file.sections().eq(sections.iter().map(|(name, _)| name.clone())));
            for (name, bytes) in &sections {
                let section = file.section(name).unwrap();
                prop_assert_eq!(section.as_slice(), &bytes[..]);
                prop_assert_eq!(section.as_ptr() as usize % 64, 0);
            }
            prop_assert!(file.section("NONE").is_none());
        }
    }

    /// Keys answer as a sorted map does, with deleted rows and repeated keys.
    #[test]
    fn keys_answer_as_a_sorted_map(
        keys in prop::collection::vec("[a-c]{0,3}", 0..40),
        dead in prop::collection::vec(any::<bool>(), 40),
        probe in "[a-d]{0,3}",
    ) {
        let mut builder = KeysBuilder::new();
        let mut model = BTreeMap::new();
        for (row, key) in keys.iter().enumerate() {
            builder.add(key, row as u32);
            if !dead[row] {
                model.insert(key.clone(), row as u32);
            }
        }
        let opened = Keys::open(OwnedBytes::new(builder.finish()), keys.len() as u32).unwrap();
        let live = |row: u32| !dead[row as usize];
        for key in keys.iter().chain([&probe]) {
            prop_assert_eq!(opened.find(key, live).unwrap(), model.get(key).copied());
        }
        for (row, key) in keys.iter().enumerate() {
            prop_assert_eq!(opened.key(row as u32).unwrap(), key);
        }
        for from in [Bound::Unbounded, Bound::Included(probe.as_str()), Bound::Excluded(probe.as_str())] {
            let found: Vec<(String, u32)> =
                opened.from(from).map(|entry| entry.unwrap()).map(|(key, row)| (key.to_string(), row)).collect();
            let mut expected: Vec<(String, u32)> =
                keys.iter().cloned().zip(0..).collect();
            expected.retain(|(key, _)| match from {
                Bound::Unbounded => true,
                Bound::Included(from) => key.as_str() >= from,
                Bound::Excluded(from) => key.as_str() > from,
            });
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }

    /// Payloads of all sizes come back.
    #[test]
    fn payloads_are_read_as_they_were_written(
        sizes in prop::collection::vec(prop_oneof![0usize..50, 5_000usize..30_000], 0..20),
        byte in any::<u8>(),
    ) {
        let payloads: Vec<Vec<u8>> = sizes
            .iter()
            .map(|size| (0..*size).map(|i| (i as u8).wrapping_mul(byte)).collect())
            .collect();
        let mut builder = PayloadBuilder::new();
        for payload in &payloads {
            builder.add(payload);
        }
        let opened = Payload::open(OwnedBytes::new(builder.finish()), payloads.len() as u32).unwrap();
        for (row, payload) in payloads.iter().enumerate() {
            prop_assert_eq!(&opened.get(row as u32).unwrap(), payload);
        }
        prop_assert!(opened.get(payloads.len() as u32).is_err());
    }

    /// Bytes that nobody wrote give errors, not panics, and no more memory than a block takes.
    #[test]
    fn hostile_sections_give_errors(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in 0u32..6) {
        let mut framed = rows.to_le_bytes().to_vec();
        framed.extend([bytes.len() as u8 % 4, 0, 0, 0]);
        framed.extend(&bytes);
        for section in [bytes, framed] {
            if let Ok(keys) = Keys::open(OwnedBytes::new(section.clone()), rows) {
                let _ = keys.find("a", |_| true);
                for entry in keys.from(Bound::Unbounded).take(20) {
                    let _ = entry;
                }
                for row in 0..8 {
                    let _ = keys.key(row);
                }
            }
            if let Ok(payload) = Payload::open(OwnedBytes::new(section), rows) {
                for row in 0..8 {
                    let _ = payload.get(row);
                }
            }
        }
    }
}

/// A bit rots anywhere, or the file is cut: opening or verifying says so.
#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let vfs = MemVfs::new();
    let path = Path::new("a.seg");
    let sections = vec![("keys".to_string(), vec![7; 70]), ("text".to_string(), b"abc".to_vec())];
    write(&vfs, path, &sections);
    let bytes = lumos_wal::read_all(&vfs, path).unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            store(&vfs, path, &damaged);
            let opened = SegmentFile::open(&vfs, path, SegmentAccess::Heap);
            let outcome = opened.and_then(|file| file.verify());
            assert!(outcome.is_err(), "byte {at} bit {bit}");
        }
        store(&vfs, path, &bytes[..at]);
        SegmentFile::open(&vfs, path, SegmentAccess::Heap).unwrap_err();
    }
}

#[test]
fn a_mapped_file_is_read_like_one_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.seg");
    write(&lumos_wal::OsVfs, &path, &[("a".to_string(), vec![1, 2, 3])]);
    for access in [SegmentAccess::Mmap, SegmentAccess::Heap] {
        let file = SegmentFile::open(&lumos_wal::OsVfs, &path, access).unwrap();
        assert_eq!(file.section("a").unwrap().as_slice(), [1, 2, 3]);
    }
}

#[test]
fn delete_files_are_read_as_written_and_damage_is_noticed() {
    let vfs = MemVfs::new();
    let dir = Path::new("db");
    vfs.create_dir(dir).unwrap();
    vfs.create_dir(&dir.join("segments")).unwrap();
    let rows: RoaringBitmap = [1, 5, 900].into_iter().collect();
    write_deletes(&vfs, dir, 3, 2, &rows).unwrap();
    assert_eq!(read_deletes(&vfs, dir, 3, 2, 1_000).unwrap(), rows);
    read_deletes(&vfs, dir, 3, 2, 900).unwrap_err();
    let path = deletes_path(dir, 3, 2);
    let bytes = lumos_wal::read_all(&vfs, &path).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        store(&vfs, &path, &damaged);
        read_deletes(&vfs, dir, 3, 2, 1_000).unwrap_err();
        store(&vfs, &path, &bytes[..at]);
        read_deletes(&vfs, dir, 3, 2, 1_000).unwrap_err();
    }
}

/// What a crash leaves is cleared away, what is not ours stays.
#[test]
fn orphans_are_removed_and_strange_files_stay() {
    let vfs = MemVfs::new();
    let dir = Path::new("db");
    for path in [dir.to_path_buf(), dir.join("segments"), dir.join("tmp")] {
        vfs.create_dir(&path).unwrap();
    }
    for path in [
        segment_path(dir, 1),
        segment_path(dir, 2),
        deletes_path(dir, 1, 1),
        deletes_path(dir, 1, 2),
        dir.join("segments/notes.txt"),
        dir.join("tmp/scratch"),
    ] {
        store(&vfs, &path, b"x");
    }
    let entry = crate::manifest::SegmentEntry {
        number: 1,
        rows: 1,
        deletes: Some(2),
        min_seqno: 1,
        max_seqno: 1,
        bytes: 1,
    };
    let manifest = crate::manifest::Manifest {
        next_segment: 2,
        next_collection: 1,
        collections: vec![crate::manifest::CollectionManifest {
            id: 0,
            name: "docs".to_string(),
            kind: crate::manifest::CollectionKind::Documents,
            schema: crate::Schema::new(),
            created: 1,
            sealed_seqno: 1,
            segments: vec![entry],
        }],
        ..Default::default()
    };
    remove_orphans(&vfs, dir, &manifest).unwrap();
    let left = vfs.read_dir(&dir.join("segments")).unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    assert_eq!(
        left,
        [name(&deletes_path(dir, 1, 2)), name(&segment_path(dir, 1)), "notes.txt".to_string()]
    );
    assert!(vfs.read_dir(&dir.join("tmp")).unwrap().is_empty());
}
