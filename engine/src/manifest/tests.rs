#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lumos_wal::{MemVfs, OpenMode, Vfs};

use super::*;

fn sample() -> Manifest {
    let segment = |number| SegmentEntry {
        number,
        rows: 7,
        deletes: (number == 2).then_some(3),
        min_seqno: 4,
        max_seqno: 9,
        bytes: 1_234,
    };
    Manifest {
        next_segment: 5,
        next_collection: 3,
        catalog_seqno: 12,
        floor: 9,
        collections: vec![
            CollectionManifest {
                id: 0,
                name: "docs".to_string(),
                kind: CollectionKind::Documents,
                schema: Schema::new().text().vector(3, lumos_index::Metric::L2).model("m"),
                created: 1,
                sealed_seqno: 9,
                segments: vec![segment(2), segment(4)],
            },
            CollectionManifest {
                id: 2,
                name: "docs".to_string(),
                kind: CollectionKind::Kv,
                schema: Schema::new(),
                created: 3,
                sealed_seqno: 12,
                segments: vec![],
            },
        ],
    }
}

fn put(vfs: &MemVfs, bytes: &[u8]) {
    let path = Path::new("MANIFEST");
    let _ = vfs.remove_file(path);
    vfs.open(path, OpenMode::CreateNew).unwrap().write_all_at(bytes, 0).unwrap();
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let vfs = MemVfs::new();
    assert_eq!(Manifest::read(&vfs, Path::new("")).unwrap(), None);
    sample().write(&vfs, Path::new("")).unwrap();
    assert_eq!(Manifest::read(&vfs, Path::new("")).unwrap(), Some(sample()));
}

/// A bit rots, or the file is cut: every change is noticed.
#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let vfs = MemVfs::new();
    let bytes = sample().encode().unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            put(&vfs, &damaged);
            Manifest::read(&vfs, Path::new("")).unwrap_err();
        }
        put(&vfs, &bytes[..at]);
        Manifest::read(&vfs, Path::new("")).unwrap_err();
    }
}

/// Someone opens a directory of a newer Lumos with an old one.
#[test]
fn a_later_version_is_named() {
    let vfs = MemVfs::new();
    let mut bytes = sample().encode().unwrap();
    bytes[8] = 2;
    put(&vfs, &bytes);
    let error = Manifest::read(&vfs, Path::new("")).unwrap_err();
    assert_eq!(error.code(), "E1011");
    assert!(error.to_string().contains("version 2"), "{error}");
}

#[test]
fn contradictions_are_damage_even_with_a_good_checksum() {
    let vfs = MemVfs::new();
    let wrong: [fn(&mut Manifest); 4] = [
        |m| m.next_segment = 4,
        |m| m.collections[1].id = 0,
        |m| m.collections[1].kind = CollectionKind::Documents,
        |m| m.floor = 13,
    ];
    for change in wrong {
        let mut manifest = sample();
        change(&mut manifest);
        put(&vfs, &manifest.encode().unwrap());
        assert_eq!(Manifest::read(&vfs, Path::new("")).unwrap_err().code(), "E1010");
    }
}
