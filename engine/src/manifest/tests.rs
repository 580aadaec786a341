#![allow(clippy::unwrap_used, clippy::expect_used)]

use lumos_index::Metric;
use lumos_wal::{MemVfs, OpenMode, SimVfs};
use proptest::prelude::*;

use super::*;
use crate::VectorField;

const DIR: &str = "db";

fn mem() -> MemVfs {
    let vfs = MemVfs::new();
    vfs.create_dir(Path::new(DIR)).unwrap();
    vfs
}

fn put(vfs: &dyn Vfs, bytes: &[u8]) {
    let path = Path::new(DIR).join(MANIFEST);
    if vfs.exists(&path).unwrap() {
        vfs.remove_file(&path).unwrap();
    }
    vfs.open(&path, OpenMode::CreateNew)
        .unwrap()
        .write_all_at(bytes, 0)
        .unwrap();
}

/// The bytes of a manifest file with this body.
fn file(body: &[u8]) -> Vec<u8> {
    let mut bytes = HEADER
        .encode(&[body.len() as u64, u64::from(checksum(body))])
        .to_vec();
    bytes.extend_from_slice(body);
    bytes
}

fn segment(number: u64) -> SegmentEntry {
    SegmentEntry {
        number,
        rows: 5,
        deletes: Some(2),
        min_seqno: 3,
        max_seqno: 8,
        bytes: 999,
    }
}

fn collection(id: u32, name: &str, segments: Vec<SegmentEntry>) -> CollectionManifest {
    CollectionManifest {
        id,
        name: name.to_string(),
        kind: CollectionKind::Documents,
        schema: Schema::new()
            .vector(3, Metric::Cosine)
            .text()
            .model("all-MiniLM-L6-v2"),
        created: 1,
        sealed_seqno: 9,
        segments,
        ingests: BTreeMap::new(),
    }
}

fn sample() -> Manifest {
    Manifest {
        next_segment: 7,
        next_collection: 3,
        catalog_seqno: 12,
        floor: 4,
        features: 0,
        collections: vec![
            collection(0, "docs", vec![segment(1), segment(6)]),
            collection(2, "notes", vec![segment(0)]),
        ],
    }
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let names = proptest::collection::btree_set(".{1,6}", 0..5);
    let counts = proptest::collection::vec((0usize..4, any::<bool>(), any::<u32>()), 5);
    (names, counts, 0u64..9, any::<u64>()).prop_map(|(names, counts, floor, far)| {
        let mut made = Manifest {
            floor,
            catalog_seqno: far.max(20),
            ..Manifest::default()
        };
        for (name, (segments, kv, rows)) in names.into_iter().zip(counts) {
            let numbers = made.next_segment..made.next_segment + segments as u64;
            made.next_segment = numbers.end;
            let segments = numbers.map(|number| SegmentEntry {
                rows,
                deletes: kv.then_some(far),
                ..segment(number)
            });
            let mut one = collection(made.next_collection, &name, segments.collect());
            if kv {
                one.kind = CollectionKind::Kv;
            }
            made.next_collection += 1;
            made.collections.push(one);
        }
        made
    })
}

proptest! {
    /// What is written is read.
    #[test]
    fn manifests_come_back(manifest in manifests()) {
        let vfs = mem();
        prop_assert_eq!(Manifest::read(&vfs, Path::new(DIR)).unwrap(), None);
        manifest.write(&vfs, Path::new(DIR)).unwrap();
        prop_assert_eq!(Manifest::read(&vfs, Path::new(DIR)).unwrap(), Some(manifest));
    }

    /// Any text under valid checksums is a manifest or an error, never a panic.
    #[test]
    fn hostile_bodies_do_not_panic(
        body in "[\\[\\]{}:,\"0-9a-z]{0,60}", changes in proptest::collection::vec((any::<usize>(), 32u8..127), 0..4),
    ) {
        let path = Path::new("MANIFEST");
        let _any = Manifest::decode(path, &file(body.as_bytes()));
        let mut body = serde_json::to_vec(&sample()).unwrap();
        for (at, byte) in changes {
            let len = body.len();
            body[at % len] = byte;
        }
        let _any = Manifest::decode(path, &file(&body));
    }
}

