//! What a program sees of a store: documents, transactions, snapshots, reopening.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use lumos_engine::{Batch, Doc, Error, FieldType, Lumos, Metric, Scan, Schema, Store, field};
use serde_json::json;

fn note(key: &str, text: &str, year: i64) -> Doc {
    Doc::new(key).text(text).meta(json!({"year": year}))
}

fn keys(docs: &[Doc]) -> Vec<&str> {
    docs.iter().map(|doc| doc.key.as_str()).collect()
}

/// Someone stores a document, replaces it, deletes it, and sees each step at once.
#[test]
fn a_document_is_what_was_put_last() {
    let db = Lumos::memory().unwrap();
    let notes = db.collection("notes").unwrap();
    notes.put(note("a", "first", 2020)).unwrap();
    notes.put(note("a", "second", 2021)).unwrap();
    assert_eq!(notes.count().unwrap(), 1);
    assert_eq!(notes.get("a").unwrap().unwrap(), note("a", "second", 2021));
    assert!(
        notes.search("first").run().unwrap().is_empty(),
        "the old text is gone"
    );
    assert_eq!(notes.delete("a").unwrap(), 1);
    assert_eq!(notes.delete("a").unwrap(), 0);
    assert_eq!(notes.get("a").unwrap(), None);
    assert!(notes.search("second").run().unwrap().is_empty());
}

/// A transaction over two collections and the key-value state happens as a whole.
#[test]
fn a_transaction_commits_all_or_nothing() {
    let db = Lumos::memory().unwrap();
    let seqno = db.seqno();
    let failed = db.write(|tx| {
        tx.put("notes", note("a", "x", 1))?;
        tx.kv("sync").set("cursor", 1)?;
        assert_eq!(
            tx.kv("sync").get::<i32>("cursor")?,
            Some(1),
            "it reads its own writes"
        );
        Err::<(), _>(Error::InvalidArgument {
            argument: "test",
            detail: "gives up".to_string(),
        })
    });
    assert_eq!(failed.unwrap_err().code(), "E2007");
    assert_eq!(db.seqno(), seqno);
    assert!(db.collections().is_empty());

    db.write(|tx| {
        tx.put("notes", note("a", "x", 1))?;
        tx.put("people", ("p", "Ada"))?;
        tx.kv("sync").set("cursor", 2)
    })
    .unwrap();
    assert_eq!(db.collections(), ["notes", "people"]);
    assert_eq!(db.kv("sync").get::<i32>("cursor").unwrap(), Some(2));

    // One bad document spoils the whole batch.
    let mut batch = Batch::new();
    batch
        .put("notes", note("b", "y", 2))
        .put("notes", Doc::new(""));
    assert_eq!(Store::write(&db, batch).unwrap_err().code(), "E2007");
    assert_eq!(Store::get(&db, "notes", "b").unwrap(), None);
}

/// Two writers race for a value; the one that read an old one is told so.
#[test]
fn an_expectation_that_fails_writes_nothing() {
    let db = Lumos::memory().unwrap();
    let swap = |from: Option<&[u8]>, to: &[u8]| {
        let mut batch = Batch::new();
        batch
            .kv_expect("s", "turn", from.map(<[u8]>::to_vec))
            .kv_set("s", "turn", to);
        Store::write(&db, batch)
    };
    swap(None, b"1").unwrap();
    assert_eq!(swap(None, b"2").unwrap_err().code(), "E2006");
    swap(Some(b"1"), b"2").unwrap();
    assert_eq!(db.kv("s").get_bytes("turn").unwrap().unwrap(), b"2");
}

/// A counter incremented by many threads in transactions that read loses no step.
#[test]
fn transactions_that_read_do_not_overwrite_each_other() {
    let db = Lumos::memory().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    db.write(|tx| {
                        let count = tx.kv("s").get::<u32>("count")?.unwrap_or(0);
                        tx.kv("s").set("count", count + 1)
                    })
                    .unwrap();
                }
            });
        }
    });
    assert_eq!(db.kv("s").get::<u32>("count").unwrap(), Some(200));
}

