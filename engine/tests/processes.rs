//! Handles that read beside the one that writes, and directories that come from someone else.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;

use std::sync::Arc;

use lumos_engine::{Doc, Lumos, OpenOptions};
use lumos_wal::MemVfs;
use serde_json::json;

fn doc(key: usize) -> Doc {
    let vector: Vec<f32> = (0..8)
        .map(|i| ((key * 7 + i * 13) % 29) as f32 + 0.5)
        .collect();
    Doc::new(format!("k{key}"))
        .text(format!("document number{key} of many"))
        .vector(vector)
        .meta(json!({"key": key}))
}

fn options(vfs: &Arc<MemVfs>) -> OpenOptions {
    Lumos::options().vfs(vfs.clone()).background(false)
}

/// Commits, seals, merges, deletes and drops all reach a reader, and what it held before stays.
#[test]
fn a_reader_follows_the_writer_through_everything() {
    let vfs = Arc::new(MemVfs::new());
    let writer = options(&vfs).open("db").unwrap();
    let docs = writer.collection("docs").unwrap();
    docs.put_all((0..50).map(doc)).unwrap();
    let reader = options(&vfs).read_only(true).open("db").unwrap();
    let seen = reader.collection("docs").unwrap();
    let held = reader.snapshot();
    for round in 0..40_usize {
        match round % 8 {
            1 => writer.flush().unwrap(),
            3 => writer.compact().unwrap(),
            5 => assert_eq!(docs.delete(format!("k{round}")).unwrap(), 1),
            6 => assert!(writer.kv("state").set("round", round).unwrap() > 0),
            _ => assert!(docs.put(doc(100 + round)).unwrap() > 0),
        }
        assert_eq!(reader.refresh().unwrap(), writer.seqno());
        assert_eq!(seen.count().unwrap(), docs.count().unwrap());
        for query in ["many", "number133", "number5"] {
            let keys = |docs: &lumos_engine::Collection| -> Vec<String> {
                let hits = docs.search(query).limit(100).run().unwrap();
                hits.into_iter().map(|hit| hit.doc.key).collect()
            };
            assert_eq!(keys(&seen), keys(&docs), "round {round}: {query}");
        }
        let state = reader.kv("state").get::<usize>("round").unwrap();
        assert_eq!(state, writer.kv("state").get::<usize>("round").unwrap());
    }
    assert_eq!(held.count("docs"), 50);
    assert!(held.get("docs", "k5").unwrap().is_some());
    writer.drop_collection("docs").unwrap();
    reader.refresh().unwrap();
    assert!(seen.count().is_err());
    assert!(reader.stats().pinned.segments > 0);
    // A writer is always there.
    assert_eq!(writer.refresh().unwrap(), writer.seqno());
}

/// A reader refreshes while the writer writes, seals and merges as fast as it can.
#[test]
fn a_reader_keeps_up_with_a_busy_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let writer = Lumos::open(&path).unwrap();
    let docs = writer.collection("docs").unwrap();
    docs.put(doc(0)).unwrap();
    let reader = Lumos::options().read_only(true).open(&path).unwrap();
    let seen = reader.collection("docs").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for key in 1..400 {
                docs.put(doc(key)).unwrap();
                if key % 7 == 0 {
                    writer.flush().unwrap();
                }
                if key % 41 == 0 {
                    writer.compact().unwrap();
                }
            }
        });
        let mut last = 0;
        while last < 400 {
            reader.refresh().unwrap();
            let count = seen.count().unwrap();
            assert!(count >= last, "{count} after {last}");
            // Documents are put in order, so what is there is a prefix.
            assert!(seen.get(&format!("k{}", count - 1)).unwrap().is_some());
            last = count;
        }
    });
}

/// Text, columns and graphs of an untrusted directory are used only after they were checked or made anew,
/// and the answers are the same.
#[test]
fn an_untrusted_directory_answers_like_a_trusted_one() {
    let vfs = Arc::new(MemVfs::new());
    let db = options(&vfs).open("db").unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..5_000).map(doc)).unwrap();
    db.compact().unwrap();
    docs.put(doc(5_000)).unwrap();
    let answers = |db: &Lumos| {
        let docs = db.collection("docs").unwrap();
        let by_text = docs.search("number77").run().unwrap();
        let query: Vec<f32> = (0..8).map(|i| i as f32 + 0.25).collect();
        let by_vector = docs.search(query.as_slice()).filter("key < 900").run();
        format!("{by_text:?} {:?}", by_vector.unwrap())
    };
    let expected = answers(&db);
    drop((docs, db));
    let distrusting = options(&vfs).untrusted(true).read_only(true);
    let db = distrusting.open("db").unwrap();
    assert_eq!(answers(&db), expected);
    assert_eq!(db.stats().collections[0].damaged_segments, 0);
    assert_eq!(db.stats().collections[0].vectors[0].indexed, 5_000);
}

/// A graph that leads out of bounds under valid checksums is not walked.
#[test]
fn an_untrusted_graph_is_checked_link_by_link() {
    let vfs = Arc::new(MemVfs::new());
    let db = options(&vfs).open("db").unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..4_500).map(doc)).unwrap();
    db.compact().unwrap();
    drop((docs, db));
    let path = files::segments(&*vfs, "db").pop().unwrap();
    files::change(&*vfs, &path, |bytes| {
        let graph = files::sections(bytes).into_iter();
        let mut graph = graph.filter(|(name, _)| name.starts_with("graph."));
        let start = graph.next().unwrap().1.start;
        // The first link of the first node leads to itself.
        bytes[start + 128..start + 132].copy_from_slice(&0_u32.to_le_bytes());
        files::reseal(bytes);
    });

    let trusting = options(&vfs).read_only(true).open("db").unwrap();
    assert_eq!(trusting.stats().collections[0].damaged_segments, 0);
    let distrusting = options(&vfs).untrusted(true).read_only(true);
    let db = distrusting.open("db").unwrap();
    assert_eq!(db.stats().collections[0].damaged_segments, 1);
    let hits = db.collection("docs").unwrap().search([1.0; 8]).run();
    assert_eq!(hits.unwrap().len(), 10);
}
