//! Filters find the same documents whether these are in memory, sealed or merged, and whatever was derived before.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use lumos_engine::{
    Collection, Doc, Error, Formula, IndexKind, Lumos, Schema, SearchRequest, element, field,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One of every operator.
const FILTERS: [&str; 28] = [
    "a = 1 OR b = 'x'",
    "a BETWEEN 0 AND 2",
    "a IN (1, 'x', 2.5, true, 2026-01-01)",
    "NOT b STARTS WITH 'x'",
    "b LIKE '%y_' OR a LIKE 'x%'",
    "b GLOB '[xy]*'",
    "a =~ /^x|y$/",
    "a != 1",
    "LENGTH(a) > 1",
    "LENGTH(b.a) = 0",
    "a ANY (= 1)",
    "a ALL (> 0)",
    "a NONE (= 'x' OR IS NULL)",
    "b ANY (a = 1 AND b = 'x')",
    "b ANY (a ANY (= 1) OR LENGTH(b) >= 2)",
    "a.b ANY (BETWEEN 0 AND 1)",
    "WITHIN(a, 0, 0, 100km)",
    "BOX(b, -1, 179, 1, -179)",
    "POLYGON(a, 0 0, 0.5 0.5, 1 0)",
    "b ANY (POLYGON(a, 0 179.5, 1 179.5, 0.5 -179.5))",
    "b ANY (WITHIN(a, 0, 0, 1000km))",
    "a > now() - 1d",
    "a <= now() - 1mo + 1h",
    "a IS NULL AND b IS NOT NULL",
    "EXISTS(a.b)",
    "NOT (a = 1 AND b = 1)",
    "a < 2026-01-15",
    "a.a = 1 AND a.b = 'x'",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0i64..4).prop_map(Value::from),
        prop::sample::select(&["x", "xy", "y", "2026-01-01", "2025-12-31T23:30:00Z"][..])
            .prop_map(Value::from),
        prop::sample::select(&[0.0, 0.5, 179.5, -179.5][..])
            .prop_map(|lon| json!({"lat": 0.5, "lon": lon})),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn keys(docs: &Collection, filter: &str) -> BTreeSet<String> {
    let found = docs.scroll(filter).unwrap();
    let found: BTreeSet<String> = found.map(|doc| doc.unwrap().key).collect();
    assert_eq!(
        docs.count_matching(filter).unwrap(),
        found.len() as u64,
        "{filter}"
    );
    found
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("LUMOS_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    // Every case evaluates all filters four times over: a tenth of the cases is as many of each.
    ProptestConfig::with_cases((cases.unwrap_or(500_u32) / 10).max(1))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn memory_sealed_and_merged_segments_agree(
        before in prop::collection::vec((value(), value()), 1..12),
        after in prop::collection::vec((value(), value()), 1..12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let clock = || UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        let open = || Lumos::options().background(false).clock(clock).open(dir.path()).unwrap();
        let db = open();
        let docs = db.collection("docs").unwrap();
        // Every path is known.
        let known = json!({"a": {"a": 0, "b": 0}, "b": {"a": {"lat": 0, "lon": 9}, "b": 0}});
        docs.put(Doc::new("known").meta(known)).unwrap();
        let put = |name: &str, values: &[(Value, Value)]| {
            for (n, (a, b)) in values.iter().enumerate() {
                docs.put(Doc::new(format!("{name}{n}")).meta(json!({"a": a, "b": b}))).unwrap();
            }
        };
        put("before", &before);
        docs.delete("before0").unwrap();
        let first: Vec<BTreeSet<String>> = FILTERS.iter().map(|filter| keys(&docs, filter)).collect();
        db.flush().unwrap();
        for (filter, expected) in FILTERS.iter().zip(&first) {
            prop_assert_eq!(&keys(&docs, filter), expected, "{} sealed", filter);
        }
        put("after", &after);
        let both: Vec<BTreeSet<String>> = FILTERS.iter().map(|filter| keys(&docs, filter)).collect();
        for (first, both) in first.iter().zip(&both) {
            prop_assert!(first.is_subset(both));
        }
        db.flush().unwrap();
        docs.index("a", IndexKind::Elements).unwrap();
        docs.index("b", IndexKind::Points).unwrap();
        docs.index("b.a", IndexKind::Lengths).unwrap();
        db.compact().unwrap();
        for (filter, expected) in FILTERS.iter().zip(&both) {
            prop_assert_eq!(&keys(&docs, filter), expected, "{} merged", filter);
        }
        drop((docs, db));
        let docs = open().collection("docs").unwrap();
        prop_assert_eq!(docs.indexes().unwrap().len(), 3);
        for (filter, expected) in FILTERS.iter().zip(&both) {
            prop_assert_eq!(&keys(&docs, filter), expected, "{} reopened", filter);
        }
    }
}

#[test]
fn unknown_fields_of_elements_are_guessed() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    docs.put(Doc::new("a").field("items", json!([{"price": 1}])))
        .unwrap();
    let error = docs.count_matching("items ANY (prise = 1)").unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean \"items.price\"?");
    let Error::Filter { input, source } = error else {
        panic!("{error}")
    };
    assert_eq!(&input[source.span()], "prise");
    assert!(docs.count_matching("LENGTH(item) = 1").is_err());
    assert_eq!(docs.count_matching("items ANY (price = 1)").unwrap(), 1);
}

