//! Metadata by hand: filters, facets, orders, changes, indexes.
#![allow(clippy::unwrap_used)]

mod program;

use program::Program;
use serde_json::Value;

fn filled() -> Program {
    let lumos = Program::new();
    let lines = [
        r#"{"key": "a", "text": "snow in May", "year": 2020, "lang": "en", "tags": ["x", "y"]}"#,
        r#"{"key": "b", "text": "snow", "year": 2026, "lang": "en", "place": {"lat": 59.9, "lon": 10.7}}"#,
        r#"{"key": "c", "text": "rain", "year": 2026, "lang": "no", "tags": []}"#,
    ];
    lumos.put(&lines.join("\n"));
    lumos
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn documents_are_listed_in_an_order_page_by_page() {
    let lumos = filled();
    let first = lumos.ok(["search", "--order-by", "year:desc", "-k", "2"]);
    assert!(first.starts_with(" 1. b\n 2. c\nnext: --after "), "{first}");
    let cursor = first.trim_end().rsplit(' ').next().unwrap().to_string();
    let rest = lumos.ok([
        "search",
        "--order-by",
        "year:desc",
        "-k",
        "2",
        "--after",
        &cursor,
    ]);
    assert_eq!(rest, " 1. a\n");
    let found = lumos.ok([
        "search",
        "--filter",
        "tags ANY (= 'y') OR WITHIN(place, 60, 10.7, 20km)",
    ]);
    assert_eq!(found, " 1. a\n 2. b\n");
    assert_eq!(
        lumos.ok(["count", "--filter", "LENGTH(tags) = 0 OR lang LIKE 'x%'"]),
        "1\n"
    );
}

#[test]
fn facets_are_counted_over_all_that_matches() {
    let lumos = filled();
    let told = lumos.ok([
        "count",
        "--facet",
        "terms:lang:1",
        "--facet",
        "range:year:2025",
    ]);
    let expected = "3\nlang: 3 documents, 0 without\n  en  2\n  1 other value  1\n\
        year: 3 documents, 0 without\n  below 2025  1\n  2025 and above  2\n";
    assert_eq!(told, expected);
    let told = lumos.ok([
        "search",
        "snow",
        "--text",
        "-k",
        "1",
        "--facet",
        "stats:year",
        "--json",
    ]);
    let lines: Vec<Value> = told.lines().map(json).collect();
    assert_eq!(
        (
            lines.len(),
            &lines[1]["count"],
            &lines[1]["facets"][0]["max"]
        ),
        (2, &Value::from(2), &Value::from(2026.0))
    );
    let told = lumos.ok(["search", "--facet", "distinct:lang", "-k", "1"]);
    assert!(told.contains("  distinct  2\n"), "{told}");
    for spec in [
        "lang",
        "terms",
        "range:year:x",
        "date:year:eon",
        "histogram:year:0",
    ] {
        let run = lumos.run(["count", "--facet", spec]);
        assert!(
            run.code == Some(1) && run.stderr.contains("E2007"),
            "{spec}: {run:?}"
        );
    }
}

#[test]
fn fields_are_set_where_a_filter_matches() {
    let lumos = filled();
    let set = [
        "set",
        "checked=true",
        "author.name=\"Ada\"",
        "lang=null",
        "--filter",
        "year = 2026",
    ];
    assert_eq!(lumos.ok(set), "2 documents changed\n");
    assert_eq!(
        lumos.ok([
            "count",
            "--filter",
            "author.name = 'Ada' AND checked = true AND lang IS NULL"
        ]),
        "2\n"
    );
    let run = lumos.run(["set", "lang=en", "--filter", "year = 2026"]);
    assert!(
        run.stderr.contains("E2007") && run.stderr.contains("lang='\"en\"'"),
        "{run:?}"
    );
    let run = lumos.run(["set", "a=1", "--filter", "yaer = 1"]);
    assert!(
        run.stderr.contains("^^^^") && run.stderr.contains("did you mean"),
        "{run:?}"
    );
}

#[test]
fn indexes_are_declared_listed_and_dropped() {
    let lumos = filled();
    assert_eq!(
        lumos.ok(["index", "tags", "--kind", "elements"]),
        "tags  elements\n"
    );
    assert_eq!(
        lumos.ok(["index", "place", "--kind", "points"]),
        "place  points\ntags  elements\n"
    );
    assert_eq!(
        lumos.ok(["index", "place", "--kind", "points", "--drop"]),
        "tags  elements\n"
    );
    assert_eq!(json(&lumos.ok(["index", "--json"]))["kind"], "elements");
}
