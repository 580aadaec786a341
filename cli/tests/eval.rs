//! Measuring: retrieval on a judged collection, the vector index on vectors.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use program::Program;
use serde_json::Value;

const CORPUS: &str = r#"{"_id": "d1", "title": "Keys", "text": "Rotate keys every ninety days."}
{"_id": "d2", "title": "Trains", "text": "The night train to Vienna leaves at ten."}
{"_id": "d3", "title": "Snow", "text": "Snow is white and cold."}
"#;
const QUERIES: &str = r#"{"_id": "q1", "text": "How often are keys rotated?"}
{"_id": "q2", "text": "When does the night train leave?"}
{"_id": "q3", "text": "Nobody judged this."}
"#;
const QRELS: &str = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td2\t1\nq2\td3\t0\n";

fn judged() -> Program {
    let lumos = Program::new();
    lumos.write("corpus.jsonl", CORPUS);
    lumos.write("queries.jsonl", QUERIES);
    lumos.write("qrels.tsv", QRELS);
    lumos
}

const ARGUMENTS: [&str; 7] = [
    "eval",
    "--corpus",
    "corpus.jsonl",
    "--queries",
    "queries.jsonl",
    "--qrels",
    "qrels.tsv",
];

#[test]
fn every_way_to_search_is_measured() {
    let lumos = judged();
    let figures = &lumos.json(ARGUMENTS.into_iter().chain(["--json"]))[0];
    assert_eq!(
        (&figures["documents"], &figures["queries"]),
        (&3.into(), &2.into())
    );
    for way in ["dense", "keyword", "hybrid", "rrf"] {
        for measure in ["ndcg@10", "recall@1", "recall@5", "recall@10", "mrr@10"] {
            assert_eq!(
                figures[way][measure],
                Value::from(1.0),
                "{way} {measure}: {figures}"
            );
        }
    }
    let table = lumos.ok(ARGUMENTS);
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(
        table.starts_with("3 documents, 2 judged queries, model all-minilm-l6-v2\n"),
        "{table}"
    );
    assert!(
        !lumos.path("lumos.db").exists(),
        "measuring must not touch the store"
    );
}

/// Embedding takes the time; a second run with the same cache has it done.
#[test]
fn a_cache_of_embeddings_changes_no_figure() {
    let lumos = judged();
    let without = lumos.ok(ARGUMENTS.into_iter().chain(["--json"]));
    for _ in 0..2 {
        let with = lumos.ok(ARGUMENTS
            .into_iter()
            .chain(["--json", "--cache", "cache.db"]));
        assert_eq!(with, without);
    }
    assert!(lumos.ok(["--db", "cache.db", "stats"]).contains("vectors"));
}

#[test]
fn judgements_that_do_not_fit_are_told() {
    let lumos = judged();
    lumos.write("qrels.tsv", "q9\td1\t1\n");
    lumos
        .run(ARGUMENTS)
        .fails("error[E5003]: qrels.tsv: judges none of the queries\n");
    lumos.write("qrels.tsv", "q1\td1\n");
    let run = lumos.run(ARGUMENTS);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error[E5002]: qrels.tsv:1: expected: "),
        "{run:?}"
    );
}

fn fvecs(rows: &[[f32; 2]]) -> Vec<u8> {
    let row = |row: &[f32; 2]| {
        let mut bytes = 2u32.to_le_bytes().to_vec();
        row.iter()
            .for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes
    };
    rows.iter().flat_map(row).collect()
}

#[test]
fn the_index_is_measured_against_exact_neighbours() {
    let lumos = Program::new();
    let base: Vec<[f32; 2]> = (0..50)
        .map(|n| [(n as f32).sin(), (n as f32).cos()])
        .collect();
    lumos.write("base.fvecs", fvecs(&base));
    lumos.write("query.fvecs", fvecs(&base[..5]));
    let files = [
        "--base",
        "base.fvecs",
        "--query",
        "query.fvecs",
        "--metric",
        "l2",
    ];
    lumos.ok(["bench", "truth", "--k", "5", "--out", "truth.ivecs"]
        .into_iter()
        .chain(files));
    let ann = [
        "bench",
        "ann",
        "--truth",
        "truth.ivecs",
        "--k",
        "5",
        "--ef",
        "32",
        "--json",
    ];
    let line = &lumos.json(ann.into_iter().chain(files))[0];
    assert_eq!(
        (&line["recall"], &line["rows"]),
        (&1.0.into(), &50.into()),
        "{line}"
    );

    let once = ["--keep", "kept", "--selectivity", "50"];
    let line = &lumos.json(ann.into_iter().chain(files).chain(once))[0];
    assert_eq!(
        (&line["recall"], &line["selectivity"]),
        (&1.0.into(), &50.0.into())
    );
    assert!(line["build_seconds"].as_f64() > Some(0.0), "{line}");
    let again = |options: &[&'static str]| {
        let reuse = ["--keep", "kept", "--reuse"];
        let all = ann
            .into_iter()
            .chain(files)
            .chain(reuse)
            .chain(options.iter().copied());
        lumos.json(all)
    };
    let line = &again(&["--batch", "--threads", "2", "--keys"])[0];
    assert_eq!(
        (&line["recall"], &line["threads"]),
        (&1.0.into(), &2.into())
    );
    assert_eq!(
        (&line["p50_us"], &line["build_seconds"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(again(&["--threads", "2"])[0]["recall"], 1.0);
    assert_eq!(again(&["--selectivity", "50,10"]).len(), 2);
    let refused = |options: &[&'static str], why: &str| {
        let all = ann.into_iter().chain(files).chain(options.iter().copied());
        let run = lumos.run(all);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains(why), "{run:?}");
    };
    refused(&["--threads", "0"], "must be at least 1");
    refused(
        &["--selectivity", "0"],
        "must be above 0 and at most 100 percent",
    );
    refused(
        &["--keep", "kept"],
        "must name a directory without a database",
    );
}
