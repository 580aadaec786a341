//! Sentences of a passage, by their place in it.

use std::ops::Range;

/// Shortest sentence that stands by itself, in characters of a script with spaces.
const MIN_CHARS: usize = 12;
/// Longest piece that is quoted, in characters.
const MAX_CHARS: usize = 420;

/// Byte spans of the sentences of a text, in order, trimmed, on character boundaries. Headings, items of
/// lists and rows of tables stand by themselves.
pub(crate) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for (block, whole) in blocks(text) {
        if whole {
            push(text, block, &mut spans);
        } else {
            split_block(text, block, &mut spans);
        }
    }
    let mut whole = Vec::with_capacity(spans.len());
    for span in spans {
        shorten(text, span, &mut whole);
    }
    whole
}

/// The same for source code: lines stand by themselves, comments of several lines are text.
pub(crate) fn code_sentences(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    let mut comment: Option<Range<usize>> = None;
    for line in text.split_inclusive('\n') {
        let span = at..at + line.len();
        at = span.end;
        if is_comment(line) {
            comment = Some(comment.map_or(span.start, |open| open.start)..span.end);
            continue;
        }
        if let Some(block) = comment.take() {
            split_block(text, block, &mut spans);
        }
        push(text, span, &mut spans);
    }
    if let Some(block) = comment {
        split_block(text, block, &mut spans);
    }
    let mut whole = Vec::with_capacity(spans.len());
    for span in spans {
        shorten(text, span, &mut whole);
    }
    whole
}

/// Whether a line of code is a comment with words.
pub(crate) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    let marks = ["//", "# ", "-- ", "/*", "* ", ";; ", "\"\"\""];
    marks.iter().any(|mark| line.starts_with(mark)) && line.contains(char::is_alphanumeric)
}

/// Whether a sentence is only a heading: it names a subject and says nothing of it.
pub(crate) fn is_heading(sentence: &str) -> bool {
    let marks = sentence.bytes().take_while(|byte| *byte == b'#').count();
    (1..=6).contains(&marks) && sentence[marks..].starts_with(' ')
}

/// Whether a piece is long enough to say something.
pub(crate) fn is_telling(sentence: &str) -> bool {
    let weight: usize = sentence
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| {
            if super::terms::is_ideographic(c) {
                3
            } else {
                1
            }
        })
        .sum();
    weight >= MIN_CHARS
}

/// Whether a row of a table only names its columns.
pub(crate) fn is_column_row(text: &str, span: &Range<usize>) -> bool {
    let below = text.get(span.end..).unwrap_or_default().trim_start();
    text.get(span.clone())
        .is_some_and(|row| row.starts_with('|'))
        && is_rule(below)
}

/// Whether a text begins with the rule between the names of columns and the rows.
fn is_rule(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    line.starts_with('|') && line.contains("--") && !line.contains(char::is_alphanumeric)
}

/// The end of the sentence that follows this one in the same paragraph.
pub(crate) fn next_in_paragraph(text: &str, spans: &[Range<usize>], end: usize) -> Option<usize> {
    let next = spans.iter().find(|next| next.start >= end)?;
    let gap = text.get(end..next.start)?;
    let line = text.get(next.clone())?;
    let joined = !gap.is_empty() && gap.bytes().filter(|byte| *byte == b'\n').count() <= 1;
    let apart = is_heading(line) || is_item(line) || line.starts_with('|') || gap.contains('`');
    (joined && !apart).then_some(next.end)
}

fn fence(line: &str) -> Option<&str> {
    let line = line.trim();
    line.strip_prefix("```")
        .or_else(|| line.strip_prefix("~~~"))
}

/// Whether a text that was cut out of a document begins within a block of code: its first fence then
/// closes one, and has no name of a language.
fn begins_in_code(text: &str) -> bool {
    let mut fences = text.lines().filter_map(fence);
    let first = fences.next();
    first.is_some_and(|name| name.trim().is_empty()) && fences.count() % 2 == 0
}

