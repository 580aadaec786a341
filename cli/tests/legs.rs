//! Searches by legs, and what follows them, on the command line.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use program::Program;
use serde_json::Value;

const ROWS: &str = r#"{"key": "rot", "text": "rotate keys of the store", "meta": {"year": 2020, "lang": "en", "source": "a.md"}, "vectors": {"vector": [1, 0], "image": [0, 1]}}
{"key": "turn", "text": "turn a key", "meta": {"year": 2024, "lang": "en", "source": "a.md"}, "vectors": {"vector": [0.9, 0.2], "image": [1, 0]}}
{"key": "snow", "text": "snow is white", "meta": {"year": 2026, "lang": "de", "source": "b.md"}, "vectors": {"vector": [0, 1], "image": [0.5, 0.5]}}
{"key": "again", "text": "rotate keys again", "meta": {"lang": "en"}, "vectors": {"vector": [0.98, 0.02]}}
"#;

fn store() -> Program {
    let lumos = Program::new();
    lumos.put(ROWS);
    lumos
}

fn search(lumos: &Program, options: &[&str]) -> Vec<Value> {
    lumos.json(["search", "--json"].iter().chain(options).copied())
}

fn keys(hits: &[Value]) -> Vec<&str> {
    hits.iter()
        .map(|hit| hit["key"].as_str().unwrap())
        .collect()
}

fn fails(lumos: &Program, options: &[&str], says: &str) {
    let run = lumos.run(["search"].iter().chain(options).copied());
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains(says), "{says}: {run:?}");
}

#[test]
fn legs_are_given_one_by_one() {
    let lumos = store();
    let hits = search(
        &lumos,
        &[
            "--leg",
            "text:rotate keys^2",
            "--leg",
            "vector@image:[0, 1]^0.5",
        ],
    );
    assert_eq!(keys(&hits)[0], "rot");
    let names: Vec<&str> = hits[0]["legs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leg| leg["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["text", "vector"]);
    let by_field = search(&lumos, &["--leg", "text@text:snow"]);
    assert_eq!(keys(&by_field), ["snow"]);
    let like = search(&lumos, &["--leg", "like:rot"]);
    assert_eq!(keys(&like), ["again", "turn", "snow"]);
    let near = search(&lumos, &["--leg", "vector:[1, 0]"]);
    assert_eq!(keys(&near), keys(&search(&lumos, &["--near", "[1, 0]"])));
    fails(&lumos, &["--leg", "rotate"], "has no colon");
    fails(
        &lumos,
        &["--leg", "words:rotate"],
        "there are text, meaning, vector, sparse, multi, like",
    );
    fails(
        &lumos,
        &["--leg", "text:rotate^high"],
        "write a number after ^",
    );
    fails(&lumos, &["--leg", "text:rotate^-1"], "it must be 0 or more");
    fails(&lumos, &["--leg", "vector:1, 0"], "not a JSON array");
    fails(
        &lumos,
        &["--leg", "vector@no:[1, 0]"],
        "\"no\" is not in collection",
    );
    fails(&lumos, &["--leg", "meaning:keys"], "needs an embedder");
    assert_eq!(
        lumos.run(["search", "words", "--leg", "text:rotate"]).code,
        Some(2)
    );
}

#[test]
fn every_fusion_has_its_scores() {
    let lumos = store();
    let legs = ["--leg", "text:rotate", "--leg", "vector:[0, 1]"];
    let first = |options: &[&str]| {
        let hits = search(&lumos, &[&legs[..], options].concat());
        let hit = hits.iter().find(|hit| hit["key"] == "rot").unwrap();
        hit["score"].as_f64().unwrap()
    };
    let convex = first(&[]);
    assert_eq!(first(&["--fusion", "convex"]), convex);
    assert!((first(&["--fusion", "rrf"]) - (1.0 / 62.0 + 1.0 / 64.0)).abs() < 1e-6);
    assert!((first(&["--fusion", "rrf", "--rrf-k", "1"]) - (1.0 / 3.0 + 1.0 / 5.0)).abs() < 1e-6);
    let sum = first(&["--fusion", "sum"]);
    assert_eq!(first(&["--fusion", "sum", "--normalise", "min-max"]), sum);
    assert_ne!(first(&["--fusion", "sum", "--normalise", "z-score"]), sum);
    assert_ne!(first(&["--fusion", "sum", "--normalise", "max"]), sum);
    assert!(![convex, sum].contains(&first(&["--fusion", "dbsf"])));
    fails(
        &lumos,
        &["rotate", "--rrf-k", "3"],
        "goes with --fusion rrf",
    );
    fails(
        &lumos,
        &["rotate", "--normalise", "max"],
        "goes with --fusion sum",
    );
    assert_eq!(
        lumos.run(["search", "rotate", "--fusion", "magic"]).code,
        Some(2)
    );
}

