//! Collects the visible text of a document, its outline and its lines.

use crate::document::{Document, Format, Heading, LineMap, Outline};

/// What separates two pieces of text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    marks: Vec<(usize, u32)>,
    line: u32,
    /// What goes before the next character.
    gap: Break,
    /// Characters that are written only if text follows: bullets and cell bars.
    prefix: &'static str,
    row_started: bool,
    pre: usize,
    outline: Outline,
    heading: Option<(u8, usize)>,
    /// Open blocks, and where the outermost starts.
    blocks: usize,
    block: usize,
}

impl Writer {
    /// Asks for a separation before whatever comes next.
    pub(super) fn ask(&mut self, gap: Break) {
        self.gap = self.gap.max(gap);
        if gap >= Break::Line {
            self.prefix = "";
        }
    }

    pub(super) fn prefix(&mut self, prefix: &'static str) {
        self.prefix = prefix;
    }

    pub(super) fn row(&mut self) {
        self.row_started = false;
    }

    pub(super) fn cell(&mut self) {
        if self.row_started {
            self.gap = self.gap.max(Break::Space);
            self.prefix = "| ";
        }
        self.row_started = true;
    }

    pub(super) fn open_pre(&mut self) {
        self.pre += 1;
    }

    pub(super) fn close_pre(&mut self) {
        self.pre = self.pre.saturating_sub(1);
    }

    pub(super) fn open_block(&mut self) {
        if self.blocks == 0 {
            self.block = self.text.len();
        }
        self.blocks += 1;
    }

    pub(super) fn close_block(&mut self) {
        self.blocks = self.blocks.saturating_sub(1);
        if self.blocks == 0 && self.block < self.text.len() {
            let lead = self.text[self.block..].len() - self.text[self.block..].trim_start().len();
            self.outline.blocks.push(self.block + lead..self.text.len());
        }
    }

    pub(super) fn open_heading(&mut self, level: u8) {
        // A table or list that is laid out with headings keeps its rows together.
        if self.blocks == 0 {
            self.heading = Some((level, self.text.len()));
        }
    }

    pub(super) fn close_heading(&mut self) {
        let Some((level, from)) = self.heading.take() else {
            return;
        };
        let title = self.text[from..].trim_start();
        if title.is_empty() {
            return;
        }
        let start = self.text.len() - title.len();
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        self.outline.headings.push(Heading {
            start,
            level,
            title,
        });
    }

    /// Writes text; `lines` are the offsets in it where another source line begins.
    pub(super) fn text(&mut self, text: &str, lines: &[(usize, u32)]) {
        let mut lines = lines.iter().peekable();
        for (offset, c) in text.char_indices() {
            while let Some((_, line)) = lines.next_if(|(start, _)| *start <= offset) {
                self.line = *line;
            }
            if self.pre > 0 && c == '\n' {
                self.gap = if self.gap >= Break::Line {
                    Break::Paragraph
                } else {
                    Break::Line
                };
            } else if self.pre == 0 && c.is_whitespace() {
                self.gap = self.gap.max(Break::Space);
            } else {
                self.push_spaced(c);
            }
        }
    }

    fn push_spaced(&mut self, c: char) {
        if !self.text.is_empty() {
            self.text.push_str(match self.gap {
                Break::None => "",
                Break::Space => " ",
                Break::Line => "\n",
                Break::Paragraph => "\n\n",
            });
        }
        self.gap = Break::None;
        if self.marks.last().is_none_or(|(_, line)| *line != self.line) {
            self.marks.push((self.text.len(), self.line.max(1)));
        }
        self.text.push_str(self.prefix);
        self.prefix = "";
        self.text.push(c);
    }

    pub(super) fn finish(self, title: Option<String>) -> Document {
        let lines = LineMap::Extracted(self.marks);
        Document::extracted(self.text, Format::Html, title, self.outline, lines)
    }
}
