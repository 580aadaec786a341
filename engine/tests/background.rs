//! What happens without anyone calling anything: deleted rows give disk and memory back, documents end,
//! and what goes wrong is told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lumos_engine::{Doc, Error, Lumos, Schema, field};
use lumos_wal::{Fault, FaultVfs, MemVfs, OpKind};
use serde_json::json;

/// Waits until something holds that the background brings about.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{what}: not after a minute"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

fn doc(key: usize, round: usize) -> Doc {
    let text = format!("document {key} as it was written in round {round}");
    let vector: Vec<f32> = (0..32)
        .map(|i| ((key * 31 + round * 17 + i * 7) % 101) as f32 - 50.5)
        .collect();
    Doc::new(format!("key-{key:05}"))
        .text(text)
        .vector(vector)
        .meta(json!({"key": key, "round": round}))
}

fn bytes_on_disk(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            // A file may have been removed since it was listed.
            match entry.metadata() {
                Ok(data) if data.is_dir() => bytes_on_disk(&entry.path()),
                Ok(data) => data.len(),
                Err(_) => 0,
            }
        })
        .sum()
}

/// Every document is replaced ten times. Without a call of flush or compact the directory soon takes no
/// more than twice what the documents themselves take.
#[test]
fn replaced_documents_give_their_space_back() {
    const KEYS: usize = 1_500;
    let fresh = tempfile::tempdir().unwrap();
    let db = Lumos::open(fresh.path().join("db")).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..KEYS).map(|key| doc(key, 10))).unwrap();
    db.compact().unwrap();
    let live = bytes_on_disk(fresh.path());

    let churned = tempfile::tempdir().unwrap();
    let db = Lumos::open(churned.path().join("db")).unwrap();
    let docs = db.collection("docs").unwrap();
    for round in 0..=10 {
        docs.put_all((0..KEYS).map(|key| doc(key, round))).unwrap();
    }
    assert!(bytes_on_disk(churned.path()) > 3 * live);
    eventually("space comes back", || {
        bytes_on_disk(churned.path()) <= 2 * live
    });
    assert_eq!(docs.count().unwrap(), KEYS as u64);
    assert_eq!(docs.get("key-00007").unwrap().unwrap().meta["round"], 10);
}

/// The same in memory, where there is no log whose length would say so.
#[test]
fn replaced_documents_give_their_memory_back() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    for round in 0..10 {
        docs.put_all((0..1_000).map(|key| doc(key, round))).unwrap();
    }
    eventually("rows go", || db.stats().collections[0].deleted_rows < 1_000);
    assert_eq!(docs.count().unwrap(), 1_000);
}

/// A cache whose documents live for a moment, beside a collection whose documents stay.
#[test]
fn documents_end_when_their_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path().join("db")).unwrap();
    let brief = Schema::new().ttl(Duration::from_millis(300));
    let cache = db.collection_with("cache", brief).unwrap();
    let stays = db.collection("stays").unwrap();
    for key in 0..20 {
        cache.put(doc(key, 0)).unwrap();
        stays.put(doc(key, 0)).unwrap();
    }
    // Sealed or not, the time goes on.
    db.flush().unwrap();
    cache.put(doc(20, 0)).unwrap();
    eventually("documents end", || cache.count().unwrap() == 0);
    assert_eq!(stays.count().unwrap(), 20);
    assert!(cache.search("document").run().unwrap().is_empty());

    let zero = Schema::new().ttl(Duration::ZERO);
    let error = db.collection_with("never", zero).unwrap_err();
    assert_eq!(error.to_string(), "ttl must be at least a millisecond");
}

/// The time of a document is counted from its last put, also across a reopening.
#[test]
fn the_time_of_a_document_survives_merges_and_reopening() {
    let vfs = Arc::new(MemVfs::new());
    let open = || {
        let options = Lumos::options().vfs(vfs.clone()).background(false);
        options.open("db").unwrap()
    };
    let db = open();
    let hour = Schema::new().ttl(Duration::from_secs(3600));
    let docs = db.collection_with("docs", hour.clone()).unwrap();
    docs.put(("long", "lives an hour")).unwrap();
    let soon = hour.ttl(Duration::from_millis(1));
    db.collection_with("docs", soon).unwrap();
    docs.put(("sealed", "is gone soon")).unwrap();
    db.flush().unwrap();
    docs.put(("merged", "is gone soon")).unwrap();
    db.compact().unwrap();
    docs.put(("logged", "is gone soon")).unwrap();
    drop((docs, db));
    thread::sleep(Duration::from_millis(5));
    let db = open();
    assert_eq!(db.expire().unwrap(), 3);
    assert_eq!(db.expire().unwrap(), 0);
    assert!(db.snapshot().get("docs", "long").unwrap().is_some());
    drop(db);
    assert_eq!(open().snapshot().count("docs"), 1);
}

