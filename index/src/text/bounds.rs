//! The best that any row of a block of postings can be worth (Ding and Suel 2011, "block-max index").

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::bm25::Saturation;

/// Terms of fewer rows have no bounds: they are read at once.
pub(crate) const LEAST_ROWS: u32 = 512;
/// Blocks of a field that bounds are kept for, 8 bytes each.
const MOST_BLOCKS: usize = 1 << 20;
/// Bounds are made anew when lengths have changed so much that they are worth little.
const MOST_GROWTH: f32 = 1.1;

/// Bounds of the blocks of one term, in order.
#[derive(Debug)]
pub(crate) struct BlockBounds {
    saturation: Saturation,
    /// The last row of each block.
    last: Vec<u32>,
    /// The largest saturation in each.
    best: Vec<f32>,
    /// All saturations, until the bounds are finished.
    all: Vec<f32>,
    /// What so many rows reach, for each of [`RANKS`] that there are rows for.
    reached: Vec<f32>,
}

/// Numbers of rows for which it is known what they reach.
const RANKS: [usize; 4] = [1, 10, 100, 1_000];

impl BlockBounds {
    pub(crate) fn new(saturation: Saturation) -> BlockBounds {
        BlockBounds {
            saturation,
            last: Vec::new(),
            best: Vec::new(),
            all: Vec::new(),
            reached: Vec::new(),
        }
    }

    /// Works out what the best rows reach, when all have been added.
    fn finish(mut self) -> BlockBounds {
        let mut all = std::mem::take(&mut self.all);
        let mut rest = &mut all[..];
        // What few reach is among what more do.
        for rank in RANKS.into_iter().rev() {
            if rank > rest.len() {
                continue;
            }
            let (before, reached, _) = rest.select_nth_unstable_by(rank - 1, |a, b| b.total_cmp(a));
            self.reached.push(*reached);
            rest = before;
        }
        self.reached.reverse();
        self
    }

    /// Adds the next block: rows in order with frequency and stored length.
    pub(crate) fn push(&mut self, rows: impl Iterator<Item = (u32, u32, u8)>) {
        let (mut end, mut best) = (None, 0.0f32);
        for (row, frequency, norm) in rows {
            end = Some(row);
            let saturation = self.saturation.of(frequency, norm);
            best = best.max(saturation);
            self.all.push(saturation);
        }
        if let Some(end) = end {
            self.last.push(end);
            self.best.push(best);
        }
    }

    /// The largest saturation of rows in `from..to`, 0 when there are none; `at` is where the search
    /// before it ended.
    pub(crate) fn best(&self, from: u32, to: u32, at: &mut usize) -> f32 {
        let mut block = *at;
        if self.last.get(block).is_some_and(|last| *last < from) {
            let ahead = self.last.get(block..).unwrap_or_default();
            // Most often the next.
            block += match ahead.iter().take(8).position(|last| *last >= from) {
                Some(near) => near,
                None => ahead.partition_point(|last| *last < from),
            };
        }
        *at = block;
        let mut best = 0.0f32;
        let rest = self.last.get(block..).unwrap_or_default();
        let bests = self.best.get(block..).unwrap_or_default();
        for (last, value) in rest.iter().zip(bests) {
            best = best.max(*value);
            if last + 1 >= to {
                break;
            }
        }
        best
    }

    /// The first row at or after `from` that may be in a block whose bound is enough.
    pub(crate) fn above(
        &self,
        from: u32,
        at: &mut usize,
        enough: impl Fn(f32) -> bool,
    ) -> Option<u32> {
        self.best(from, from, at);
        let ahead = self.best.get(*at..).unwrap_or_default();
        let skipped = ahead.iter().position(|best| enough(*best))?;
        if skipped == 0 {
            return Some(from);
        }
        *at += skipped;
        Some(self.last.get(*at - 1)? + 1)
    }

    /// The bound of the block that a row would be in, and the block's last row.
    pub(crate) fn block_of(&self, row: u32, at: &mut usize) -> Option<(f32, u32)> {
        self.best(row, row, at);
        Some((*self.best.get(*at)?, *self.last.get(*at)?))
    }
}

/// A factor that makes up for rounding; none is needed where nothing is multiplied.
fn careful(factor: f32, slack: f32) -> f32 {
    match factor {
        1.0 => 1.0,
        factor => factor * slack,
    }
}

/// Bounds made for the terms that were searched for, for one field of a segment.
#[derive(Debug, Default)]
pub(crate) struct BoundsCache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    terms: HashMap<Box<str>, Arc<BlockBounds>>,
    blocks: usize,
}

/// Bounds as a search uses them.
#[derive(Clone, Debug)]
pub(crate) struct TermBounds {
    blocks: Arc<BlockBounds>,
    /// How much larger than its bound a row can be, since average lengths have changed, and how much smaller.
    growth: f32,
    shrink: f32,
    at: usize,
}

impl TermBounds {
    /// The largest saturation of rows in `from..to`.
    #[inline]
    pub(crate) fn best(&mut self, from: u32, to: u32) -> f32 {
        self.blocks.best(from, to, &mut self.at) * self.growth
    }

    /// What `k` rows reach at least, if it is known.
    pub(crate) fn reached(&self, k: usize) -> Option<f32> {
        let rank = RANKS.iter().position(|rank| *rank >= k)?;
        let reached = self.blocks.reached.get(rank)?;
        Some(reached * self.shrink)
    }

    /// The first row at or after `from` that may be in a block whose bound is enough.
    pub(crate) fn above(&mut self, from: u32, enough: impl Fn(f32) -> bool) -> Option<u32> {
        let growth = self.growth;
        let enough = |best| enough(best * growth);
        self.blocks.above(from, &mut self.at, enough)
    }

    /// The bound of the block that a row would be in, and the last row of it.
    #[inline]
    pub(crate) fn block_of(&mut self, row: u32) -> Option<(f32, u32)> {
        let (best, last) = self.blocks.block_of(row, &mut self.at)?;
        Some((best * self.growth, last))
    }
}

impl BoundsCache {
    /// The bounds of a term, made if they are not there.
    pub(crate) fn get<E>(
        &self,
        term: &str,
        saturation: Saturation,
        make: impl FnOnce(BlockBounds) -> Result<BlockBounds, E>,
    ) -> Result<TermBounds, E> {
        let with = |blocks: &Arc<BlockBounds>| TermBounds {
            blocks: blocks.clone(),
            growth: careful(blocks.saturation.growth(&saturation), 1.000_001),
            shrink: careful(1.0 / saturation.growth(&blocks.saturation), 0.999_999),
            at: 0,
        };
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.terms.get(term).map(with)
            && found.growth <= MOST_GROWTH
        {
            return Ok(found);
        }
        drop(kept);
        let made = Arc::new(make(BlockBounds::new(saturation))?.finish());
        let found = with(&made);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.blocks + made.last.len() > MOST_BLOCKS {
            *kept = Kept::default();
        }
        kept.blocks += made.last.len();
        if let Some(before) = kept.terms.insert(term.into(), made) {
            kept.blocks = kept.blocks.saturating_sub(before.last.len());
        }
        Ok(found)
    }
}
