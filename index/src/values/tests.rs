#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use ownedbytes::OwnedBytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{MemoryColumns, SealedColumns};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|b| json!(b)),
        (-3i64..4).prop_map(|n| json!(n)),
        (-6i64..7).prop_map(|n| json!(n as f64 / 2.0)),
        prop::sample::select(vec!["a", "b", "2026-01-01", ""]).prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(2, 6, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::Array)
    })
}

fn scalars<'a>(value: &'a Value, out: &mut BTreeSet<Scalar<'a>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| scalars(item, out)),
        value => out.extend(Scalar::from_json(value)),
    }
}

proptest! {
    /// By row is what was put into the row, whether columns are in memory or sealed.
    #[test]
    fn rows_have_the_distinct_values_that_were_put(docs in prop::collection::vec(value(), 0..12)) {
        let mut memory = MemoryColumns::new();
        for (row, doc) in docs.iter().enumerate() {
            memory.add(row as u32, json!({ "a": doc }).as_object().unwrap());
        }
        let rows = docs.len() as u32;
        let sealed = SealedColumns::open(OwnedBytes::new(memory.encode(rows)), rows).unwrap();
        for values in [RowValues::new(&memory, "a", rows), RowValues::new(&sealed, "a", rows)] {
            for (row, doc) in docs.iter().enumerate() {
                let row = row as u32;
                let mut expected = BTreeSet::new();
                scalars(doc, &mut expected);
                let expected: Vec<Scalar<'_>> = expected.into_iter().collect();
                prop_assert_eq!(values.all(row).collect::<Vec<_>>(), expected.clone());
                prop_assert_eq!(values.scalar(row), expected.first().copied());
                let number = expected.iter().find_map(|value| match value {
                    Scalar::Int(value) => Some(*value as f64),
                    Scalar::Float(value) => Some(*value),
                    _ => None,
                });
                prop_assert_eq!(values.number(row), number);
                let dated = expected.contains(&Scalar::Text("2026-01-01"));
                prop_assert_eq!(values.seconds(row), dated.then_some(1_767_225_600.0));
            }
            prop_assert!(values.ordinals(rows).is_empty());
            prop_assert!(values.value(values.distinct()).is_none());
        }
    }
}
