//! Parts within parts: what a part adds counts whichever part brings the row.

use super::naive::{Naive, Segments, cases};
use super::*;
use crate::text::query::{Bool, Expr, Kind};

/// The best rows of rows in memory and sealed, a segment for each list.
fn best(segments: &[Vec<Texts>], query: &str, k: usize) -> Vec<(usize, u32)> {
    let query = TextQuery::parse_strict(query).unwrap();
    let memories: Vec<MemoryPostings> = segments.iter().map(|rows| memory(rows)).collect();
    let sealeds: Vec<SealedText> = segments.iter().map(|rows| sealed(rows)).collect();
    let in_memory: Vec<TextSource<'_>> = memories
        .iter()
        .zip(segments)
        .map(|(postings, rows)| TextSource::memory(postings, rows.len() as u32))
        .collect();
    let on_disk: Vec<TextSource<'_>> = sealeds.iter().map(TextSource::sealed).collect();
    let found = search(&in_memory, &query, k);
    assert_eq!(search(&on_disk, &query, k), found, "sealed differs");
    found
        .into_iter()
        .map(|(_, segment, row)| (segment, row))
        .collect()
}

fn text(words: &str) -> Texts {
    vec![("text", words.to_string())]
}

fn both(text: &str, title: &str) -> Texts {
    vec![("text", text.to_string()), ("title", title.to_string())]
}

#[test]
fn a_row_that_a_strong_word_brings_counts_the_weak_parts_it_matches_too() {
    let first = vec![text("kernel page page"); 3];
    let second = [
        "kernel page page",
        "kernel storage engine",
        "disk page page",
        "storage engine cache",
        "disk cache page",
    ];
    let segments = [first, second.map(text).to_vec()];
    for query in [
        "kernel^100 OR (storage engine cache)@2",
        "kernel^100 OR ((storage OR disk) AND (engine OR cache))",
        "kernel^100 OR (engine AND (storage OR disk))",
    ] {
        assert_eq!(best(&segments, query, 1), [(1, 1)], "{query}");
    }
    let first = vec![both("kernel page", "page"); 3];
    let second = vec![
        both("kernel page", "page"),
        both("kernel storage", "engine"),
        both("engine page", "storage"),
    ];
    let query = "kernel^100 OR (storage AND engine)";
    assert_eq!(best(&[first, second], query, 1), [(1, 1)]);
}

fn word() -> impl Strategy<Value = Expr> {
    let words = vec!["wal", "segment", "graph", "lock", "page", "vector"];
    prop::sample::select(words).prop_map(|word| Expr::leaf(Kind::Words, word))
}

/// A word or a part that is worth so many times as much: bounds of parts must be far from each other.
fn boosted(part: impl Strategy<Value = Expr>) -> impl Strategy<Value = Expr> {
    let factor = prop::sample::select(vec![0.02f32, 0.3, 1.0, 4.0]);
    (part, factor).prop_map(|(part, factor)| Expr::Boost {
        factor,
        part: Box::new(part),
    })
}

fn some_of<S: Strategy<Value = Expr>>(part: impl Fn() -> S) -> impl Strategy<Value = Expr> {
    prop_oneof![
        (prop::collection::vec(part(), 2..5), 1usize..4).prop_map(|(should, at_least)| {
            let at_least = at_least.min(should.len());
            Expr::Bool(Bool {
                should,
                at_least,
                ..Bool::default()
            })
        }),
        (
            prop::collection::vec(part(), 1..3),
            prop::collection::vec(part(), 0..3)
        )
            .prop_map(|(must, should)| {
                Expr::Bool(Bool {
                    must,
                    should,
                    ..Bool::default()
                })
            }),
    ]
}

/// Words beside parts of words, and of parts again.
fn query() -> impl Strategy<Value = Expr> {
    let inner = || some_of(word);
    let mixed = move || prop_oneof![word().boxed(), inner().boxed()];
    let part = move || {
        prop_oneof![
            2 => boosted(word()).boxed(),
            2 => boosted(inner()).boxed(),
            1 => boosted(some_of(mixed)).boxed(),
        ]
    };
    prop::collection::vec(part(), 2..5).prop_map(|should| {
        Expr::Bool(Bool {
            should,
            ..Bool::default()
        })
    })
}

fn rows() -> impl Strategy<Value = Vec<Texts>> {
    let words = vec!["wal", "segment", "graph", "lock", "page", "vector", "other"];
    let text = move || {
        prop::collection::vec(prop::sample::select(words.clone()), 1..5)
            .prop_map(|words| words.join(" "))
    };
    let row = (text.clone()(), prop::option::weighted(0.4, text()));
    let row = row.prop_map(|(text, title)| {
        let title = title.map(|title| ("title", title));
        [("text", text)].into_iter().chain(title).collect()
    });
    prop::collection::vec(row, 8..32)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases().div_ceil(10)))]

    /// Few of many rows are found: soon most parts are too little to bring a row, and are only asked.
    #[test]
    fn the_few_best_of_nested_queries_are_those_of_the_definition(
        segments in prop::collection::vec(rows(), 2..5),
        exprs in prop::collection::vec(query(), 6),
        k in 1usize..4,
    ) {
        let segments: Vec<_> = segments
            .into_iter()
            .map(|rows| (rows.clone(), vec![false; rows.len()]))
            .collect();
        let segments = Segments::new(segments);
        let live = segments.live();
        let naive = Naive::new(live.iter().map(|(_, _, texts)| texts.clone()));
        for expr in exprs {
            let query = TextQuery { expr };
            let found = segments.found(&query, k);
            let mut expected: Vec<f64> = (0..live.len())
                .filter_map(|at| naive.score(&query.expr, at, &["text", "title"], false))
                .collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(found.len(), expected.len().min(k), "{}", query);
            for ((score, segment, row), expected) in found.iter().zip(expected) {
                let near = |own: f64| (own - f64::from(*score)).abs() <= 1e-4 * own.abs().max(1.0);
                prop_assert!(near(expected), "{}: {} instead of {}", query, score, expected);
                let at = live.iter().position(|(s, r, _)| (s, r) == (segment, row));
                let own = naive.score(&query.expr, at.unwrap(), &["text", "title"], false);
                prop_assert!(own.is_some_and(near), "{}: {} beside {:?}", query, score, own);
            }
        }
    }
}
