//! Codes read where they lie, and distances to them.

use super::layout::Layout;
use super::quantizer::{Rung, Terms, own_steps, quantize_query, tail, terms};
use super::tier::{Level, Task, Tier, dispatch};
use crate::distance::{Scorer, prefetch};

/// The codes of a column, borrowed from bytes, nothing copied.
///
/// Decoding checks header and lengths only; codes that are damaged give wrong candidates, which
/// are compared exactly in the end.
#[derive(Clone, Copy, Debug)]
pub struct CodesView<'a> {
    pub(super) layout: Layout,
    pub(super) bytes: &'a [u8],
    pub(super) center: &'a [f32],
    pub(super) entry_ordinals: &'a [u32],
    pub(super) entry: &'a [u8],
    pub(super) rows: &'a [u8],
}

impl<'a> CodesView<'a> {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.n
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bits of a component, and what follows from them.
    #[must_use]
    pub fn rung(&self) -> Rung {
        self.layout.rung
    }

    /// The encoded form.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn metric(&self) -> crate::metric::Metric {
        self.layout.metric
    }

    pub(crate) fn dim(&self) -> usize {
        self.layout.dim
    }

    /// Quantises a query into `out`.
    pub(crate) fn quantize(&self, query: &[f32], out: &mut Vec<i8>) -> Terms {
        let layout = &self.layout;
        quantize_query(
            (layout.rung, layout.metric),
            (layout.step, self.center),
            query,
            layout.stride(),
            out,
        )
    }

    /// A row of SQ8 codes as the query.
    pub(crate) fn row_query(&self, ordinal: u32, out: &mut Vec<i8>) -> Terms {
        let layout = &self.layout;
        let row = self.row(ordinal);
        out.clear();
        out.extend(
            row[..layout.dim]
                .iter()
                .map(|&code| (code as i8).wrapping_sub(64)),
        );
        let sum: i32 = out.iter().map(|&y| i32::from(y)).sum();
        out.resize(layout.stride(), 0);
        let (own, norm) = match own_steps(layout.metric) {
            true => tail(row),
            false => (layout.step, 1.0),
        };
        terms(layout.rung, layout.metric, own, layout.step, sum, || norm)
    }

    #[inline(always)]
    fn row(&self, ordinal: u32) -> &'a [u8] {
        let stride = self.layout.stride();
        &self.rows[ordinal as usize * stride..][..stride]
    }

    /// Rows as something to score.
    pub(crate) fn table(&self) -> Table<'a> {
        Table {
            rung: self.layout.rung,
            own_steps: own_steps(self.layout.metric),
            stride: self.layout.stride(),
            rows: self.rows,
        }
    }

    /// The rows that searches begin at, by place in [`CodesView::entry_ordinals`].
    pub(crate) fn entry_table(&self) -> Table<'a> {
        Table {
            rows: self.entry,
            ..self.table()
        }
    }

    pub(crate) fn entry_ordinals(&self) -> &'a [u32] {
        self.entry_ordinals
    }
}

/// Rows of codes, each of `stride` bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    rung: Rung,
    own_steps: bool,
    stride: usize,
    rows: &'a [u8],
}

impl Table<'_> {
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.rows.len() / self.stride
    }

    #[inline(always)]
    pub(crate) fn prefetch(&self, id: u32) {
        let start = id as usize * self.stride;
        for line in (0..self.stride).step_by(64) {
            prefetch(self.rows, start + line);
        }
    }
}

/// A quantised query bound to rows, on a tier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeScorer<'a, T> {
    pub(crate) tier: T,
    pub(crate) table: Table<'a>,
    pub(crate) query: &'a [i8],
    pub(crate) terms: Terms,
}

impl<T: Tier> Scorer for CodeScorer<'_, T> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.table.len()
    }

    #[inline(always)]
    fn distances(&self, ids: &[u32], out: &mut [f32]) {
        let Table {
            rung,
            own_steps,
            stride,
            rows,
        } = self.table;
        let Terms {
            offset,
            norm,
            factor,
            multiplier,
            zero_sum,
        } = self.terms;
        let row = |id: u32| &rows[id as usize * stride..][..stride];
        for (ids, out) in ids.chunks(4).zip(out.chunks_mut(4)) {
            // The last of a block is scored again rather than one at a time.
            let [first, ..] = *ids else { return };
            let at = |i: usize| ids.get(i).copied().unwrap_or(first);
            let four = [row(first), row(at(1)), row(at(2)), row(at(3))];
            let sums = match rung {
                Rung::Sq8 => self.tier.sq8(self.query, four),
                Rung::Sq4 => self.tier.sq4(self.query, four),
            };
            let inner = sums.map(|sum| sum.wrapping_mul(multiplier).wrapping_sub(zero_sum) as f32);
            let distances = match own_steps {
                false => inner.map(|inner| offset + factor * inner),
                true => std::array::from_fn(|i| {
                    let (step, squared) = tail(four[i]);
                    offset + norm * squared + factor * step * inner[i]
                }),
            };
            match out.as_mut_array::<4>() {
                Some(out) => *out = distances,
                None => out.copy_from_slice(&distances[..out.len()]),
            }
        }
    }

    #[inline(always)]
    fn prefetch(&self, id: u32) {
        self.table.prefetch(id);
    }
}

/// A row of SQ8 codes bound as the query: what a graph is built with.
#[derive(Debug)]
pub(crate) struct CodeRow<'a> {
    pub(crate) table: Table<'a>,
    pub(crate) query: Vec<i8>,
    pub(crate) terms: Terms,
}

impl<'a> CodeRow<'a> {
    pub(crate) fn new(codes: &CodesView<'a>, ordinal: u32) -> Self {
        let mut query = Vec::new();
        let terms = codes.row_query(ordinal, &mut query);
        CodeRow {
            table: codes.table(),
            query,
            terms,
        }
    }

    pub(crate) fn scorer<T: Tier>(&self, tier: T) -> CodeScorer<'_, T> {
        CodeScorer {
            tier,
            table: self.table,
            query: &self.query,
            terms: self.terms,
        }
    }

    pub(crate) fn distances(&self, ids: &[u32], out: &mut [f32]) {
        struct Block<'a>(&'a CodeRow<'a>, &'a [u32], &'a mut [f32]);
        impl Task for Block<'_> {
            type Output = ();
            #[inline(always)]
            fn run<T: Tier>(self, tier: T) {
                self.0.scorer(tier).distances(self.1, self.2);
            }
        }
        dispatch(Level::detect(), Block(self, ids, out));
    }
}