#[test]
fn a_list_of_ten_thousand_values_is_a_filter() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..3_000).map(|n| {
        Doc::new(n.to_string())
            .field("n", n)
            .field("s", format!("s{n}"))
    }))
    .unwrap();
    let many = || (0..30_000).step_by(3);
    for _ in 0..2 {
        assert_eq!(
            docs.count_matching(field("n").is_in(many())).unwrap(),
            1_000
        );
        let texts = many().map(|n| format!("s{n}"));
        assert_eq!(docs.count_matching(field("s").is_in(texts)).unwrap(), 1_000);
        db.flush().unwrap();
    }
}

/// `now()` is taken from the clock of the handle, for every call, and never from a cache.
#[test]
fn now_moves_on() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    let dir = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(1_767_225_600));
    let clock = {
        let time = time.clone();
        move || UNIX_EPOCH + Duration::from_secs(time.load(Ordering::Relaxed))
    };
    let db = Lumos::options().clock(clock).open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(
        Doc::new("a")
            .text("word")
            .field("created", "2025-12-31T23:59:00Z"),
    )
    .unwrap();
    db.flush().unwrap();
    let recent = "created > now() - 1h";
    let found = || {
        [
            docs.count_matching(recent).unwrap(),
            docs.search("word")
                .keywords()
                .filter(recent)
                .run()
                .unwrap()
                .len() as u64,
            docs.find(recent).run().unwrap().docs.len() as u64,
            docs.search_batch(["word"])
                .keywords()
                .filter(recent)
                .keys()
                .unwrap()[0]
                .len() as u64,
        ]
    };
    assert_eq!(found(), [1; 4]);
    time.fetch_add(7_200, Ordering::Relaxed);
    assert_eq!(found(), [0; 4]);
    assert_eq!(
        docs.delete(field("created").lte(lumos_engine::now()))
            .unwrap(),
        1
    );
}

/// A clock that moves while a search is made: everything in it takes the same moment, a whole second.
#[test]
fn now_is_one_moment_for_everything_in_a_call() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    let dir = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(1_767_225_600_500));
    let clock =
        move || UNIX_EPOCH + Duration::from_millis(time.fetch_add(1_000, Ordering::Relaxed));
    let db = Lumos::options().clock(clock).open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(Doc::new("a").text("word")).unwrap();
    let passed = "now() - date('2026-01-01')";
    let batch = docs
        .search_batch(["word", "word", "word"])
        .keywords()
        .score(passed);
    let scores: Vec<f32> = batch
        .keys()
        .unwrap()
        .iter()
        .map(|found| found[0].score)
        .collect();
    assert!(scores.iter().all(|score| *score == scores[0]), "{scores:?}");
    assert_eq!(scores[0].fract(), 0.0);

    let mut request = SearchRequest::text("word");
    request.score = Some(Formula::parse(passed).unwrap());
    let all = docs
        .search_all(&[request.clone(), request.clone(), request])
        .unwrap();
    let scores: Vec<f32> = all.iter().map(|hits| hits[0].score).collect();
    assert!(scores.iter().all(|score| *score == scores[0]), "{scores:?}");
}

#[test]
fn updates_change_what_matches_in_one_commit() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    for n in 0..20 {
        let doc = Doc::new(format!("k{n:02}"))
            .text("word")
            .vector([1.0, n as f32]);
        docs.put(doc.field("n", n)).unwrap();
    }
    db.flush().unwrap();
    let before = db.snapshot();
    let vector = |key: &str| docs.get(key).unwrap().unwrap().vectors;
    let stored = vector("k03");
    let changed = docs
        .update(field("n").lt(10), |doc| {
            doc.meta.insert("small".into(), json!(doc.key != "k09"));
            if doc.key == "k09" {
                doc.meta.remove("small");
            }
        })
        .unwrap();
    // The ninth is as it was.
    assert_eq!(changed, 9);
    assert_eq!(db.snapshot().seqno(), before.seqno() + 1);
    assert_eq!(docs.count_matching("small = true").unwrap(), 9);
    assert_eq!(vector("k03"), stored);
    assert_eq!(docs.count().unwrap(), 20);
    let renamed = docs.update("n = 1", |doc| doc.key = "other".into());
    assert!(matches!(
        renamed,
        Err(Error::InvalidArgument {
            argument: "key",
            ..
        })
    ));
    assert_eq!(
        docs.update("n > 100", |_| panic!("nothing matches"))
            .unwrap(),
        0
    );
    // A wrong document keeps all from being written.
    let wrong = docs.update("n >= 0", |doc| {
        doc.meta.insert("small".into(), json!(false));
        if doc.key == "k19" {
            doc.vectors.insert("vector".into(), vec![1.0]);
        }
    });
    assert!(matches!(wrong, Err(Error::DimensionMismatch { .. })));
    assert_eq!(docs.count_matching("small = false").unwrap(), 0);
}