/// A snapshot shows one state through later writes, seals and merges.
#[test]
fn a_snapshot_does_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path().join("db")).unwrap();
    let notes = db.collection("notes").unwrap();
    for i in 0..20 {
        notes.put(note(&format!("k{i:02}"), "apple", i)).unwrap();
    }
    db.flush().unwrap();
    let before = db.snapshot();
    notes.delete("k03").unwrap();
    notes.put(note("k04", "pear", 4)).unwrap();
    notes.put(note("new", "apple", 40)).unwrap();
    db.compact().unwrap();
    let count = |word: &str| {
        let request = lumos_engine::SearchRequest::text(word).limit(100);
        (
            before.search("notes", &request).unwrap().len(),
            notes.search(word).limit(100).run().unwrap().len(),
        )
    };
    assert_eq!(before.count("notes"), 20);
    assert_eq!(notes.count().unwrap(), 20);
    assert_eq!(count("apple"), (20, 19));
    assert_eq!(count("pear"), (0, 1));
    assert!(before.get("notes", "k03").unwrap().is_some());
    assert_eq!(before.get("notes", "new").unwrap(), None);
}

/// Everything is there after closing and opening, sealed or not, and after opening read-only.
#[test]
fn a_reopened_database_holds_everything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep").join("db");
    for flush in [false, true] {
        let db = Lumos::open(&path).unwrap();
        let notes = db.collection("notes").unwrap();
        let tag = if flush { "sealed" } else { "logged" };
        let docs = (0..30)
            .map(|i| note(&format!("{tag}{i:02}"), tag, i).vector([i as f32 + 1.0, 1.0, 0.5]));
        assert_eq!(notes.put_all(docs).unwrap(), 30);
        assert_eq!(notes.delete(field("year").gte(25)).unwrap(), 5);
        db.kv("s").set(tag, flush).unwrap();
        if flush {
            db.flush().unwrap();
        }
    }
    let db = Lumos::options().read_only(true).open(&path).unwrap();
    let notes = db.existing_collection("notes").unwrap();
    assert_eq!(notes.count().unwrap(), 50);
    assert_eq!(notes.count_matching("year >= 20").unwrap(), 10);
    for tag in ["sealed", "logged"] {
        assert_eq!(notes.search(tag).limit(100).run().unwrap().len(), 25);
        let hits = notes.search([1.0, 1.0, 0.5]).limit(100).run().unwrap();
        assert_eq!(
            hits.iter().filter(|hit| hit.key().starts_with(tag)).count(),
            25
        );
    }
    assert_eq!(db.kv("s").get::<bool>("sealed").unwrap(), Some(true));
    db.verify().unwrap();
    assert_eq!(notes.put(("x", "y")).unwrap_err().code(), "E1004");
    assert_eq!(db.collection("other").unwrap_err().code(), "E2002");
}

/// Scans give every key once and in order, over segments and pages.
#[test]
fn scans_are_in_key_order_across_segments() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path()).unwrap();
    let notes = db.collection("notes").unwrap();
    for part in 0..4 {
        for i in (part..40).step_by(4) {
            notes.put(note(&format!("k{i:02}"), "t", i)).unwrap();
        }
        if part < 3 {
            db.flush().unwrap();
        }
    }
    notes.put(note("k05", "new", 5)).unwrap();
    notes.delete("k07").unwrap();
    let mut seen = Vec::new();
    let mut page = Scan::all().prefix("k").limit(7);
    loop {
        let docs = notes.scan(&page).unwrap();
        let Some(last) = docs.last() else { break };
        page = page.after(last.key.clone());
        seen.extend(docs.into_iter().map(|doc| doc.key));
    }
    let expected: Vec<String> = (0..40)
        .filter(|i| *i != 7)
        .map(|i| format!("k{i:02}"))
        .collect();
    assert_eq!(seen, expected);
    let few = notes.scan(&Scan::all().prefix("k1").limit(3)).unwrap();
    assert_eq!(keys(&few), ["k10", "k11", "k12"]);
}

/// A declared schema is enforced, kept over reopening, and contradicting it is an error.
#[test]
fn a_declared_schema_is_kept_and_enforced() {
    let dir = tempfile::tempdir().unwrap();
    let schema = || {
        Schema::new()
            .vector(2, Metric::L2)
            .text()
            .field("year", FieldType::Int)
            .model("m1")
    };
    {
        let db = Lumos::open(dir.path()).unwrap();
        let docs = db.collection_with("docs", schema()).unwrap();
        let bad = docs.put(Doc::new("a").meta(json!({"year": "soon"})));
        assert_eq!(bad.unwrap_err().code(), "E2004");
        docs.put(Doc::new("a").vector([3.0, 4.0]).meta(json!({"year": 1})))
            .unwrap();
    }
    let db = Lumos::open(dir.path()).unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    let hits = docs.search([0.0, 0.0]).run().unwrap();
    assert!((hits[0].score - 5.0).abs() < 1e-6, "a Euclidean distance");
    let other = db.collection_with("docs", Schema::new().model("m2"));
    assert_eq!(other.unwrap_err().code(), "E2001");
    let other = db.collection_with("docs", Schema::new().vector(3, Metric::L2));
    assert_eq!(other.unwrap_err().code(), "E2001");
}

