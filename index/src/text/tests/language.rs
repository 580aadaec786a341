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
        let matches = |source: &TextSource<'_>| {
            source
                .matches("text", &query, &Analyzers::default())
                .unwrap()
        };
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
    // s120 is in deleted rows alone.
    for query in ["s*", "s042~2", "s120~2", "\"s\"*"] {
        let query = TextQuery::parse_strict(query).unwrap();
        let expected = search(&[TextSource::sealed(&compacted)], &query, 1000);
        assert!(!expected.is_empty(), "{query}");
        let source = TextSource::sealed(&sealed).without(&deletes);
        assert_eq!(search(&[source], &query, 1000), expected, "{query}");
        let source = TextSource::memory(&memory, all.len() as u32).without(&deletes);
        assert_eq!(search(&[source], &query, 1000), expected, "{query}");
    }
}

/// A single Chinese character beside a word was passed over in a phrase: `"\u{7b2c}5\u{7ae0}"` found every text with a 5, and
/// what was taken away by it was too much. Of two single Korean ones nothing was left.
#[test]
fn single_characters_of_a_phrase_are_looked_for() {
    let texts = [
        "\u{7b2c}5\u{7ae0}\u{8282}",
        "\u{521d}\u{7b2c}5\u{7ae0}",
        "\u{7b2c}5\u{8282}",
        "5 of them",
        "A\u{80a1}\u{5e02}\u{573a}",
        "a word",
        "\u{d070} \u{c9d1}",
        "\u{c9d1} \u{d070} \u{c9d1}\u{c548}",
        "\u{d070}\u{c9d1}",
    ];
    let rows = |query: &str| {
        let query = TextQuery::parse_strict(query).unwrap();
        rows_of("default", &texts, &query)
    };
    assert_eq!(rows("\"\u{7b2c}5\u{7ae0}\""), [0, 1]);
    assert_eq!(rows("5 AND NOT \u{7b2c}5\u{7ae0}"), [2, 3]);
    assert_eq!(rows("+A\u{80a1}"), [4]);
    assert_eq!(
        rows("\"\u{d070} \u{c9d1}\""),
        [6, 7, 8],
        "a space is no place"
    );
    let lenient = TextQuery::parse("\u{7b2c}5*").unwrap();
    assert_eq!(rows_of("default", &texts, &lenient), [0, 1, 2]);
    let grams = ["ab c", "ab d", "x ab cd"];
    let phrase = TextQuery::parse_strict("\"ab c\"").unwrap();
    assert_eq!(rows_of("ngram(2,3)", &grams, &phrase), [0, 2]);
    // Of the pairs that begin so only the character is marked.
    let query = TextQuery::parse_strict("\"\u{7b2c}5\u{7ae0}\"").unwrap();
    let piece = highlight(&Analyzer::default(), "text", &query, texts[0], 1, 100).remove(0);
    assert_eq!((piece.spans.len(), &piece.spans[0]), (1, &(0..7)));
}

/// A filter asked for the 65,536 most frequent terms of a pattern in each segment: rows were lost when segments
/// were merged.
#[test]
fn a_filter_by_a_pattern_finds_all_terms() {
    let rows: Vec<Texts> = (0..70_000)
        .map(|n| vec![("text", format!("s{n}"))])
        .collect();
    let sealed = sealed(&rows);
    let source = TextSource::sealed(&sealed);
    for query in ["s*", "x OR s*", "\"s\"*", "s* AND /s.*/"] {
        let query = TextQuery::parse_strict(query).unwrap();
        let found = source.matches("text", &query, &Analyzers::default());
        assert_eq!(found.unwrap().len(), 70_000, "{query}");
    }
    let twice: Vec<Texts> = (0..70_000)
        .map(|n| vec![("text", format!("at s{n}"))])
        .collect();
    let twice = self::sealed(&twice);
    let open = TextQuery::parse_strict("\"at s\"*").unwrap();
    let found = TextSource::sealed(&twice).matches("text", &open, &Analyzers::default());
    assert_eq!(found.unwrap().len(), 70_000);
    let most = TextQuery::parse_strict("s*").unwrap();
    assert_eq!(search(&[source], &most, 10).len(), 10, "ranked it is cut");
}

