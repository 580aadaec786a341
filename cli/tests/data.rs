//! Data by hand: put, get, ls, count, rm, search, stats, compact.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use program::Program;
use serde_json::{Value, json};

const THREE: &str = r#"{"key": "a1", "text": "Rust is fast", "vector": [0.9, 0.1], "meta": {"lang": "en", "year": 2026}}
{"_id": "a2", "text": "Snow is white", "vector": [0.1, 0.9], "year": 2020}

{"key": "b1", "text": "Trains are late", "vector": [0.5, 0.5], "meta": {"year": 2024}}
"#;

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn what_is_put_is_listed_counted_and_read_back() {
    let lumos = Program::new();
    let run = lumos.feed(THREE, ["put"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "3 documents put into docs\n")
    );
    assert_eq!(lumos.ok(["ls"]), "a1\na2\nb1\n");
    assert_eq!(lumos.ok(["ls", "--prefix", "a"]), "a1\na2\n");
    assert_eq!(lumos.ok(["ls", "-n", "1"]), "a1\n");
    assert_eq!(lumos.ok(["ls", "--collections"]), "docs\n");
    assert_eq!(lumos.ok(["count"]), "3\n");
    assert_eq!(lumos.ok(["count", "--filter", "year >= 2024"]), "2\n");
    assert_eq!(
        parsed(&lumos.ok(["get", "a1"])),
        json!({"key": "a1", "meta": {"lang": "en", "year": 2026}, "texts": {"text": "Rust is fast"}})
    );
}

/// A command that follows a large import does not replay it.
#[test]
fn a_large_import_is_sealed_when_it_is_done() {
    let lumos = Program::new();
    let filler = "many words of a text ".repeat(40);
    let lines: String = (0..3_000)
        .map(|n| format!("{{\"key\": \"k{n}\", \"text\": \"{filler}{n}\"}}\n"))
        .collect();
    lumos.feed(&lines, ["put"]);
    let stats = parsed(&lumos.ok(["stats", "--json"]));
    assert_eq!(stats["log_bytes"], 0, "{stats}");
    assert_eq!(stats["collections"][0]["memory_rows"], 0, "{stats}");
    assert_eq!(lumos.ok(["count"]), "3000\n");
}

#[test]
fn what_one_store_prints_another_one_reads() {
    let (one, two) = (Program::new(), Program::new());
    one.put(THREE);
    let printed = one.ok(["ls", "--json", "--vectors"]);
    two.put(&printed);
    assert_eq!(two.ok(["ls", "--json", "--vectors"]), printed);
    assert_eq!(printed.lines().count(), 3);
}