#[test]
fn scores_are_bounded() {
    let lumos = store();
    let near = |options: &[&str]| search(&lumos, &[&["--near", "[1, 0]"], options].concat());
    assert_eq!(keys(&near(&["--min-score", "0.99"])), ["rot", "again"]);
    assert_eq!(keys(&near(&["--max-score", "0.99", "-k", "1"])), ["turn"]);
    assert_eq!(near(&["--min-score", "-2", "--max-score", "-1"]).len(), 0);
    fails(&lumos, &["rotate", "--min-score", "NaN"], "NaN");
}

#[test]
fn a_formula_scores_and_says_where_it_is_wrong() {
    let lumos = store();
    let words = |formula: &str| search(&lumos, &["rotate key", "--score", formula]);
    assert_eq!(words("default(year, 0)")[0]["key"], "turn");
    assert_eq!(words("-default(year, 0)")[0]["key"], "again");
    assert_eq!(
        words("boost(source = 'a.md', 2) + 0 * score")[0]["score"],
        2.0
    );
    let run = lumos.run(["search", "rotate", "--score", "0.5 * scores(1)"]);
    assert_eq!(
        run.stderr.lines().next().unwrap(),
        "error[E2106]: score: there is no function \"scores\" in: 0.5 * scores(1)"
    );
    let carets = run.stderr.lines().nth(1).unwrap();
    let at = run.stderr.find("scores(1)").unwrap();
    assert_eq!(carets.find('^'), Some(at), "{run:?}");
    fails(
        &lumos,
        &["again", "--score", "year"],
        "score of document \"again\": a number in field \"year\" is missing",
    );
    fails(
        &lumos,
        &[
            "rotate",
            "--score",
            "boost(yaer = 1, 1)",
            "--filter",
            "year > 1",
        ],
        "in: yaer = 1",
    );
}

#[test]
fn hits_are_diversified_grouped_and_scored_again() {
    let lumos = store();
    let near = search(&lumos, &["--near", "[1, 0.1]", "-k", "2"]);
    assert_eq!(keys(&near), ["again", "rot"]);
    let unlike = search(&lumos, &["--near", "[1, 0.1]", "-k", "2", "--mmr", "0.3"]);
    assert_eq!(keys(&unlike), ["again", "snow"]);
    fails(&lumos, &["rotate", "--mmr", "2"], "must be 0 to 1");

    let printed = lumos.ok(["search", "key rotate snow", "--group-by", "source:1"]);
    assert!(printed.starts_with("b.md\n   1. snow"), "{printed}");
    assert!(printed.contains("\na.md\n   1. rot"), "{printed}");
    let groups = search(&lumos, &["key rotate", "--group-by", "lang"]);
    assert_eq!(groups[0]["value"], "en");
    assert_eq!(groups[0]["hits"].as_array().unwrap().len(), 3);
    assert_eq!(
        lumos.ok(["search", "zebra", "--group-by", "lang"]),
        "no hits\n"
    );
    fails(
        &lumos,
        &["key", "--group-by", "lang:x"],
        "no number of hits",
    );
    fails(&lumos, &["key", "--group-by", ":2"], "needs a field");
    fails(&lumos, &["key", "--group-by", "lang:0"], "groups of 0");

    let again = search(&lumos, &["turn a key again", "--rerank", "lexical"]);
    assert_eq!(
        (&again[0]["key"], &again[0]["score"]),
        (&Value::from("turn"), &Value::from(0.75))
    );
    let mmr = search(
        &lumos,
        &["--near", "[1, 0.1]", "-k", "2", "--rerank", "mmr"],
    );
    assert_eq!(mmr.len(), 2);
    assert_eq!(
        lumos.run(["search", "key", "--rerank", "magic"]).code,
        Some(2)
    );
}

