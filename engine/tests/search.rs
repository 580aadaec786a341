//! Every leg of search, in memory, sealed and merged.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;

use std::collections::BTreeSet;

use crash::model::Random;
use lumos_engine::{Collection, Doc, Fusion, Lumos, SearchMode, field, like};
use serde_json::json;

fn vector(random: &mut Random, dim: usize) -> Vec<f32> {
    (0..dim)
        .map(|_| (random.next() % 2_000) as f32 / 1_000.0 - 1.0)
        .collect()
}

fn fill(docs: &Collection, random: &mut Random, range: std::ops::Range<usize>) {
    let batch: Vec<Doc> = range
        .map(|i| {
            let word = ["red", "green", "blue"][i % 3];
            Doc::new(format!("k{i:05}"))
                .text(format!("{word} thing number {i}"))
                .vector(vector(random, 16))
                .meta(json!({"i": i, "color": word}))
        })
        .collect();
    docs.put_all(batch).unwrap();
}

fn keys(docs: &Collection, query: &[f32], filter: Option<&str>, exact: bool) -> Vec<String> {
    let mut search = docs.search(query).limit(10).ef(150);
    if let Some(filter) = filter {
        search = search.filter(filter);
    }
    if exact {
        search = search.exact();
    }
    search
        .run()
        .unwrap()
        .into_iter()
        .map(|hit| hit.doc.key)
        .collect()
}

/// Ten thousand vectors, partly deleted, in memory and sealed and merged: the graph finds what an exact
/// scan finds, with and without a filter, and never a deleted row.
#[test]
fn the_graph_agrees_with_an_exact_scan_in_every_state() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    let mut random = Random::new(1);
    fill(&docs, &mut random, 0..6_000);
    docs.delete(field("i").lt(300)).unwrap();
    let check = |state: &str| {
        let mut random = Random::new(2);
        for filter in [
            None,
            Some("color = 'red'"),
            Some("i >= 5900"),
            Some("i < 350"),
        ] {
            let mut common = 0;
            for _ in 0..20 {
                let query = vector(&mut random, 16);
                let exact = keys(&docs, &query, filter, true);
                assert_eq!(exact.len(), 10, "{state} {filter:?}");
                let found: BTreeSet<String> =
                    keys(&docs, &query, filter, false).into_iter().collect();
                assert_eq!(found.len(), 10, "{state} {filter:?}");
                assert!(
                    found.iter().all(|key| key.as_str() >= "k00300"),
                    "{state}: deleted"
                );
                common += exact.iter().filter(|key| found.contains(*key)).count();
            }
            assert!(
                common >= 190,
                "{state} {filter:?}: recall {}",
                common as f64 / 200.0
            );
        }
    };
    check("in memory");
    db.flush().unwrap();
    check("sealed");
    fill(&docs, &mut random, 6_000..10_000);
    docs.delete(field("i").gte(9000)).unwrap();
    check("sealed and in memory");
    db.compact().unwrap();
    check("merged");
    assert_eq!(db.stats().collections[0].deleted_rows, 0);
    drop((docs, db));
    let db = Lumos::open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    assert_eq!(docs.count().unwrap(), 8_700);
    let query = vector(&mut random, 16);
    assert_eq!(keys(&docs, &query, None, true).len(), 10);
}

/// Keyword scores do not depend on how the documents are spread over segments.
#[test]
fn keyword_scores_are_the_same_in_one_segment_and_in_many() {
    let texts = |i: u64| {
        let words = ["wal", "segment", "graph", "lock", "page", "merge"];
        let mut random = Random::new(i);
        let count = 1 + random.below(30);
        let text: Vec<&str> = (0..count)
            .map(|_| words[random.below(6) as usize])
            .collect();
        text.join(" ")
    };
    let dir = tempfile::tempdir().unwrap();
    let many = Lumos::open(dir.path()).unwrap();
    let one = Lumos::memory().unwrap();
    for i in 0..200 {
        for db in [&many, &one] {
            db.collection("docs")
                .unwrap()
                .put((format!("{i:03}"), texts(i)))
                .unwrap();
        }
        if i % 60 == 59 {
            many.flush().unwrap();
        }
    }
    for query in [
        "wal",
        "graph lock",
        "\"merge page\"",
        "+segment -wal",
        "gra*",
    ] {
        let run = |db: &Lumos| {
            db.collection("docs")
                .unwrap()
                .search(query)
                .limit(50)
                .run()
                .unwrap()
        };
        let (a, b) = (run(&many), run(&one));
        assert!(!a.is_empty(), "{query}");
        assert_eq!(a.len(), b.len(), "{query}");
        for (a, b) in a.iter().zip(&b) {
            assert!(
                (a.score - b.score).abs() < 1e-4,
                "{query}: {} {}",
                a.score,
                b.score
            );
        }
    }
}