/// The manifest decides what the database is: no changed byte and no other length goes unnoticed.
#[test]
fn every_flipped_byte_and_every_other_length_is_noticed() {
    let vfs = mem();
    let dir = Path::new(DIR);
    sample().write(&vfs, dir).unwrap();
    let whole = read_all(&vfs, &dir.join(MANIFEST)).unwrap();
    for at in 0..whole.len() {
        for change in [0x01, 0x20, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            put(&vfs, &bytes);
            let error = Manifest::read(&vfs, dir).unwrap_err();
            assert!(
                matches!(error, Error::Corruption { .. }),
                "byte {at}: {error}"
            );
        }
        put(&vfs, &whole[..at]);
        let error = Manifest::read(&vfs, dir).unwrap_err();
        assert!(
            matches!(error, Error::Corruption { .. }),
            "{at} bytes: {error}"
        );
    }
    put(&vfs, &[&whole[..], b"\n"].concat());
    Manifest::read(&vfs, dir).unwrap_err();
}

/// A database written by a later build is refused by its version, not called damaged.
#[test]
fn a_later_version_is_refused_by_name() {
    let vfs = mem();
    put(
        &vfs,
        &Header {
            version: 2,
            ..HEADER
        }
        .encode(&[]),
    );
    let error = Manifest::read(&vfs, Path::new(DIR)).unwrap_err();
    assert!(matches!(
        error,
        Error::FormatVersion {
            found: 2,
            supported: 1,
            ..
        }
    ));
}

