#![allow(clippy::unwrap_used, clippy::expect_used)]

use ownedbytes::OwnedBytes;
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;

fn fields() -> Vec<String> {
    vec!["text".to_string(), "title".to_string()]
}

type Texts = Vec<(&'static str, String)>;

fn memory(rows: &[Texts]) -> MemoryPostings {
    let mut postings = MemoryPostings::new(&Analyzers::default(), &fields());
    for (row, texts) in rows.iter().enumerate() {
        let texts: Vec<(&str, &str)> = texts.iter().map(|(f, t)| (*f, t.as_str())).collect();
        postings.add(row as u32, &texts);
    }
    postings
}

fn sealed(rows: &[Texts]) -> SealedText {
    let mut builder = TextBuilder::new(&Analyzers::default(), &fields()).unwrap();
    for texts in rows {
        let texts = texts.iter().map(|(f, t)| (*f, t.as_str()));
        builder.add(texts).unwrap();
    }
    let bytes = builder.finish().unwrap();
    SealedText::open(OwnedBytes::new(bytes)).unwrap()
}

fn run(sources: &[TextSource<'_>], query: &str, k: usize) -> Vec<(f32, usize, u32)> {
    let query = TextQuery::parse(query).unwrap();
    let stats = TextStats::gather(&query, &Analyzers::default(), &[], sources).unwrap();
    let mut found = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let scores = source.evaluate(&stats).unwrap();
        let top = scores.top(k, None);
        assert!(
            top.iter()
                .all(|(score, row)| scores.score(*row) == *score && *score > 0.0)
        );
        found.extend(top.into_iter().map(|(score, row)| (score, number, row)));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    found.truncate(k);
    found
}

/// The rows that a query finds, best first.
fn find(texts: &[&str], query: &str) -> Vec<u32> {
    let rows: Vec<Texts> = texts
        .iter()
        .map(|text| vec![("text", (*text).to_string())])
        .collect();
    let memory = memory(&rows);
    let found = run(
        &[TextSource::Memory(&memory, rows.len() as u32)],
        query,
        100,
    );
    let again = run(&[TextSource::Sealed(&sealed(&rows))], query, 100);
    assert_eq!(found, again, "{query}: sealed differs");
    found.into_iter().map(|(_, _, row)| row).collect()
}

fn terms(text: &str) -> Vec<String> {
    Analyzer::default()
        .tokens(text)
        .into_iter()
        .map(|token| token.term)
        .collect()
}

#[test]
fn words_are_folded_and_stemmed() {
    assert_eq!(terms("Running the RUNS"), ["run", "the", "run"]);
    assert_eq!(
        terms("Caf\u{e9} na\u{ef}ve Stra\u{df}e"),
        ["cafe", "naiv", "strass"]
    );
    assert_eq!(terms("Caf\u{65}\u{301}"), ["cafe"]);
    assert_eq!(terms("\u{ff21}\u{ff22}\u{ff23}\u{ff11}"), ["abc1"]);
    assert_eq!(
        terms("the dog's bone, x-ray_2"),
        ["the", "dog", "bone", "x", "ray", "2"]
    );
    assert_eq!(terms(&"x".repeat(200)), Vec::<String>::new());
}

#[test]
fn unspaced_scripts_become_pairs() {
    assert_eq!(
        terms("\u{6570}\u{636e}\u{5e93}v2"),
        ["\u{6570}\u{636e}", "\u{636e}\u{5e93}", "\u{5e93}", "v2"]
    );
    let tokens = Analyzer::default().tokens("a \u{6570}\u{636e}");
    assert_eq!(tokens[1].span, 2..8);
    assert_eq!(
        tokens
            .iter()
            .map(|token| token.position)
            .collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(terms("\u{d55c}\u{ad6d} \u{3053}\u{3093}").len(), 4);
}

#[test]
fn marks_make_a_query_stricter() {
    let texts = [
        "the write ahead log is synced",
        "a log of segments, merged and sealed",
        "segments are sealed ahead of merges",
        "nothing of interest",
    ];
    assert_eq!(find(&texts, "log").len(), 2);
    let question = find(&texts, "what is a segment?");
    assert!(question.contains(&1) && question.contains(&2) && !question.contains(&3));
    assert_eq!(find(&texts, "\"write ahead\""), [0]);
    assert_eq!(find(&texts, "\"ahead write\""), Vec::<u32>::new());
    assert_eq!(
        find(&texts, "\"write ahead"),
        [0],
        "a quote that is not closed"
    );
    assert_eq!(find(&texts, "sealed +log"), [1, 0]);
    assert_eq!(find(&texts, "sealed -log"), [2]);
    assert_eq!(find(&texts, "sealed -\"merged and\""), [2]);
    assert_eq!(find(&texts, "-log"), Vec::<u32>::new());
    assert_eq!(find(&texts, "inter*"), [3]);
    assert_eq!(find(&texts, "interesting*"), [3], "by its stem");
    assert_eq!(find(&texts, "intrest~1"), [3]);
    assert_eq!(find(&texts, "intrst~1"), Vec::<u32>::new());
    assert_eq!(find(&texts, "intrst~2").first(), Some(&3));
    assert_eq!(find(&texts, "?!"), Vec::<u32>::new());
    assert_eq!(find(&texts, "+ - \"\" log").len(), 2);
}

#[test]
fn chinese_is_found_by_words_phrases_and_characters() {
    let texts = [
        "\u{6211}\u{4eec}\u{7528}\u{6570}\u{636e}\u{5e93}\u{3002}",
        "\u{6570}\u{5b57}\u{548c}\u{8bc1}\u{636e}",
        "\u{6c34}",
        "\u{559d}\u{6c34}",
    ];
    assert_eq!(find(&texts, "\u{6570}\u{636e}\u{5e93}"), [0]);
    assert_eq!(find(&texts, "\"\u{6570}\u{636e}\u{5e93}\""), [0]);
    assert_eq!(find(&texts, "+\u{6570}\u{636e}"), [0]);
    let mut water = find(&texts, "\u{6c34}");
    water.sort_unstable();
    assert_eq!(water, [2, 3]);
}

#[test]
fn queries_past_their_limits_are_refused() {
    assert_eq!(TextQuery::parse(" \t"), Err(TextQueryError::Empty));
    assert!(matches!(
        TextQuery::parse(&"x".repeat(5_000)),
        Err(TextQueryError::TooLong { .. })
    ));
    let many = "a ".repeat(300);
    assert!(matches!(
        TextQuery::parse(&many),
        Err(TextQueryError::TooManyWords { .. })
    ));
}

#[test]
fn two_fields_count_both() {
    let rows = vec![
        vec![("text", "graph".to_string())],
        vec![
            ("text", "graph".to_string()),
            ("title", "graph".to_string()),
        ],
        vec![],
        vec![("title", "other".to_string())],
    ];
    let memory = memory(&rows);
    let found = run(&[TextSource::Memory(&memory, 4)], "graph", 10);
    assert_eq!(
        found.iter().map(|(_, _, row)| *row).collect::<Vec<_>>(),
        [1, 0]
    );
    let query = TextQuery::parse("graph").unwrap();
    let source = [TextSource::Memory(&memory, 4)];
    let only = ["title".to_string()];
    let stats = TextStats::gather(&query, &Analyzers::default(), &only, &source).unwrap();
    assert_eq!(source[0].evaluate(&stats).unwrap().top(9, None).len(), 1);
}

#[test]
fn an_empty_index_is_sealed_and_opened() {
    assert_eq!(run(&[TextSource::Sealed(&sealed(&[]))], "x", 3), []);
    assert_eq!(
        run(&[TextSource::Sealed(&sealed(&[vec![], vec![]]))], "x", 3),
        []
    );
}

#[test]
fn snippets_show_the_most_of_a_query() {
    let text = format!(
        "{} the write ahead log is here. {}",
        "filler words ".repeat(50),
        "log ".repeat(3)
    );
    let query = TextQuery::parse("write logs").unwrap();
    let snippet = highlight(&Analyzer::default(), &query, &text, 100).unwrap();
    assert!(snippet.text.contains("write ahead log"), "{snippet:?}");
    assert_eq!(&snippet.text[snippet.spans[0].clone()], "write");
    assert!(highlight(&Analyzer::default(), &query, "nothing", 100).is_none());
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "wal",
        "segment",
        "segments",
        "graph",
        "lock",
        "page",
        "the",
        "\u{6570}\u{636e}\u{5e93}",
        "\u{6570}\u{636e}",
    ])
    .prop_map(String::from)
}

fn texts() -> impl Strategy<Value = Texts> {
    let text = || prop::collection::vec(word(), 0..12).prop_map(|words| words.join(" "));
    (prop::option::of(text()), prop::option::of(text())).prop_map(|(text, title)| {
        text.map(|text| ("text", text))
            .into_iter()
            .chain(title.map(|title| ("title", title)))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Scores are the same in one segment and in many, in memory and sealed, and rows above the
    /// watermark are not there, in the statistics either.
    #[test]
    fn scores_do_not_depend_on_the_segments(
        rows in prop::collection::vec(texts(), 0..24),
        later in prop::collection::vec(texts(), 0..4),
        cut in any::<prop::sample::Index>(),
        words in prop::collection::vec(word(), 1..5),
        form in 0..5,
    ) {
        let query = match form {
            0 => format!("\"{}\"", words.join(" ")),
            1 => format!("+{} {}", words[0], words.join(" ")),
            2 => format!("{} -{}", words.join(" "), words[0]),
            3 => format!("{}* {}", &words[0][..3], words.join(" ")),
            _ => words.join(" "),
        };
        let n = rows.len() as u32;
        let all: Vec<Texts> = rows.iter().chain(&later).cloned().collect();
        let whole = memory(&all);
        let expected = run(&[TextSource::Memory(&whole, n)], &query, 50);
        let one = sealed(&rows);
        prop_assert_eq!(&run(&[TextSource::Sealed(&one)], &query, 50), &expected);
        let at = cut.index(rows.len() + 1);
        let (front, back) = (sealed(&rows[..at]), memory(&all[at..]));
        let split = run(&[TextSource::Sealed(&front), TextSource::Memory(&back, n - at as u32)], &query, 50);
        let flat: Vec<(f32, u32)> =
            split.iter().map(|(score, part, row)| (*score, if *part == 0 { *row } else { row + at as u32 })).collect();
        let expected: Vec<(f32, u32)> = expected.iter().map(|(score, _, row)| (*score, *row)).collect();
        prop_assert_eq!(flat, expected);
    }

    /// Filters and k cut the ranking, they do not change it.
    #[test]
    fn top_is_the_start_of_the_ranking(
        rows in prop::collection::vec(texts(), 0..30),
        k in 1usize..8,
        accept in prop::collection::vec(0u32..30, 0..20),
    ) {
        let memory = memory(&rows);
        let source = TextSource::Memory(&memory, rows.len() as u32);
        let query = TextQuery::parse("wal graph \u{6570}\u{636e}").unwrap();
        let stats = TextStats::gather(&query, &Analyzers::default(), &[], &[source]).unwrap();
        let scores = source.evaluate(&stats).unwrap();
        let accept: RoaringBitmap = accept.into_iter().collect();
        let mut all: Vec<(f32, u32)> =
            (0..rows.len() as u32).map(|row| (scores.score(row), row)).filter(|(s, _)| *s > 0.0).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let expected: Vec<_> = all.iter().copied().filter(|(_, row)| accept.contains(*row)).take(k).collect();
        prop_assert_eq!(scores.top(k, Some(&accept)), expected);
        all.truncate(k);
        prop_assert_eq!(scores.top(k, None), all);
    }

    /// Any text is analysed, parsed and highlighted without harm, on character boundaries.
    #[test]
    fn any_text_is_taken(query in "\\PC{0,30}|[a-c\"+*~ -]{0,12}", text in "\\PC{0,80}|[a-c \u{6570}\u{636e}]{0,60}", max in 0usize..60) {
        let tokens = Analyzer::default().tokens(&text);
        for token in &tokens {
            prop_assert!(text.get(token.span.clone()).is_some());
        }
        prop_assert!(tokens.windows(2).all(|pair| pair[0].position < pair[1].position));
        if let Ok(query) = TextQuery::parse(&query)
            && let Some(piece) = highlight(&Analyzer::default(), &query, &text, max)
        {
            prop_assert_eq!(text.get(piece.offset..piece.offset + piece.text.len()), Some(piece.text.as_str()));
            prop_assert!(!piece.spans.is_empty());
            let mut end = 0;
            for span in &piece.spans {
                prop_assert!(span.start >= end && piece.text.get(span.clone()).is_some());
                end = span.end;
            }
        }
    }
}
