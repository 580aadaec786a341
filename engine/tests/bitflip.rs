//! One bit of a file flips. Whatever has a checksum notices: opening and verifying report the place, or
//! what is derived is made anew; no answer changes, and no acknowledged commit vanishes silently.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_engine::{
    Doc, Error, Lumos, MultiVector, Result, Scan, SegmentAccess, SparseVector, Store,
};
use lumos_wal::{MemVfs, OpenMode, Vfs, read_all};
use serde_json::json;

fn flips() -> usize {
    let text = std::env::var("LUMOS_FLIPS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

fn doc(key: usize) -> Doc {
    let vector = [(key % 13) as f32 + 1.0, (key % 7) as f32, 2.0];
    Doc::new(format!("k{key:04}"))
        .text(format!("number{key} of many"))
        .vector(vector)
        .sparse(
            "terms",
            SparseVector::new([(key as u32 % 9, 0.5), (70, 1.0)]).unwrap(),
        )
        .multi(
            "tokens",
            MultiVector::new([[1.0, key as f32], [0.0, -1.0]]).unwrap(),
        )
        .meta(json!({"key": key}))
}

/// A small database with every kind of file: two segments, deletes, a key space, and four commits of log.
fn database() -> Vec<(PathBuf, Vec<u8>)> {
    let vfs = Arc::new(MemVfs::new());
    let options = Lumos::options().vfs(vfs.clone()).background(false);
    let db = options.open("db").unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..60).map(doc)).unwrap();
    db.kv("state").set("a", "value").unwrap();
    db.flush().unwrap();
    docs.put_all((50..70).map(doc)).unwrap();
    db.flush().unwrap();
    for key in 100..104 {
        docs.put(doc(key)).unwrap();
    }
    drop((docs, db));
    let mut files = Vec::new();
    for folder in ["db", "db/segments", "db/wal"] {
        for name in vfs.read_dir(Path::new(folder)).unwrap() {
            let path = Path::new(folder).join(name);
            if let Ok(bytes) = read_all(&*vfs, &path)
                && path.extension().is_none_or(|end| end != "spare")
                && !path.ends_with("LOCK")
            {
                files.push((path, bytes));
            }
        }
    }
    files
}

fn open(files: &[(PathBuf, Vec<u8>)]) -> Result<Lumos> {
    let vfs = Arc::new(MemVfs::new());
    for folder in ["db", "db/segments", "db/wal", "db/tmp"] {
        vfs.create_dir(Path::new(folder)).unwrap();
    }
    for (path, bytes) in files {
        let file = vfs.open(path, OpenMode::CreateNew).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }
    let options = Lumos::options().vfs(vfs).background(false);
    let db = options.segment_access(SegmentAccess::Heap).open("db")?;
    db.verify()?;
    Ok(db)
}

/// What every leg finds.
fn answers(db: &Lumos) -> String {
    let docs = db.collection("docs").unwrap();
    let all = db.scan("docs", &Scan::all().vectors(true)).unwrap();
    let near = docs.search([3.0, 1.0, 2.0].as_slice()).limit(30).run();
    let words = docs.search("number55").run().unwrap();
    let state = db.kv_scan("state", &Scan::all()).unwrap();
    let some = docs.count_matching("key >= 50").unwrap();
    let terms = SparseVector::new([(3, 1.0), (70, 0.1)]).unwrap();
    let terms = docs.search(terms).limit(30).run().unwrap();
    let tokens = MultiVector::new([[1.0, 50.0], [1.0, 0.0]]).unwrap();
    let tokens = docs.search(tokens).limit(30).run().unwrap();
    format!(
        "{all:?} {terms:?} {tokens:?} {:?} {words:?} {state:?} {some}",
        near.unwrap()
    )
}

/// What is at a byte of a log.
#[derive(PartialEq)]
enum Place {
    /// Behind the header, behind a payload, behind the last frame: nothing is stored.
    Empty,
    /// The last frame or its end mark: it may have been torn as well as changed.
    Last,
    /// Whatever must be noticed.
    Stored,
}