/// A manifest that contradicts itself is refused when it is read, and is never written.
#[test]
fn contradictions_are_refused() {
    type Change = (&'static str, fn(&mut Manifest));
    let changes: [Change; 15] = [
        ("vectors past their limit", |m| {
            let schema = std::mem::take(&mut m.collections[0].schema);
            m.collections[0].schema = schema.vector(1 << 31, lumos_index::Metric::L2);
        }),
        ("an analyzer that is not known", |m| {
            let schema = std::mem::take(&mut m.collections[0].schema);
            m.collections[0].schema = schema.text_with("text", "cod");
        }),
        ("features that are not known", |m| m.features = 1 << 31),
        ("bits that are numbers", |m| {
            let field = VectorField::new(3, Metric::Dot).element(lumos_index::Element::Bits);
            let schema = std::mem::take(&mut m.collections[0].schema);
            m.collections[0].schema = schema.vector_with("bits", field);
        }),
        ("numbers that are sets", |m| {
            let schema = std::mem::take(&mut m.collections[0].schema);
            m.collections[0].schema = schema.vector(3, Metric::Jaccard);
        }),
        ("codes of short vectors", |m| {
            let field = VectorField::new(31, Metric::L2).codes(crate::CodesChoice::Sq4);
            let schema = std::mem::take(&mut m.collections[0].schema);
            m.collections[0].schema = schema.vector_with("short", field);
        }),
        ("collection twice", |m| m.collections[1].id = 0),
        ("name twice", |m| m.collections[1].name = "docs".to_string()),
        ("collection never given", |m| m.next_collection = 2),
        ("segment twice", |m| m.collections[1].segments[0].number = 6),
        ("segment never given", |m| m.next_segment = 6),
        ("log released too far", |m| m.floor = 10),
        ("floor after the end", |m| m.catalog_seqno = 3),
        ("rows of the future", |m| {
            m.collections[0].segments[0].max_seqno = 13
        }),
        ("rows out of order", |m| {
            m.collections[0].segments[0].min_seqno = 9
        }),
    ];
    let vfs = mem();
    for (what, change) in changes {
        let mut manifest = sample();
        change(&mut manifest);
        manifest.write(&vfs, Path::new(DIR)).unwrap_err();
        let body = serde_json::to_vec(&manifest).unwrap();
        let error = Manifest::decode(Path::new(MANIFEST), &file(&body)).unwrap_err();
        assert!(matches!(error, Error::Corruption { .. }), "{what}: {error}");
    }
    // A key space may have the name of a collection.
    let mut manifest = sample();
    manifest.collections[1].name = "docs".to_string();
    manifest.collections[1].kind = CollectionKind::Kv;
    manifest.write(&vfs, Path::new(DIR)).unwrap();
}

/// What a schema does not say is not written: manifests are the bytes that they were. What the first
/// builds do not know is a feature, which they refuse by its bit.
#[test]
fn elements_are_written_where_they_are_chosen_and_are_a_feature() {
    let vfs = mem();
    let header = |manifest: &Manifest| {
        manifest.write(&vfs, Path::new(DIR)).unwrap();
        let bytes = read_all(&vfs, &Path::new(DIR).join(MANIFEST)).unwrap();
        assert_eq!(
            &Manifest::decode(Path::new(MANIFEST), &bytes).unwrap(),
            manifest
        );
        let body = String::from_utf8(bytes[64..].to_vec()).unwrap();
        (bytes[12], body)
    };
    let mut manifest = sample();
    let (features, body) = header(&manifest);
    assert_eq!(features, 0);
    assert!(
        !body.contains("element") && !body.contains("codes"),
        "{body}"
    );
    let with = |manifest: &mut Manifest, field: VectorField| {
        let schema = std::mem::take(&mut manifest.collections[0].schema);
        manifest.collections[0].schema = schema.vector_with("other", field);
    };
    let field = VectorField::new(40, Metric::Dot).codes(crate::CodesChoice::Sq8);
    with(&mut manifest, field);
    let (features, body) = header(&manifest);
    assert_eq!(features, 0, "codes can be passed over");
    assert!(body.contains("\"codes\": \"sq8\""), "{body}");
    with(&mut manifest, field.element(lumos_index::Element::Bf16));
    let (features, body) = header(&manifest);
    assert_eq!(features, 1);
    assert!(body.contains("\"element\": \"bf16\""), "{body}");
    with(&mut manifest, VectorField::new(40, Metric::L1));
    assert_eq!(header(&manifest).0, 1);
}

/// At every moment one whole manifest is on disk, and the new one once `write` has returned.
#[test]
fn a_power_loss_leaves_the_old_manifest_or_the_new() {
    let sim = SimVfs::new(3);
    let dir = Path::new(DIR);
    sim.create_dir(dir).unwrap();
    sim.sync_dir(Path::new("/")).unwrap();
    let (old, mut new) = (sample(), sample());
    new.catalog_seqno = 99;
    old.write(&sim, dir).unwrap();
    let before = sim.operations();
    new.write(&sim, dir).unwrap();
    for crash in before..=sim.operations() {
        for image in 0..100 {
            let found = Manifest::read(&sim.crash_image(crash, image), dir)
                .unwrap()
                .unwrap();
            assert!(found == old || found == new, "crash {crash} image {image}");
            assert!(found == new || crash < sim.operations(), "image {image}");
        }
    }
}

/// A person with `strings` can read which files there are.
#[test]
fn the_body_is_text() {
    let vfs = mem();
    sample().write(&vfs, Path::new(DIR)).unwrap();
    let bytes = read_all(&vfs, &Path::new(DIR).join(MANIFEST)).unwrap();
    assert_eq!(&bytes[..16], b"LUMOSMAN\x01\0\0\0\0\0\0\0");
    let text = std::str::from_utf8(&bytes[64..]).unwrap();
    for line in [
        "\"next_segment\": 7,",
        "\"name\": \"docs\",",
        "\"kind\": \"documents\",",
    ] {
        assert!(
            text.lines().any(|found| found.trim() == line),
            "{line} in {text}"
        );
    }
}
