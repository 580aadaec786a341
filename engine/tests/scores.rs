//! A keyword score is that of the live documents: it is the same whether they lie in memory or sealed, before
//! and after what was deleted is merged away, and after the database is opened again.
#![allow(clippy::unwrap_used, missing_docs)]

use lumos_engine::{Collection, Doc, Lumos, TextQuery, field};

const QUERIES: [&str; 8] = [
    "segment",
    "sealed segment log",
    "+segment -draft",
    "\"sealed segment\"",
    "seg* log",
    "segmnet~1",
    "\u{6570}\u{636e}\u{5e93}",
    "title:log^3 OR \"log segment\"~2",
];

fn scores(docs: &Collection) -> Vec<Vec<(String, f32)>> {
    let search = |(number, query): (usize, &&str)| {
        let search = docs.search(*query).keywords().limit(1000);
        let search = if number + 1 == QUERIES.len() {
            search.strict()
        } else {
            search
        };
        let mut found: Vec<(String, f32)> = search
            .keys()
            .unwrap()
            .into_iter()
            .map(|found| (found.key, found.score))
            .collect();
        assert!(found.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        // Rows that are worth the same may lie in another order.
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    };
    QUERIES.iter().enumerate().map(search).collect()
}

fn doc(number: usize, version: usize) -> Doc {
    let words = [
        "segment",
        "log",
        "sealed",
        "draft",
        "\u{6570}\u{636e}\u{5e93}",
        "the",
        "of",
    ];
    let word = |at: usize| words[(number * 7 + version * 3 + at * at + at * number) % words.len()];
    let text: Vec<&str> = (0..4 + (number + version) % 9).map(word).collect();
    let title: Vec<&str> = (0..number % 4).map(|at| word(at + 5)).collect();
    Doc::new(format!("k{number}"))
        .text(text.join(" "))
        .with_text("title", title.join(" "))
}

/// What the same documents score in a database that never had any others.
fn fresh(live: impl Iterator<Item = Doc>) -> Vec<Vec<(String, f32)>> {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    live.for_each(|doc| docs.put(doc).map(|_| ()).unwrap());
    scores(&docs)
}

#[test]
fn scores_are_those_of_the_live_documents_wherever_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let db = Lumos::open(folder.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    for number in 0..120 {
        docs.put(doc(number, 0)).unwrap();
        if number == 40 {
            db.flush().unwrap();
        }
    }
    assert_eq!(
        scores(&docs),
        fresh((0..120).map(|number| doc(number, 0))),
        "put"
    );
    // Every third is replaced, every seventh deleted: in a sealed segment and in memory.
    for number in (0..120).step_by(3) {
        docs.put(doc(number, 1)).unwrap();
    }
    for number in (0..120).step_by(7) {
        docs.delete(format!("k{number}").as_str()).unwrap();
    }
    let live = || {
        let live = (0..120).filter(|number| number % 7 != 0);
        live.map(|number| doc(number, usize::from(number % 3 == 0)))
    };
    let expected = fresh(live());
    assert!(expected.iter().all(|found| !found.is_empty()));
    assert_eq!(scores(&docs), expected, "replaced and deleted");
    assert_eq!(scores(&docs), expected, "asked again");
    db.flush().unwrap();
    assert_eq!(scores(&docs), expected, "sealed");
    let snapshot = db.snapshot();
    docs.delete("k1").unwrap();
    assert_ne!(scores(&docs), expected);
    docs.put(doc(1, 0)).unwrap();
    assert_eq!(scores(&docs), expected, "deleted and stored again");
    db.compact().unwrap();
    assert_eq!(scores(&docs), expected, "merged");
    drop(snapshot);
    drop((docs, db));
    let db = Lumos::open(folder.path()).unwrap();
    assert_eq!(
        scores(&db.collection("docs").unwrap()),
        expected,
        "opened again"
    );
}

/// MATCH in a filter finds what a search of the field finds.
fn matches(docs: &Collection) {
    for query in [
        "segment",
        "\"sealed segment\"",
        "log AND NOT draft",
        "seg* (log draft)@2",
    ] {
        let parsed = TextQuery::parse_strict(query).unwrap();
        let filter = field("text").matches(parsed.clone());
        let page = docs.find(filter.clone()).limit(1000).run().unwrap();
        let mut found: Vec<String> = page.docs.into_iter().map(|doc| doc.key).collect();
        found.sort_unstable();
        let search = docs.search(parsed).text_field("text").limit(1000).keys();
        let mut searched: Vec<String> = search.unwrap().into_iter().map(|hit| hit.key).collect();
        searched.sort_unstable();
        assert!(!found.is_empty());
        assert_eq!(found, searched, "{query}");
        assert_eq!(
            docs.count_matching(filter.clone()).unwrap(),
            found.len() as u64
        );
        let others = docs.count_matching(!filter).unwrap();
        assert_eq!(others + found.len() as u64, docs.count().unwrap());
    }
}

#[test]
fn words_of_filters_are_those_of_searches_wherever_they_lie() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    for number in 0..80 {
        docs.put(doc(number, 0)).unwrap();
        if number == 30 {
            db.flush().unwrap();
        }
    }
    for number in (0..80).step_by(5) {
        docs.delete(format!("k{number}").as_str()).unwrap();
    }
    matches(&docs);
    db.compact().unwrap();
    matches(&docs);
    let error = docs.count_matching("titel MATCH 'log'").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("there is no text field \"titel\""),
        "{error}"
    );
    let deleted = docs.delete(field("title").matches(TextQuery::words("segment").unwrap()));
    assert!(deleted.unwrap() > 0);
    assert_eq!(docs.count_matching("title MATCH 'segment'").unwrap(), 0);
}