fn place_in_log(log: &[u8], byte: usize) -> Place {
    if (64..4_096).contains(&byte) {
        return Place::Empty;
    }
    let (mut at, mut last) = (4_096, 4_096);
    loop {
        let length = u32::from_le_bytes(log[at..at + 4].try_into().unwrap()) as usize;
        let kind = u32::from_le_bytes(log[at + 4..at + 8].try_into().unwrap());
        if kind != 1 {
            // The mark says that the file was closed; it takes no more than a header.
            return match byte {
                byte if byte >= at + 48 => Place::Empty,
                byte if byte >= last => Place::Last,
                _ => Place::Stored,
            };
        }
        let next = at + (48 + length).next_multiple_of(8);
        if (at + 48 + length..next).contains(&byte) {
            return Place::Empty;
        }
        (last, at) = (at, next);
    }
}

#[test]
fn every_flipped_bit_is_noticed_or_does_no_harm() {
    let pristine = database();
    let expected = answers(&open(&pristine).unwrap());
    let total: usize = pristine.iter().map(|(_, bytes)| bytes.len()).sum();
    let (mut reported, mut rebuilt, mut torn, mut unused) = (0, 0, 0, 0);
    for n in 0..flips() {
        // A stride that is no divisor visits all files in proportion to their bytes.
        let mut at = (n * 7_919 + n / total) % total;
        let mut files = pristine.clone();
        let (path, bytes) = files
            .iter_mut()
            .find(|(_, bytes)| {
                let here = at < bytes.len();
                if !here {
                    at -= bytes.len();
                }
                here
            })
            .unwrap();
        bytes[at] ^= 1 << (n % 8);
        let (path, log) = (
            path.clone(),
            path.extension().is_some_and(|end| end == "wal"),
        );
        let story = format!("{} byte {at} bit {}", path.display(), n % 8);
        match open(&files) {
            Err(error) => {
                let code = error.code();
                assert!(code == "E1010" || code == "E1011", "{story}: {error}");
                reported += 1;
            }
            Ok(db) => {
                let damaged = db.stats().collections[0].damaged_segments;
                let same = answers(&db) == expected;
                let whole = pristine.iter().find(|file| file.0 == path).unwrap();
                let place = match log {
                    true => place_in_log(&whole.1, at),
                    false => Place::Stored,
                };
                match (same, damaged) {
                    (true, 0) => {
                        assert!(place != Place::Stored, "{story} was not noticed");
                        unused += 1;
                    }
                    (true, _) => rebuilt += 1,
                    (false, _) => {
                        assert!(place == Place::Last, "{story} changed an answer");
                        torn += 1;
                    }
                }
            }
        }
    }
    writeln!(std::io::stderr().lock(), "bitflip: {} flips: {reported} reported, {rebuilt} made anew, {torn} in the last frame, {unused} in unused room",
        flips()).unwrap();
    assert!(reported > flips() / 4);
}

/// The same in a graph, which is too large for the small database: reported, or searched exactly.
#[test]
fn a_flipped_bit_in_a_graph_costs_no_answer() {
    let vfs = Arc::new(MemVfs::new());
    let options = || Lumos::options().vfs(vfs.clone()).background(false);
    let db = options().open("db").unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..4_200).map(doc)).unwrap();
    db.flush().unwrap();
    drop((docs, db));
    let path = files::segments(&*vfs, "db").swap_remove(0);
    let bytes = read_all(&*vfs, &path).unwrap();
    let sections = files::sections(&bytes);
    let (_, graph) = sections
        .iter()
        .find(|(name, _)| name == "graph.vector")
        .unwrap();
    let exact = |db: &Lumos| {
        let docs = db.existing_collection("docs").unwrap();
        let hits = docs.search([3.0, 1.0, 2.0].as_slice()).exact().run();
        format!("{:?}", hits.unwrap())
    };
    let expected = exact(&options().read_only(true).open("db").unwrap());
    for n in 0..200 {
        let at = graph.start + n * 99_991 % graph.len();
        files::change(&*vfs, &path, |bytes| bytes[at] ^= 1 << (n % 8));
        let db = options().read_only(true).open("db").unwrap();
        assert_eq!(db.stats().collections[0].damaged_segments, 1, "byte {at}");
        assert!(matches!(db.verify(), Err(Error::Corruption { .. })));
        assert_eq!(exact(&db), expected);
        let docs = db.existing_collection("docs").unwrap();
        let near = docs.search([3.0, 1.0, 2.0].as_slice()).run().unwrap();
        assert_eq!(format!("{near:?}"), expected);
        files::change(&*vfs, &path, |bytes| bytes[at] ^= 1 << (n % 8));
    }
    writeln!(
        std::io::stderr().lock(),
        "bitflip: 200 flips in a graph, all noticed"
    )
    .unwrap();
}
