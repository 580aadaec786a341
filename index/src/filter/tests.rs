#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cmp::Ordering;

use ownedbytes::OwnedBytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn columns(docs: &[Map<String, Value>]) -> MemoryColumns {
    let mut columns = MemoryColumns::new();
    for (row, doc) in docs.iter().enumerate() {
        columns.add(row as u32, doc);
    }
    columns
}

fn sealed(columns: &MemoryColumns, rows: u32) -> SealedColumns {
    SealedColumns::open(OwnedBytes::new(columns.encode(rows)), rows).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Rows that match, in memory; sealed columns must agree.
fn rows(docs: &[Map<String, Value>], filter: &str) -> Vec<u32> {
    let filter = Filter::parse(filter).unwrap();
    let memory = columns(docs);
    let count = docs.len() as u32;
    let found = eval(&filter, &memory, count);
    assert_eq!(
        found,
        eval(&filter, &sealed(&memory, count), count),
        "{filter}"
    );
    found.iter().collect()
}

/// Everything at a path, the slow way.
fn at<'a>(doc: &'a Map<String, Value>, keys: &[&str]) -> Vec<&'a Value> {
    fn walk<'a>(value: &'a Value, keys: &[&str], out: &mut Vec<&'a Value>) {
        match (value, keys) {
            (Value::Null, _) => {}
            (value, []) => out.push(value),
            (Value::Array(items), _) => {
                items
                    .iter()
                    .filter(|item| item.is_object())
                    .for_each(|item| walk(item, keys, out));
            }
            (Value::Object(map), [key, rest @ ..]) => {
                if let Some(value) = map.get(*key) {
                    walk(value, rest, out);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    if let Some(value) = keys.first().and_then(|key| doc.get(*key)) {
        walk(value, &keys[1..], &mut out);
    }
    out
}

fn leaves<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Null | Value::Object(_) => {}
        scalar => out.push(scalar),
    }
}

/// How a stored value compares with a literal, `None` when it does not.
fn compare(stored: &Value, literal: &Value) -> Option<Ordering> {
    match (stored, literal) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => match value::instant(b) {
            Some(b) => Some(value::instant(a)?.cmp(&b)),
            None => Some(a.cmp(b)),
        },
        _ => None,
    }
}

fn oracle(node: &expr::Node, doc: &Map<String, Value>) -> bool {
    use expr::{Node, Op};
    let found = |path: &str| at(doc, &path.split('.').collect::<Vec<_>>());
    let holds = |path: &str, op: Op, literal: &Literal| {
        let literal: Value = match &literal.0 {
            value::Form::Bool(value) => json!(value),
            value::Form::Number(value::Num::Int(value)) => json!(*value as i64),
            value::Form::Number(value::Num::Float(value)) => json!(value),
            value::Form::Text(text) => json!(text),
            value::Form::NotANumber => Value::Null,
        };
        let mut scalars = Vec::new();
        found(path)
            .into_iter()
            .for_each(|value| leaves(value, &mut scalars));
        scalars
            .iter()
            .filter_map(|value| compare(value, &literal))
            .any(|order| match op {
                Op::Eq | Op::Ne => order == Ordering::Equal,
                Op::Lt => order == Ordering::Less,
                Op::Lte => order != Ordering::Greater,
                Op::Gt => order == Ordering::Greater,
                Op::Gte => order != Ordering::Less,
            })
    };
    match node {
        Node::Compare {
            path,
            op: Op::Ne,
            value,
        } => !found(path).is_empty() && !holds(path, Op::Eq, value),
        Node::Compare { path, op, value } => holds(path, *op, value),
        Node::In { path, values } => values.iter().any(|value| holds(path, Op::Eq, value)),
        Node::Exists { path } => !found(path).is_empty(),
        Node::And(nodes) => nodes.iter().all(|node| oracle(node, doc)),
        Node::Or(nodes) => nodes.iter().any(|node| oracle(node, doc)),
        Node::Not(node) => !oracle(node, doc),
    }
}

