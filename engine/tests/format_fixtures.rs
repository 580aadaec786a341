//! Databases that released versions wrote are opened by every later one, with the same answers; files of a
//! version that is not known yet are refused by their version.
//!
//! `tests/fixtures/format-1` was written by `LUMOS_WRITE_FIXTURE=path cargo test -p lumos-engine --test
//! format_fixtures`. A fixture is never written again: a new format gets a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lumos_engine::{
    Checkup, Doc, Durability, Error, Lumos, Metric, OpenOptions, Scan, Schema, Store, field,
};
use lumos_wal::checksum;
use serde_json::json;

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

fn doc(n: usize) -> Doc {
    let mut doc = Doc::new(format!("key-{n:03}"))
        .text(format!("number{n} stands for \u{6570}\u{636e}\u{5e93}"))
        .with_text("title", format!("Title {}", n % 7))
        .meta(
            json!({"n": n, "half": n as f64 / 2.0, "even": n.is_multiple_of(2),
            "day": format!("2026-01-{:02}", n % 28 + 1), "tags": ["all", format!("t{}", n % 3)]}),
        );
    if n % 4 != 3 {
        doc = doc.vector([1.0, (n % 10) as f32, (n % 3) as f32]);
    }
    if n.is_multiple_of(5) {
        doc = doc.with_vector("second", [n as f32, 1.0]);
    }
    doc
}

/// A database with every kind of file, section and operation.
fn write(path: &Path) {
    let options = Lumos::options().background(false);
    let db = options.durability(Durability::Sync).open(path).unwrap();
    let schema = Schema::new()
        .vector(3, Metric::Cosine)
        .vector_field("second", 2, Metric::L2)
        .ttl(CENTURY);
    let docs = db.collection_with("docs", schema).unwrap();
    docs.put_all((0..100).map(doc)).unwrap();
    db.kv("state").set("sealed", "before").unwrap();
    db.flush().unwrap();
    docs.put_all((80..120).map(doc)).unwrap();
    docs.ingest().run((120..140).map(doc)).unwrap();
    docs.delete(field("n").lt(10)).unwrap();
    db.flush().unwrap();
    // The graph begins at 4,096 vectors.
    let wide = db.collection("graph").unwrap();
    let keys: Vec<String> = (0..4_200).map(|n| format!("g{n}")).collect();
    wide.ingest().vectors(&keys, &circle()).unwrap();
    db.collection("gone").unwrap().put(("a", "b")).unwrap();
    db.drop_collection("gone").unwrap();
    // The rest is in the log only.
    docs.put(doc(140)).unwrap();
    docs.delete("key-020").unwrap();
    docs.delete(field("n").gte(30).and(field("n").lte(32)))
        .unwrap();
    db.write(|tx| {
        tx.put("docs", doc(141))?;
        tx.put("late", ("only", "in the log"))?;
        tx.kv("state").set("logged", 42)
    })
    .unwrap();
}

/// Points on a circle, `[4200, 2]`.
fn circle() -> Vec<f32> {
    let angles = (0..4_200).map(|n| n as f32 * 0.37);
    angles
        .flat_map(|angle| [angle.cos(), angle.sin()])
        .collect()
}

