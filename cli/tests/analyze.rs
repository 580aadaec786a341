//! The terms of a text, as an analyzer or the field of a collection makes them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use program::Program;
use serde_json::{Value, json};

fn values(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn terms_are_shown_with_their_places() {
    let lumos = Program::new();
    assert_eq!(
        lumos.ok(["analyze", "--analyzer", "code", "getUser x"]),
        "    0  0..7  getuser\n    0  0..3  get\n    1  3..7  user\n    2  8..9  x\n"
    );
    let run = lumos.feed("Running\n\ndogs\n", ["analyze", "--lines", "--json"]);
    let token = |term: &str, end: u32| json!({"term": term, "position": 0, "start": 0, "end": end});
    let expected = [
        json!({"analyzer": "default", "tokens": [token("run", 7)]}),
        json!({"analyzer": "default", "tokens": []}),
        json!({"analyzer": "default", "tokens": [token("dog", 4)]}),
    ];
    assert_eq!(values(&run.stdout), expected);
    let run = lumos.feed("a b", ["analyze", "-"]);
    assert_eq!(run.stdout, "    0  0..1  a\n    1  2..3  b\n");
}

#[test]
fn a_field_is_declared_searched_and_analysed_in_its_way() {
    let lumos = Program::new();
    let line = r#"{"key": "a", "text": "Finds a user.", "texts": {"symbol": "getUserName()"}}"#;
    let put = [
        "put",
        "--text-field",
        "symbol:code",
        "--text-field",
        "text:english stop(en)",
    ];
    let run = lumos.feed(format!("{line}\n"), put);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        lumos.ok(["analyze", "-c", "docs", "--field", "text", "a user"]),
        "    1  2..6  user\n"
    );
    lumos.run(["analyze", "-c", "docs", "--field", "nothing", "x"]).fails(
        "error[E2007]: field \"nothing\" is no text field of collection \"docs\"; it has: symbol, text\n",
    );
    // Again it is the same, and never another.
    let same = ["put", "--text-field", "symbol:code"];
    assert_eq!(lumos.feed(format!("{line}\n"), same).code, Some(0));
    let other = ["put", "--text-field", "symbol:keyword"];
    let run = lumos.feed(format!("{line}\n"), other);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error[E2005]: text field \"symbol\""),
        "{}",
        run.stderr
    );
}

#[test]
fn a_wrong_description_is_told_with_carets() {
    let lumos = Program::new();
    let told = concat!(
        "error[E2108]: analyzer: there is no analyzer \"ngarm\" in: ngarm(2,3)\n",
        "                                                         ^^^^^ did you mean \"ngram\"?\n"
    );
    lumos
        .run(["analyze", "--analyzer", "ngarm(2,3)", "x"])
        .fails(told);
    lumos
        .feed("", ["put", "--text-field", "a:ngarm(2,3)"])
        .fails(told);
    let run = lumos.run(["put", "--text-field", "code"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("as in symbol:code"), "{}", run.stderr);
    let run = lumos.run(["analyze", "--field", "text", "x"]);
    assert_eq!(run.code, Some(2));
}
