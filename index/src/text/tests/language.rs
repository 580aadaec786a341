//! What the keyword languages promise, where they did not keep it.

use super::*;

/// The rows that a query finds, by number, in memory and sealed, with one analyzer.
fn rows_of(analyzer: &str, texts: &[&str], query: &TextQuery) -> Vec<u32> {
    let analyzers = Analyzers::default().with("text", Analyzer::named(analyzer).unwrap());
    let fields = ["text".to_string()];
    let mut memory = MemoryPostings::new(&analyzers, &fields);
    let mut builder = TextBuilder::new(&analyzers, &fields).unwrap();
    for (row, text) in (0..).zip(texts) {
        memory.add(row, &[("text", text)]);
        builder.add([("text", *text)]).unwrap();
    }
    let sealed = SealedText::open(OwnedBytes::new(builder.finish().unwrap())).unwrap();
    let found = |source: TextSource<'_>| {
        let search = TextSearch::new(query, &analyzers, &[], vec![Some(source)]).unwrap();
        let mut found = search.top(usize::MAX, &[None]).unwrap();
        found.sort_by_key(|(_, _, row)| *row);
        let rows: Vec<u32> = found.iter().map(|(_, _, row)| *row).collect();
        assert_eq!(search.matches(0).unwrap(), rows.iter().copied().collect());
        found
    };
    let expected = found(TextSource::memory(&memory, texts.len() as u32));
    assert_eq!(found(TextSource::sealed(&sealed)), expected);
    expected.into_iter().map(|(_, _, row)| row).collect()
}

/// What stood behind a `~` that is no number of edits was dropped: `http://host/~alice` found every page of
/// the host, and none by its name.
#[test]
fn a_tilde_inside_of_a_word_does_not_cut_it() {
    let texts = ["http host bob", "alice", "a and b", "a b"];
    let rows = |query| rows_of("default", &texts, &TextQuery::parse(query).unwrap());
    assert_eq!(rows("http://host/~alice"), [0, 1]);
    assert_eq!(rows("+a~b"), [3], "as any word that is cut");
    assert_eq!(rows("alcie~1"), [1]);
    assert_eq!(rows("alice~0"), [1], "no edits, as in the strict language");
}

/// `write-ah*` and what someone has typed as far as `write-ah` found nothing: a word that is cut into several
/// was looked for as if it had been closed.
#[test]
fn a_word_of_several_pieces_stays_open_at_its_end() {
    let texts = [
        "the write ahead log",
        "group commits",
        "\u{6570}\u{636e}\u{5e93}v2",
        "ahead of every write",
    ];
    let rows = |query: &TextQuery| rows_of("default", &texts, query);
    for (typed, row) in [
        ("write-ah", 0),
        ("group.com", 1),
        ("\u{6570}\u{636e}\u{5e93}v", 2),
        ("group.commits", 1),
    ] {
        assert_eq!(rows(&TextQuery::as_you_type(typed).unwrap()), [row]);
        let query = TextQuery::parse(&format!("{typed}*")).unwrap();
        assert_eq!(rows(&query), [row]);
        let typed = typed.to_uppercase();
        assert_eq!(rows(&TextQuery::prefix(&typed).unwrap()), [row]);
    }
    // Each word of such a word may be misspelt.
    let query = TextQuery::parse("wrte-ahad~1").unwrap();
    assert_eq!(rows(&query), [0]);
    assert_eq!(marked(&query, texts[0]), ["write", "ahead"]);
    let query = TextQuery::parse("write-ah*").unwrap();
    assert_eq!(marked(&query, texts[0]), ["write", "ahead"]);
    let code = ["app.getUserName()", "app.get_user_id", "getUserName"];
    let rows = |query: &str| rows_of("code", &code, &TextQuery::parse(query).unwrap());
    assert_eq!(rows("app.getUserNa*"), [0]);
    assert_eq!(rows("app.getUse*"), [0, 1]);
    assert_eq!(rows("getUserNa*"), [0, 2]);
}

fn marked<'t>(query: &TextQuery, text: &'t str) -> Vec<&'t str> {
    let mut pieces = highlight(&Analyzer::default(), "text", query, text, 1, 200);
    let piece = pieces.remove(0);
    let place =
        |span: std::ops::Range<usize>| &text[piece.offset + span.start..piece.offset + span.end];
    piece.spans.into_iter().map(place).collect()
}

