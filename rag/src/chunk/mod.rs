//! Documents cut into passages that are embedded, found and cited one by one.

mod boundary;
mod cost;
mod options;
mod section;
mod split;

use std::ops::Range;

use crate::document::Document;

pub use options::ChunkOptions;

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The passage: the document's text at `span`, without white space around it.
    pub text: String,
    /// Where it is in the document's text, in bytes.
    pub span: Range<usize>,
    /// Its first line in the source file, counted from 1.
    pub first_line: u32,
    /// Its last line in the source file, counted from 1.
    pub last_line: u32,
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
}

/// Cuts a document into chunks, in the order of the text.
///
/// Sections (by heading) are kept apart; a section that is too long is cut at the strongest
/// boundary near the limit: paragraph, line, sentence, clause, word, in scripts without spaces
/// between two characters. Code blocks and tables stay whole where they fit. Nothing but white space
/// is left out, and only `overlap` repeats.
#[must_use]
pub fn chunk(document: &Document, options: &ChunkOptions) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for section in section::sections(document) {
        for span in split::split(document, section.span, options) {
            let (first_line, last_line) = document.lines(&span);
            chunks.push(Chunk {
                text: document.text[span.clone()].to_owned(),
                span,
                first_line,
                last_line,
                headings: section.headings.clone(),
            });
        }
    }
    chunks
}

#[cfg(test)]
mod tests;
