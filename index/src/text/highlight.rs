//! Cutting the piece out of a text that shows the most of a query.

use std::ops::Range;

use super::analyzer::Analyzer;
use super::compile::Compiled;
use super::query::TextQuery;

/// A piece of a text with the places of the matches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snippet {
    /// The piece.
    pub text: String,
    /// The matches, in bytes of the piece, on character boundaries, in order, apart from each other.
    pub spans: Vec<Range<usize>>,
    /// Where the piece begins, in bytes of the text.
    pub offset: usize,
}

/// The piece of at most `max_bytes` with the most different words of the query; `None` when the text
/// has none of them.
#[must_use]
pub fn highlight(
    analyzer: &Analyzer,
    query: &TextQuery,
    text: &str,
    max_bytes: usize,
) -> Option<Snippet> {
    let compiled = Compiled::new(query, analyzer);
    let mut marks: Vec<(Range<usize>, String)> = Vec::new();
    analyzer.each_token(text, &mut |term, span, _| {
        if compiled.marks(term) {
            marks.push((span, term.to_string()));
        }
    });
    let (first, last) = best_window(&marks, max_bytes)?;
    let inside = marks.get(first..=last)?;
    let (from, to) = (inside.first()?.0.start, inside.last()?.0.end);
    // What is left of the room goes to both sides of the matches.
    let room = max_bytes.saturating_sub(to - from);
    let mut start = from.saturating_sub(room / 3);
    let mut end = start.saturating_add(max_bytes).max(to);
    if end >= text.len() {
        end = text.len();
        start = start.min(end.saturating_sub(max_bytes));
    }
    start = word_start(text, start, from);
    end = word_end(text, end, to);
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (span, _) in &marks {
        if span.start < start || span.end > end {
            continue;
        }
        let span = span.start - start..span.end - start;
        match spans.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => spans.push(span),
        }
    }
    Some(Snippet {
        text: text.get(start..end)?.to_string(),
        spans,
        offset: start,
    })
}

/// The first and last match of the window with the most different terms, then the most matches.
fn best_window(marks: &[(Range<usize>, String)], max_bytes: usize) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize, (usize, usize))> = None;
    let mut first = 0;
    for (last, (span, _)) in marks.iter().enumerate() {
        while first < last
            && marks
                .get(first)
                .is_some_and(|mark| span.end - mark.0.start > max_bytes)
        {
            first += 1;
        }
        let window = marks.get(first..=last)?;
        let mut terms: Vec<&str> = window.iter().map(|(_, term)| term.as_str()).collect();
        terms.sort_unstable();
        terms.dedup();
        let worth = (terms.len(), window.len());
        if best.is_none_or(|(_, _, before)| worth > before) {
            best = Some((first, last, worth));
        }
    }
    best.map(|(first, last, _)| (first, last))
}

/// The start of a word at or after `at`, no later than `limit`; spaces are left out.
fn word_start(text: &str, at: usize, limit: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let mut at = at.min(limit);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    let piece = text.get(at..limit).unwrap_or_default();
    match piece.find(char::is_whitespace) {
        Some(space) => {
            let rest = piece.get(space..).unwrap_or_default();
            at + space + (rest.len() - rest.trim_start().len())
        }
        None => at.min(limit),
    }
}

/// The end of a word at or before `at`, no earlier than `limit`.
fn word_end(text: &str, at: usize, limit: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let mut at = at.max(limit);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let piece = text.get(limit..at).unwrap_or_default();
    match piece.rfind(char::is_whitespace) {
        Some(space) => limit + piece.get(..space).unwrap_or_default().trim_end().len(),
        None => at.max(limit),
    }
}