/// Runs of lines that belong together, paragraphs with their wrapped lines, and single lines of code,
/// headings and rows, which are not cut further.
fn blocks(text: &str) -> Vec<(Range<usize>, bool)> {
    let mut blocks: Vec<(Range<usize>, bool)> = Vec::new();
    let mut open = false;
    let mut fenced = begins_in_code(text);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let span = at..at + line.len();
        at = span.end;
        let trimmed = line.trim();
        let fence = fence(line).is_some();
        if trimmed.is_empty() || fence {
            fenced ^= fence;
            open = false;
            continue;
        }
        let alone = fenced || is_heading(trimmed) || trimmed.starts_with('|');
        match blocks.last_mut() {
            Some((last, _)) if open && !alone && !is_item(trimmed) => last.end = span.end,
            _ => blocks.push((span, alone)),
        }
        open = !alone;
    }
    blocks
}

fn is_item(line: &str) -> bool {
    if ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark)) {
        return true;
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    (1..=3).contains(&digits)
        && (line[digits..].starts_with(". ") || line[digits..].starts_with(") "))
}

fn split_block(text: &str, block: Range<usize>, spans: &mut Vec<Range<usize>>) {
    let Some(body) = text.get(block.clone()) else {
        return;
    };
    let mut start = 0;
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let wide = matches!(c, '\u{3002}' | '\u{ff01}' | '\u{ff1f}' | '\u{ff1b}');
        if !wide && !matches!(c, '.' | '!' | '?') {
            continue;
        }
        let mut end = at + c.len_utf8();
        // Closing quotes and brackets belong to the sentence.
        while let Some(&(next, close)) = chars.peek() {
            if !matches!(
                close,
                '"' | '\''
                    | ')'
                    | ']'
                    | '*'
                    | '_'
                    | '`'
                    | '\u{201d}'
                    | '\u{2019}'
                    | '\u{300d}'
                    | '\u{ff09}'
            ) {
                break;
            }
            end = next + close.len_utf8();
            chars.next();
        }
        let rest = &body[end..];
        let ends = wide
            || rest.is_empty()
            || (rest.starts_with(char::is_whitespace) && begins_sentence(rest.trim_start()));
        if ends && !(c == '.' && is_abbreviation(&body[start..at])) {
            push(text, block.start + start..block.start + end, spans);
            start = end;
        }
    }
    push(text, block.start + start..block.end, spans);
}

fn begins_sentence(rest: &str) -> bool {
    !rest.starts_with(char::is_lowercase)
}

fn is_abbreviation(before: &str) -> bool {
    let word = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let word = word.trim_start_matches(['(', '[', '"']);
    let short = [
        "e.g", "i.e", "etc", "vs", "cf", "Mr", "Mrs", "Dr", "St", "No", "Fig", "approx",
    ];
    // The number of a list item, and initials.
    short.contains(&word)
        || (!word.is_empty()
            && word.len() <= 2
            && word.bytes().all(|byte| byte.is_ascii_digit())
            && before.trim() == word)
        || (word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_uppercase()))
}

fn push(text: &str, span: Range<usize>, spans: &mut Vec<Range<usize>>) {
    let Some(piece) = text.get(span.clone()) else {
        return;
    };
    let start = span.start + (piece.len() - piece.trim_start().len());
    let end = span.end - (piece.len() - piece.trim_end().len());
    if start < end {
        spans.push(start..end);
    }
}

