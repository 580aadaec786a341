//! Fields that are added and dropped: what was dropped is gone at once and for good, in memory, in sealed
//! segments, after merges and after a crash, and no build that cannot hide it opens the directory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use lumos_engine::{
    Collection, Doc, Durability, Element, Error, FieldType, Lumos, Metric, Scan, Schema,
    VectorField, field,
};
use lumos_wal::{OpenMode, SimVfs, Vfs};
use serde_json::json;

fn schema() -> Schema {
    Schema::new()
        .vector_field("image", 2, Metric::Cosine)
        .text_field("title")
        .text_field("body")
        .field("author.born", FieldType::Int)
}

fn doc(key: &str) -> Doc {
    Doc::new(key)
        .with_text("title", "apple pie")
        .with_text("body", "cedar")
        .with_vector("image", [0.6, 0.8])
        .meta(json!({"author": {"born": 1901, "name": "Ada"}, "n": 1}))
}

/// What is left of [`doc`] without what was dropped.
fn stripped(key: &str) -> Doc {
    Doc::new(key)
        .with_text("body", "cedar")
        .meta(json!({"author": {"name": "Ada"}, "n": 1}))
}

fn drop_all(docs: &Collection) {
    docs.alter(|schema| {
        let schema = schema.drop_field("image").drop_field("title");
        schema.drop_field("author.born")
    })
    .unwrap();
}

fn keys(hits: Vec<lumos_engine::Hit>) -> Vec<String> {
    let mut keys: Vec<String> = hits.into_iter().map(|hit| hit.doc.key).collect();
    keys.sort();
    keys
}

/// Every way to see a document shows it without the fields.
fn check_gone(docs: &Collection, old: &[&str]) {
    for key in old {
        assert_eq!(docs.get(key).unwrap(), Some(stripped(key)));
    }
    assert_eq!(keys(docs.search("apple").run().unwrap()), [""; 0]);
    assert_eq!(keys(docs.search("cedar").run().unwrap()), old);
    let found = docs.search("cedar").filter("author.name = 'Ada'").run();
    assert_eq!(keys(found.unwrap()), old);
    let born = docs.count_matching("author.born > 1900").unwrap_err();
    assert!(matches!(born, Error::Filter { .. }), "{born}");
    let scanned = docs.scan(&Scan::all().vectors(true)).unwrap();
    assert!(scanned.iter().all(|doc| doc.vectors.is_empty()));
    let by_image = docs.search([1.0, 0.0]).vector_field("image").run();
    assert!(by_image.is_err());
}

#[test]
fn a_dropped_field_is_gone_in_memory_and_in_sealed_segments() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let open = || Lumos::options().background(false).open(&path).unwrap();
    let db = open();
    let docs = db.collection_with("docs", schema()).unwrap();
    docs.put(doc("a")).unwrap();
    db.flush().unwrap();
    docs.put(doc("b")).unwrap();
    let before = db.snapshot();
    drop_all(&docs);
    check_gone(&docs, &["a", "b"]);
    assert_eq!(before.get("docs", "a").unwrap(), Some(doc("a")));
    drop(before);
    drop(docs);
    drop(db);

    let db = open();
    let docs = db.existing_collection("docs").unwrap();
    check_gone(&docs, &["a", "b"]);
    let held = ["author.born", "image", "title"];
    assert_eq!(docs.dropped_fields().unwrap(), held);
    db.compact().unwrap();
    check_gone(&docs, &["a", "b"]);
    assert_eq!(docs.dropped_fields().unwrap(), [""; 0]);
    assert!(
        db.doctor(&lumos_engine::Checkup::default())
            .unwrap()
            .findings
            .is_empty()
    );
}

/// A field that is added again begins empty, whether or not bytes of the old one are there.
#[test]
fn a_field_that_comes_back_comes_back_empty() {
    for compacted in [false, true] {
        let db = Lumos::memory().unwrap();
        let docs = db.collection_with("docs", schema()).unwrap();
        docs.put(doc("a")).unwrap();
        drop_all(&docs);
        if compacted {
            db.compact().unwrap();
        }
        docs.alter(|change| change.add(schema())).unwrap();
        assert_eq!(docs.get("a").unwrap(), Some(stripped("a")));
        docs.put(doc("b")).unwrap();
        for merged in [false, true] {
            if merged {
                db.compact().unwrap();
            }
            assert_eq!(docs.get("a").unwrap(), Some(stripped("a")));
            assert_eq!(docs.get("b").unwrap(), Some(doc("b")));
            let near = docs.search([1.0, 0.0]).vector_field("image");
            assert_eq!(keys(near.run().unwrap()), ["b"]);
            assert_eq!(keys(docs.search("apple").run().unwrap()), ["b"]);
            assert_eq!(docs.count_matching("author.born = 1901").unwrap(), 1);
            assert_eq!(docs.delete(field("author.born").eq(7)).unwrap(), 0);
        }
    }
}

