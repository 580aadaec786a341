#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::cost::{TOKEN, cost};
use super::*;
use crate::document::Format;

fn options(max_tokens: u32, overlap: u32) -> ChunkOptions {
    ChunkOptions::default()
        .max_tokens(max_tokens)
        .overlap(overlap)
}

fn cut(text: &str, format: Format, options: ChunkOptions) -> Vec<Chunk> {
    let document = Document::new(text, format);
    let chunks = chunk(&document, &options);
    check(&document, &options, &chunks);
    chunks
}

/// What holds for every document.
fn check(document: &Document, options: &ChunkOptions, chunks: &[Chunk]) {
    let text = &document.text;
    let mut covered = 0;
    let mut before: Option<&Chunk> = None;
    for chunk in chunks {
        assert_eq!(
            chunk.text,
            text[chunk.span.clone()],
            "a chunk is a part of the text"
        );
        assert!(!chunk.text.trim().is_empty());
        assert!(cost(&chunk.text) <= options.max_cost(), "{:?}", chunk.text);
        assert!(
            text[covered.min(chunk.span.start)..chunk.span.start]
                .trim()
                .is_empty(),
            "a gap"
        );
        assert!(chunk.first_line >= 1 && chunk.first_line <= chunk.last_line);
        if let Some(before) = before {
            assert!(before.span.start < chunk.span.start && before.span.end < chunk.span.end);
            if chunk.span.start < before.span.end {
                let shared = &text[chunk.span.start..before.span.end];
                assert!(
                    cost(shared) <= options.overlap_cost() + 5 * TOKEN,
                    "{shared:?}"
                );
            }
        }
        covered = covered.max(chunk.span.end);
        before = Some(chunk);
    }
    assert!(text[covered..].trim().is_empty(), "the end is missing");
}

fn formats() -> impl Strategy<Value = Format> {
    prop_oneof![
        Just(Format::Text),
        Just(Format::Markdown),
        Just(Format::Html),
        Just(Format::Code("rust")),
    ]
}

/// Pieces that make boundaries of every kind, and characters of one to four bytes.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-zA-Z]{1,12}",
        3 => " {1,3}",
        2 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\n\n".to_owned()),
        2 => "[.!?,;:)\"'] ",
        1 => "\n#{1,6} [a-z ]{0,20}\n",
        1 => "\n```\n[a-z\n ]{0,200}\n```\n",
        1 => "\n\\| a \\| b \\|\n\\|---\\|---\\|\n(\\| [a-z]{1,9} \\| [a-z]{1,9} \\|\n){0,20}",
        2 => "[\u{4e00}-\u{4fff}\u{3002}\u{ff0c}\u{300d}\u{3041}-\u{3093}]{1,60}",
        1 => "[\u{1F600}-\u{1F64F}\u{200D}\u{FE0F}\u{0300}-\u{0310}\u{AC00}-\u{AD00}]{1,20}",
        1 => "[ \t\u{3000}\u{A0}]{1,300}",
        1 => "(    |\t){0,4}[a-z(){};=]{1,40}\n",
        1 => "\\PC{0,40}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn chunks_cover_the_text_in_order_and_are_bounded(
        text in texts(),
        format in formats(),
        max_tokens in 0_u32..120,
        overlap in 0_u32..80,
    ) {
        cut(&text, format, options(max_tokens, overlap));
    }

    #[test]
    fn any_bytes_that_are_html_can_be_cut(
        parts in prop::collection::vec(
            prop_oneof![
                "[a-z\n ]{0,30}",
                "</?(p|div|table|tr|td|li|ul|pre|h1|h2|script|title|b|br|svg|template)>",
                "&[a-z]{1,4};?|<!--|-->|<|\u{4f60}",
            ],
            0..60,
        ),
        overlap in 0_u32..20,
    ) {
        let source = parts.concat();
        let document = crate::load::load("x.html".as_ref(), source.as_bytes()).unwrap_or_else(
            |error| panic!("{error}"),
        );
        let options = options(20, overlap);
        let chunks = chunk(&document, &options);
        check(&document, &options, &chunks);
        let lines = source.split('\n').count();
        for chunk in chunks {
            prop_assert!(chunk.last_line as usize <= lines);
        }
    }
}