#[test]
fn putting_again_replaces() {
    let lumos = Program::new();
    lumos.put(THREE);
    lumos.put(r#"{"key": "a1", "text": "Rust is still fast"}"#);
    assert_eq!(lumos.count(), 3);
    assert_eq!(
        parsed(&lumos.ok(["get", "a1"]))["texts"]["text"],
        "Rust is still fast"
    );
}

#[test]
fn documents_are_removed_by_key_and_by_filter() {
    let lumos = Program::new();
    lumos.put(THREE);
    assert_eq!(
        lumos.ok(["rm", "a1", "a1", "nothing"]),
        "1 document removed\n"
    );
    assert_eq!(
        lumos.ok(["rm", "--filter", "year < 2024", "--json"]),
        "{\"collection\":\"docs\",\"removed\":1}\n"
    );
    assert_eq!(lumos.ok(["ls"]), "b1\n");
}

#[test]
fn search_takes_words_a_vector_or_a_stored_document() {
    let lumos = Program::new();
    lumos.put(THREE);
    let words = lumos.ok(["search", "snow", "--json"]);
    assert_eq!(parsed(&words)["key"], "a2");
    assert_eq!(
        parsed(&words)["highlights"][0]["spans"],
        json!([{"start": 0, "end": 4}])
    );
    let near = lumos.ok(["search", "--near", "[1, 0]", "-k", "1", "--json"]);
    assert_eq!(parsed(&near)["key"], "a1");
    let like = lumos.ok(["search", "--like", "a1", "-k", "1", "--json"]);
    assert_eq!(parsed(&like)["key"], "b1");
    let filtered = lumos.ok([
        "search",
        "--near",
        "[1, 0]",
        "--filter",
        "year < 2024",
        "--json",
    ]);
    assert_eq!(parsed(&filtered)["key"], "a2");
    assert_eq!(lumos.ok(["search", "zebra"]), "no hits\n");
    assert_eq!(lumos.ok(["search", "zebra", "--json"]), "");
}

#[test]
fn a_search_by_vector_is_narrowed_and_explained() {
    let lumos = Program::new();
    lumos.put(THREE);
    let near = |options: &[&str]| {
        let search = ["search", "--near", "[1, 0]", "--json"];
        lumos.json(search.iter().chain(options).copied())
    };
    let all = near(&["--within", "-1"]);
    assert_eq!(all, near(&[]));
    assert_eq!(all[0]["key"], "a1");
    assert!(near(&["--within", "1.5"]).is_empty());
    assert_eq!(near(&["--recall", "0.9"]), all);
    let explained = &near(&["--explain"])[0];
    assert_eq!(explained["hits"].as_array().map(Vec::len), Some(all.len()));
    assert_eq!(explained["segments"][0]["route"], "exact");
    let told = lumos.ok(["search", "--near", "[1, 0]", "--explain"]);
    assert!(
        told.contains(" rows match; every match compared; 0 nodes, "),
        "{told}"
    );
    assert!(told.contains(" hits of "), "{told}");
    let words = lumos.ok(["search", "snow", "--explain"]);
    assert!(words.contains("no vectors were compared"), "{words}");
    for wrong in ["0", "2", "NaN"] {
        let run = lumos.run(["search", "--near", "[1, 0]", "--recall", wrong]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains("recall"), "{run:?}");
    }
    let run = lumos.run(["search", "snow", "--within", "0.5"]);
    assert!(
        run.stderr.contains("needs a search by vector alone"),
        "{run:?}"
    );
}

#[test]
fn text_for_people_has_no_colour_when_it_is_not_a_terminal() {
    let lumos = Program::new();
    lumos.put(THREE);
    let printed = lumos.ok(["search", "snow"]);
    let (place, piece) = printed.split_once('\n').unwrap();
    assert!(place.starts_with(" 1. a2  "), "{printed}");
    assert_eq!(piece, "    Snow is white\n");
}

#[test]
fn a_document_cannot_steer_the_terminal() {
    let lumos = Program::new();
    lumos.put(r#"{"key": "a", "text": "red \u001b[31m alert \u0007"}"#);
    let printed = lumos.ok(["search", "alert"]);
    assert!(
        !printed.contains('\u{1b}') && !printed.contains('\u{7}'),
        "{printed:?}"
    );
}

#[test]
fn several_collections_live_in_one_directory() {
    let lumos = Program::new();
    lumos.put(THREE);
    let run = lumos.feed(
        r#"{"key": "x", "text": "other"}"#,
        ["put", "--collection", "other"],
    );
    assert_eq!(run.stdout, "1 document put into other\n");
    assert_eq!(
        lumos.ok(["ls", "--collections", "--json"]),
        "{\"collection\":\"docs\",\"documents\":3}\n{\"collection\":\"other\",\"documents\":1}\n"
    );
    assert_eq!(lumos.ok(["ls", "-c", "other"]), "x\n");
}

#[test]
fn the_directory_comes_from_the_option_then_the_environment() {
    let lumos = Program::new();
    let run = lumos.feed(r#"{"key": "x"}"#, ["--db", "one", "put"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let output = lumos
        .command(["ls"])
        .env("LUMOS_DIR", "one")
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"x\n");
    let output = lumos
        .command(["ls", "--db", "one"])
        .env("LUMOS_DIR", "two")
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"x\n");
}

#[test]
fn compacting_and_reopening_changes_no_answer() {
    let lumos = Program::new();
    lumos.put(THREE);
    lumos.ok(["rm", "b1"]);
    let answers = || {
        (
            lumos.ok(["ls", "--json", "--vectors"]),
            lumos.ok(["search", "is", "--json"]),
        )
    };
    let before = answers();
    lumos.ok(["compact"]);
    let after = answers();
    assert_eq!(before.0, after.0);
    let keys = |lines: &str| {
        lines
            .lines()
            .map(|line| parsed(line)["key"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&before.1), keys(&after.1));
}

#[test]
fn statistics_name_the_collection_and_its_size() {
    let lumos = Program::new();
    lumos.put(THREE);
    let stats = parsed(&lumos.ok(["stats", "--json"]));
    assert_eq!(stats["collections"][0]["name"], "docs");
    assert_eq!(stats["collections"][0]["documents"], 3);
    assert!(lumos.ok(["stats"]).contains("docs"));
}