/// A document that only one leg finds is in the hybrid ranking, one that both find is above.
#[test]
fn hybrid_search_joins_both_legs() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(Doc::new("both").text("fast language").vector([1.0, 0.0]))
        .unwrap();
    docs.put(Doc::new("near").text("nothing alike").vector([0.95, 0.1]))
        .unwrap();
    docs.put(
        Doc::new("words")
            .text("a fast language")
            .vector([-1.0, 0.2]),
    )
    .unwrap();
    docs.put(Doc::new("text only").text("fast")).unwrap();
    docs.put(Doc::new("neither").text("other").vector([0.0, -1.0]))
        .unwrap();
    for fusion in [Fusion::Convex { vector_weight: 0.7 }, Fusion::Rrf { k: 60 }] {
        let search = docs.search("fast language").vector([1.0, 0.0]).hybrid();
        let hits = search.fusion(fusion).highlight("text").run().unwrap();
        assert_eq!(hits[0].key(), "both", "{fusion:?}");
        assert_eq!(hits[0].vector_rank.unwrap().rank, 1);
        assert!(hits[0].text_rank.is_some());
        assert_eq!(hits[0].highlights[0].marked("<", ">"), "<fast> <language>");
        let found: BTreeSet<&str> = hits.iter().map(|hit| hit.key()).collect();
        assert!(
            found.is_superset(&BTreeSet::from(["near", "words", "text only"])),
            "{found:?}"
        );
        let text_only = hits.iter().find(|hit| hit.key() == "text only").unwrap();
        assert_eq!(text_only.vector_rank, None);
    }
    // What a query demands or forbids holds for documents that are near, too.
    for (query, expected) in [
        ("+fast language", 3),
        ("fast -language", 3),
        ("+zebra fast", 0),
    ] {
        let hits = docs
            .search(query)
            .vector([1.0, 0.0])
            .hybrid()
            .run()
            .unwrap();
        assert_eq!(hits.len(), expected, "{query}: {hits:?}");
    }
}

/// Chinese is found by its words without any setting.
#[test]
fn chinese_is_searched_by_default() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put((
        "a",
        "\u{6211}\u{4eec}\u{5728}\u{5317}\u{4eac}\u{5b66}\u{4e60}\u{6570}\u{636e}\u{5e93}",
    ))
    .unwrap();
    docs.put((
        "b",
        "\u{4e0a}\u{6d77}\u{7684}\u{5929}\u{6c14}\u{5f88}\u{597d}",
    ))
    .unwrap();
    let hits = docs
        .search("\u{6570}\u{636e}\u{5e93}")
        .highlight("text")
        .run()
        .unwrap();
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].key(), "a");
    assert!(
        hits[0].highlights[0]
            .marked("[", "]")
            .contains("[\u{6570}\u{636e}\u{5e93}]")
    );
}

/// Documents like one that is stored, without itself.
#[test]
fn like_searches_with_a_stored_vector() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    for (key, vector) in [("a", [1.0, 0.0]), ("b", [0.9, 0.1]), ("c", [0.0, 1.0])] {
        docs.put(Doc::new(key).vector(vector)).unwrap();
    }
    let hits = docs.search(like("a")).limit(1).run().unwrap();
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].key(), "b");
    assert_eq!(
        docs.search(like("nobody")).run().unwrap_err().code(),
        "E2007"
    );
}

/// More hits are asked for than there are, of an empty collection, of a filter that matches nothing.
#[test]
fn searches_at_the_edges_give_what_there_is() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    assert!(docs.search("anything").run().unwrap().is_empty());
    assert!(docs.search([1.0, 2.0]).run().unwrap().is_empty());
    assert!(docs.search("x").filter("a = 1").run().unwrap().is_empty());
    for i in 0..5 {
        docs.put(
            Doc::new(format!("{i}"))
                .text("word")
                .vector([1.0, i as f32])
                .meta(json!({"i": i})),
        )
        .unwrap();
    }
    for limit in [1, 4, 5, 6, 16_384] {
        assert_eq!(
            docs.search([1.0, 1.0]).limit(limit).run().unwrap().len(),
            limit.min(5)
        );
        assert_eq!(
            docs.search("word").limit(limit).run().unwrap().len(),
            limit.min(5)
        );
        let hybrid = docs.search("word").vector([1.0, 1.0]).hybrid().limit(limit);
        assert_eq!(hybrid.run().unwrap().len(), limit.min(5));
    }
    assert!(
        docs.search([1.0, 1.0])
            .filter("i > 99")
            .run()
            .unwrap()
            .is_empty()
    );
    assert!(
        docs.search("word")
            .filter("i > 99")
            .run()
            .unwrap()
            .is_empty()
    );
    assert_eq!(SearchMode::default(), SearchMode::Auto);
}

/// Writers, readers and the background work at once; no reader ever sees half of a batch.
#[test]
fn readers_see_whole_batches_while_segments_move() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::options()
        .durability(lumos_engine::Durability::Buffered)
        .open(dir.path())
        .unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(("seed", "seed")).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..60 {
                let batch = (0..50).map(|i| {
                    Doc::new(format!("k{i}"))
                        .text(format!("round{round}"))
                        .meta(json!({"round": round}))
                });
                docs.put_all(batch).unwrap();
                if round % 7 == 6 {
                    db.flush().unwrap();
                }
                if round % 20 == 19 {
                    db.compact().unwrap();
                }
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Acquire) {
                    let snapshot = db.snapshot();
                    let scan = lumos_engine::Scan::all().prefix("k");
                    let rounds: BTreeSet<String> = snapshot
                        .scan("docs", &scan)
                        .unwrap()
                        .iter()
                        .map(|doc| doc.text_field("text").unwrap_or("").to_string())
                        .collect();
                    assert!(rounds.len() <= 1, "half of a batch: {rounds:?}");
                    if let Some(round) = rounds.first() {
                        let request = lumos_engine::SearchRequest::text(round.clone()).limit(100);
                        assert_eq!(snapshot.search("docs", &request).unwrap().len(), 50);
                    }
                }
            });
        }
        writer.join().unwrap();
    });
    assert_eq!(docs.count().unwrap(), 51);
}
