//! Segments with damage in one of their sections.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_wal::{MemVfs, OpenMode, Vfs, read_all};
use serde_json::json;

use crate::manifest::Manifest;
use crate::segment::{SegmentAccess, SegmentFile};
use crate::{Doc, Lumos, Result};

const ROWS: usize = 4_200;

fn open(vfs: &Arc<MemVfs>) -> Result<Lumos> {
    Lumos::options()
        .vfs(Arc::clone(vfs) as Arc<dyn Vfs>)
        .open("db")
}

/// So long that there are codes, around a hundred centres so that they are good enough.
fn vector(n: usize) -> Vec<f32> {
    let noise = |seed: usize| {
        let bits = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f32 / (1 << 24) as f32
    };
    let centre = n % 100 * 1_000_003;
    (0..48)
        .map(|at| noise(centre + at) * 3.0 + noise(n * 48 + at) - 2.0)
        .collect()
}

/// A database of one segment with every kind of section.
fn filled() -> (Arc<MemVfs>, PathBuf) {
    let vfs = Arc::new(MemVfs::new());
    let db = open(&vfs).unwrap();
    let docs = (0..ROWS).map(|n| {
        Doc::new(format!("k{n}"))
            .text(format!("number n{n} of many"))
            .vector(vector(n))
            .meta(json!({"n": n, "even": n % 2 == 0}))
    });
    db.collection("docs").unwrap().put_all(docs).unwrap();
    db.compact().unwrap();
    let folder = Path::new("db").join("segments");
    let mut names = vfs.read_dir(&folder).unwrap().into_iter();
    let name = names.find(|name| name.ends_with(".seg")).unwrap();
    (vfs, folder.join(name))
}

/// Changes a byte in the middle of a section.
fn damage(vfs: &MemVfs, path: &Path, section: &str) {
    let file = SegmentFile::open(vfs, path, SegmentAccess::Heap).unwrap();
    let bytes = file.section(section).unwrap();
    let whole = read_all(vfs, path).unwrap();
    let start = whole
        .windows(bytes.len())
        .position(|window| window == bytes.as_slice())
        .unwrap();
    let at = start + bytes.len() / 2;
    let file = vfs.open(path, OpenMode::ReadWrite).unwrap();
    file.write_all_at(&[whole[at] ^ 0x55], at as u64).unwrap();
}

/// What every leg finds.
fn answers(db: &Lumos) -> Vec<Vec<String>> {
    let docs = db.collection("docs").unwrap();
    let searches = [
        docs.search("n4077 number"),
        docs.search(vector(99)).limit(5).ef(512),
        docs.search(vector(99)).filter("even = true AND n < 300"),
    ];
    let keys = searches.map(|search| {
        let hits = search.run().unwrap();
        hits.iter().map(|hit| hit.key().to_string()).collect()
    });
    keys.to_vec()
}

/// Graph, keyword index and columns follow from the documents: their damage is no loss, and compacting
/// mends it.
#[test]
fn damage_to_a_derived_section_changes_no_answer_and_is_mended() {
    let (vfs, _) = filled();
    let expected = answers(&open(&vfs).unwrap());
    assert!(expected.iter().all(|keys| !keys.is_empty()));
    for section in [
        "text",
        "col",
        "graph.vector",
        "codes.vector",
        "widths.vector",
    ] {
        let (vfs, path) = filled();
        damage(&vfs, &path, section);
        let db = open(&vfs).unwrap();
        assert_eq!(answers(&db), expected, "{section}");
        assert_eq!(db.stats().collections[0].damaged_segments, 1, "{section}");
        assert_eq!(db.verify().unwrap_err().code(), "E1010");
        db.compact().unwrap();
        assert_eq!(db.stats().collections[0].damaged_segments, 0, "{section}");
        db.verify().unwrap();
        drop(db);
        assert_eq!(answers(&open(&vfs).unwrap()), expected, "{section}");
    }
}

/// A keyword index of other analyzers than the schema says answers nothing: it is made anew, and compacting
/// writes it.
#[test]
fn a_keyword_index_of_other_analyzers_is_made_anew() {
    let (vfs, _) = filled();
    let dir = Path::new("db");
    let found = |db: &Lumos, query: &str| {
        let docs = db.collection("docs").unwrap();
        docs.search(query).keywords().limit(9).run().unwrap().len()
    };
    assert_eq!(found(&open(&vfs).unwrap(), "+umbe"), 0);
    let mut manifest = Manifest::read(&*vfs, dir).unwrap().unwrap();
    let texts = &mut manifest.collections[0].schema.texts;
    texts.insert("text".to_string(), "ngram(2,3)".to_string());
    manifest.write(&*vfs, dir).unwrap();
    let db = open(&vfs).unwrap();
    assert_eq!(found(&db, "+umbe"), 9);
    assert_eq!(db.stats().collections[0].damaged_segments, 1);
    db.compact().unwrap();
    assert_eq!(db.stats().collections[0].damaged_segments, 0);
    drop(db);
    let db = open(&vfs).unwrap();
    assert_eq!(db.stats().collections[0].damaged_segments, 0);
    assert_eq!(found(&db, "+umbe"), 9);
}

/// What cannot be made anew is told, and never copied into a fresh file.
#[test]
fn damage_to_data_is_an_error() {
    for section in ["keys", "payload", "seqno", "vec.vector"] {
        let (vfs, path) = filled();
        damage(&vfs, &path, section);
        let error = open(&vfs).unwrap_err();
        assert_eq!(error.code(), "E1010", "{section}");
        assert!(error.to_string().contains(section), "{error}");
    }
}