#[test]
fn a_document_without_words_has_no_chunks() {
    for text in ["", " ", "\n\n\t\n", "\u{3000}"] {
        assert!(cut(text, Format::Text, ChunkOptions::default()).is_empty());
    }
}

#[test]
fn a_short_document_is_one_chunk() {
    let chunks = cut(
        "  Rust is fast.\nIt is safe.\n",
        Format::Text,
        ChunkOptions::default(),
    );
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].text, "  Rust is fast.\nIt is safe.");
    assert_eq!((chunks[0].first_line, chunks[0].last_line), (1, 2));
}

#[test]
fn paragraphs_are_preferred_to_sentences_and_sentences_to_words() {
    let sentence = "The log is read from its start to its end. ";
    let text = format!(
        "{}\n\n{}",
        sentence.repeat(4).trim(),
        sentence.repeat(4).trim()
    );
    let chunks = cut(&text, Format::Text, options(60, 0));
    assert_eq!(chunks.len(), 2);
    assert!(chunks[0].text.ends_with("end.") && chunks[1].text.starts_with("The log"));

    for chunk in cut(&sentence.repeat(40), Format::Text, options(60, 0)) {
        assert!(chunk.text.starts_with("The log") && chunk.text.ends_with("its end."));
    }
}

#[test]
fn the_last_chunk_is_not_a_scrap() {
    let text = "The log is read from its start to its end. ".repeat(12);
    let sizes: Vec<usize> = cut(&text, Format::Text, options(100, 0))
        .iter()
        .map(|chunk| chunk.text.len())
        .collect();
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(least * 2 >= *most, "{sizes:?}");
}

#[test]
fn wrapped_lines_are_not_cut_in_mid_sentence() {
    let sentence = "A sentence that was wrapped by an editor\nso that it has two lines. ";
    for chunk in cut(&sentence.repeat(20), Format::Text, options(50, 0)) {
        assert!(chunk.text.ends_with("two lines."), "{:?}", chunk.text);
    }
}

/// Chinese has no spaces: chunks end at its own full stops, quotes stay closed.
/// A list that was cut off from the sentence that announces it answered nothing.
#[test]
fn what_a_colon_announces_stays_with_it() {
    let filler = "One of several words. ".repeat(6);
    let text = format!("{filler}\n\nThe log has three parts:\n\n- head\n- body\n- tail\n");
    for limit in 20..60 {
        for chunk in cut(&text, Format::Markdown, options(limit, 0)) {
            assert!(!chunk.text.ends_with(':'), "{limit}: {chunk:?}");
        }
    }
}

#[test]
fn chinese_is_cut_after_its_sentences() {
    let sentence = "\u{6570}\u{636E}\u{5E93}\u{4FDD}\u{5B58}\u{300C}\u{6BCF}\u{4E00}\u{6B21}\u{5199}\u{5165}\u{3002}\u{300D}";
    let chunks = cut(&sentence.repeat(60), Format::Text, options(60, 0));
    assert!(chunks.len() > 5);
    for chunk in &chunks {
        assert!(chunk.text.ends_with("\u{3002}\u{300D}"), "{:?}", chunk.text);
        assert!(chunk.text.chars().count() > 30);
    }
    let unpunctuated = cut(&"\u{6587}".repeat(1000), Format::Text, options(60, 8));
    assert!(unpunctuated.len() < 20);
}

#[test]
fn chunks_know_the_headings_above_them() {
    let body = "Some words about the subject that are long enough to stand on their own, so that \
                they are a passage; and then some more of them.";
    let text = format!(
        "{body}\n\n# Guide\n\n## Install\n\n{body}\n\n### With `cargo`\n\n{body}\n\n## Use\n\n{body}\n"
    );
    let chunks = cut(&text, Format::Markdown, ChunkOptions::default());
    let paths: Vec<Vec<&str>> = chunks
        .iter()
        .map(|chunk| chunk.headings.iter().map(String::as_str).collect())
        .collect();
    let expected: [&[&str]; 4] = [
        &[],
        &["Guide", "Install"],
        &["Guide", "Install", "With cargo"],
        &["Guide", "Use"],
    ];
    assert_eq!(paths, expected);
    assert!(
        chunks[1].text.starts_with("# Guide"),
        "a heading alone joins what it heads"
    );
    assert_eq!(chunks[3].text.lines().next(), Some("## Use"));
}