fn literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(|b| json!(b)),
        (-3i64..4).prop_map(|n| json!(n)),
        (-6i64..7).prop_map(|n| json!(n as f64 / 2.0)),
        prop::sample::select(vec![
            "a",
            "b",
            "it's",
            "2026-01-01",
            "2026-01-01T01:00:00+01:00",
            "2026-02-01"
        ])
        .prop_map(|text| json!(text)),
    ]
}

fn stored() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![4 => literal(), 1 => Just(Value::Null)];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn doc() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[ab]", stored(), 0..3).prop_map(|map| map.into_iter().collect())
}

fn filter() -> impl Strategy<Value = Filter> {
    let path = prop::sample::select(vec!["a", "b", "a.a", "a.b", "b.a.b"]);
    let to_literal = |value: Value| match value {
        Value::Bool(value) => Literal::from(value),
        Value::Number(number) => Literal::from(number.as_f64().unwrap()),
        Value::String(text) => Literal::from(text),
        _ => Literal::from(0),
    };
    let leaf = (path, literal(), literal(), 0..8).prop_map(move |(path, one, two, kind)| {
        let (field, one) = (field(path), to_literal(one));
        match kind {
            0 => field.eq(one),
            1 => field.ne(one),
            2 => field.lt(one),
            3 => field.lte(one),
            4 => field.gt(one),
            5 => field.gte(one),
            6 => field.is_in([one, to_literal(two)]),
            _ => field.exists(),
        }
    });
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(|a| !a),
        ]
    })
}

proptest! {
    /// Columns in memory, sealed columns and a naive reading of the documents agree on any filter.
    #[test]
    fn filters_match_what_a_naive_reader_says(
        docs in prop::collection::vec(doc(), 0..12),
        filter in filter(),
        less in 0u32..3,
    ) {
        let memory = columns(&docs);
        let count = docs.len() as u32;
        let expected: Vec<u32> = (0..count).filter(|row| oracle(&filter.0, &docs[*row as usize])).collect();
        let found: Vec<u32> = eval(&filter, &memory, count).iter().collect();
        prop_assert_eq!(&found, &expected, "{}", filter);
        let from_bytes: Vec<u32> = eval(&filter, &sealed(&memory, count), count).iter().collect();
        prop_assert_eq!(from_bytes, expected.clone());
        prop_assert_eq!(sealed(&memory, count).paths(), memory.paths());
        // A snapshot sees fewer rows.
        let visible = count.saturating_sub(less);
        let found: Vec<u32> = eval(&filter, &memory, visible).iter().collect();
        let expected: Vec<u32> = expected.into_iter().filter(|row| *row < visible).collect();
        prop_assert_eq!(found, expected);
    }

    /// A filter prints as text that parses to the same filter.
    #[test]
    fn printed_filters_parse_back(filter in filter()) {
        prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
    }

    /// Any text parses or gives an error that points into it.
    #[test]
    fn any_text_is_a_filter_or_an_error(text in "[ab.'\"`()=<>!,0-9TZ:+-]{0,24}|(a|NOT|AND|OR|IN|\\(|\\)| |=|1){0,20}|\\PC{0,30}") {
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter),
            Err(error) => {
                prop_assert!(error.span().end <= text.len() || error.span() == (0..0));
                prop_assert_eq!(error.caret(&text).lines().count(), 2);
            }
        }
    }

    /// Damaged bytes are refused or evaluated without harm, to rows that exist.
    #[test]
    fn damaged_columns_do_no_harm(
        docs in prop::collection::vec(doc(), 1..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<Option<prop::sample::Index>>(),
        filter in filter(),
    ) {
        let count = docs.len() as u32;
        let mut bytes = columns(&docs).encode(count);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(opened) = SealedColumns::open(OwnedBytes::new(bytes), count) {
            prop_assert!(eval(&filter, &opened, count).iter().all(|row| row < count));
        }
    }
}

