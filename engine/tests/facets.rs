//! Facets, orders and scrolls over segments of every kind.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use lumos_engine::{Collection, Doc, Error, Facet, FacetAnswer, Interval, Lumos, Order, field};
use proptest::prelude::*;
use serde_json::{Value, json};

fn cases() -> ProptestConfig {
    let cases = std::env::var("LUMOS_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases((cases.unwrap_or(500_u32) / 10).max(1))
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        (-2i64..4).prop_map(Value::from),
        prop::sample::select(&[0.1, -0.5, 2.0, 1e300][..]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(&["a", "b", "", "2026-01-01"][..]).prop_map(Value::from),
    ];
    prop_oneof![
        1 => Just(Value::Null),
        5 => scalar.clone(),
        1 => prop::collection::vec(scalar, 0..3).prop_map(Value::Array),
    ]
}

/// All keys in pages of a size; something happens between the pages.
fn pages(
    docs: &Collection,
    order: Option<Order>,
    size: usize,
    mut between: impl FnMut(),
) -> Vec<String> {
    let mut keys = Vec::new();
    let mut find = docs.find(field("n").gte(0)).limit(size);
    if let Some(order) = order {
        find = find.order_by("v", order);
    }
    let mut page = find.clone().run().unwrap();
    loop {
        assert!(page.docs.len() <= size);
        keys.extend(page.docs.iter().map(|doc| doc.key.clone()));
        between();
        match page.next.take() {
            Some(next) => page = find.clone().after(next).run().unwrap(),
            None => return keys,
        }
    }
}

/// The place of a value: booleans, numbers, texts; what is missing after all.
fn rank(value: Option<&Value>) -> (u8, f64, String) {
    match value {
        Some(Value::Bool(value)) => (0, f64::from(u8::from(*value)), String::new()),
        Some(Value::Number(number)) => (1, number.as_f64().unwrap(), String::new()),
        Some(Value::String(text)) => (2, 0.0, text.clone()),
        _ => (9, 0.0, String::new()),
    }
}

fn naive(stored: &BTreeMap<String, Value>, order: Option<Order>) -> Vec<String> {
    let mut keys: Vec<&String> = stored.keys().collect();
    let scalars = |value: &Value| match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        value => vec![value.clone()],
    };
    let compare = |a: &Value, b: &Value| {
        let (a, b) = (rank(Some(a)), rank(Some(b)));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    };
    if let Some(order) = order {
        keys.sort_by(|a, b| {
            let chosen = |key: &String| {
                let mut all = scalars(&stored[key]);
                all.sort_by(compare);
                if order == Order::Asc {
                    all.first().cloned()
                } else {
                    all.last().cloned()
                }
            };
            let by_value = match (chosen(a), chosen(b)) {
                (Some(a), Some(b)) if order == Order::Asc => compare(&a, &b),
                (Some(a), Some(b)) => compare(&b, &a),
                (a, b) => a.is_none().cmp(&b.is_none()),
            };
            by_value.then(a.cmp(b))
        });
    }
    keys.into_iter().cloned().collect()
}

proptest! {
    #![proptest_config(cases())]

    /// Pages are the whole list cut up, in memory, across segments, while these are sealed and merged.
    #[test]
    fn pages_are_the_list_cut_up(
        values in prop::collection::vec((value(), any::<bool>()), 1..24),
        size in 1usize..6,
    ) {
        let db = Lumos::memory().unwrap();
        let docs = db.collection("docs").unwrap();
        let mut stored = BTreeMap::new();
        docs.put(Doc::new("v").field("v", 0)).unwrap();
        docs.put(Doc::new("n").field("n", 0)).unwrap();
        docs.delete("n").unwrap();
        for (n, (value, seal)) in values.into_iter().enumerate() {
            let key = format!("k{}", n * 7 % 24);
            docs.put(Doc::new(&key).field("n", 1).field("v", value.clone())).unwrap();
            stored.insert(key, value);
            if seal {
                db.flush().unwrap();
            }
        }
        for order in [None, Some(Order::Asc), Some(Order::Desc)] {
            let expected = naive(&stored, order);
            prop_assert_eq!(pages(&docs, order, size, || {}), expected.clone(), "{:?}", order);
        }
        let mut steps = 0;
        let order = Some(Order::Desc);
        let moved = pages(&docs, order, size, || {
            steps += 1;
            if steps == 1 { db.flush().unwrap() } else { db.compact().unwrap() }
        });
        prop_assert_eq!(moved, naive(&stored, order));
    }

    /// Facets do not depend on segments, and count what matches and lives.
    #[test]
    fn facets_do_not_depend_on_the_segments(
        values in prop::collection::vec((value(), any::<bool>(), any::<bool>()), 1..24),
    ) {
        let (one, many) = (Lumos::memory().unwrap(), Lumos::memory().unwrap());
        let count = |db: &Lumos| {
            let facets = [
                Facet::terms("v").limit(3),
                Facet::ranges("v", [0.0, 1.0]),
                Facet::histogram("v", 1e298),
                Facet::dates("v", Interval::Month),
                Facet::cardinality("v"),
                Facet::stats("n"),
            ];
            let docs = db.collection("docs").unwrap();
            (docs.facets("even = true", &facets).unwrap(), docs.find_all().facets(&facets).unwrap())
        };
        for db in [&one, &many] {
            let docs = db.collection("docs").unwrap();
            docs.put(Doc::new("k").field("v", "known").field("n", 1).field("even", true)).unwrap();
            for (n, (value, seal, remove)) in values.iter().enumerate() {
                let doc = Doc::new(format!("k{n}")).field("v", value.clone());
                docs.put(doc.field("n", n).field("even", n % 2 == 0)).unwrap();
                if *remove {
                    docs.delete(format!("k{}", n / 2)).unwrap();
                }
                if *seal && std::ptr::eq(db, &many) {
                    db.flush().unwrap();
                }
            }
        }
        let expected = count(&one);
        prop_assert_eq!(&count(&many), &expected);
        many.compact().unwrap();
        prop_assert_eq!(&count(&many), &expected);
        let all = one.collection("docs").unwrap().count().unwrap();
        for facet in &expected.1 {
            prop_assert_eq!(facet.documents + facet.missing, all);
        }
    }
}

