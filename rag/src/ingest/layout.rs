//! How chunks and lines become documents of the store.
//!
//! A chunk of a file has the key `path#n`. Its text field `text` is the exact text of the chunk, its field
//! `title` the headings above it. Its metadata: `source` (the absolute path), `kind` (the format),
//! `first_line` and `last_line` (from 1), `span` (bytes of the extracted text), `headings`, `hash` (of the
//! file), and `lines` where the lines of the text are not those of the file one by one: pairs of a
//! byte offset in the text and the line that begins there.

use lumos_engine::{DEFAULT_TEXT_FIELD, Doc};
use serde_json::{Map, Value, json};

use crate::{Chunk, Document};

/// The text field of headings and titles.
pub(crate) const TITLE_FIELD: &str = "title";
/// Longest key that the store takes, in bytes.
pub(crate) const MAX_KEY_BYTES: usize = 512;
/// Longest path that stands in a key as it is, in bytes.
const MAX_PATH_BYTES: usize = 440;

/// The key of the `n`th chunk of a file.
pub(crate) fn chunk_key(source: &str, n: usize) -> String {
    if source.len() <= MAX_PATH_BYTES {
        return format!("{source}#{n}");
    }
    let mut end = MAX_PATH_BYTES - 33;
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let mut hash = blake3::hash(source.as_bytes()).to_hex().to_string();
    hash.truncate(32);
    format!("{}~{hash}#{n}", &source[..end])
}

/// The documents of a file's chunks.
pub(crate) fn chunk_docs(
    source: &str,
    hash: &str,
    document: &Document,
    chunks: Vec<Chunk>,
) -> Vec<Doc> {
    let kind = document.format.to_string();
    let docs = chunks.into_iter().enumerate().map(|(n, chunk)| {
        let lines = line_marks(document, &chunk);
        let title = title(document.title.as_deref(), &chunk.headings);
        let mut doc = Doc::new(chunk_key(source, n))
            .field("source", source)
            .field("kind", kind.as_str())
            .field("first_line", chunk.first_line)
            .field("last_line", chunk.last_line)
            .field("span", json!([chunk.span.start, chunk.span.end]))
            .field("headings", chunk.headings)
            .field("hash", hash);
        if !lines.is_empty() {
            doc = doc.field("lines", json!(lines));
        }
        if !title.is_empty() {
            doc = doc.with_text(TITLE_FIELD, title);
        }
        doc.text(chunk.text)
    });
    docs.collect()
}

/// The document of a line of a corpus; fields of the line that say nothing to us are its metadata.
pub(crate) fn line_doc(
    key: &str,
    title: &str,
    text: &str,
    rest: Map<String, Value>,
    place: (&str, usize, &str),
) -> Doc {
    let (source, line, hash) = place;
    let mut doc = Doc::new(key);
    doc.meta = rest;
    doc = doc
        .field("source", source)
        .field("kind", "corpus")
        .field("first_line", line)
        .field("last_line", line)
        .field("hash", hash);
    // Every character of the text stands on the one line, escaped.
    doc = doc.field("lines", json!([[0, line]]));
    if !title.is_empty() {
        doc = doc.with_text(TITLE_FIELD, title);
    }
    doc.text(text)
}

/// What of a document is embedded: its headings, then its text.
pub(crate) fn embedded_text(doc: &Doc) -> String {
    let text = doc.text_field(DEFAULT_TEXT_FIELD).unwrap_or_default();
    match doc.text_field(TITLE_FIELD) {
        Some(title) if !title.is_empty() => format!("{title}\n{text}"),
        _ => text.to_string(),
    }
}

