//! Pointing at a place of a text that somebody wrote.

use std::ops::Range;

/// Two lines: the line of the input that is meant, and carets below the place.
pub(crate) fn caret(input: &str, span: &Range<usize>) -> String {
    let floor = |at: usize| {
        let mut at = at.min(input.len());
        while !input.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(span.start), floor(span.end));
    let before = input.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = input.get(start..).unwrap_or_default();
    let line_end = rest.find('\n').map_or(input.len(), |at| start + at);
    let line = input.get(line_start..line_end).unwrap_or_default();
    let indent = input.get(line_start..start).map_or(0, columns);
    let marked = input
        .get(start..end.min(line_end))
        .map_or(0, columns)
        .max(1);
    format!(
        "{}\n{}{}",
        line.replace('\t', " "),
        " ".repeat(indent),
        "^".repeat(marked)
    )
}

/// Columns of a terminal that a text takes: two for most of Chinese, Japanese and Korean.
fn columns(text: &str) -> usize {
    let wide = |c: char| {
        matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}
