//! Extracted text with what is needed to cite it: format, title, headings and source lines.

use std::fmt;
use std::ops::Range;

use crate::load::markdown;

/// What kind of text a document is; it decides where chunks may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prose without markup.
    Text,
    /// CommonMark with tables.
    Markdown,
    /// Text extracted from HTML.
    Html,
    /// Source code or data, with the name of the language.
    Code(&'static str),
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Code(language) => language,
        })
    }
}

/// Text that can be cut into chunks and cited by line.
#[derive(Debug, Clone)]
pub struct Document {
    /// The extracted text.
    pub text: String,
    /// What kind of text it is.
    pub format: Format,
    /// The title the document gives itself.
    pub title: Option<String>,
    pub(crate) outline: Outline,
    lines: LineMap,
}

impl Document {
    /// A document whose text is its own source: anything but HTML that is still to be extracted.
    #[must_use]
    pub fn new(text: impl Into<String>, format: Format) -> Self {
        let text = text.into();
        let outline = match format {
            Format::Markdown => markdown::outline(&text),
            _ => Outline::default(),
        };
        let lines = LineMap::of_source(&text);
        Self {
            title: outline.title(),
            text,
            format,
            outline,
            lines,
        }
    }

    /// A document whose text was extracted: `lines` leads back to the source.
    pub(crate) fn extracted(
        text: String,
        format: Format,
        title: Option<String>,
        outline: Outline,
        lines: LineMap,
    ) -> Self {
        let title = title.or_else(|| outline.title());
        Self {
            text,
            format,
            title,
            outline,
            lines,
        }
    }

    /// First and last line, counted from 1, that a byte span of [`text`](Self::text) has in the
    /// source file.
    #[must_use]
    pub fn lines(&self, span: &Range<usize>) -> (u32, u32) {
        let first = self.lines.line_at(span.start);
        let last = self
            .lines
            .line_at(span.end.saturating_sub(1).max(span.start));
        (first.min(last), first.max(last))
    }
}

/// A heading and where its section starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Byte offset in the text.
    pub(crate) start: usize,
    /// 1 for the topmost.
    pub(crate) level: u8,
    pub(crate) title: String,
}

/// What the markup says about structure, in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) headings: Vec<Heading>,
    /// Byte spans that should stay in one chunk: code and tables. They do not overlap.
    pub(crate) blocks: Vec<Range<usize>>,
}

impl Outline {
    /// The first heading of the top level that occurs.
    fn title(&self) -> Option<String> {
        let top = self.headings.iter().map(|heading| heading.level).min()?;
        let heading = self.headings.iter().find(|heading| heading.level == top)?;
        Some(heading.title.clone()).filter(|title| !title.is_empty())
    }
}

/// Leads from a byte of the text to a line of the source.
#[derive(Debug, Clone)]
pub(crate) enum LineMap {
    /// The text is the source: offsets of its line feeds.
    Source(Vec<usize>),
    /// Text offsets, ascending, each with the source line of what starts there.
    Extracted(Vec<(usize, u32)>),
}

impl LineMap {
    fn of_source(text: &str) -> Self {
        Self::Source(
            text.bytes()
                .enumerate()
                .filter(|(_, b)| *b == b'\n')
                .map(|(i, _)| i)
                .collect(),
        )
    }

    fn line_at(&self, offset: usize) -> u32 {
        let line = match self {
            Self::Source(feeds) => feeds.partition_point(|feed| *feed < offset) + 1,
            Self::Extracted(marks) => {
                let next = marks.partition_point(|(start, _)| *start <= offset);
                return next
                    .checked_sub(1)
                    .and_then(|i| marks.get(i))
                    .map_or(1, |mark| mark.1);
            }
        };
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Citations point at lines of the file as an editor numbers them.
    #[test]
    fn a_span_knows_its_source_lines() {
        let document = Document::new("one\ntwo\r\nthree\n\nfive", Format::Text);
        assert_eq!(document.lines(&(0..3)), (1, 1));
        assert_eq!(
            document.lines(&(0..4)),
            (1, 1),
            "a line feed belongs to the line it ends"
        );
        assert_eq!(document.lines(&(4..5)), (2, 2));
        assert_eq!(document.lines(&(0..11)), (1, 3));
        assert_eq!(document.lines(&(16..20)), (5, 5));
        assert_eq!(document.lines(&(20..20)), (5, 5));
        assert_eq!(Document::new("", Format::Text).lines(&(0..0)), (1, 1));
    }

    #[test]
    fn extracted_text_leads_back_to_its_source() {
        let lines = LineMap::Extracted(vec![(0, 7), (10, 12), (20, 9)]);
        let document = Document::extracted(
            " ".repeat(30),
            Format::Html,
            None,
            Outline::default(),
            lines,
        );
        assert_eq!(document.lines(&(0..10)), (7, 7));
        assert_eq!(document.lines(&(5..15)), (7, 12));
        assert_eq!(document.lines(&(12..25)), (9, 12));
    }

    #[test]
    fn the_title_is_the_first_heading_of_the_highest_level() {
        let document = Document::new("## Preface\n\n# Book\n\n# Other\n", Format::Markdown);
        assert_eq!(document.title.as_deref(), Some("Book"));
        assert_eq!(Document::new("# x", Format::Text).title, None);
    }
}