/// The lines of a part of a document's text, from its metadata.
pub(crate) fn lines_of(
    meta: &Map<String, Value>,
    text: &str,
    span: std::ops::Range<usize>,
) -> (usize, usize) {
    let last_byte = span.end.saturating_sub(1).max(span.start);
    if let Some(marks) = meta.get("lines").and_then(Value::as_array) {
        let line_at = |offset: usize| {
            let mut line = 1;
            for mark in marks {
                let pair = mark.as_array().map(Vec::as_slice);
                let Some([start, number]) = pair else {
                    continue;
                };
                match (start.as_u64(), number.as_u64()) {
                    (Some(start), Some(number)) if start <= offset as u64 => {
                        line = usize::try_from(number).unwrap_or(usize::MAX);
                    }
                    _ => break,
                }
            }
            line
        };
        let (first, last) = (line_at(span.start), line_at(last_byte));
        return (first.min(last), first.max(last));
    }
    let first = meta.get("first_line").and_then(Value::as_u64).unwrap_or(1);
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let feeds = |end: usize| {
        text.as_bytes()
            .get(..end)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
    };
    (
        first.saturating_add(feeds(span.start)),
        first.saturating_add(feeds(last_byte)),
    )
}

/// The document's title and the headings, each once.
fn title(title: Option<&str>, headings: &[String]) -> String {
    let mut parts: Vec<&str> = Vec::with_capacity(headings.len() + 1);
    for part in title.into_iter().chain(headings.iter().map(String::as_str)) {
        let part = part.trim();
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(" > ")
}

/// Where a word of the chunk begins on another line than the one before it; empty when the lines of the
/// text are those of the file.
fn line_marks(document: &Document, chunk: &Chunk) -> Vec<(usize, u32)> {
    let mut marks: Vec<(usize, u32)> = Vec::new();
    let mut straight = true;
    let mut feeds = 0;
    let mut between = true;
    for (at, c) in chunk.text.char_indices() {
        let space = c.is_whitespace();
        if between && !space {
            let start = chunk.span.start + at;
            let (line, _) = document.lines(&(start..start + c.len_utf8()));
            straight &= line == chunk.first_line + feeds;
            if marks.last().is_none_or(|(_, last)| *last != line) {
                marks.push((at, line));
            }
        }
        between = space;
        feeds += u32::from(c == '\n');
    }
    if straight { Vec::new() } else { marks }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::{ChunkOptions, chunk, load};

    fn docs(path: &str, text: &str) -> Vec<Doc> {
        let document = load(Path::new(path), text.as_bytes()).unwrap();
        let chunks = chunk(&document, &ChunkOptions::default());
        chunk_docs(path, "h", &document, chunks)
    }

    #[test]
    fn a_part_of_a_chunk_knows_its_lines() {
        let text = "# Keys\n\nRotate them\nevery ninety days.\n\nNever share them.\n";
        let docs = docs("/keys.md", text);
        let doc = &docs[0];
        let body = doc.text_field("text").unwrap();
        for (quote, lines) in [
            ("Rotate", (3, 3)),
            ("ninety", (4, 4)),
            ("them\nevery", (3, 4)),
            ("Never share", (6, 6)),
        ] {
            let at = body.find(quote).unwrap();
            assert_eq!(
                lines_of(&doc.meta, body, at..at + quote.len()),
                lines,
                "{quote}"
            );
        }
        assert!(!doc.meta.contains_key("lines"));
        assert_eq!(doc.text_field("title"), Some("Keys"));
    }

    #[test]
    fn lines_of_html_are_those_of_the_file() {
        let html = "<html><body>\n<!-- a\ncomment -->\n<p>One\nwrapped line.</p>\n<br>\n\n<p>Last words.</p></body></html>\n";
        let docs = docs("/a.html", html);
        let doc = &docs[0];
        let body = doc.text_field("text").unwrap();
        for (quote, line) in [("One", 4), ("wrapped", 5), ("Last", 8)] {
            let at = body.find(quote).unwrap();
            assert_eq!(
                lines_of(&doc.meta, body, at..at + quote.len()),
                (line, line),
                "{quote}"
            );
        }
    }

    #[test]
    fn keys_of_long_paths_fit_and_differ() {
        let (one, two) = ("\u{e9}".repeat(300) + "a", "\u{e9}".repeat(300) + "b");
        assert!(chunk_key(&one, usize::MAX).len() <= MAX_KEY_BYTES);
        assert_ne!(chunk_key(&one, 0), chunk_key(&two, 0));
        assert_eq!(chunk_key("/a.md", 3), "/a.md#3");
    }
}