/// What every leg must find.
fn check(db: &Lumos) {
    let live: Vec<usize> = (10..142)
        .filter(|n| *n != 20 && !(30..=32).contains(n))
        .collect();
    let stored = db.scan("docs", &Scan::all().vectors(true)).unwrap();
    assert_eq!(stored.len(), live.len());
    for (stored, n) in stored.iter().zip(&live) {
        let expected = doc(*n);
        assert_eq!(
            (&stored.key, &stored.meta, &stored.texts),
            (&expected.key, &expected.meta, &expected.texts)
        );
        assert_eq!(stored.vectors.len(), expected.vectors.len());
        assert_eq!(stored.vectors.get("second"), expected.vectors.get("second"));
    }
    let docs = db.existing_collection("docs").unwrap();
    let hits = docs.search("number77").run().unwrap();
    assert_eq!(hits[0].key(), "key-077");
    let hits = docs.search("\u{6570}\u{636e}").limit(1_000).run().unwrap();
    assert_eq!(hits.len(), live.len());
    let with_vector = live.iter().filter(|n| *n % 4 != 3).count();
    let near = docs.search([1.0, 5.0, 2.0].as_slice()).limit(1_000);
    assert_eq!(near.run().unwrap().len(), with_vector);
    let even = live.iter().filter(|n| *n % 2 == 0 && **n >= 50).count() as u64;
    let filter = "even = true AND n >= 50 AND tags = 'all' AND day < 2026-02-01";
    assert_eq!(docs.count_matching(filter).unwrap(), even);
    let wide = db.existing_collection("graph").unwrap();
    assert_eq!(wide.count().unwrap(), 4_200);
    let points = circle();
    for n in [0, 1_234, 4_199] {
        let hits = wide.search(&points[n * 2..n * 2 + 2]).run().unwrap();
        assert!(hits[0].score > 0.999_999, "{n}: {hits:?}");
    }
    assert_eq!(db.stats().collections[1].vectors[0].indexed, 4_200);
    let state = |key: &str| db.kv("state").get_bytes(key).unwrap();
    assert_eq!(state("sealed").unwrap(), b"\"before\"");
    assert_eq!(state("logged").unwrap(), b"42");
    assert_eq!(db.collections(), ["docs", "graph", "late"]);
    assert_eq!(
        db.snapshot()
            .get("late", "only")
            .unwrap()
            .unwrap()
            .text_field("text"),
        Some("in the log")
    );
    db.verify().unwrap();
    let diagnosis = db.doctor(&Checkup::new()).unwrap();
    assert!(diagnosis.is_healthy(), "{diagnosis:?}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folders = fs::read_dir(folder).unwrap();
    let mut all: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn every_released_format_opens_with_the_same_answers() {
    if let Ok(path) = std::env::var("LUMOS_WRITE_FIXTURE") {
        write(Path::new(&path));
    }
    let fixtures = fixtures();
    assert!(!fixtures.is_empty());
    for fixture in &fixtures {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        copy(fixture, &path);
        let options: [fn(OpenOptions) -> OpenOptions; 3] = [
            |options| options.read_only(true),
            |options| options.read_only(true).untrusted(true),
            |options| options.background(false),
        ];
        for options in options {
            check(&options(Lumos::options()).open(&path).unwrap());
        }
        // It is written like any other, and what it becomes opens too.
        let db = Lumos::options().background(false).open(&path).unwrap();
        db.compact().unwrap();
        check(&db);
        drop(db);
        check(&Lumos::open(&path).unwrap());
    }
    writeln!(
        std::io::stderr().lock(),
        "format_fixtures: {} released formats opened",
        fixtures.len()
    )
    .unwrap();
}

/// Raises a number in the header of a file, with a checksum that fits.
fn raise(path: &Path, at: usize, by: u8) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] += by;
    let crc = checksum(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_later_format_is_refused_by_its_version_or_by_what_it_needs() {
    let fixture = fixtures().pop().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    copy(&fixture, &path);
    let mut kinds = std::collections::BTreeSet::new();
    let mut files = vec![path.join("MANIFEST")];
    for folder in ["segments", "wal"] {
        let entries = fs::read_dir(path.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    for file in files {
        let ending = file.extension().map(|ending| ending.to_owned());
        let before = fs::read(&file).unwrap();
        for (at, by, code) in [(8, 1, "version"), (12, 128, "features")] {
            raise(&file, at, by);
            for read_only in [true, false] {
                let opened = Lumos::options().read_only(read_only).open(&path);
                let error = opened.expect_err("opens");
                assert_eq!(error.code(), "E1011", "{}: {error}", file.display());
                use lumos_wal::Error as Wal;
                match &error {
                    Error::FormatVersion {
                        found, supported, ..
                    }
                    | Error::Storage(Wal::FormatVersion {
                        found, supported, ..
                    }) => {
                        assert_eq!((code, *found, *supported), ("version", 2, 1));
                    }
                    Error::UnknownFeatures { features, .. }
                    | Error::Storage(Wal::UnknownFeatures { features, .. }) => {
                        assert_eq!((code, *features), ("features", 128));
                    }
                    other => panic!("{}: {other}", file.display()),
                }
            }
            fs::write(&file, &before).unwrap();
        }
        kinds.insert(ending);
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    check(&Lumos::open(&path).unwrap());
}