/// What is passed over in the segments that have a field was there in the others: a filter changed with a merge.
#[test]
fn stop_words_of_a_field_that_a_segment_lacks_are_passed_over() {
    let analyzers =
        Analyzers::default().with("title", Analyzer::named("default stop(en)").unwrap());
    let fields = ["title".to_string(), "body".to_string()];
    let built = |rows: &[&[(&str, &str)]]| {
        let mut builder = TextBuilder::new(&analyzers, &fields).unwrap();
        for texts in rows {
            builder.add(texts.iter().copied()).unwrap();
        }
        SealedText::open(OwnedBytes::new(builder.finish().unwrap())).unwrap()
    };
    let lacks = built(&[&[("body", "fox")]]);
    let has = built(&[&[("title", "The Hound"), ("body", "fox")]]);
    let query = TextQuery::parse_strict("title:the AND fox").unwrap();
    for sealed in [lacks, has] {
        let found = TextSource::sealed(&sealed).matches("body", &query, &analyzers);
        assert_eq!(found.unwrap().len(), 1);
    }
}

/// A query of many patterns took a gigabyte: every one kept all terms that fit it, the same ones over and over.
#[test]
fn patterns_together_are_bounded() {
    let many = |count: usize| -> String { (0..count).map(|n| format!("w{n:02}* ")).collect() };
    let error = TextQuery::parse_strict(&many(65)).unwrap_err().to_string();
    assert_eq!(error, "the query has 65 patterns, at most 64 are allowed");
    assert!(TextQuery::parse_strict(&many(64)).is_ok());
    // Any text is a question: past the limit marks say nothing.
    let query = TextQuery::parse(&many(65)).unwrap();
    assert_eq!(rows_of("default", &["w64x", "w63x", "w64"], &query), [1, 2]);

    let rows: Vec<Texts> = (0..66_000)
        .map(|n| vec![("text", format!("s{n}xy"))])
        .collect();
    let sealed = sealed(&rows);
    let run = |query: String| {
        let query = TextQuery::parse_strict(&query).unwrap();
        let sources = vec![Some(TextSource::sealed(&sealed))];
        TextSearch::new(&query, &Analyzers::default(), &[], sources).map(|_| ())
    };
    // The same one is read once.
    run("s* ".repeat(64)).unwrap();
    let ends = ["*", "*y", "*xy", "*x*"];
    let others = ["s", "*s", "s?", "s??", "*s?"]
        .map(|start| ends.map(|end| format!("{start}{end} ")).concat());
    let others = others.concat();
    let error = run(others).unwrap_err();
    assert!(
        error.to_string().contains("more than 1048576 terms"),
        "{error}"
    );
}

/// A group that chooses lost its number to the one behind the parentheses around it.
#[test]
fn a_group_that_chooses_takes_no_other_number() {
    assert!(TextQuery::parse_strict("(a b c)@2").is_ok());
    let error = TextQuery::parse_strict("((a b c)@2)@1").unwrap_err();
    assert!(error.to_string().contains("has one"), "{error}");
}

/// Stop words with an apostrophe or a comma were never met by words that have lost theirs.
#[test]
fn stop_words_are_written_as_words_are() {
    for (word, text) in [
        ("it's", "it's it"),
        ("o\u{2019}clock", "o'clock"),
        ("1,000", "1000 1,000"),
    ] {
        let analyzer = Analyzer::named(&format!("english stop(\"{word}\")")).unwrap();
        assert_eq!(analyzer.tokens(text), [], "{analyzer}");
        assert_eq!(Analyzer::named(&analyzer.to_string()).unwrap(), analyzer);
    }
    // What earlier builds have kept is read.
    assert!(Analyzer::named("english stop(\"'s\")").is_ok());
}

/// The field that is named last is searched, and it was another that was shown.
#[test]
fn the_innermost_field_is_shown() {
    let query = TextQuery::parse_strict("title:(text:log) OR text:(title:wal)").unwrap();
    let marked = |field: &str| {
        let pieces = highlight(&Analyzer::default(), field, &query, "log wal", 1, 100);
        pieces[0]
            .spans
            .iter()
            .map(|span| span.start)
            .collect::<Vec<_>>()
    };
    assert_eq!((marked("text"), marked("title")), (vec![0], vec![4]));
}

/// A long value of a keyword field, or a long identifier, made longer pieces than were asked for.
#[test]
fn pieces_are_no_longer_than_asked_for() {
    let long = "\u{e9}".repeat(60);
    let keyword = Analyzer::named("keyword").unwrap();
    let query = TextQuery::words(&long).unwrap();
    let piece = highlight(&keyword, "text", &query, &long, 1, 41).remove(0);
    assert_eq!((piece.text.len(), piece.spans.len()), (40, 1));
    assert_eq!(piece.spans[0], 0..40);
    let code = Analyzer::named("code").unwrap();
    let name = "getUserNameFromDatabaseConnection";
    let query = TextQuery::words(name).unwrap();
    for most in 1..40 {
        for piece in highlight(&code, "text", &query, name, 3, most) {
            assert!(
                piece.text.len() <= most && !piece.spans.is_empty(),
                "{piece:?}"
            );
        }
    }
}

