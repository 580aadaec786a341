//! Text fields that are analysed each in its way: the same hits in memory, sealed, merged and moved; an
//! analyzer stays what it is while there are documents, and builds that do not know it are kept out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lumos_engine::{Checkup, Collection, Doc, Error, Lumos, Schema};

const FIELDS: [(&str, &str); 7] = [
    ("text", "default"),
    ("prose", "english stop(en)"),
    ("symbol", "code"),
    ("label", "keyword"),
    ("exact", "keyword(exact)"),
    ("path", "whitespace"),
    ("part", "ngram(2,3)"),
];

fn schema() -> Schema {
    let fields = FIELDS.into_iter();
    fields.fold(Schema::new(), |schema, (name, analyzer)| {
        schema.text_with(name, analyzer)
    })
}

const NAMES: [&str; 5] = [
    "getUserName",
    "set_user_name",
    "HTTPServer",
    "parse2",
    "userId",
];

fn doc(n: usize) -> Doc {
    let name = NAMES[n % NAMES.len()];
    Doc::new(format!("k{n:03}"))
        .text(format!("The number {n} runs {}", n % 7))
        .with_text(
            "prose",
            format!("The state of the art no. {n} doesn't rest"),
        )
        .with_text("symbol", format!("{name}({n})"))
        .with_text("label", format!("Label {}", n % 3))
        .with_text("exact", format!("Label {}", n % 4))
        .with_text("path", format!("src/{name}.rs c++ {}", n % 5))
        .with_text("part", format!("{name} \u{6570}\u{636e}\u{5e93}{n}"))
}

/// A query, the field that it is for, and how many of 60 documents it finds.
const QUERIES: [(&str, &str, usize); 20] = [
    ("text", "running", 60),
    ("text", "number -3", 51),
    ("prose", "\"state of the art\"", 60),
    ("prose", "\"state art\"", 0),
    ("prose", "+doesn't", 60),
    ("symbol", "getUserName", 36),
    ("symbol", "+getUserName", 12),
    ("symbol", "\"user name\"", 24),
    ("symbol", "+get_user_name", 12),
    ("symbol", "httpserver", 12),
    ("symbol", "getuser*", 12),
    ("symbol", "parse", 12),
    ("label", "\"label 1\"", 20),
    ("label", "label", 0),
    ("label", "label*", 60),
    ("exact", "\"Label 1\"", 15),
    ("exact", "\"label 1\"", 0),
    ("path", "c++", 60),
    ("part", "+serve", 12),
    ("part", "+\u{636e}\u{5e93}", 60),
];

fn find(docs: &Collection, field: &str, query: &str) -> Vec<(String, u32)> {
    let search = docs.search(query).keywords().text_field(field).limit(100);
    let found = search.keys().unwrap().into_iter();
    found
        .map(|found| (found.key.to_string(), found.score.to_bits()))
        .collect()
}

/// Keys and scores, to the bit, of all queries; of all fields together too.
fn answers(db: &Lumos) -> Vec<Vec<(String, u32)>> {
    let docs = db.collection("docs").unwrap();
    let mut answers: Vec<_> = QUERIES
        .iter()
        .map(|(field, query, _)| find(&docs, field, query))
        .collect();
    for query in ["getUserName state", "+label*", "\"user name\" runs"] {
        let found = docs.search(query).keywords().limit(100).keys().unwrap();
        let found = found.into_iter();
        answers.push(
            found
                .map(|found| (found.key.to_string(), found.score.to_bits()))
                .collect(),
        );
    }
    answers
}

fn open(path: &Path) -> Lumos {
    Lumos::options().background(false).open(path).unwrap()
}

#[test]
fn answers_are_the_same_in_memory_sealed_merged_and_moved() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let db = open(&path);
    let docs = db.collection_with("docs", schema()).unwrap();
    docs.put_all((0..60).map(doc)).unwrap();
    for (field, query, expected) in QUERIES {
        let found = find(&docs, field, query);
        assert_eq!(found.len(), expected, "{field}: {query}");
    }
    let due = answers(&db);
    let same = |db: &Lumos, state: &str| assert!(answers(db) == due, "{state}");
    drop((docs, db));
    let db = open(&path);
    same(&db, "replayed");
    db.flush().unwrap();
    same(&db, "sealed");
    let docs = db.collection("docs").unwrap();
    docs.put_all((40..60).map(doc)).unwrap();
    same(&db, "partly in memory");
    db.flush().unwrap();
    drop((docs, db));
    let db = open(&path);
    same(&db, "reopened");
    db.compact().unwrap();
    same(&db, "merged");
    let diagnosis = db.doctor(&Checkup::new()).unwrap();
    assert!(diagnosis.is_healthy(), "{:?}", diagnosis.findings);

    let mut lines = Vec::new();
    db.export(&mut lines).unwrap();
    let other = Lumos::memory().unwrap();
    other.import(&mut lines.as_slice()).unwrap();
    same(&other, "imported");
    let copy = dir.path().join("copy");
    db.backup(&copy).unwrap();
    let restored = dir.path().join("restored");
    Lumos::restore(&copy, &restored).unwrap();
    same(&open(&restored), "restored");
    let options = Lumos::options().background(false);
    same(
        &options.untrusted(true).open(&restored).unwrap(),
        "untrusted",
    );

    let loaded = Lumos::memory().unwrap();
    let docs = loaded.collection_with("docs", schema()).unwrap();
    docs.ingest().run((0..60).map(doc)).unwrap();
    same(&loaded, "loaded");
}