/// Segments cannot be written: reads and the log go on, one write is refused with the reason, and once
/// there is room again the work is done.
#[test]
fn a_failure_in_the_background_is_told_and_passes() {
    let faulty = Arc::new(FaultVfs::new(Arc::new(MemVfs::new())));
    let db = Lumos::options()
        .vfs(faulty.clone())
        .max_wal_bytes(64 << 10)
        .open("db")
        .unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(doc(0, 0)).unwrap();
    // Creating files fails; the log has its file already.
    faulty.inject(Fault::nth(1).sticky().code(28).only(&[OpKind::Open]));
    let mut refused = Vec::new();
    let mut written = 1;
    let begun = Instant::now();
    for key in 1.. {
        // On a busy machine the background may begin late.
        if key > 4_000 {
            thread::sleep(Duration::from_millis(1));
        }
        match docs.put(doc(key, 0)) {
            Ok(_) => written += 1,
            Err(error) => refused.push(error),
        }
        if !refused.is_empty() || begun.elapsed() > Duration::from_secs(60) {
            break;
        }
    }
    assert!(
        matches!(refused[..], [Error::Background { .. }]),
        "{refused:?}"
    );
    assert_eq!(refused[0].code(), "E1007");
    assert!(db.stats().background_error.unwrap().contains("create"));
    assert_eq!(docs.count().unwrap(), written);
    docs.put(doc(1_000_000, 0)).unwrap();

    faulty.clear();
    eventually("the background recovers", || {
        // Work is tried again as writes go on.
        let _ = docs.put(doc(1_000_000, 1));
        let stats = db.stats();
        stats.background_error.is_none() && stats.collections[0].segments > 0
    });
    assert_eq!(docs.count().unwrap(), written + 1);
}

/// A snapshot keeps what it shows through seals, merges, deletes and a drop, and the statistics say what
/// that costs.
#[test]
fn a_snapshot_holds_and_what_it_holds_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let options = Lumos::options().background(false);
    let db = options.open(dir.path().join("db")).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..200).map(|key| doc(key, 0))).unwrap();
    let in_memory = db.snapshot();
    assert_eq!(db.stats().pinned.segments, 0);
    db.flush().unwrap();
    docs.put_all((0..100).map(|key| doc(key, 1))).unwrap();
    db.flush().unwrap();
    let sealed = db.snapshot();
    docs.delete(field("key").lt(150)).unwrap();
    db.compact().unwrap();
    db.drop_collection("docs").unwrap();

    let pinned = db.stats().pinned;
    assert_eq!(pinned.snapshots, 2);
    assert_eq!(pinned.oldest_seqno, Some(in_memory.seqno()));
    assert!(pinned.segments >= 3 && pinned.bytes > 10_000, "{pinned:?}");
    for (snapshot, round) in [(&in_memory, 0), (&sealed, 1)] {
        assert_eq!(snapshot.count("docs"), 200);
        let doc = snapshot.get("docs", "key-00042").unwrap().unwrap();
        assert_eq!(doc.meta["round"], round);
    }
    drop((in_memory, sealed));
    assert_eq!(db.stats().pinned, Default::default());
}

/// A delete by filter is one commit, however much it deletes, and is replayed as what it deleted.
#[test]
fn a_delete_by_filter_survives_as_one_commit() {
    let vfs = Arc::new(MemVfs::new());
    let open = || {
        let options = Lumos::options().vfs(vfs.clone()).background(false);
        options.open("db").unwrap()
    };
    let db = open();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..3_000).map(|key| doc(key, key % 2)))
        .unwrap();
    let before = db.seqno();
    assert_eq!(docs.delete(field("round").eq(1)).unwrap(), 1_500);
    assert_eq!(db.seqno(), before + 1);
    // What the filter would match now is not what it deleted.
    docs.put(doc(1, 1)).unwrap();
    drop((docs, db));
    let db = open();
    let docs = db.collection("docs").unwrap();
    assert_eq!(docs.count().unwrap(), 1_501);
    assert_eq!(docs.count_matching("round = 1").unwrap(), 1);
}

/// Rows are sealed early enough to stay within the limit, with a background thread and without, and
/// compacting leaves segments that are too large to be merged within it.
#[test]
fn memory_stays_within_its_limit() {
    for background in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let db = Lumos::options()
            .memory_limit(2 << 20)
            .background(background)
            .open(dir.path().join("db"))
            .unwrap();
        let docs = db.collection("docs").unwrap();
        let mut most = 0;
        for batch in 0..80 {
            let keys = batch * 100..(batch + 1) * 100;
            docs.put_all(keys.map(|key| doc(key, 0))).unwrap();
            most = most.max(db.stats().collections[0].memory_rows);
        }
        // A row takes some 600 bytes of the megabyte that is for rows.
        assert!(most < 3_000, "{most} rows were in memory at once");
        assert_eq!(docs.count().unwrap(), 8_000);
        db.compact().unwrap();
        let segments = db.stats().collections[0].segments;
        assert!((2..20).contains(&segments), "{segments} segments");
        assert_eq!(docs.count().unwrap(), 8_000);
        drop((docs, db));
        let db = Lumos::open(dir.path().join("db")).unwrap();
        db.compact().unwrap();
        assert_eq!(db.stats().collections[0].segments, 1);
        assert_eq!(db.snapshot().count("docs"), 8_000);
    }
}

/// A segment that was too large to be merged within the limit was left as it was even when nearly all of it
/// was deleted, and its space never came back. Only the rows that stay are held in memory.
#[test]
fn a_large_segment_of_deleted_rows_is_given_back_within_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let db = Lumos::options().background(false).open(&path).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..6_000).map(|key| doc(key, 0))).unwrap();
    db.flush().unwrap();
    docs.delete(field("key").gte(150)).unwrap();
    drop((docs, db));
    let db = Lumos::options().memory_limit(1 << 20).open(&path).unwrap();
    eventually("deleted rows go", || {
        db.stats().collections[0].deleted_rows == 0
    });
    assert_eq!(db.snapshot().count("docs"), 150);
}
