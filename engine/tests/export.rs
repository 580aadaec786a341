//! Lines out, lines in: the same database.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use lumos_engine::{Doc, Error, Lumos, Metric, Scan, Schema, Store};
use serde_json::json;

fn filled() -> Lumos {
    let db = Lumos::memory().unwrap();
    let schema = Schema::new()
        .vector(3, Metric::L2)
        .text()
        .ttl(Duration::from_secs(3600));
    let docs = db.collection_with("docs", schema).unwrap();
    docs.put_all((0..2_500).map(|n| {
        Doc::new(format!("k{n}"))
            .text(format!("line \"{n}\"\nof \u{4e2d}\u{6587}"))
            .vector([n as f32 / 7.0, 1.0e-20, -3.5])
            .meta(json!({"n": n, "nested": {"list": [1, null, "x"]}}))
    }))
    .unwrap();
    db.collection("bare")
        .unwrap()
        .put(Doc::new("only"))
        .unwrap();
    let state = db.kv("state");
    state.set("json", json!({"b": 1, "a": [true]})).unwrap();
    state.set("null", json!(null)).unwrap();
    state.set_bytes("binary", vec![0, 255, 10]).unwrap();
    state.set_bytes("spaced", b"{ }".to_vec()).unwrap();
    state.set_bytes("empty", Vec::new()).unwrap();
    db
}

fn contents(db: &Lumos) -> String {
    let scan = Scan::all().limit(10_000).vectors(true);
    let all = |name: &str| db.scan(name, &scan).unwrap();
    let state = db.kv_scan("state", &Scan::all()).unwrap();
    let schema = Store::schema(db, "docs").unwrap();
    format!("{:?} {:?} {state:?} {schema:?}", all("docs"), all("bare"))
}

#[test]
fn what_is_exported_is_imported() {
    let db = filled();
    let mut lines = Vec::new();
    let report = db.export(&mut lines).unwrap();
    assert_eq!(
        (report.collections, report.documents, report.values),
        (2, 2_501, 5)
    );
    let other = Lumos::memory().unwrap();
    let back = other.import(&mut lines.as_slice()).unwrap();
    assert_eq!((back.documents, back.values), (2_501, 5));
    assert_eq!(contents(&other), contents(&db));
    // Again changes nothing, and the lines of the copy are the same.
    other.import(&mut lines.as_slice()).unwrap();
    let mut again = Vec::new();
    other.export(&mut again).unwrap();
    assert!(lines == again);
}

/// A line that is wrong is named, and what was committed before it stays.
#[test]
fn a_wrong_line_is_named() {
    let db = Lumos::memory().unwrap();
    for (line, reason) in [
        ("{\"collection\": \"docs\"}", "there is no \"key\""),
        ("{\"key\": \"a\"}", "neither a document nor a value"),
        (
            "{\"space\": \"s\", \"key\": \"a\", \"hex\": \"abc\"}",
            "pairs of digits",
        ),
        (
            "{\"collection\": \"docs\", \"key\": \"a\", \"extra\": 1}",
            "unknown field",
        ),
        ("[1]", "invalid"),
    ] {
        let text = format!("{{\"collection\": \"docs\", \"key\": \"first\"}}\n\n{line}\n");
        let error = db.import(&mut text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, Error::ImportLine { line: 3, .. }),
            "{error}"
        );
        assert_eq!(error.code(), "E2010");
        assert!(error.to_string().contains(reason), "{error}");
    }
}
