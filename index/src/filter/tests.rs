#![allow(clippy::unwrap_used, clippy::expect_used)]

mod oracle;
mod places;

use ownedbytes::OwnedBytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use oracle::{doc, filter, oracle};

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

/// What is derived from documents for a filter.
fn sides(docs: &[Map<String, Value>], filter: &Filter, finish: bool) -> Vec<(SideKey, Side)> {
    let made = filter.sides().into_iter().map(|key| {
        let mut side = Side::new(&key);
        docs.iter().for_each(|doc| side.add(doc));
        (key, if finish { side.finish() } else { side })
    });
    made.collect()
}

/// The rows that match, in memory or sealed.
fn found(docs: &[Map<String, Value>], filter: &Filter, finish: bool, count: u32) -> Vec<u32> {
    let memory = columns(docs);
    let made = sides(docs, filter, finish);
    let sides: Sides<'_> = made.iter().map(|(key, side)| (key.clone(), side)).collect();
    let from_bytes = sealed(&memory, docs.len() as u32);
    let columns: &dyn Columns = if finish { &from_bytes } else { &memory };
    let rows = FilterRows::new(columns, count).sides(&sides);
    eval(filter, &rows).iter().collect()
}

/// Rows that match, in memory; sealed columns must agree.
fn rows(docs: &[Map<String, Value>], filter: &str) -> Vec<u32> {
    let filter = Filter::parse(filter).unwrap();
    let count = docs.len() as u32;
    let found_there = found(docs, &filter, false, count);
    assert_eq!(found_there, found(docs, &filter, true, count), "{filter}");
    found_there
}

/// How many cases: `LUMOS_CASES`, or 500.
fn cases() -> ProptestConfig {
    let cases = std::env::var("LUMOS_CASES").ok();
    ProptestConfig::with_cases(cases.and_then(|cases| cases.parse().ok()).unwrap_or(500))
}