/// Where stop words are left out, `in*` found nothing, and so did what someone had typed as far as `the`.
#[test]
fn a_start_that_is_a_stop_word_is_a_start() {
    let texts = [
        "an index of the interior",
        "nothing of note",
        "into theory",
        "state of the art",
    ];
    let rows = |query: &TextQuery| rows_of("default stop(en)", &texts, query);
    let strict = |query: &str| rows(&TextQuery::parse_strict(query).unwrap());
    let typed = |text: &str| rows(&TextQuery::as_you_type(text).unwrap());
    assert_eq!(strict("in*"), [0]);
    assert_eq!(typed("in"), [0]);
    assert_eq!(typed("the"), [2]);
    assert_eq!(typed("of the"), [2]);
    assert_eq!(strict("\"of the\"*"), [2]);
    assert_eq!(strict("note -in*"), [1]);
    // The word itself begins so too, and no one knows which rows have it: it takes nothing away.
    assert_eq!(typed("state of the"), [3]);
    assert_eq!(strict("\"state of the\"*"), [3]);
    assert_eq!(strict("in* AND nothing"), [1]);
    assert_eq!(typed("nowhere the"), [2]);
    let texts = ["\u{6211}\u{7684}\u{4e66}", "\u{4e66}"];
    let query = TextQuery::prefix("\u{7684}").unwrap();
    assert_eq!(rows_of("default stop(zh)", &texts, &query), [0]);
}

/// Of an open phrase only the 64 most frequent continuations were looked for: a filter lost rows, and others
/// after each merge.
#[test]
fn an_open_phrase_finds_every_continuation() {
    let mut texts: Vec<String> = (0..300)
        .map(|n| format!("look at the s{n} of it"))
        .collect();
    texts.push("s299 the end".to_string());
    texts.push("the search and the s299 and the s299".to_string());
    texts.push("the segments".to_string());
    let rows: Vec<Texts> = texts
        .iter()
        .map(|text| vec![("text", text.clone())])
        .collect();
    let count = rows.len() as u32;
    let (memory, sealed) = (memory(&rows), sealed(&rows));
    let (front, back) = (self::sealed(&rows[..150]), self::sealed(&rows[150..]));
    for (query, expected) in [
        ("\"the s\"*", 302),
        ("\"at the s\"*", 300),
        ("the-s*", 302),
        ("\"s\"*", 303),
        ("\"the s299\"*", 2),
        ("\"the segments\"*", 1),
    ] {
        let query = TextQuery::parse_strict(query).unwrap();
        let found = search(&[TextSource::memory(&memory, count)], &query, 1000);
        assert_eq!(found.len(), expected, "{query}");
        assert!(!found.iter().any(|(_, _, row)| *row == 300) || expected == 303);
        assert_eq!(search(&[TextSource::sealed(&sealed)], &query, 1000), found);
        let parts = [TextSource::sealed(&front), TextSource::sealed(&back)];
        let split = search(&parts, &query, 1000).into_iter();
        let split: Vec<_> = split
            .map(|(score, part, row)| (score, 0, row + 150 * part as u32))
            .collect();
        assert_eq!(split, found, "{query}");
        // A filter asks each segment by itself.
        let matches = |source: &TextSource<'_>| source.matches("text", &query).unwrap();
        let [front, back] = parts.each_ref().map(matches);
        let all: RoaringBitmap = front
            .iter()
            .chain(back.iter().map(|row| row + 150))
            .collect();
        assert_eq!(matches(&TextSource::sealed(&sealed)), all, "{query}");
        assert_eq!(all.len(), expected as u64);
    }
}

/// Which 64 terms of a pattern are scored by themselves was chosen by rows that had been deleted, too: a
/// compaction changed scores.
#[test]
fn deleted_rows_do_not_choose_the_terms_that_are_scored() {
    let row = |n: usize| -> Texts { vec![("text", format!("s{n:03}"))] };
    let mut live: Vec<Texts> = (0..64).flat_map(|n| [row(n), row(n)]).collect();
    live.extend((64..100).map(row));
    let gone = (64..140).flat_map(|n| std::iter::repeat_n(row(n), 5));
    let all: Vec<Texts> = live.iter().cloned().chain(gone).collect();
    let deletes: std::sync::Arc<RoaringBitmap> =
        std::sync::Arc::new((live.len() as u32..all.len() as u32).collect());
    let (memory, sealed) = (memory(&all), sealed(&all));
    let compacted = self::sealed(&live);
    for query in ["s*", "s042~2", "\"s\"*"] {
        let query = TextQuery::parse_strict(query).unwrap();
        let expected = search(&[TextSource::sealed(&compacted)], &query, 1000);
        let source = TextSource::sealed(&sealed).without(&deletes);
        assert_eq!(search(&[source], &query, 1000), expected, "{query}");
        let source = TextSource::memory(&memory, all.len() as u32).without(&deletes);
        assert_eq!(search(&[source], &query, 1000), expected, "{query}");
    }
}
