//! A place in a document, with the words that stand there.

use std::env;
use std::path::Path;

use lumos_engine::{DEFAULT_TEXT_FIELD, Doc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ingest::layout::lines_of;

/// A quote with the place it stands at. The quote is the exact text of the source, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Citation {
    /// The number in brackets that points to it from the text, from 1.
    pub number: usize,
    /// The file, as an absolute path.
    pub source: String,
    /// The first and the last line of the quote, from 1.
    pub lines: (usize, usize),
    /// The exact text.
    pub quote: String,
    /// The key of the stored document that holds it.
    pub key: String,
}

impl Citation {
    /// A citation of this text at this place.
    pub fn new(
        number: usize,
        source: impl Into<String>,
        lines: (usize, usize),
        quote: impl Into<String>,
        key: impl Into<String>,
    ) -> Self {
        Citation {
            number,
            source: source.into(),
            lines,
            quote: quote.into(),
            key: key.into(),
        }
    }

    /// A citation of the whole text of a stored document.
    pub fn of(number: usize, doc: &Doc) -> Self {
        let text = doc.text_field(DEFAULT_TEXT_FIELD).unwrap_or_default();
        // A document that was put by hand is its own source.
        let source = doc
            .meta
            .get("source")
            .and_then(Value::as_str)
            .unwrap_or(&doc.key);
        let lines = lines_of(&doc.meta, text, 0..text.len());
        Citation::new(number, source, lines, text, doc.key.as_str())
    }

    /// The first line of the quote, from 1.
    pub fn first_line(&self) -> usize {
        self.lines.0
    }

    /// The last line of the quote, from 1.
    pub fn last_line(&self) -> usize {
        self.lines.1
    }

    /// The place as `file:line` or `file:first-last`, the file relative to the current folder when it
    /// lies in it.
    pub fn place(&self) -> String {
        let file = shortened(&self.source);
        match self.lines {
            (first, last) if first == last => format!("{file}:{first}"),
            (first, last) => format!("{file}:{first}-{last}"),
        }
    }
}

/// The path as seen from the current folder, when it lies in it.
pub(crate) fn shortened(source: &str) -> &str {
    let Ok(here) = env::current_dir() else {
        return source;
    };
    match Path::new(source).strip_prefix(&here) {
        Ok(inside) => inside
            .to_str()
            .filter(|path| !path.is_empty())
            .unwrap_or(source),
        Err(_) => source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_place_is_told_from_the_current_folder_and_with_one_line_once() {
        let here = env::current_dir().unwrap();
        let inside = here.join("docs").join("a.md");
        let citation = Citation::new(1, inside.to_str().unwrap(), (3, 3), "x", "k");
        assert!(citation.place().ends_with("a.md:3"));
        assert!(!citation.place().starts_with('/'));
        let outside = Citation::new(1, "/elsewhere/b.md", (3, 5), "x", "k");
        assert_eq!(outside.place(), "/elsewhere/b.md:3-5");
    }
}
