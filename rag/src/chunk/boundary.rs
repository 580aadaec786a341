//! Places where a chunk may end, and how good each is.

use std::ops::Range;

use super::cost::{Meter, is_cjk};
use crate::document::Format;

/// How strong a boundary is, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Before a mark that belongs to the character before it.
    Mark,
    /// Within a word.
    Character,
    /// Between two characters of a script without spaces.
    Glyph,
    Word,
    Clause,
    /// A line that was wrapped.
    Wrap,
    Sentence,
    /// A line that ends for a reason.
    Line,
    Paragraph,
    /// Before a top-level item of code.
    Item,
}

/// A place where a chunk may end and the next may start: before a character that is not white space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boundary {
    /// Byte offset in the document.
    pub(super) at: usize,
    /// Cost of what lies between the start of the scan and `at`.
    pub(super) cost: u64,
    pub(super) strength: Strength,
    /// Whether a block that should stay whole is cut here.
    pub(super) inside: bool,
}

/// What lies ahead of the start of a chunk.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Boundaries up to the limit, in order.
    pub(super) boundaries: Vec<Boundary>,
    /// Cost up to the end of the section, when it is at most twice the limit.
    pub(super) rest: Option<u64>,
}

/// Looks for boundaries in `span` as far as `limit` allows, and for the end as far as twice that.
pub(super) fn look_ahead(
    text: &str,
    span: Range<usize>,
    limit: u64,
    blocks: &[Range<usize>],
    format: Format,
) -> Ahead {
    let mut boundaries = Vec::new();
    let mut meter = Meter::default();
    let mut gap = Gap::default();
    let passed = blocks.partition_point(|block| block.end <= span.start);
    let mut blocks = blocks[passed..].iter().peekable();
    let mut push = |at: usize, cost: u64, strength: Strength| {
        while blocks.next_if(|block| block.end <= at).is_some() {}
        let inside = blocks.peek().is_some_and(|block| block.start < at);
        boundaries.push(Boundary {
            at,
            cost,
            strength,
            inside,
        });
    };
    let mut open = true;
    for (offset, c) in text[span.clone()].char_indices() {
        let at = span.start + offset;
        let before = meter.total();
        if open && !c.is_whitespace() && gap.started {
            push(at, before, gap.strength(c, format));
        }
        meter.push(c);
        if meter.total() > limit && open {
            open = false;
            // White space that goes on past the limit ends the chunk as well as what follows would.
            if c.is_whitespace() && gap.started {
                push(at, before, gap.strength('a', format));
            }
        }
        if meter.total() > 2 * limit {
            return Ahead {
                boundaries,
                rest: None,
            };
        }
        gap.push(c);
    }
    Ahead {
        boundaries,
        rest: Some(meter.total()),
    }
}

/// What was seen between the last character that is not white space and here.
#[derive(Debug, Default)]
struct Gap {
    /// Whether there was such a character.
    started: bool,
    last: char,
    /// The last character that is not a closing quote or bracket.
    ending: char,
    feeds: u32,
    indent: u32,
    spaces: u32,
}

impl Gap {
    fn push(&mut self, c: char) {
        if c == '\n' {
            self.feeds += 1;
            self.indent = 0;
        }
        if c.is_whitespace() {
            self.spaces += 1;
            self.indent += u32::from(c == ' ' || c == '\t');
            return;
        }
        if !is_closing(c) || (self.spaces > 0 || !self.started) {
            self.ending = c;
        }
        (self.started, self.last) = (true, c);
        (self.feeds, self.indent, self.spaces) = (0, 0, 0);
    }

    /// The strength of the boundary before `next`.
    fn strength(&self, next: char, format: Format) -> Strength {
        let code = matches!(format, Format::Code(_));
        if self.feeds > 0 && !code && matches!(self.last, ':' | '\u{FF1A}') {
            // What is announced belongs to its announcement.
            return Strength::Clause;
        }
        if self.feeds >= 2 {
            let item = code && self.indent == 0 && !is_closing(next);
            return if item {
                Strength::Item
            } else {
                Strength::Paragraph
            };
        }
        let wide_stop = matches!(
            self.ending,
            '\u{3002}' | '\u{FF01}' | '\u{FF1F}' | '\u{FF0E}'
        );
        if self.feeds == 1 {
            let stop = wide_stop || matches!(self.ending, '.' | '!' | '?' | '\u{2026}');
            let list = matches!(next, '-' | '*' | '+' | '|' | '#' | '>' | '\u{2022}');
            let hard = code || stop || list || format == Format::Html;
            return if hard { Strength::Line } else { Strength::Wrap };
        }
        if wide_stop && !is_closing(next) {
            return Strength::Sentence;
        }
        let wide_pause = matches!(self.last, '\u{FF0C}' | '\u{3001}' | '\u{FF1B}' | '\u{FF1A}');
        if wide_pause {
            return Strength::Clause;
        }
        if self.spaces > 0 {
            let stop = matches!(self.ending, '.' | '!' | '?' | '\u{2026}');
            return if stop && !next.is_lowercase() {
                Strength::Sentence
            } else if matches!(self.last, ',' | ';' | ':') {
                Strength::Clause
            } else {
                Strength::Word
            };
        }
        if is_mark(next) || self.last == '\u{200D}' {
            Strength::Mark
        } else if (is_cjk(self.last) || is_cjk(next)) && !is_closing(next) && !is_pause(next) {
            Strength::Glyph
        } else {
            Strength::Character
        }
    }
}

fn is_closing(c: char) -> bool {
    matches!(
        c,
        ')' | ']'
            | '}'
            | '"'
            | '\''
            | '\u{201D}'
            | '\u{2019}'
            | '\u{00BB}'
            | '\u{300D}'
            | '\u{300F}'
            | '\u{FF09}'
            | '\u{3011}'
            | '\u{300B}'
    )
}

/// Full-width punctuation that does not begin a line.
fn is_pause(c: char) -> bool {
    matches!(
        c,
        '\u{3001}'
            | '\u{3002}'
            | '\u{FF0C}'
            | '\u{FF0E}'
            | '\u{FF01}'
            | '\u{FF1F}'
            | '\u{FF1A}'
            | '\u{FF1B}'
    )
}

/// Combining marks, joiners and variation selectors: they change the character before them.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036F | 0x0E31 | 0x0E34..=0x0E3A | 0x0E47..=0x0E4E | 0x200D | 0x20D0..=0x20FF
        | 0x3099..=0x309A | 0xFE00..=0xFE0F | 0x1F3FB..=0x1F3FF)
}