#[test]
fn several_examples_are_liked_and_others_not() {
    let lumos = store();
    assert_eq!(
        keys(&search(&lumos, &["--like", "rot"])),
        ["again", "turn", "snow"]
    );
    assert_eq!(
        keys(&search(&lumos, &["--like", "rot", "--like", "snow"])),
        ["turn", "again"]
    );
    let away = search(&lumos, &["--like", "turn", "--unlike", "snow"]);
    assert_eq!(keys(&away), ["rot", "again"]);
    fails(
        &lumos,
        &["--like", "nobody", "--unlike", "snow"],
        "\"nobody\" has no vector",
    );
    assert_eq!(lumos.run(["search", "--unlike", "snow"]).code, Some(2));
}

#[test]
fn everything_is_told_when_asked() {
    let lumos = store();
    let told = lumos.ok([
        "search",
        "--leg",
        "text:rotate",
        "--leg",
        "vector:[1, 0]",
        "--filter",
        "lang = 'en'",
        "--explain",
    ]);
    for part in [
        "leg text: keywords, ",
        "leg vector: vector, ",
        "filter: 3 of 4 rows match (75.00 %), ",
        "every match compared",
        "stages: prepare ",
        " hits of ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = &search(&lumos, &["rotate", "--explain"])[0];
    assert_eq!(json["legs"][0]["leg"], "text");
    assert_eq!(json["stages"][0]["stage"], "prepare");
}

#[test]
fn one_leg_ranks_what_others_have_found() {
    let lumos = store();
    let options = ["--leg", "text:rotate keys", "--candidates", "1"];
    let then = ["--then", "vector:[0, 1]"];
    let all = search(&lumos, &[&options[..2], &then].concat());
    assert_eq!(keys(&all), ["turn", "again", "rot"]); // snow is nearest, but was not found
    let one = search(&lumos, &[&options[..], &then].concat());
    assert_eq!(one.len(), 1);
    fails(
        &lumos,
        &["--leg", "text:keys", "--then", "vector"],
        "\"vector\" has no colon",
    );
    fails(
        &lumos,
        &["--leg", "text:keys", "--candidates", "0"],
        "depth",
    );
    for wrong in [
        &["keys", "--then", "text:keys"][..],
        &["--near", "[1, 0]", "--candidates", "5"],
        &["--near", "[1, 0]", "--strict"],
        &["--filter", "lang = 'en'", "--strict"],
    ] {
        let run = lumos.run(["search"].iter().chain(wrong));
        assert_eq!(run.code, Some(2), "{run:?}");
    }
}

#[test]
fn a_file_of_queries_is_searched_for_at_once() {
    let lumos = store();
    let file = lumos.write("queries.txt", "snow\n\n  rotate keys \nnothing\n");
    let file = file.to_str().unwrap();
    let found = search(&lumos, &["--batch", file, "-k", "1"]);
    let told: Vec<(&str, usize)> = found
        .iter()
        .map(|one| {
            let hits = one["hits"].as_array().unwrap();
            (one["query"].as_str().unwrap(), hits.len())
        })
        .collect();
    assert_eq!(told, [("snow", 1), ("rotate keys", 1), ("nothing", 0)]);
    assert_eq!(found[0]["hits"][0]["key"], "snow");
    let shown = lumos.ok(["search", "--batch", file, "--filter", "lang = 'en'"]);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[..2], ["snow", "no hits"], "{shown}");
    let many = "snow\n".repeat(2_500);
    let piped = lumos.feed(&many, ["search", "--json", "--batch", "-"]);
    assert_eq!(piped.stdout.lines().count(), 2_500);

    let empty = lumos.write("empty.txt", "\n");
    fails(&lumos, &["--batch", empty.to_str().unwrap()], "no query");
    fails(&lumos, &["--batch", "/no/such/file"], "/no/such/file");
    let binary = lumos.write("binary", [0xff, 0xfe, b'\n']);
    fails(&lumos, &["--batch", binary.to_str().unwrap()], "UTF-8");
    let strict = lumos.write("strict.txt", "snow\nsnow AND (\n");
    let strict = strict.to_str().unwrap();
    fails(&lumos, &["--strict", "--batch", strict], "snow AND (");
}