#[test]
fn a_comment_in_a_code_fence_is_no_heading() {
    let text = "# One\n\n```sh\n# not a heading\nls\n```\n\n> # quoted\n";
    let chunks = cut(text, Format::Markdown, ChunkOptions::default());
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].headings, ["One"]);
}

#[test]
fn code_blocks_and_tables_stay_whole_where_they_fit() {
    let words = "Words that come before and after the block. ".repeat(9);
    let code = "```rust\nfn main() {\n\n    let a = 1;\n\n    let b = 2;\n}\n```";
    let table = "| key | value |\n|---|---|\n| one | 1 |\n| two | 2 |\n| three | 3 |";
    for block in [code, table] {
        for padding in 0..12 {
            let before = "x ".repeat(padding * 7);
            let text = format!("{before}{words}\n\n{block}\n\n{words}");
            let chunks = cut(&text, Format::Markdown, options(90, 10));
            let whole = chunks
                .iter()
                .filter(|chunk| chunk.text.contains(block))
                .count();
            assert!(whole >= 1, "padding {padding}: {chunks:#?}");
        }
    }
}

#[test]
fn a_code_block_above_the_limit_is_cut_between_lines() {
    let line = "let value = compute(first, second);\n";
    let text = format!("# Code\n\n```rust\n{}```\n", line.repeat(60));
    let chunks = cut(&text, Format::Markdown, options(80, 0));
    assert!(chunks.len() > 3);
    for chunk in &chunks[1..chunks.len() - 1] {
        assert!(
            chunk.text.starts_with("let") && chunk.text.ends_with(';'),
            "{:?}",
            chunk.text
        );
    }
}

#[test]
fn code_is_cut_between_items_and_keeps_its_indentation() {
    let item = "    /// Reads it.\n    fn read(&self) -> u32 {\n        self.value\n    }\n\n";
    let text = format!(
        "impl A {{\n{}}}\n\nfn other() {{\n    done();\n}}\n",
        item.repeat(8)
    );
    let chunks = cut(&text, Format::Code("rust"), options(90, 0));
    assert!(chunks.len() > 2);
    for chunk in &chunks[1..] {
        let start = chunk.text.starts_with("    ///") || chunk.text.starts_with("fn other");
        assert!(start, "{:?}", chunk.text);
    }
}

#[test]
fn neighbours_share_the_overlap_and_no_more() {
    let text: String = (0..200)
        .map(|i| format!("Sentence {i} is here. "))
        .collect();
    let chunks = cut(&text, Format::Text, options(60, 20));
    for pair in chunks.windows(2) {
        assert!(pair[1].span.start < pair[0].span.end, "no overlap");
        assert!(
            pair[1].text.starts_with("Sentence"),
            "an overlap starts a sentence"
        );
    }
    for pair in cut(&text, Format::Text, options(60, 0)).windows(2) {
        assert!(pair[1].span.start >= pair[0].span.end);
    }
}

#[test]
fn lines_are_those_of_the_source() {
    let text: String = (1..=300)
        .map(|i| format!("This is line number {i}.\n"))
        .collect();
    for chunk in cut(&text, Format::Text, options(60, 10)) {
        let first = chunk.text.lines().next().unwrap();
        let last = chunk.text.lines().last().unwrap();
        assert_eq!(first, format!("This is line number {}.", chunk.first_line));
        assert_eq!(last, format!("This is line number {}.", chunk.last_line));
    }
}

/// Minified and encoded files have neither spaces nor lines; work must stay linear.
#[test]
fn long_runs_without_any_boundary_are_cut_all_the_same() {
    for text in [
        "x".repeat(300_000),
        " ".repeat(300_000) + "x",
        "\u{301}".repeat(20_000),
    ] {
        assert!(!cut(&text, Format::Text, ChunkOptions::default()).is_empty());
    }
    let spaced = format!("a{}b", " ".repeat(100_000));
    assert_eq!(cut(&spaced, Format::Text, ChunkOptions::default()).len(), 2);
}
