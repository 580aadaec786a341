//! The rows of one term in one field.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;

use super::{Cursor, END, Window};
use crate::text::bm25::{Saturation, largest_share, share};
use crate::text::bounds::TermBounds;
use crate::text::memory::Postings;
use crate::text::top::TopRows;

/// Rows that are read together.
const BLOCK: usize = 128;

/// The stored lengths of a field.
#[derive(Clone, Copy)]
pub(crate) enum Norms<'a> {
    Memory(&'a [u8]),
    Sealed(&'a FieldNormReader),
}

impl Norms<'_> {
    #[inline(always)]
    pub(crate) fn of(&self, row: u32) -> u8 {
        match self {
            Norms::Memory(norms) => norms.get(row as usize).copied().unwrap_or_default(),
            Norms::Sealed(norms) => norms.fieldnorm_id(row),
        }
    }
}

/// Postings, a block at a time.
pub(crate) enum Blocks<'a> {
    Sealed(Box<BlockSegmentPostings>),
    Memory {
        postings: &'a Postings,
        /// Rows of the snapshot.
        visible: usize,
        start: usize,
        frequencies: Vec<u32>,
    },
}

impl<'a> Blocks<'a> {
    pub(crate) fn memory(postings: &'a Postings, rows: u32) -> Blocks<'a> {
        let mut blocks = Blocks::Memory {
            postings,
            visible: postings.visible(rows),
            start: 0,
            frequencies: Vec::with_capacity(BLOCK),
        };
        blocks.load(0);
        blocks
    }

    /// Reads the frequencies of the block in memory that begins at `from`.
    fn load(&mut self, from: usize) {
        if let Blocks::Memory {
            postings,
            visible,
            start,
            frequencies,
        } = self
        {
            *start = from.min(*visible);
            let end = (*start + BLOCK).min(*visible);
            frequencies.clear();
            frequencies.extend((*start..end).map(|at| postings.frequency(at)));
        }
    }

    /// The rows of the present block; none past the last.
    #[inline(always)]
    pub(crate) fn rows(&self) -> &[u32] {
        match self {
            Blocks::Sealed(blocks) => blocks.docs(),
            Blocks::Memory {
                postings,
                start,
                frequencies,
                ..
            } => {
                let block = postings.rows.get(*start..*start + frequencies.len());
                block.unwrap_or_default()
            }
        }
    }

    #[inline(always)]
    pub(crate) fn frequencies(&self) -> &[u32] {
        match self {
            Blocks::Sealed(blocks) => blocks.freqs(),
            Blocks::Memory { frequencies, .. } => frequencies,
        }
    }

    pub(crate) fn next(&mut self) {
        match self {
            Blocks::Sealed(blocks) => blocks.advance(),
            Blocks::Memory { start, .. } => {
                let next = *start + BLOCK;
                self.load(next);
            }
        }
    }

    /// Goes to the block with the first row at or after `row`, and gives its place there.
    pub(crate) fn seek(&mut self, row: u32) -> usize {
        match self {
            Blocks::Sealed(blocks) => blocks.seek(row),
            Blocks::Memory {
                postings,
                visible,
                start,
                frequencies,
            } => {
                let ahead = postings.rows.get(*start..*visible).unwrap_or_default();
                let skipped = ahead.partition_point(|other| *other < row);
                if skipped < frequencies.len() {
                    return skipped;
                }
                let from = *start + skipped;
                self.load(from);
                0
            }
        }
    }
}

/// Rows that have a term.
pub(crate) struct TermCursor<'a> {
    blocks: Blocks<'a>,
    /// Place in the present block.
    at: usize,
    row: u32,
    norms: Norms<'a>,
    saturation: Saturation,
    weight: f32,
    bounds: Option<TermBounds>,
    most: u32,
    count: u32,
}

impl<'a> TermCursor<'a> {
    pub(crate) fn new(
        blocks: Blocks<'a>,
        norms: Norms<'a>,
        saturation: Saturation,
        weight: f32,
        bounds: Option<TermBounds>,
        count: u32,
    ) -> TermCursor<'a> {
        let row = blocks.rows().first().copied().unwrap_or(END);
        TermCursor {
            blocks,
            at: 0,
            row,
            norms,
            saturation,
            weight,
            bounds,
            most: largest_share(weight, 1.0),
            count,
        }
    }

    #[inline(always)]
    fn stand(&mut self, at: usize) -> u32 {
        self.at = at;
        self.row = self.blocks.rows().get(at).copied().unwrap_or(END);
        self.row
    }

    /// Calls `each` with the rows of the present block before `to` and what they are worth, and goes to
    /// the row behind them.
    #[inline(always)]
    fn drain(&mut self, to: u32, mut each: impl FnMut(u32, u32)) {
        let (weight, saturation, norms) = (self.weight, self.saturation, self.norms);
        let rows = self.blocks.rows().get(self.at..).unwrap_or_default();
        let frequencies = self.blocks.frequencies().get(self.at..);
        let here = match rows.last() {
            Some(last) if *last >= to => rows.partition_point(|row| *row < to),
            _ => rows.len(),
        };
        let pairs = rows.iter().zip(frequencies.unwrap_or_default()).take(here);
        for (row, frequency) in pairs {
            let value = saturation.of(*frequency, norms.of(*row));
            each(*row, share(weight, value));
        }
        let next = self.at + here;
        if here == rows.len() && here > 0 {
            self.blocks.next();
            self.stand(0);
        } else {
            self.stand(next);
        }
    }
}

impl Cursor for TermCursor<'_> {
    #[inline]
    fn row(&self) -> u32 {
        self.row
    }

    #[inline]
    fn advance(&mut self) -> u32 {
        let next = self.at + 1;
        if self.stand(next) == END {
            self.blocks.next();
            self.stand(0);
        }
        self.row
    }

    #[inline]
    fn seek(&mut self, row: u32) -> u32 {
        if self.row >= row {
            return self.row;
        }
        let at = self.blocks.seek(row);
        self.stand(at)
    }

    #[inline]
    fn score(&mut self) -> u32 {
        let frequency = self.blocks.frequencies().get(self.at).copied();
        let norm = self.norms.of(self.row);
        let value = self.saturation.of(frequency.unwrap_or_default(), norm);
        share(self.weight, value)
    }

    fn count(&self) -> u64 {
        u64::from(self.count)
    }

    fn most(&self) -> u32 {
        self.most
    }

    fn bound(&mut self, from: u32, to: u32) -> u32 {
        if let Some(bounds) = &mut self.bounds {
            return match bounds.best(from, to) {
                0.0 => 0,
                best => largest_share(self.weight, best),
            };
        }
        match self.seek(from) < to {
            true => self.most,
            false => 0,
        }
    }

    fn fill(&mut self, from: u32, to: u32, window: &mut Window) {
        self.seek(from);
        while self.row < to {
            self.drain(to, |row, score| window.add(row - from, score));
        }
    }

    fn collect(&mut self, rows: u32, top: &mut TopRows, accept: &mut dyn FnMut(u32) -> bool) {
        let mut from = self.row;
        while from < rows {
            let block = self
                .bounds
                .as_mut()
                .and_then(|bounds| bounds.block_of(from));
            if let Some((best, last)) = block
                && largest_share(self.weight, best) <= top.floor()
            {
                from = last + 1;
                continue;
            }
            if self.seek(from) >= rows {
                return;
            }
            self.drain(rows, |row, score| {
                if score > top.floor() && accept(row) {
                    top.push(score, row);
                }
            });
            from = self.row;
        }
    }
}
