//! Keyword queries on the command line.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use program::Program;
use serde_json::Value;

const ROWS: &str = r#"{"key": "log", "text": "The log is synced by group commit. One group, one sync.", "texts": {"title": "Durability"}}
{"key": "draft", "text": "a draft about the commit of a group", "texts": {"title": "Commits"}}
{"key": "seg", "text": "segments are sealed and merged", "texts": {"title": "The log and segments"}}
"#;

fn store() -> Program {
    let lumos = Program::new();
    lumos.put(ROWS);
    lumos
}

fn keys(lumos: &Program, options: &[&str]) -> Vec<String> {
    let hits: Vec<Value> = lumos.json(["search", "--json"].iter().chain(options).copied());
    let key = |hit: &Value| hit["key"].as_str().unwrap().to_string();
    hits.iter().map(key).collect()
}

#[test]
fn the_strict_language_is_asked_for() {
    let lumos = store();
    let strict = |query: &str| keys(&lumos, &["--text", "--strict", query]);
    assert_eq!(strict("\"group commit\" OR seal*"), ["seg", "log"]);
    assert_eq!(strict("group AND NOT draft"), ["log"]);
    assert_eq!(strict("title:log"), ["seg"]);
    assert_eq!(strict("\"commit group\"~3 AND draft"), ["draft"]);
    assert_eq!(strict("/seg.*/ AND me?g"), ["seg"]);
    let run = lumos.run(["search", "--text", "--strict", "group AND (commit"]);
    assert_eq!(run.code, Some(1));
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "error[E2105]: query: this ( is not closed in: group AND (commit"
    );
    assert_eq!(lines[1].find('^'), lines[0].rfind('('), "{run:?}");
    let run = lumos.run(["search", "--text", "--strict", "titel:log"]);
    assert!(
        run.stderr.contains("text fields are: text, title"),
        "{run:?}"
    );
}

#[test]
fn what_is_typed_goes_on() {
    let lumos = store();
    assert_eq!(keys(&lumos, &["--text", "group comm"]).len(), 2);
    assert_eq!(
        keys(&lumos, &["--text", "--as-you-type", "group comm"])[0],
        "log"
    );
    assert_eq!(keys(&lumos, &["--text", "--as-you-type", "seg"]), ["seg"]);
}

#[test]
fn fields_are_chosen_and_worth_more() {
    let lumos = store();
    assert_eq!(keys(&lumos, &["--text", "log"]).len(), 2);
    assert_eq!(keys(&lumos, &["--text", "log", "--field", "text"]), ["log"]);
    let both = ["--text", "log", "--field", "text", "--field", "title^9"];
    assert_eq!(keys(&lumos, &both)[0], "seg");
    for (field, says) in [
        ("other", "is not in collection"),
        ("title^x", "is no number"),
        ("title^0", "must be above 0"),
    ] {
        let run = lumos.run(["search", "--text", "log", "--field", field]);
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains(says), "{run:?}");
    }
    let run = lumos.run(["search", "--text", "log", "--snippets", "17"]);
    assert!(run.stderr.contains("must be 1 to 16"), "{run:?}");
}

#[test]
fn words_are_asked_for_in_a_filter() {
    let lumos = store();
    let count = |filter: &str| {
        lumos
            .run(["count", "--filter", filter])
            .stdout
            .trim()
            .to_string()
    };
    assert_eq!(count("text MATCH '\"group commit\"'"), "1");
    assert_eq!(count("title MATCH 'log' OR text MATCH 'draft'"), "2");
    assert_eq!(count("text NOT MATCH 'group'"), "1");
    let run = lumos.run(["count", "--filter", "text MATCH '(a'"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("is not closed"), "{run:?}");
}