/// Cuts a piece that is too long to quote between words.
fn shorten(text: &str, span: Range<usize>, spans: &mut Vec<Range<usize>>) {
    let mut rest = span;
    loop {
        let Some(piece) = text.get(rest.clone()) else {
            return;
        };
        let Some((limit, _)) = piece.char_indices().nth(MAX_CHARS) else {
            push(text, rest, spans);
            return;
        };
        let cut = piece[..limit]
            .rfind(char::is_whitespace)
            .filter(|cut| *cut > limit / 2);
        let cut = cut.unwrap_or(limit);
        push(text, rest.start..rest.start + cut, spans);
        rest.start += cut;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        sentences(text)
            .into_iter()
            .map(|span| &text[span])
            .collect()
    }

    #[test]
    fn a_wrapped_paragraph_is_cut_at_its_full_stops_only() {
        let text =
            "Keys are rotated every\nninety days. See e.g. the runbook, version 1.2.3, for more.\n";
        assert_eq!(
            texts(text),
            [
                "Keys are rotated every\nninety days.",
                "See e.g. the runbook, version 1.2.3, for more."
            ]
        );
    }

    #[test]
    fn headings_items_and_rows_stand_by_themselves() {
        let text = "# Keys\nRotate them.\n- one thing\n- another\n1. First. Then rest.\n\n| a | b |\n| c | d |\n";
        assert_eq!(
            texts(text),
            [
                "# Keys",
                "Rotate them.",
                "- one thing",
                "- another",
                "1. First.",
                "Then rest.",
                "| a | b |",
                "| c | d |"
            ]
        );
        assert!(is_heading("# Keys") && !is_heading("#include") && !is_heading("Keys"));
    }

    #[test]
    fn lines_of_code_are_not_joined() {
        assert_eq!(
            texts("```sh\nmake all\nmake test\n```\n"),
            ["make all", "make test"]
        );
    }

    #[test]
    fn comments_of_code_are_text_and_its_lines_stand_by_themselves() {
        let code = "/// Opens the store. Takes\n/// the lock.\nfn open() {\n    run();\n}\n";
        let spans = code_sentences(code).into_iter().map(|span| &code[span]);
        assert_eq!(
            spans.collect::<Vec<&str>>(),
            [
                "/// Opens the store.",
                "Takes\n/// the lock.",
                "fn open() {",
                "run();",
                "}"
            ]
        );
    }

    #[test]
    fn a_piece_that_begins_in_mid_code_is_known_by_its_fence() {
        assert_eq!(
            texts("let a = 1;\nlet b = 2;\n```\nThen a\nline.\n"),
            ["let a = 1;", "let b = 2;", "Then a\nline."]
        );
    }

    #[test]
    fn the_row_that_names_the_columns_is_known() {
        let text = "| a | b |\n|---|:-:|\n| 1. One | 2 |\n";
        let spans = sentences(text);
        assert_eq!(spans.len(), 3);
        assert!(is_column_row(text, &spans[0]) && !is_column_row(text, &spans[2]));
    }

    #[test]
    fn the_next_sentence_is_one_of_the_same_paragraph() {
        let text = "First here.\nSecond one. Third.\n\nFourth.\n- item\n";
        let spans = sentences(text);
        let next = |at: usize| next_in_paragraph(text, &spans, spans[at].end);
        assert_eq!(next(0), Some(spans[1].end));
        assert_eq!(next(1), Some(spans[2].end));
        assert_eq!((next(2), next(3), next(4)), (None, None, None));
    }

    #[test]
    fn chinese_sentences_end_without_a_space() {
        let text =
            "\u{5bc6}\u{94a5}\u{8f6e}\u{6362}\u{3002}\u{6bcf}\u{4e5d}\u{5341}\u{5929}\u{3002}";
        assert_eq!(texts(text).len(), 2);
    }

    proptest! {
        #[test]
        fn spans_are_in_order_apart_and_on_character_boundaries(text in "(?s).{0,300}") {
            let mut end = 0;
            for span in sentences(&text) {
                prop_assert!(span.start >= end && span.start < span.end);
                let piece = text.get(span.clone());
                prop_assert!(piece.is_some_and(|piece| piece.trim() == piece));
                end = span.end;
            }
        }

        #[test]
        fn nothing_but_white_space_and_fences_is_left_out(text in "[a-zA-Z.!? \n#|*-]{0,200}") {
            let kept: usize = sentences(&text).iter().map(|span| {
                text[span.clone()].chars().filter(|c| !c.is_whitespace()).count()
            }).sum();
            prop_assert_eq!(kept, text.chars().filter(|c| !c.is_whitespace()).count());
        }
    }
}
