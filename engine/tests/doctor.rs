//! Sick databases: each damage is found and named, what can be made anew is, and nothing else is touched.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;

use std::path::Path;
use std::sync::Arc;

use lumos_engine::{Checkup, Doc, Error, Lumos, OpenOptions, Severity};
use lumos_wal::{MemVfs, OpenMode, Vfs};
use serde_json::json;

fn options(vfs: &Arc<MemVfs>) -> OpenOptions {
    Lumos::options().vfs(vfs.clone()).background(false)
}

fn doc(key: usize) -> Doc {
    let vector: Vec<f32> = (0..8)
        .map(|i| ((key * (i * 2 + 3)) % 97) as f32 - 48.5)
        .collect();
    Doc::new(format!("k{key:05}"))
        .text(format!("number{key} of many"))
        .vector(vector)
        .meta(json!({"key": key}))
}

/// Two segments, deletes, a key space and some log.
fn database() -> Arc<MemVfs> {
    let vfs = Arc::new(MemVfs::new());
    let db = options(&vfs).open("db").unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..4_200).map(doc)).unwrap();
    db.flush().unwrap();
    docs.put_all((4_000..4_400).map(doc)).unwrap();
    docs.delete("k00007").unwrap();
    db.kv("state").set("a", 1).unwrap();
    db.flush().unwrap();
    docs.put(doc(9_000)).unwrap();
    vfs
}

fn answers(db: &Lumos) -> String {
    let docs = db.collection("docs").unwrap();
    // Keys: the scores of keywords count deleted rows until these are gone.
    let keys = |hits: Vec<lumos_engine::Hit>| -> Vec<String> {
        hits.into_iter().map(|hit| hit.doc.key).collect()
    };
    let near = docs.search([3.0; 8].as_slice()).ef(512).run().unwrap();
    let words = docs.search("number4100").run().unwrap();
    let some = docs.count_matching("key < 100").unwrap();
    format!("{:?} {:?} {some}", keys(near), keys(words))
}

#[test]
fn a_sound_database_is_found_sound_and_its_recall_measured() {
    let vfs = database();
    for options in [options(&vfs), options(&vfs).read_only(true)] {
        let db = options.open("db").unwrap();
        let diagnosis = db.doctor(&Checkup::new().recall(100)).unwrap();
        assert!(diagnosis.is_healthy(), "{diagnosis:?}");
        assert_eq!((diagnosis.segments, diagnosis.graphs), (3, 1));
        assert_eq!(diagnosis.rows, 4_200 + 400 + 1);
        let [recall] = &diagnosis.recall[..] else {
            panic!("{diagnosis:?}");
        };
        assert_eq!(
            (recall.collection.as_str(), recall.field.as_str()),
            ("docs", "vector")
        );
        assert!(
            recall.queries >= 90 && recall.recall_at_10 > 0.9,
            "{recall:?}"
        );
    }
}

/// Damage in each derived section, also such that passes its checksum.
#[test]
fn derived_parts_are_made_anew() {
    let expected = answers(&options(&database()).open("db").unwrap());
    for (section, sealed) in [
        ("graph.vector", false),
        ("graph.vector", true),
        ("text", false),
        ("col", false),
    ] {
        let vfs = database();
        let path = files::segments(&*vfs, "db").swap_remove(0);
        files::change(&*vfs, &path, |bytes| {
            let found = files::sections(bytes);
            let (_, range) = found.iter().find(|(name, _)| name == section).unwrap();
            match sealed {
                false => bytes[range.start + range.len() / 2] ^= 0x10,
                true => {
                    // The first link of the first node leads to itself.
                    bytes[range.start + 128..][..4].copy_from_slice(&0_u32.to_le_bytes());
                    files::reseal(bytes);
                }
            }
        });
        let db = options(&vfs).open("db").unwrap();
        let diagnosis = db.doctor(&Checkup::new()).unwrap();
        assert!(!diagnosis.is_healthy());
        for finding in &diagnosis.findings {
            assert_eq!(finding.severity, Severity::Derived, "{finding:?}");
            assert_eq!(finding.file, path);
        }
        let fixed = db.doctor(&Checkup::new().fix(true)).unwrap();
        assert!(
            fixed.is_healthy() && !fixed.findings.is_empty(),
            "{fixed:?}"
        );
        assert!(db.doctor(&Checkup::new()).unwrap().findings.is_empty());
        assert_eq!(answers(&db), expected, "{section}");
        drop(db);
        let db = options(&vfs).open("db").unwrap();
        assert!(db.doctor(&Checkup::new()).unwrap().findings.is_empty());
        assert_eq!(answers(&db), expected, "{section}, reopened");
    }
}

/// Documents that are damaged are named; fixing does not pretend to help, and touches nothing.
#[test]
fn damage_to_documents_is_named_and_left() {
    let vfs = database();
    let path = files::segments(&*vfs, "db").swap_remove(0);
    // A key that its hash does not lead to, under a valid checksum.
    files::change(&*vfs, &path, |bytes| {
        let found = files::sections(bytes);
        let (_, keys) = found.iter().find(|(name, _)| name == "keys").unwrap();
        bytes[keys.end - 1] ^= 1;
        files::reseal(bytes);
    });
    let db = options(&vfs).open("db").unwrap();
    for checkup in [Checkup::new(), Checkup::new().fix(true)] {
        let diagnosis = db.doctor(&checkup).unwrap();
        assert!(!diagnosis.is_healthy());
        assert_eq!(diagnosis.findings[0].severity, Severity::Damage);
        assert_eq!(diagnosis.findings[0].file, path);
        assert!(
            diagnosis.findings[0].detail.contains("key"),
            "{diagnosis:?}"
        );
    }
    assert_eq!(files::segments(&*vfs, "db")[0], path);
}

#[test]
fn leftovers_and_missing_files_are_found() {
    let vfs = database();
    let db = options(&vfs).open("db").unwrap();
    let stray = Path::new("db/segments/00000099.seg");
    vfs.open(stray, OpenMode::CreateNew).unwrap();
    let diagnosis = db.doctor(&Checkup::new()).unwrap();
    let [finding] = &diagnosis.findings[..] else {
        panic!("{diagnosis:?}");
    };
    assert_eq!(
        (finding.severity, finding.file.as_path()),
        (Severity::Leftover, stray)
    );
    assert!(db.doctor(&Checkup::new().fix(true)).unwrap().is_healthy());
    assert!(!vfs.exists(stray).unwrap());

    let path = files::segments(&*vfs, "db").swap_remove(0);
    vfs.remove_file(&path).unwrap();
    let diagnosis = db.doctor(&Checkup::new().fix(true)).unwrap();
    assert!(!diagnosis.is_healthy());
    assert_eq!(
        diagnosis.findings[0].detail,
        "is named by the manifest and missing"
    );
}

#[test]
fn a_reader_does_not_fix() {
    let vfs = database();
    let db = options(&vfs).read_only(true).open("db").unwrap();
    let error = db.doctor(&Checkup::new().fix(true)).unwrap_err();
    assert!(matches!(error, Error::ReadOnly));
}
