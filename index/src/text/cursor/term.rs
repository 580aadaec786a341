//! The rows of one term in one field.

use tantivy::postings::BlockSegmentPostings;

use super::{Cursor, END, Window};
use crate::text::bm25::{Saturation, largest_share, share};
use crate::text::bounds::TermBounds;
use crate::text::memory::Postings;
use crate::text::top::TopRows;

/// Rows that are read together.
const BLOCK: usize = 128;
/// Rows that are compared together.
const GROUP: usize = 16;

/// The stored lengths of a field, by row.
#[derive(Clone, Copy)]
pub(crate) struct Norms<'a>(pub(crate) &'a [u8]);

impl Norms<'_> {
    #[inline(always)]
    pub(crate) fn of(&self, row: u32) -> u8 {
        self.0.get(row as usize).copied().unwrap_or_default()
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

/// Calls `each` with the rows that are worth more than `floor`. Most often there is none in a group.
#[inline(always)]
pub(super) fn each_above(rows: &[u32], sums: &[u32], floor: u32, mut each: impl FnMut(u32, u32)) {
    for (rows, sums) in rows.chunks(GROUP).zip(sums.chunks(GROUP)) {
        if !sums.iter().fold(false, |any, sum| any | (*sum > floor)) {
            continue;
        }
        for (row, sum) in rows.iter().zip(sums) {
            if *sum > floor {
                each(*row, *sum);
            }
        }
    }
}

/// How many rows of a block come before one. In a full block nothing depends on which: to guess a branch
/// wrong takes longer than to compare a group more.
#[inline(always)]
fn before(rows: &[u32], row: u32) -> usize {
    let Ok(block) = <&[u32; BLOCK]>::try_from(rows) else {
        return rows.partition_point(|other| *other < row);
    };
    let (groups, _) = block.as_chunks::<GROUP>();
    let passed = groups.iter().filter(|group| group[GROUP - 1] < row).count();
    let group = groups.get(passed);
    let within = group.map_or(0, |group| {
        group.iter().filter(|other| **other < row).count()
    });
    passed * GROUP + within
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
    /// What rows of the present block are worth.
    sums: [u32; BLOCK],
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
            sums: [0; BLOCK],
        }
    }

    #[inline(always)]
    fn stand(&mut self, at: usize) -> u32 {
        self.at = at;
        self.row = self.blocks.rows().get(at).copied().unwrap_or(END);
        self.row
    }

    /// Works out what the rows of the present block before `to` are worth; gives their number.
    #[inline]
    fn weigh(&mut self, to: u32) -> usize {
        let rows = self.blocks.rows().get(self.at..).unwrap_or_default();
        let here = match rows.last() {
            Some(last) if *last >= to => rows.partition_point(|row| *row < to),
            _ => rows.len(),
        };
        let rows = rows.get(..here).unwrap_or_default();
        // First what is scattered, then what is not: the second loop takes several rows at once.
        let (weight, saturation) = (self.weight, self.saturation);
        let mut lengths = [0.0; BLOCK];
        for (length, row) in lengths.iter_mut().zip(rows) {
            *length = saturation.length(self.norms.of(*row));
        }
        let frequencies = self.blocks.frequencies().get(self.at..);
        let pairs = frequencies.unwrap_or_default().iter().zip(&lengths);
        for ((frequency, length), sum) in pairs.zip(&mut self.sums).take(here) {
            *sum = share(weight, saturation.at(*frequency, *length));
        }
        here
    }

    /// Calls `each` with the rows of the present block before `to` and what they are worth, and goes to
    /// the row behind them.
    #[inline(always)]
    pub(super) fn drain(&mut self, to: u32, each: impl FnOnce(&[u32], &[u32])) {
        let here = self.weigh(to);
        let rows = self.blocks.rows().get(self.at..).unwrap_or_default();
        let is_whole = here == rows.len() && here > 0;
        let sums = self.sums.get(..here).unwrap_or_default();
        each(rows.get(..here).unwrap_or_default(), sums);
        if is_whole {
            self.blocks.next();
            self.stand(0);
        } else {
            let next = self.at + here;
            self.stand(next);
        }
    }

    /// What no row of the block that a row would be in is worth more than, and the last row of the block, or
    /// where one may end.
    pub(super) fn block_of(&mut self, row: u32) -> (u32, u32) {
        if let Some(bounds) = &mut self.bounds {
            return match bounds.block_of(row) {
                Some((best, last)) => (largest_share(self.weight, best), last),
                None => (0, END),
            };
        }
        self.seek(row);
        let last = self.blocks.rows().last().copied();
        (self.most, last.unwrap_or(END))
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
        let rows = self.blocks.rows();
        let at = match rows.last() {
            Some(last) if *last >= row => before(rows, row),
            _ => self.blocks.seek(row),
        };
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
            self.drain(to, |rows, sums| {
                for (row, sum) in rows.iter().zip(sums) {
                    window.add(row - from, *sum);
                }
            });
        }
    }

    fn above(&mut self, from: u32, to: u32, floor: u32, above: &mut Vec<(u32, u32)>) {
        self.seek(from);
        while self.row < to {
            self.drain(to, |rows, sums| {
                each_above(rows, sums, floor, |row, sum| above.push((row, sum)));
            });
        }
    }

    fn collect(&mut self, rows: u32, top: &mut TopRows, accept: &mut dyn FnMut(u32) -> bool) {
        let mut from = self.row;
        while from < rows {
            if let Some(bounds) = &mut self.bounds {
                match bounds.above(from, |best| largest_share(self.weight, best) > top.floor()) {
                    Some(row) => from = row,
                    None => return,
                }
            }
            if self.seek(from) >= rows {
                return;
            }
            self.drain(rows, |rows, sums| {
                each_above(rows, sums, top.floor(), |row, sum| {
                    if sum > top.floor() && accept(row) {
                        top.push(sum, row);
                    }
                });
            });
            from = self.row;
        }
    }
}