#[test]
fn indexes_are_declared_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(Doc::new("a").field("tags", json!(["x", "y"])))
        .unwrap();
    for kind in ["elements", "lengths", "points", "values"] {
        docs.index("tags", IndexKind::named(kind).unwrap()).unwrap();
    }
    docs.index("tags", IndexKind::Values).unwrap();
    assert_eq!(docs.indexes().unwrap().len(), 4);
    db.flush().unwrap();
    assert!(docs.drop_index("tags", IndexKind::Points).unwrap());
    assert!(!docs.drop_index("tags", IndexKind::Points).unwrap());
    drop((docs, db));
    let docs = Lumos::open(dir.path()).unwrap().collection("docs").unwrap();
    assert_eq!(docs.indexes().unwrap().len(), 3);
    let all = field("tags").all(element().is_in(["x", "y"]));
    assert_eq!(
        docs.count_matching(all & field("tags").length().eq(2))
            .unwrap(),
        1
    );
    for n in 0..61 {
        docs.index(&format!("p{n}"), IndexKind::Values).unwrap();
    }
    assert!(matches!(
        docs.index("more", IndexKind::Values),
        Err(Error::InvalidArgument { .. })
    ));
}

/// A part that cannot be used matches nothing, and its opposite everything: `delete` did not check the filters it
/// was given, and emptied the collection.
#[test]
fn nothing_is_deleted_by_a_filter_that_cannot_be_used() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    for n in 0..3 {
        docs.put(
            Doc::new(format!("k{n}"))
                .field("price", n)
                .field("name", "x"),
        )
        .unwrap();
    }
    let wrong = || {
        [
            !field("price").lt(f64::NAN),
            field("price").ne(f64::NAN),
            !field("name").regex("["),
            !field("price").within(91.0, 0.0, 5.0),
        ]
    };
    for filter in wrong() {
        let error = docs.delete(filter.clone()).unwrap_err();
        assert!(matches!(error, Error::Filter { .. }), "{error}");
        let mut request = SearchRequest::text("x");
        request.filter = Some(filter);
        let found = db.snapshot().search("docs", &request);
        assert!(matches!(found, Err(Error::Filter { .. })), "{found:?}");
    }
    assert_eq!(docs.count().unwrap(), 3);
}

/// Every automaton may be a megabyte, and filters that were asked are kept.
#[test]
fn regular_expressions_of_a_filter_are_counted() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    docs.put(Doc::new("a").field("name", "x1")).unwrap();
    let any = |count: usize| {
        let parts: Vec<String> = (0..count).map(|n| format!("name =~ /x{n}$/")).collect();
        parts.join(" OR ")
    };
    assert_eq!(docs.count_matching(any(32)).unwrap(), 1);
    let error = docs.count_matching(any(33)).unwrap_err().to_string();
    assert!(
        error.contains("more than 32 regular expressions"),
        "{error}"
    );
    let built = (1..33).fold(field("name").regex("a"), |all, _| {
        all.or(field("name").regex("a"))
    });
    assert!(docs.count_matching(built).is_err());
}

/// A stop word in a field that no document of a segment had was asked for there, and passed over elsewhere: what a
/// filter found changed with a merge.
#[test]
fn words_of_a_filter_are_analysed_alike_in_every_segment() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path()).unwrap();
    let schema = Schema::new()
        .text_field("body")
        .text_with("title", "default stop(en)");
    let docs = db.collection_with("docs", schema).unwrap();
    docs.put(Doc::new("a").with_text("body", "fox")).unwrap();
    db.flush().unwrap();
    let hound = Doc::new("b").with_text("title", "The Hound");
    docs.put(hound.with_text("body", "fox")).unwrap();
    let count = || {
        docs.count_matching("body MATCH 'title:the AND fox'")
            .unwrap()
    };
    assert_eq!(count(), 2);
    db.compact().unwrap();
    assert_eq!(count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 16 }))]

    /// Numbers of 16 digits and more were stored as their neighbours: one in ten was not found by its value.
    #[test]
    fn numbers_are_stored_as_they_are(numbers in prop::collection::vec(any::<f64>(), 64)) {
        let numbers: Vec<f64> = numbers.into_iter().filter(|n| n.is_finite()).collect();
        let dir = tempfile::tempdir().unwrap();
        let db = Lumos::open(dir.path()).unwrap();
        let docs = db.collection("docs").unwrap();
        for (n, number) in numbers.iter().enumerate() {
            docs.put(Doc::new(format!("k{n}")).field("x", *number)).unwrap();
        }
        for round in 0..2 {
            for (n, number) in numbers.iter().enumerate() {
                let doc = docs.get(&format!("k{n}")).unwrap().unwrap();
                prop_assert_eq!(doc.meta["x"].as_f64().unwrap().to_bits(), number.to_bits());
                prop_assert!(docs.count_matching(field("x").eq(*number)).unwrap() > 0, "{}", round);
            }
            db.flush().unwrap();
        }
    }
}