/// Chinese characters and numbers, no two numbers beside each other.
fn mixed(most: usize) -> impl Strategy<Value = String> {
    let signs = prop::sample::select(vec!["\u{7b2c}", "\u{7ae0}", "\u{8282}", "5"]);
    prop::collection::vec(signs, 1..most).prop_map(|mut signs| {
        signs.dedup_by(|a, b| (*a, *b) == ("5", "5"));
        signs.concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A phrase of Chinese and others is found where it stands, and nowhere else.
    #[test]
    fn phrases_of_chinese_and_numbers_are_found_where_they_stand(
        texts in prop::collection::vec(mixed(9), 1..8),
        phrase in mixed(5),
    ) {
        let query = TextQuery::phrase(&phrase, 0).unwrap();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let expected: Vec<u32> = (0..)
            .zip(&texts)
            .filter_map(|(row, text)| text.contains(&*phrase).then_some(row))
            .collect();
        prop_assert_eq!(rows_of("default", &texts, &query), expected);
        for (text, at) in texts.iter().filter_map(|text| Some((text, text.find(&*phrase)?))) {
            let piece = highlight(&Analyzer::default(), "text", &query, text, 1, 100).remove(0);
            let end = at + phrase.len();
            prop_assert!(piece.spans.iter().any(|span| span.start <= at && span.end >= end));
        }
    }
}

/// Words whose accents are written behind their letters, as file systems write them, were other words.
#[test]
fn accents_are_read_wherever_they_are_written() {
    let apart = [
        "\u{43c}\u{43e}\u{438}\u{306}",
        "Vie\u{302}\u{323}t",
        "\u{3b1}\u{301}\u{3bb}\u{3c6}\u{3b1}",
        "cafe\u{301}",
    ];
    let whole = [
        "\u{43c}\u{43e}\u{439}",
        "Vi\u{1ec7}t",
        "\u{3ac}\u{3bb}\u{3c6}\u{3b1}",
        "caf\u{e9}",
    ];
    for analyzer in [
        "default",
        "code",
        "whitespace",
        "keyword",
        "default stem(none)",
    ] {
        for (row, (behind, on)) in (0..).zip(apart.iter().zip(whole)) {
            let words = |text: &str| TextQuery::words(text).unwrap();
            assert_eq!(
                rows_of(analyzer, &whole, &words(behind)),
                [row],
                "{analyzer}"
            );
            assert_eq!(rows_of(analyzer, &apart, &words(on)), [row], "{analyzer}");
        }
    }
    assert_eq!(
        rows_of("default", &whole, &TextQuery::words("viet").unwrap()),
        [1]
    );
}

/// Words taken away by patterns were worth something in a filter: enough of them, more than there is room for.
#[test]
fn patterns_that_are_taken_away_are_worth_nothing() {
    let away: String = (0..40)
        .map(|n| format!("{}* ", char::from(b'a' + n % 20)))
        .collect();
    let query = TextQuery::parse_strict(&format!("z* AND NOT ({away})")).unwrap();
    let rows: Vec<Texts> = vec![
        vec![("text", "za ab cd".to_string())],
        vec![("text", "zb".to_string())],
    ];
    let sealed = sealed(&rows);
    let found = TextSource::sealed(&sealed).matches("text", &query, &Analyzers::default());
    assert_eq!(found.unwrap(), RoaringBitmap::from_iter([1]));
}

/// What stood in for a stop word was decided by whether a segment had the words beside it.
#[test]
fn a_filter_with_the_start_of_a_stop_word_is_the_same_in_every_segment() {
    let analyzers = Analyzers::default().with("text", Analyzer::named("default stop(en)").unwrap());
    let built = |texts: &[&str]| {
        let mut builder = TextBuilder::new(&analyzers, &["text".to_string()]).unwrap();
        for text in texts {
            builder.add([("text", *text)]).unwrap();
        }
        SealedText::open(OwnedBytes::new(builder.finish().unwrap())).unwrap()
    };
    let count = |texts: &[&str], query: &str| {
        let query = TextQuery::parse_strict(query).unwrap();
        let sealed = built(texts);
        TextSource::sealed(&sealed)
            .matches("text", &query, &analyzers)
            .unwrap()
            .len()
    };
    for query in ["+the* keys", "+the* zzz*", "the*", "+the*", "+the* +th*"] {
        let apart = count(&["theory"], query) + count(&["keys"], query);
        assert_eq!(count(&["theory", "keys"], query), apart, "{query}");
    }
    assert_eq!(count(&["theory", "keys"], "+the* keys"), 1);
}