proptest! {
    #![proptest_config(cases())]

    /// Columns in memory, sealed columns and a naive reading of the documents agree on any filter.
    #[test]
    fn filters_match_what_a_naive_reader_says(
        docs in prop::collection::vec(doc(), 0..12),
        filter in filter(),
        less in 0u32..3,
    ) {
        let memory = columns(&docs);
        let count = docs.len() as u32;
        let says = |row: &u32| oracle(&filter.0, &Value::Object(docs[*row as usize].clone()));
        let expected: Vec<u32> = (0..count).filter(says).collect();
        prop_assert_eq!(&found(&docs, &filter, false, count), &expected, "{}", filter);
        prop_assert_eq!(&found(&docs, &filter, true, count), &expected, "{} sealed", filter);
        prop_assert_eq!(sealed(&memory, count).paths(), memory.paths());
        for path in memory.paths() {
            prop_assert!(memory.knows(&path) && sealed(&memory, count).knows(&path));
        }
        // A snapshot sees fewer rows.
        let visible = count.saturating_sub(less);
        let expected: Vec<u32> = expected.into_iter().filter(|row| *row < visible).collect();
        prop_assert_eq!(found(&docs, &filter, false, visible), expected);
    }

    /// A filter prints as text that parses to the same filter.
    #[test]
    fn printed_filters_parse_back(filter in filter()) {
        prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
    }

    /// Any text parses or gives an error that points into it.
    #[test]
    fn any_text_is_a_filter_or_an_error(text in "[ab.'\"`()=<>!~/,0-9TZ:+-]{0,24}|(a|NOT|AND|OR|IN|\\(|\\)| |=|1){0,20}|(a|any|all|like|starts with|between| |\\(|\\)|=|'x'|now\\(\\)|- 1d|length|within|and|,|1|2km|box|polygon){0,20}|\\PC{0,30}") {
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
            let rows = FilterRows::new(&opened, count);
            prop_assert!(eval(&filter, &rows).iter().all(|row| row < count));
            let values = crate::RowValues::new(&opened, "a", count);
            prop_assert!((0..count).all(|row| values.all(row).count() < 100));
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
        (
            "year BETWEEN 2024 AND 2025 AND lang IS NOT NULL",
            vec![0, 1],
        ),
        ("year between 2030 and 2025", vec![]),
        ("tags STARTS WITH 'ru'", vec![0]),
        ("lang LIKE '_n' OR tags LIKE 'x%'", vec![0]),
        ("lang not like 'e%'", vec![1, 2, 3]),
        ("author.name GLOB 'A[a-d]?'", vec![0]),
        ("lang =~ /^(en|zh)$/", vec![0, 1]),
        ("lang REGEXP '(?i)^EN'", vec![0]),
        ("published STARTS WITH '2026-01'", vec![1]),
        ("published >= DATE '2026-01-31'", vec![1, 2]),
        ("LENGTH(tags) = 2", vec![0]),
        ("LENGTH(year) = 1", vec![0, 1, 3]),
        ("tags ANY (= 'db' OR = 'x')", vec![0]),
        ("tags ALL (= 'db')", vec![]),
        ("tags ALL (IN ('db', 'rust'))", vec![0]),
        ("tags NONE (= 'x')", vec![0, 1, 2, 3]),
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
        ("name LIKE x", "          ^", "quotes"),
        ("name CONTAINS 'x'", "     ^^^^^^^^", "LIKE '%x%'"),
        ("name =~ /(/", "        ^^^", ""),
        ("name =~ /a", "        ^^", "slashes"),
        ("name GLOB '[a'", "          ^^^^", ""),
        ("a BETWEEN 1 AND 'x'", "          ^^^^^^^^^", ""),
        ("a BETWEEN 1 2", "            ^", ""),
        ("a > now() - 7", "          ^^^", "7d"),
        ("a > now() 7d", "          ^^", "7d"),
        ("a > now() - 1.5mo", "          ^^^^^^^", "whole"),
        ("a > now() - 99999999d", "          ^^^^^^^^^^^", ""),
        ("a > now", "    ^^^", "now()"),
        ("a = DATE 'x'", "         ^^^", "2026"),
        ("tags ANY = 'x'", "         ^", "ANY (= 'x')"),
        ("tags ANY (= 'x'", "               ^", ""),
        ("= 'x'", "^", ""),
        ("LENGTH(tags) > 'x'", "               ^^^", ""),
        (
            "WITHIN(place, 59.9, 10.7, 5)",
            "                          ^",
            "5km",
        ),
        (
            "WITHIN(place, 99.9, 10.7, 5km)",
            "              ^^^^^^^^^^^^^^^",
            "",
        ),
        ("BOX(place, 5, 0, 1, 1)", "           ^^^^^^^^^^", ""),
        (
            "POLYGON(place, 0 0, 0 91, 0 1, -91 -1)",
            "                               ^^^^^^",
            "",
        ),
        (
            "POLYGON(place, 0 0, 0 181, 1 1)",
            "                    ^^^^^",
            "",
        ),
        (
            "POLYGON(place, 0, 0, 0, 1, 1, 0)",
            "                ^",
            "59.9 10.7",
        ),
        ("POLYGON(place, 0 0 0 1)", "                   ^", ""),
        ("POLYGON(place)", "             ^", ""),
        ("POLYGON(place, 0 0, 0 1)", "               ^^^^^^^^", ""),
        (
            "POLYGON(place, 0 0, 1 1, 2 2)",
            "               ^^^^^^^^^^^^^",
            "",
        ),
        (
            "POLYGON(place, 80 0, 80 120, 80 -120)",
            "               ^^^^^^^^^^^^^^^^^^^^^",
            "",
        ),
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
    let list = format!("a IN ({})", vec!["1"; 17_000].join(", "));
    let huge = format!("a = '{}'", "x".repeat(1 << 20));
    let fits = format!("a IN ({})", vec!["1"; 10_000].join(", "));
    assert!(Filter::parse(&fits).is_ok());
    for text in [deep, long, list, huge, "NOT ".repeat(100) + "a = 1"] {
        let error = Filter::parse(&text).unwrap_err();
        assert!(error.to_string().contains("limits"), "{error}");
    }
    for built in [
        field("a").gt(f64::NAN),
        field("a").regex("("),
        field("a").between(1, "x"),
        field("a").within(f64::NAN, 0.0, 1.0),
        field("a").in_box(1.0, 0.0, 0.0, 1.0),
        field("a").polygon([]),
        field("a").polygon([(0.0, 0.0), (1.0, f64::NAN), (1.0, 1.0)]),
        field("a").polygon([(0.0, 0.0), (90.5, 0.0), (1.0, 1.0)]),
        element().eq(1),
        field("a").any(element().any(element().eq(1))),
        field("a").eq(now().months(i32::MAX)),
        field("a").is_in(0..17_000),
    ] {
        assert!(built.clone().into_filter().is_err(), "{built}");
    }
    assert!(field("a").gt(1.5).into_filter().is_ok());
}

/// What is asked of one element holds for one element; what is missing, null or empty is as documented.
#[test]
fn elements_are_told_apart() {
    let docs = [
        object(json!({"items": [{"price": 12, "qty": 9}, {"price": 3, "qty": 1}]})),
        object(json!({"items": [{"price": 12, "qty": 1}, null]})),
        object(json!({"items": []})),
        object(json!({"items": null})),
        object(json!({"items": {"price": 99, "qty": 2, "sizes": [1, [2, 3]]}})),
    ];
    for (filter, expected) in [
        ("items.price > 10 AND items.qty < 5", vec![0, 1, 4]),
        ("items ANY (price > 10 AND qty < 5)", vec![1, 4]),
        ("items ALL (qty < 5)", vec![4]),
        ("items ALL (qty < 5 OR IS NULL)", vec![1, 4]),
        ("items NONE (price = 12)", vec![2, 3, 4]),
        ("NOT items ANY (price = 12)", vec![2, 3, 4]),
        ("items ANY (NOT IS NOT NULL)", vec![1]),
        ("LENGTH(items) = 0", vec![2]),
        ("LENGTH(items) >= 1", vec![0, 1, 4]),
        ("items ANY (LENGTH(sizes) = 3)", vec![4]),
        ("items ANY (sizes ALL (>= 1) AND sizes ANY (= 3))", vec![4]),
        ("items.sizes ANY (BETWEEN 2 AND 2)", vec![4]),
    ] {
        assert_eq!(rows(&docs, filter), expected, "{filter}");
    }
    let filter = Filter::parse("items ANY (sizes ANY (a.b = 1)) AND LENGTH(x) = 1").unwrap();
    assert_eq!(
        filter.paths(),
        ["items", "items.sizes", "items.sizes.a.b", "x"]
    );
}

/// Words of the language that are none of a path can be fields.
#[test]
fn fields_may_be_called_as_words_of_the_language() {
    let names = [
        "like", "any", "all", "none", "length", "now", "date", "box", "between", "starts",
        "polygon",
    ];
    for name in names {
        let doc = object(json!({name: "x", "tags": [{name: 1}]}));
        for filter in [
            format!("{name} = 'x'"),
            format!("{name} LIKE 'x'"),
            format!("tags ANY ({name} = 1)"),
            format!("{name} ANY (= 'x')"),
        ] {
            assert_eq!(rows(std::slice::from_ref(&doc), &filter), [0], "{filter}");
        }
    }
}

/// `now()` is one moment for a search, and a date for everything after.
#[test]
fn now_becomes_a_date() {
    let filter = Filter::parse("a > now() - 1d + 2h OR tags ANY (<= now() + 1mo)").unwrap();
    assert_eq!(
        filter.to_string(),
        "a > now() - 22h OR tags ANY (<= now() + 1mo)"
    );
    let at = filter.resolve(1_767_225_600_000_000_000).unwrap();
    let text = "a > '2025-12-31T02:00:00Z' OR tags ANY (<= '2026-02-01T00:00:00Z')";
    assert_eq!(at, Filter::parse(text).unwrap());
    assert!(at.resolve(0).is_none());
    assert_ne!(at.fingerprint(), filter.fingerprint());
    assert_eq!(at.fingerprint(), Filter::parse(text).unwrap().fingerprint());
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
