//! Facets over segments in memory and in bytes count what a naive reader of the documents counts.

use std::collections::{BTreeMap, BTreeSet};

use lumos_index::{
    Facet, FacetAnswer, FacetPart, MemoryColumns, RowValues, Scalar, SealedColumns,
};
use ownedbytes::OwnedBytes;
use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let limit = usize::from(input.below(4)) + 1;
    let width = [0.5, 1.0, 1e15][usize::from(input.below(3))];
    let mut segments: Vec<Vec<(Value, bool)>> = vec![Vec::new()];
    while !input.is_empty() && segments.len() < 5 {
        if input.below(6) == 0 {
            segments.push(Vec::new());
        }
        let matches = input.below(3) > 0;
        let value = stored(&mut input, 2);
        if let Some(docs) = segments.last_mut() {
            docs.push((value, matches));
        }
    }
    let made: Vec<(RowValues, RoaringBitmap)> = segments
        .iter()
        .enumerate()
        .map(|(n, docs)| segment(docs, n.is_multiple_of(2)))
        .collect();
    let parts: Vec<FacetPart<'_>> = made
        .iter()
        .map(|(values, rows)| FacetPart { values, rows })
        .collect();
    let docs: Vec<BTreeSet<Scalar<'_>>> = segments
        .iter()
        .flatten()
        .filter(|(_, matches)| *matches)
        .map(|(doc, _)| set(doc))
        .collect();
    check(&docs, &parts, limit, width);
}

fn segment(docs: &[(Value, bool)], sealed: bool) -> (RowValues, RoaringBitmap) {
    let mut memory = MemoryColumns::new();
    for (row, (doc, _)) in docs.iter().enumerate() {
        memory.add(row as u32, json!({ "a": doc }).as_object().unwrap());
    }
    let rows = docs.len() as u32;
    let values = if sealed {
        let bytes = OwnedBytes::new(memory.encode(rows));
        RowValues::new(&SealedColumns::open(bytes, rows).unwrap(), "a", rows)
    } else {
        RowValues::new(&memory, "a", rows)
    };
    let matching = (0..rows).filter(|row| docs[*row as usize].1).collect();
    (values, matching)
}

fn check(docs: &[BTreeSet<Scalar<'_>>], parts: &[FacetPart<'_>], limit: usize, width: f64) {
    let mut counts: BTreeMap<Scalar<'_>, u64> = BTreeMap::new();
    docs.iter().flatten().for_each(|value| *counts.entry(*value).or_default() += 1);
    let mut expected: Vec<(Scalar<'_>, u64)> = counts.into_iter().collect();
    expected.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let with = docs.iter().filter(|values| !values.is_empty()).count() as u64;

    let found = Facet::terms("a").limit(limit).count(parts).unwrap();
    assert_eq!((found.documents, found.missing), (with, docs.len() as u64 - with));
    let FacetAnswer::Terms { values, distinct, other } = found.answer else {
        panic!("other figures");
    };
    assert_eq!(distinct, expected.len() as u64);
    let listed: Vec<(Value, u64)> =
        values.iter().map(|term| (term.value.clone(), term.count)).collect();
    let first: Vec<(Value, u64)> =
        expected.iter().take(limit).map(|(value, count)| (value.to_json(), *count)).collect();
    assert_eq!(listed, first);
    assert_eq!(other, expected.iter().skip(limit).map(|(_, count)| count).sum::<u64>());

    let mut bins: BTreeMap<i64, u64> = BTreeMap::new();
    let mut numbers = 0;
    for values in docs {
        let of: Vec<f64> = values.iter().filter_map(number).collect();
        numbers += of.len() as u64;
        let of: BTreeSet<i64> = of.iter().map(|number| (number / width).floor() as i64).collect();
        of.into_iter().for_each(|bin| *bins.entry(bin).or_default() += 1);
    }
    let found = Facet::histogram("a", width).count(parts).unwrap();
    let FacetAnswer::Histogram { bins: there } = found.answer else {
        panic!("other figures");
    };
    let there: Vec<u64> = there.iter().map(|bin| bin.count).collect();
    assert_eq!(there, bins.into_values().collect::<Vec<u64>>());
    let FacetAnswer::Stats { count, .. } = Facet::stats("a").count(parts).unwrap().answer else {
        panic!("other figures");
    };
    assert_eq!(count, numbers);
}

fn number(value: &Scalar<'_>) -> Option<f64> {
    match value {
        Scalar::Int(value) => Some(*value as f64),
        Scalar::Float(value) => Some(*value),
        _ => None,
    }
}

/// The distinct values of a document.
fn set(value: &Value) -> BTreeSet<Scalar<'_>> {
    match value {
        Value::Array(items) => items.iter().flat_map(set).collect(),
        value => Scalar::from_json(value).into_iter().collect(),
    }
}

fn stored(input: &mut Input<'_>, depth: u8) -> Value {
    let n = input.byte();
    match input.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(n.is_multiple_of(2)),
        2 => json!(i64::from(n % 7) - 3),
        3 => json!((f64::from(n % 13) - 6.0) / 2.0),
        4 => json!(["a", "b", "", "2026-01-01"][usize::from(n % 4)]),
        5 => json!([1_i64 << 40, 3, -(1_i64 << 40)][usize::from(n % 3)]),
        _ => (0..n % 4).map(|_| stored(input, depth - 1)).collect(),
    }
}