#[test]
fn mistakes_in_a_strict_query_are_shown_where_they_are() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    docs.put(
        Doc::new("a")
            .text("a log")
            .with_text("title", "of segments"),
    )
    .unwrap();
    let fails = |query: &str| {
        let error = docs.search(query).strict().run().unwrap_err();
        assert_eq!(error.code(), "E2105");
        format!("{error}")
    };
    for (query, message, caret) in [
        ("log AND (seg", "this ( is not closed", "        ^"),
        ("log AND", "a word is missing here", "       ^"),
        ("log)", "this ) was never opened", "   ^"),
        ("NOT log", "NOT takes away from something", "^^^"),
        ("\"log", "\" is not closed", "^"),
        ("log~9", "a word takes ~1 or ~2", "   ^^"),
        ("(log seg)@3", "@ takes 1 to 2 here", "         ^^"),
        ("titel:log", "there is no text field \"titel\"", "^^^^^"),
        ("/se(g/", "the regular expression is wrong", "^^^^^^"),
        ("log ^2", "^ belongs to the word before it", "    ^"),
    ] {
        let error = fails(query);
        assert!(error.contains(message), "{query}: {error}");
        assert!(
            error.ends_with(&format!("{query}\n{caret}")),
            "{query}: {error}"
        );
    }
    let hint = docs
        .search("titel:log")
        .strict()
        .run()
        .unwrap_err()
        .hint()
        .unwrap();
    assert!(hint.contains("text, title"), "{hint}");
    let found = |query: TextQuery| docs.search(query).run().unwrap().len();
    assert_eq!(found(TextQuery::words("log").unwrap().within("title")), 0);
    assert_eq!(found(TextQuery::words("log").unwrap().within("text")), 1);
    for (field, factor) in [
        ("title", 0.0),
        ("title", f32::NAN),
        ("title", 1e9),
        ("other", 2.0),
    ] {
        assert!(
            docs.search("log")
                .keywords()
                .boost(field, factor)
                .run()
                .is_err()
        );
    }
    assert!(
        docs.search("log")
            .highlight("text")
            .snippets(0, 100)
            .run()
            .is_err()
    );
    let then = docs.search("log").highlight("text").score("score");
    assert!(then.snippets(1_000_000, 16).run().is_err());
}