#[test]
fn highlights_mark_what_the_field_was_searched_for() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    docs.put_all((0..5).map(doc)).unwrap();
    let shown = |field: &str, query: &str| {
        let search = docs
            .search(query)
            .keywords()
            .text_field(field)
            .highlight(field);
        let hits = search.run().unwrap();
        let highlight = &hits[0].highlights[0];
        let spans = highlight.spans.iter();
        let marked: Vec<String> = spans
            .map(|span| highlight.text[span.clone()].to_string())
            .collect();
        marked.join("|")
    };
    assert_eq!(shown("symbol", "+user +name"), "UserName");
    assert_eq!(shown("symbol", "+httpserver"), "HTTPServer");
    assert_eq!(shown("label", "\"label 2\""), "Label 2");
    assert_eq!(shown("prose", "+doesn't"), "doesn't");
    assert_eq!(shown("part", "+serve"), "Serve");
}

#[test]
fn a_description_that_does_not_parse_is_refused_with_its_place() {
    let db = Lumos::memory().unwrap();
    let schema = Schema::new().text_with("symbol", "ngarm(2,3)");
    let error = db.collection_with("docs", schema).unwrap_err();
    let Error::Analyzer { input, source } = &error else {
        panic!("{error}");
    };
    assert_eq!(source.caret(input), "ngarm(2,3)\n^^^^^");
    assert_eq!(
        error.to_string(),
        "analyzer: there is no analyzer \"ngarm\""
    );
    assert_eq!(error.hint().as_deref(), Some("did you mean \"ngram\"?"));
    assert_eq!(error.code(), "E2108");
    assert!(db.existing_collection("docs").is_err());
}

#[test]
fn the_analyzer_of_a_field_with_documents_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let db = open(&path);
    // Written in another way it is the same.
    let code = |analyzer: &str| Schema::new().text_with("symbol", analyzer);
    let docs = db
        .collection_with("docs", code(" code stop( \"x\" )"))
        .unwrap();
    assert_eq!(docs.schema().unwrap().texts["symbol"], "code stop(\"x\")");
    drop(docs);
    // Without documents it may become another.
    let docs = db.collection_with("docs", code("whitespace")).unwrap();
    docs.put(Doc::new("a").with_text("symbol", "getUserName"))
        .unwrap();
    let check = |docs: &Collection| {
        assert_eq!(find(docs, "symbol", "user").len(), 0);
        assert_eq!(find(docs, "symbol", "getusername").len(), 1);
    };
    for _ in 0..2 {
        let error = db.collection_with("docs", code("code")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "text field \"symbol\" of collection \"docs\" has analyzer \"whitespace\" and documents, \"code\" was asked for"
        );
        assert_eq!(error.code(), "E2005");
        assert!(error.hint().unwrap().contains("declares the other"));
        check(&docs);
        db.flush().unwrap();
    }
    // A field that a document brought has the default one.
    docs.put(Doc::new("b").with_text("other", "b")).unwrap();
    let other = Schema::new().text_with("other", "code");
    assert!(db.collection_with("docs", other.clone()).is_err());
    drop((docs, db));
    let db = open(&path);
    check(&db.collection("docs").unwrap());
    assert!(db.collection_with("docs", other).is_err());
    let new = Schema::new().text_with("new", "code");
    db.collection_with("docs", new).unwrap();
}

/// The features that the manifest asks for.
fn features(path: &Path) -> u32 {
    let bytes = std::fs::read(path.join("MANIFEST")).unwrap();
    u32::from_le_bytes(bytes[12..16].try_into().unwrap())
}

#[test]
fn a_build_that_does_not_know_analyzers_is_kept_out_before_the_log_has_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let db = open(&path);
    let docs = db.collection_with("docs", Schema::new().text()).unwrap();
    docs.put(("a", "b")).unwrap();
    db.flush().unwrap();
    assert_eq!(features(&path), 0);
    // Nothing is sealed: all there is of the new schema is in the log.
    db.collection_with("docs", Schema::new().text_with("symbol", "code"))
        .unwrap();
    assert_eq!(features(&path), 2);
    docs.put(Doc::new("c").with_text("symbol", "getUserName"))
        .unwrap();
    drop((docs, db));
    let db = open(&path);
    assert_eq!(
        find(&db.collection("docs").unwrap(), "symbol", "user").len(),
        1
    );
    db.flush().unwrap();
    assert_eq!(features(&path), 2);
}

#[test]
fn a_default_database_is_what_earlier_builds_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let db = open(&path);
    let schema = Schema::new()
        .text()
        .text_with("title", "default stem(english)");
    db.collection_with("docs", schema)
        .unwrap()
        .put(("a", "b"))
        .unwrap();
    db.flush().unwrap();
    assert_eq!(features(&path), 0);
    let segment = std::fs::read_dir(path.join("segments"))
        .unwrap()
        .next()
        .unwrap();
    let bytes = std::fs::read(segment.unwrap().path()).unwrap();
    let at = bytes
        .windows(8)
        .position(|magic| magic == b"LUMOTXT1")
        .unwrap();
    assert_eq!(bytes[at + 8..at + 12], 1u32.to_le_bytes());
}
