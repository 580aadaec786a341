#![allow(clippy::unwrap_used, clippy::expect_used)]

use ownedbytes::OwnedBytes;
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;

mod analyzers;
mod language;
mod naive;
mod nested;
mod reached;
mod repeated;
mod weights;

fn fields() -> Vec<String> {
    vec!["text".to_string(), "title".to_string()]
}

type Texts = Vec<(&'static str, String)>;

pub(super) fn memory(rows: &[Texts]) -> MemoryPostings {
    let mut postings = MemoryPostings::new(&Analyzers::default(), &fields());
    for (row, texts) in rows.iter().enumerate() {
        let texts: Vec<(&str, &str)> = texts.iter().map(|(f, t)| (*f, t.as_str())).collect();
        postings.add(row as u32, &texts);
    }
    postings
}

pub(super) fn sealed(rows: &[Texts]) -> SealedText {
    let mut builder = TextBuilder::new(&Analyzers::default(), &fields()).unwrap();
    for texts in rows {
        let texts = texts.iter().map(|(f, t)| (*f, t.as_str()));
        builder.add(texts).unwrap();
    }
    let bytes = builder.finish().unwrap();
    SealedText::open(OwnedBytes::new(bytes)).unwrap()
}

/// The best rows, as every way of asking gives them.
pub(super) fn search(
    sources: &[TextSource<'_>],
    query: &TextQuery,
    k: usize,
) -> Vec<(f32, usize, u32)> {
    let all: Vec<_> = sources.iter().copied().map(Some).collect();
    let search = TextSearch::new(query, &Analyzers::default(), &[], all).unwrap();
    let none = vec![None; sources.len()];
    let top = search.top(k, &none).unwrap();
    let found = search.top(usize::MAX, &none).unwrap();
    for number in 0..sources.len() {
        let mut rows: Vec<(u32, f32)> = found
            .iter()
            .filter(|(_, segment, _)| *segment == number)
            .map(|(score, _, row)| (*row, *score))
            .collect();
        rows.sort_by_key(|(row, _)| *row);
        let places: Vec<u32> = rows.iter().map(|(row, _)| *row).collect();
        let scores: Vec<f32> = rows.iter().map(|(_, score)| *score).collect();
        assert!(scores.iter().all(|score| *score > 0.0));
        assert_eq!(search.scores(number, &places).unwrap(), scores);
        assert_eq!(
            search.matches(number).unwrap(),
            places.into_iter().collect()
        );
    }
    assert_eq!(top, found[..found.len().min(k)]);
    top
}

fn run(sources: &[TextSource<'_>], query: &str, k: usize) -> Vec<(f32, usize, u32)> {
    search(sources, &TextQuery::parse(query).unwrap(), k)
}

/// The rows that a query finds, best first.
fn find(texts: &[&str], query: &str) -> Vec<u32> {
    let rows: Vec<Texts> = texts
        .iter()
        .map(|text| vec![("text", (*text).to_string())])
        .collect();
    let memory = memory(&rows);
    let found = run(
        &[TextSource::memory(&memory, rows.len() as u32)],
        query,
        100,
    );
    let again = run(&[TextSource::sealed(&sealed(&rows))], query, 100);
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
    let found = run(&[TextSource::memory(&memory, 4)], "graph", 10);
    assert_eq!(
        found.iter().map(|(_, _, row)| *row).collect::<Vec<_>>(),
        [1, 0]
    );
    let query = TextQuery::parse("graph").unwrap();
    let source = [Some(TextSource::memory(&memory, 4))];
    let only = [("title".to_string(), 2.0)];
    let search = TextSearch::new(&query, &Analyzers::default(), &only, source.to_vec()).unwrap();
    assert_eq!(search.top(9, &[None]).unwrap().len(), 1);
}

#[test]
fn an_empty_index_is_sealed_and_opened() {
    assert_eq!(run(&[TextSource::sealed(&sealed(&[]))], "x", 3), []);
    assert_eq!(
        run(&[TextSource::sealed(&sealed(&[vec![], vec![]]))], "x", 3),
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
    let snippet = highlight(&Analyzer::default(), "text", &query, &text, 1, 100).remove(0);
    assert!(snippet.text.contains("write ahead log"), "{snippet:?}");
    assert_eq!(&snippet.text[snippet.spans[0].clone()], "write");
    assert!(highlight(&Analyzer::default(), "text", &query, "nothing", 1, 100).is_empty());
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
        let expected = run(&[TextSource::memory(&whole, n)], &query, 50);
        let one = sealed(&rows);
        prop_assert_eq!(&run(&[TextSource::sealed(&one)], &query, 50), &expected);
        let at = cut.index(rows.len() + 1);
        let (front, back) = (sealed(&rows[..at]), memory(&all[at..]));
        let split = run(&[TextSource::sealed(&front), TextSource::memory(&back, n - at as u32)], &query, 50);
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
        let source = TextSource::memory(&memory, rows.len() as u32);
        let query = TextQuery::parse("wal graph \u{6570}\u{636e}").unwrap();
        let search = TextSearch::new(&query, &Analyzers::default(), &[], vec![Some(source)]).unwrap();
        let every: Vec<u32> = (0..rows.len() as u32).collect();
        let scores = search.scores(0, &every).unwrap();
        let accept: RoaringBitmap = accept.into_iter().collect();
        let mut all: Vec<(f32, u32)> =
            scores.into_iter().zip(every).filter(|(s, _)| *s > 0.0).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let expected: Vec<_> = all.iter().copied().filter(|(_, row)| accept.contains(*row)).take(k).collect();
        let plain = |found: Vec<(f32, usize, u32)>| -> Vec<(f32, u32)> {
            found.into_iter().map(|(score, _, row)| (score, row)).collect()
        };
        prop_assert_eq!(plain(search.top(k, &[Some(&accept)]).unwrap()), expected);
        all.truncate(k);
        prop_assert_eq!(plain(search.top(k, &[None]).unwrap()), all);
    }

    /// Any text is analysed, parsed and highlighted without harm, on character boundaries.
    #[test]
    fn any_text_is_taken(query in "\\PC{0,30}|[a-c\"+*~ -]{0,12}", text in "\\PC{0,80}|[a-c \u{6570}\u{636e}]{0,60}", max in 0usize..60) {
        let tokens = Analyzer::default().tokens(&text);
        for token in &tokens {
            prop_assert!(text.get(token.span.clone()).is_some());
        }
        prop_assert!(tokens.windows(2).all(|pair| pair[0].position <= pair[1].position));
        let Ok(query) = TextQuery::parse(&query) else {
            return Ok(());
        };
        let mut last = 0;
        for piece in highlight(&Analyzer::default(), "text", &query, &text, 3, max) {
            prop_assert!(piece.offset >= last, "pieces are apart");
            last = piece.offset + piece.text.len();
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