/// Bad documents and bad arguments are refused with their codes, and nothing is stored.
#[test]
fn bad_input_is_refused_and_nothing_is_lost() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(note("a", "one", 1).vector([1.0, 2.0])).unwrap();
    let refused = [
        (docs.put(Doc::new("b").vector([1.0])).unwrap_err(), "E2001"),
        (
            docs.put(Doc::new("b").vector([f32::NAN, 1.0])).unwrap_err(),
            "E2003",
        ),
        (
            docs.put(Doc::new("b").vector([f32::INFINITY, 1.0]))
                .unwrap_err(),
            "E2003",
        ),
        (
            docs.put(Doc::new("b").vector([0.0, 0.0])).unwrap_err(),
            "E2003",
        ),
        (docs.put(Doc::new("x".repeat(513))).unwrap_err(), "E2007"),
        (docs.search([1.0]).run().unwrap_err(), "E2001"),
        (docs.search([0.0, 0.0]).run().unwrap_err(), "E2003"),
        (docs.search("one").limit(0).run().unwrap_err(), "E2007"),
        (
            docs.search("one").limit(1_000_000).run().unwrap_err(),
            "E2007",
        ),
        (docs.search("").run().unwrap_err(), "E2105"),
        (docs.search("one").hybrid().run().unwrap_err(), "E2007"),
        (
            docs.search("one").filter("year >= ").run().unwrap_err(),
            "E2104",
        ),
        (
            docs.search("one").filter("yaer = 1").run().unwrap_err(),
            "E2104",
        ),
        (db.existing_collection("doc").unwrap_err(), "E2002"),
        (db.collection("").unwrap_err(), "E2007"),
        (db.drop_collection("nothing").unwrap_err(), "E2002"),
    ];
    for (error, code) in refused {
        assert_eq!(error.code(), code, "{error}");
    }
    let misspelt = docs.search("one").filter("yaer = 1").run().unwrap_err();
    assert!(
        format!("{misspelt} {:?}", misspelt.hint()).contains("year"),
        "{misspelt}"
    );
    assert_eq!(docs.count().unwrap(), 1);
    assert_eq!(docs.search("one").run().unwrap()[0].key(), "a");
}

/// The second writer is told who holds the directory; it can read meanwhile.
#[test]
fn a_second_writer_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let first = Lumos::open(dir.path()).unwrap();
    first
        .collection("docs")
        .unwrap()
        .put(("a", "text"))
        .unwrap();
    let refused = Lumos::open(dir.path()).unwrap_err();
    assert_eq!(refused.code(), "E1003");
    assert!(
        refused
            .to_string()
            .contains(&std::process::id().to_string()),
        "{refused}"
    );
    let reader = Lumos::options().read_only(true).open(dir.path()).unwrap();
    assert_eq!(
        reader.existing_collection("docs").unwrap().count().unwrap(),
        1
    );
    drop(first);
    Lumos::open(dir.path()).unwrap();
}

/// Dropping a collection frees its name; a new one of that name is empty.
#[test]
fn a_dropped_collection_is_gone_for_good() {
    let dir = tempfile::tempdir().unwrap();
    {
        let db = Lumos::open(dir.path()).unwrap();
        let docs = db.collection("docs").unwrap();
        docs.put(note("a", "one", 1)).unwrap();
        db.flush().unwrap();
        docs.put(note("b", "two", 1)).unwrap();
        db.drop_collection("docs").unwrap();
        assert_eq!(docs.count().unwrap_err().code(), "E2002");
        db.collection("docs")
            .unwrap()
            .put(note("c", "three", 1))
            .unwrap();
    }
    let db = Lumos::open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    assert_eq!(keys(&docs.scan(&Scan::all()).unwrap()), ["c"]);
    assert!(docs.search("one two").run().unwrap().is_empty());
    db.flush().unwrap();
    assert_eq!(docs.count().unwrap(), 1);
}