/// Columns spell a key that is no plain word in backticks; it may be declared and dropped without.
#[test]
fn a_field_of_any_spelling_is_dropped() {
    for name in ["first name", "`first name`", "2024", "in", "a-b"] {
        let vfs: Arc<dyn Vfs> = Arc::new(SimVfs::new(3));
        let options = Lumos::options().background(false).vfs(vfs);
        let db = options.open("db").unwrap();
        let declared = Schema::new().field(name, FieldType::Text);
        let docs = db.collection_with("docs", declared.clone()).unwrap();
        let key = name.trim_matches('`');
        let spelled = format!("`{key}` = 'x'");
        assert_eq!(docs.count_matching(&*spelled).unwrap(), 0, "{name}");
        docs.put(Doc::new("a").meta(json!({key: "x", "n": 1})))
            .unwrap();
        assert!(docs.put(Doc::new("b").meta(json!({key: 1}))).is_err());
        db.flush().unwrap();
        assert_eq!(docs.count_matching(&*spelled).unwrap(), 1, "{name}");
        // Declared again as it is.
        db.collection_with("docs", declared).unwrap();
        docs.alter(|schema| schema.drop_field(name)).unwrap();
        assert_eq!(
            docs.get("a").unwrap().unwrap().meta,
            *json!({"n": 1}).as_object().unwrap()
        );
        assert!(docs.count_matching(&*spelled).is_err(), "{name}");
        db.compact().unwrap();
        assert!(docs.count_matching(&*spelled).is_err(), "{name}");
    }
}

#[test]
fn another_field_of_the_name_waits_for_the_merge() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    docs.put(doc("a")).unwrap();
    drop_all(&docs);
    let others = [
        Schema::new().vector_field("image", 3, Metric::Cosine),
        Schema::new().vector_field("image", 2, Metric::Dot),
        Schema::new().vector_with(
            "image",
            VectorField::new(2, Metric::Cosine).element(Element::F16),
        ),
        Schema::new().field("author.born", FieldType::Text),
    ];
    for other in &others {
        let error = docs.alter(|s| s.add(other.clone())).unwrap_err();
        assert_eq!(error.code(), "E2005", "{error}");
        assert!(error.hint().unwrap().contains("lumos compact"), "{error}");
        let error = db.collection_with("docs", other.clone()).unwrap_err();
        assert_eq!(error.code(), "E2005", "{error}");
    }
    // A document that brings the field is refused like a schema that does.
    let put = docs.put(Doc::new("b").with_vector("image", [1.0, 0.0, 0.0]));
    let message = put.unwrap_err().to_string();
    assert_eq!(
        message,
        "vector field \"image\" of collection \"docs\" was dropped as another and is still in 1 segment"
    );
    db.compact().unwrap();
    docs.alter(|s| s.add(others[0].clone()).add(others[3].clone()))
        .unwrap();
    docs.put(Doc::new("b").with_vector("image", [1.0, 0.0, 0.0]))
        .unwrap();
    db.compact().unwrap();
    let near = docs.search([0.9, 0.1, 0.0]).vector_field("image");
    assert_eq!(keys(near.run().unwrap()), ["b"]);
}

#[test]
fn what_cannot_be_altered_is_refused_and_nothing_changes() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    let seqno = db.seqno();
    let unknown = docs.alter(|s| s.drop_field("year")).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "field \"year\" is not in collection \"docs\"; it has: author.born, body, image, title"
    );
    let both = docs.alter(|s| {
        s.drop_field("title")
            .add(Schema::new().vector(0, Metric::L2))
    });
    assert!(matches!(both, Err(Error::InvalidArgument { .. })));
    assert_eq!(docs.alter(|s| s.add(schema())).ok(), Some(()));
    assert_eq!(db.seqno(), seqno);
    assert_eq!(docs.schema().unwrap(), schema());
    let gone = db.collection("gone").unwrap();
    db.drop_collection("gone").unwrap();
    assert_eq!(gone.alter(|s| s).unwrap_err().code(), "E2002");
}

/// Documents that were checked against a schema are not loaded into another one.
#[test]
fn a_load_does_not_bring_a_dropped_field_back() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    let altered = docs.clone();
    let load = (0..3_000).map(|n| {
        if n == 2_500 {
            altered.alter(|s| s.drop_field("image")).unwrap();
        }
        doc(&format!("k{n}"))
    });
    let error = docs.ingest().run(load).unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(docs.count().unwrap(), 0);
}

/// Whatever a power loss leaves: where the log or the manifest says that something was dropped, the
/// manifest says that a build must know what that is.
#[test]
fn a_build_that_cannot_hide_a_field_is_kept_out() {
    const DROPPED: u32 = 1 << 3;
    let disk = SimVfs::new(1);
    let open = |disk: &SimVfs, salt| {
        let options = Lumos::options().vfs(Arc::new(disk.clone()));
        let options = options.durability(Durability::Sync).background(false);
        options.salt_seed(salt).open("db")
    };
    let db = open(&disk, 1).unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    docs.put(doc("a")).unwrap();
    docs.alter(|s| s.drop_field("title")).unwrap();
    docs.put(doc("b")).unwrap();
    let (mut with, mut without) = (0, 0);
    for crash in 0..=disk.operations() {
        let image = disk.crash_image(crash, crash);
        let mut header = [0; 16];
        let path = std::path::Path::new("db/MANIFEST");
        let features = match image.open(path, OpenMode::Read) {
            Ok(file) => {
                file.read_full_at(&mut header, 0).unwrap();
                u32::from_le_bytes(header[12..16].try_into().unwrap())
            }
            Err(_) => 0,
        };
        let Ok(db) = open(&image, 2) else { continue };
        let Ok(docs) = db.existing_collection("docs") else {
            continue;
        };
        let stored = docs.get("a").unwrap();
        if stored.is_some_and(|doc| doc.text_field("title").is_none()) {
            assert_ne!(features & DROPPED, 0, "crash {crash}");
            with += 1;
        } else {
            without += 1;
        }
    }
    assert!(with > 0 && without > 0, "{with} {without}");
}