/// The examples of the documentation.
#[test]
fn the_language_reads_as_documented() {
    let docs = [
        object(
            json!({"year": 2025, "lang": "en", "tags": ["db", "rust"], "author": {"name": "Ada"}}),
        ),
        object(json!({"year": 2024.5, "lang": "zh", "published": "2026-01-31"})),
        object(json!({"lang": null, "published": "2026-02-01T00:30:00+01:00", "draft": true})),
        object(json!({"year": 9_007_199_254_740_993_u64, "a.b": 1, "\u{5e74}": 7})),
    ];
    for (filter, expected) in [
        ("year >= 2025", vec![0, 3]),
        ("year = 9007199254740993", vec![3]),
        ("year = 9007199254740992", vec![]),
        ("year < 2025 and year > 2024", vec![1]),
        ("lang IN ('en', \"zh\")", vec![0, 1]),
        ("lang not in ('en')", vec![1, 2, 3]),
        ("lang != 'en'", vec![1]),
        ("NOT lang = 'en'", vec![1, 2, 3]),
        ("lang IS NULL", vec![2, 3]),
        ("lang is not null", vec![0, 1]),
        ("EXISTS(author)", vec![0]),
        ("author.name = 'Ada' OR draft = true", vec![0, 2]),
        ("tags = 'rust'", vec![0]),
        ("tags != 'rust'", vec![]),
        ("published <= 2026-01-31", vec![1]),
        ("published < 2026-02-01", vec![1, 2]),
        ("published = '2026-01-31T23:30:00Z'", vec![2]),
        ("`a.b` = 1", vec![3]),
        ("\u{5e74} = 7", vec![3]),
        ("year = '2025'", vec![]),
        ("(year = 2025 OR year = 1) AND lang == 'en'", vec![0]),
    ] {
        assert_eq!(rows(&docs, filter), expected, "{filter}");
    }
}

/// What people write by mistake is answered with what to write.
#[test]
fn mistakes_are_pointed_at() {
    for (text, caret, hint) in [
        ("year >= ", "        ^", ""),
        ("year >> 3", "      ^", ""),
        ("lang = en", "       ^^", "'en'"),
        ("lang = null", "       ^^^^", "IS NULL"),
        ("a && b", "  ^", "AND"),
        ("name LIKE 'x'", "     ^^^^", "text query"),
        ("'year' = 1", "^^^^^^", "backticks"),
        ("year = 12x", "       ^^^", "dates"),
        ("lang = 'en", "       ^^^", ""),
        ("\u{5e74} = = 1", "     ^", ""),
        ("", "^", "year >= 2025"),
        ("(a = 1", "      ^", ""),
        ("a = 1 b = 2", "      ^", ""),
    ] {
        let error = Filter::parse(text).unwrap_err();
        let picture = error.caret(text);
        assert_eq!(picture.lines().nth(1).unwrap(), caret, "{text}: {error}");
        assert!(
            error.hint().unwrap_or_default().contains(hint),
            "{text}: {:?}",
            error.hint()
        );
    }
}

#[test]
fn filters_past_their_limits_are_refused() {
    let deep = format!("{}a = 1{}", "(".repeat(40), ")".repeat(40));
    let long = vec!["a = 1"; 1_100].join(" OR ");
    let list = format!("a IN ({})", vec!["1"; 1_100].join(", "));
    let huge = format!("a = '{}'", "x".repeat(17 << 10));
    for text in [deep, long, list, huge, "NOT ".repeat(100) + "a = 1"] {
        let error = Filter::parse(&text).unwrap_err();
        assert!(error.to_string().contains("limits"), "{error}");
    }
    assert!(field("a").gt(f64::NAN).into_filter().is_err());
    assert!(field("a").gt(1.5).into_filter().is_ok());
}

#[test]
fn a_misspelt_field_is_guessed() {
    let known = ["year", "lang", "author.name"].map(String::from);
    let hint = |path: &str| FilterError::unknown_field(path, "", &known).hint().unwrap();
    assert_eq!(hint("yaer"), "did you mean \"year\"?");
    assert_eq!(hint("author.nam"), "did you mean \"author.name\"?");
    assert!(hint("completely").contains("year, lang"));
    let input = "lang = 'en' AND yaer > 1";
    assert_eq!(
        FilterError::unknown_field("yaer", input, &known).span(),
        16..20
    );
}
