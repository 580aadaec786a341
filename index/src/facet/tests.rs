#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use ownedbytes::OwnedBytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{MemoryColumns, Scalar, SealedColumns};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(|b| json!(b)),
        3 => (-3i64..4).prop_map(|n| json!(n)),
        2 => (-6i64..7).prop_map(|n| json!(n as f64 / 4.0)),
        3 => prop::sample::select(&["a", "b", "2026-01-31", "2026-02-01T00:30:00+01:00", "2026-02-01"][..])
            .prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(1, 4, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::Array)
    })
}

/// The distinct values of a document.
fn set(value: &Value) -> BTreeSet<Scalar<'_>> {
    match value {
        Value::Array(items) => items.iter().flat_map(set).collect(),
        value => Scalar::from_json(value).into_iter().collect(),
    }
}

fn number(value: &Scalar<'_>) -> Option<f64> {
    match value {
        Scalar::Int(value) => Some(*value as f64),
        Scalar::Float(value) => Some(*value),
        _ => None,
    }
}

/// The day of a date in UTC, for the dates above.
fn day(value: &Scalar<'_>) -> Option<&'static str> {
    match value {
        Scalar::Text("2026-01-31" | "2026-02-01T00:30:00+01:00") => Some("2026-01-31T00:00:00Z"),
        Scalar::Text("2026-02-01") => Some("2026-02-01T00:00:00Z"),
        _ => None,
    }
}

/// How many documents are in each bin that `bins` tells of their values.
fn naive<K: Ord>(
    docs: &[&Value],
    bin: impl Fn(&Scalar<'_>) -> Option<K>,
) -> (BTreeMap<K, u64>, u64) {
    let (mut counts, mut documents) = (BTreeMap::new(), 0);
    for doc in docs {
        let bins: BTreeSet<K> = set(doc).iter().filter_map(&bin).collect();
        documents += u64::from(!bins.is_empty());
        for bin in bins {
            *counts.entry(bin).or_default() += 1;
        }
    }
    (counts, documents)
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("LUMOS_CASES").ok();
    ProptestConfig::with_cases(cases.and_then(|cases| cases.parse().ok()).unwrap_or(500))
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever the segments, what is counted is what a naive reader of the matching documents counts.
    #[test]
    fn facets_count_what_a_naive_reader_counts(
        docs in prop::collection::vec((value(), any::<bool>()), 0..24),
        cut in 0usize..24,
        limit in 1usize..5,
    ) {
        let matching: Vec<&Value> = docs.iter().filter(|(_, matches)| *matches).map(|(doc, _)| doc).collect();
        let cut = cut.min(docs.len());
        let segments: Vec<(RowValues, RoaringBitmap)> = [&docs[..cut], &docs[cut..]].iter().enumerate().map(|(n, docs)| {
            let mut memory = MemoryColumns::new();
            for (row, (doc, _)) in docs.iter().enumerate() {
                memory.add(row as u32, json!({ "a": doc }).as_object().unwrap());
            }
            let rows = docs.len() as u32;
            let values = if n == 0 {
                let sealed = SealedColumns::open(OwnedBytes::new(memory.encode(rows)), rows).unwrap();
                RowValues::new(&sealed, "a", rows)
            } else {
                RowValues::new(&memory, "a", rows)
            };
            (values, (0..rows).filter(|row| docs[*row as usize].1).collect())
        }).collect();
        let parts: Vec<FacetPart<'_>> =
            segments.iter().map(|(values, rows)| FacetPart { values, rows }).collect();
        let count = |facet: Facet| facet.count(&parts).unwrap();
        let all = matching.len() as u64;

        let (counts, documents) = naive(&matching, |value| Some(value.to_json().to_string()));
        let terms = count(Facet::terms("a").limit(limit));
        prop_assert_eq!((terms.documents, terms.missing), (documents, all - documents));
        let mut expected: Vec<(Scalar<'_>, u64)> = Vec::new();
        for doc in &matching {
            for value in set(doc) {
                let times = counts[&value.to_json().to_string()];
                if !expected.contains(&(value, times)) {
                    expected.push((value, times));
                }
            }
        }
        expected.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let FacetAnswer::Terms { values, distinct, other } = terms.answer else { unreachable!() };
        prop_assert_eq!(distinct, expected.len() as u64);
        prop_assert_eq!(other, expected.iter().skip(limit).map(|(_, count)| count).sum::<u64>());
        let listed: Vec<(Value, u64)> = values.into_iter().map(|term| (term.value, term.count)).collect();
        let first: Vec<(Value, u64)> =
            expected.iter().take(limit).map(|(value, count)| (value.to_json(), *count)).collect();
        prop_assert_eq!(listed, first);
        let FacetAnswer::Cardinality { distinct } = count(Facet::cardinality("a")).answer else { unreachable!() };
        prop_assert_eq!(distinct, expected.len() as u64);

        let bounds = [-1.0, 0.25, 2.0];
        let (counts, documents) = naive(&matching, |value| {
            number(value).map(|number| bounds.iter().filter(|bound| **bound <= number).count())
        });
        let found = count(Facet::ranges("a", bounds));
        prop_assert_eq!(found.documents, documents);
        let FacetAnswer::Ranges { ranges } = found.answer else { unreachable!() };
        for (at, range) in ranges.iter().enumerate() {
            prop_assert_eq!(range.count, counts.get(&at).copied().unwrap_or(0));
        }

        let (counts, documents) = naive(&matching, |value| number(value).map(|number| (number * 2.0).floor() as i64));
        let found = count(Facet::histogram("a", 0.5));
        prop_assert_eq!(found.documents, documents);
        let FacetAnswer::Histogram { bins } = found.answer else { unreachable!() };
        let bins: BTreeMap<i64, u64> = bins.iter().map(|bin| ((bin.from.unwrap() * 2.0) as i64, bin.count)).collect();
        prop_assert_eq!(bins, counts);

        let (counts, documents) = naive(&matching, day);
        let found = count(Facet::dates("a", Interval::Day));
        prop_assert_eq!(found.documents, documents);
        let FacetAnswer::Dates { dates } = found.answer else { unreachable!() };
        let dates: BTreeMap<&str, u64> = dates.iter().map(|date| (date.from.as_str(), date.count)).collect();
        prop_assert_eq!(dates, counts);

        let numbers: Vec<f64> = matching.iter().flat_map(|doc| set(doc)).filter_map(|value| number(&value)).collect();
        let FacetAnswer::Stats { count, min, max, sum, mean } = count(Facet::stats("a")).answer else { unreachable!() };
        prop_assert_eq!(count, numbers.len() as u64);
        prop_assert_eq!(min, numbers.iter().copied().reduce(f64::min));
        prop_assert_eq!(max, numbers.iter().copied().reduce(f64::max));
        // Quarters are added without rounding.
        prop_assert_eq!(sum, numbers.iter().sum::<f64>());
        prop_assert_eq!(mean.is_some(), !numbers.is_empty());
    }
}

#[test]
fn facets_past_their_limits_are_refused() {
    for facet in [
        Facet::terms("a").limit(0),
        Facet::terms("a").limit(10_001),
        Facet::ranges("a", []),
        Facet::ranges("a", [1.0, 1.0]),
        Facet::ranges("a", [f64::NAN]),
        Facet::histogram("a", 0.0),
        Facet::histogram("a", f64::INFINITY),
    ] {
        assert!(
            matches!(facet.count(&[]), Err(FacetError::Invalid { .. })),
            "{facet:?}"
        );
    }
    let mut columns = MemoryColumns::new();
    for row in 0..10_001 {
        columns.add(row, json!({ "a": row }).as_object().unwrap());
    }
    let values = RowValues::new(&columns, "a", 10_001);
    let rows = (0..10_001).collect();
    let part = FacetPart {
        values: &values,
        rows: &rows,
    };
    let refused = Facet::histogram("a", 1.0).count(&[part]);
    assert!(matches!(refused, Err(FacetError::TooMany { .. })));
}
