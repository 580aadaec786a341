//! Cutting the pieces out of a text that show the most of a query.

mod marks;
mod phrases;

use std::collections::HashMap;
use std::ops::Range;

use super::analyzer::Analyzer;
use super::query::TextQuery;
use marks::{Mark, Wanted};

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

/// Up to `count` pieces of at most `max_bytes` each that show the most different words of a query, in the
/// order of the text of a field; none when the text has none of them. Of a phrase, words are marked where
/// they stand together.
///
/// ```
/// use lumos_index::{Analyzer, TextQuery, highlight};
///
/// let query = TextQuery::parse("\"group commit\" wal")?;
/// let text = "The WAL is synced by group commit: one group, one sync.";
/// let pieces = highlight(&Analyzer::default(), "text", &query, text, 1, 100);
/// let marked: Vec<&str> = pieces[0].spans.iter().map(|span| &pieces[0].text[span.clone()]).collect();
/// assert_eq!(marked, ["WAL", "group", "commit"]);
/// # Ok::<(), lumos_index::TextQueryError>(())
/// ```
#[must_use]
pub fn highlight(
    analyzer: &Analyzer,
    field: &str,
    query: &TextQuery,
    text: &str,
    count: usize,
    max_bytes: usize,
) -> Vec<Snippet> {
    Highlighter::new(analyzer, field, query).snippets(text, count, max_bytes)
}

/// What a query looks for in a field, to be shown in many texts; see [`highlight`].
///
/// ```
/// use lumos_index::{Analyzer, Highlighter, TextQuery};
///
/// let query = TextQuery::parse_strict("seg* AND /wals?/")?;
/// let shown = Highlighter::new(&Analyzer::default(), "text", &query);
/// let texts = ["the WAL of a segment", "two segments"];
/// let pieces = texts.map(|text| shown.snippets(text, 1, 100).remove(0));
/// assert_eq!((pieces[0].spans.len(), pieces[1].spans.len()), (2, 1));
/// # Ok::<(), lumos_index::TextQueryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Highlighter {
    analyzer: Analyzer,
    wanted: Wanted,
}

impl Highlighter {
    /// Of a field with this analyzer.
    #[must_use]
    pub fn new(analyzer: &Analyzer, field: &str, query: &TextQuery) -> Highlighter {
        Highlighter {
            analyzer: analyzer.clone(),
            wanted: Wanted::new(analyzer, field, query),
        }
    }

    /// Up to `count` pieces of a text, of at most `max_bytes` each; of a longer word its beginning.
    #[must_use]
    pub fn snippets(&self, text: &str, count: usize, max_bytes: usize) -> Vec<Snippet> {
        let mut all = self.wanted.marks(&self.analyzer, text);
        for Mark { span, .. } in &mut all {
            let end = text.floor_char_boundary(span.start.saturating_add(max_bytes));
            span.end = span.end.min(end);
        }
        snippets(&all, text, count, max_bytes)
    }
}

fn snippets(all: &[Mark], text: &str, count: usize, max_bytes: usize) -> Vec<Snippet> {
    let mut left = all.to_vec();
    let mut pieces: Vec<Range<usize>> = Vec::new();
    while pieces.len() < count {
        let Some((from, to)) = best_window(&left, max_bytes) else {
            break;
        };
        let piece = around(text, from, to, max_bytes, &pieces);
        left.retain(|mark| mark.span.end <= piece.start || mark.span.start >= piece.end);
        pieces.push(piece);
    }
    pieces.sort_by_key(|piece| piece.start);
    let cut = pieces.into_iter().filter_map(|piece| {
        Some(Snippet {
            text: text.get(piece.clone())?.to_string(),
            spans: spans(all, &piece),
            offset: piece.start,
        })
    });
    cut.collect()
}

/// The matches within a piece.
fn spans(marks: &[Mark], piece: &Range<usize>) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for Mark { span, .. } in marks {
        if span.start < piece.start || span.end > piece.end {
            continue;
        }
        let span = span.start - piece.start..span.end - piece.start;
        match spans.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => spans.push(span),
        }
    }
    spans
}

/// What is left of the room goes to both sides of the matches, as far as no other piece is there.
fn around(
    text: &str,
    from: usize,
    to: usize,
    max_bytes: usize,
    taken: &[Range<usize>],
) -> Range<usize> {
    let before = taken
        .iter()
        .map(|piece| piece.end)
        .filter(|end| *end <= from);
    let behind = taken.iter().map(|piece| piece.start);
    let first = before.max().unwrap_or(0);
    let last = behind.filter(|start| *start >= to).min();
    let last = last.unwrap_or(text.len());
    let room = max_bytes.saturating_sub(to - from);
    let mut start = from.saturating_sub(room / 3).max(first);
    let mut end = start.saturating_add(max_bytes).max(to);
    if end >= last {
        end = last;
        start = start.min(end.saturating_sub(max_bytes)).max(first);
    }
    let start = match start {
        0 => 0,
        start => word_start(text, start, from),
    };
    start..word_end(text, end, to)
}

/// Where the window begins and ends that has the most different words, then the most matches.
fn best_window(marks: &[Mark], max_bytes: usize) -> Option<(usize, usize)> {
    let mut best: Option<((usize, usize), (usize, usize))> = None;
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let (mut first, mut end) = (0, 0);
    for (last, mark) in marks.iter().enumerate() {
        // One that began before may end behind.
        end = mark.span.end.max(end);
        *counts.entry(mark.word).or_insert(0) += 1;
        while first < last
            && let Some(gone) = marks.get(first)
            && end.saturating_sub(gone.span.start) > max_bytes
        {
            if let Some(count) = counts.get_mut(&gone.word) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&gone.word);
                }
            }
            first += 1;
        }
        let worth = (counts.len(), last + 1 - first);
        if best.is_none_or(|(_, before)| worth > before) {
            best = Some(((first, last), worth));
        }
    }
    let ((first, last), _) = best?;
    let inside = marks.get(first..=last)?;
    let end = inside.iter().map(|mark| mark.span.end).max()?;
    Some((inside.first()?.span.start, end))
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