#[test]
fn facets_of_a_keyword_search_are_over_all_that_it_matches() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    for n in 0..100 {
        let text = if n % 2 == 0 {
            "even number"
        } else {
            "odd number"
        };
        docs.put(
            Doc::new(format!("k{n}"))
                .text(text)
                .vector([n as f32, 1.0])
                .field("n", n % 10),
        )
        .unwrap();
        if n == 50 {
            db.flush().unwrap();
        }
    }
    docs.delete("k0").unwrap();
    let facet = || Facet::terms("n").limit(2);
    let found = docs
        .search("even")
        .keywords()
        .limit(3)
        .facet(facet())
        .faceted()
        .unwrap();
    assert_eq!((found.hits.len(), found.matches), (3, 49));
    let FacetAnswer::Terms {
        values,
        distinct,
        other,
    } = &found.facets[0].answer
    else {
        panic!()
    };
    let values: Vec<(Value, u64)> = values
        .iter()
        .map(|term| (term.value.clone(), term.count))
        .collect();
    assert_eq!(values, [(json!(2), 10), (json!(4), 10)]);
    assert_eq!((*distinct, *other), (5, 29));
    let found = docs
        .search("even")
        .keywords()
        .filter("n = 2")
        .facet(facet())
        .faceted()
        .unwrap();
    assert_eq!(found.matches, 10);
    // A search by vector ranks all documents.
    let found = docs
        .search([1.0, 0.0])
        .limit(1)
        .facet(facet())
        .faceted()
        .unwrap();
    assert_eq!((found.hits.len(), found.matches), (1, 99));
    let none = docs
        .search("nowhere")
        .keywords()
        .facet(facet())
        .faceted()
        .unwrap();
    assert_eq!((none.matches, none.facets[0].documents), (0, 0));
}

#[test]
fn what_is_wrong_with_facets_and_pages_is_said() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for n in 0..3 {
        docs.put(Doc::new(n.to_string()).field("year", n)).unwrap();
    }
    let error = docs.find_all().facets(&[Facet::terms("yaer")]).unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean \"year\"?");
    let error = docs
        .find_all()
        .facets(&[Facet::histogram("year", -1.0)])
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::InvalidArgument {
                argument: "facet",
                ..
            }
        ),
        "{error}"
    );
    assert!(
        docs.find_all()
            .facets(&vec![Facet::stats("year"); 65])
            .is_err()
    );
    assert!(docs.find_all().order_by("yaer", Order::Asc).run().is_err());
    assert!(docs.find_all().limit(0).run().is_err());
    assert!(docs.find("year >> 1").count().is_err());
    let page = docs.find_all().limit(1).run().unwrap();
    let next = page.next.unwrap();
    let error = docs
        .find_all()
        .order_by("year", Order::Asc)
        .after(next.as_str())
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("another order"), "{error}");
    assert!(docs.find_all().after("nonsense").run().is_err());
    assert!(
        docs.find_all()
            .order_by("year", Order::Asc)
            .scroll()
            .is_err()
    );
    assert_eq!(docs.find_all().count().unwrap(), 3);
}

/// A scroll reads the state that it began with, through deletes, seals and merges.
#[test]
fn a_scroll_stays_in_its_state() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::options().background(false).open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    for n in 0..100 {
        docs.put(Doc::new(format!("k{n:02}")).field("n", n))
            .unwrap();
        if n % 30 == 29 {
            db.flush().unwrap();
        }
    }
    let mut scroll = docs.scroll("n >= 10").unwrap();
    assert_eq!(scroll.size_hint(), (90, Some(90)));
    let mut keys = vec![scroll.next().unwrap().unwrap().key];
    docs.delete(field("n").gt(50)).unwrap();
    docs.put(Doc::new("k20").field("n", 0)).unwrap();
    db.flush().unwrap();
    db.compact().unwrap();
    for doc in scroll {
        let doc = doc.unwrap();
        assert!(doc.meta["n"].as_i64().unwrap() >= 10);
        keys.push(doc.key);
    }
    let expected: Vec<String> = (10..100).map(|n| format!("k{n:02}")).collect();
    assert_eq!(keys, expected);
    assert_eq!(docs.scroll("n >= 10").unwrap().count(), 40);
}
