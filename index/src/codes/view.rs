//! Codes read where they lie, and distances to them.

use super::Codes;
use super::layout::Layout;
use super::matrix::dot;
use super::quantizer::{Buffers, Quantized, Terms, own_steps, tail};
use super::rung::Rung;
use super::tier::{Level, Task, Tier, dispatch};
use crate::distance::{Scorer, prefetch};
use crate::metric::Metric;
use crate::vectors::Vectors;

/// The codes of a column, borrowed from bytes, nothing copied.
///
/// Decoding checks header and lengths only; codes that are damaged give wrong candidates, which
/// are compared exactly in the end.
#[derive(Clone, Copy, Debug)]
pub struct CodesView<'a> {
    pub(super) layout: Layout,
    pub(super) bytes: &'a [u8],
    pub(super) quantized: Quantized<'a>,
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

    pub(crate) fn metric(&self) -> Metric {
        self.layout.metric
    }

    pub(crate) fn dim(&self) -> usize {
        self.layout.dim
    }

    /// Quantises queries, each into buffers of its own.
    pub(crate) fn quantize<const N: usize>(
        &self,
        queries: [&[f32]; N],
        buffers: &mut [Buffers; N],
    ) -> [Terms; N] {
        self.quantized.queries(queries, buffers)
    }

    /// Candidates that are compared exactly for `k` results of a search of some width: a wider one
    /// asks for more certainty.
    pub(crate) fn rerank(&self, k: usize, ef: usize) -> usize {
        /// Results for which the number of candidates beyond them was measured or set, and some.
        const USUAL: usize = 30;
        let extra = self.layout.extra;
        k + extra.max(k * extra / USUAL).max(ef / 4)
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
        let lines = self.stride / 64;
        let start = id as usize * self.stride;
        for line in 0..lines {
            prefetch(self.rows, start + line * 64);
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
    /// Vectors that will be compared exactly if they stay among this many candidates.
    pub(crate) ahead: Option<(Vectors<'a>, usize)>,
}

impl<T: Tier> CodeScorer<'_, T> {
    #[inline(always)]
    fn four(&self, ids: [u32; 4]) -> [f32; 4] {
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
            doublings,
            zero_sum,
        } = self.terms;
        let rows = ids.map(|id| &rows[id as usize * stride..][..stride]);
        let sums = match rung {
            Rung::Sq8 => self.tier.sq8(self.query, rows),
            Rung::Sq4 => self.tier.sq4(self.query, rows),
        };
        let inner = sums.map(|sum| (sum << doublings).wrapping_sub(zero_sum) as f32);
        match own_steps {
            false => inner.map(|inner| offset + factor * inner),
            true => std::array::from_fn(|i| {
                let (step, squared) = tail(rows[i]);
                offset + norm * squared + factor * step * inner[i]
            }),
        }
    }
}

impl<T: Tier> Scorer for CodeScorer<'_, T> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.table.len()
    }

    #[inline(always)]
    fn distances(&self, ids: &[u32], out: &mut [f32]) {
        let (fours, rest) = ids.as_chunks::<4>();
        let (outs, last) = out.as_chunks_mut::<4>();
        for (ids, out) in fours.iter().zip(outs) {
            *out = self.four(*ids);
        }
        let [first, ..] = *rest else { return };
        // The first of the last is scored again rather than each of them alone.
        let at = |i: usize| rest.get(i).copied().unwrap_or(first);
        let distances = self.four([first, at(1), at(2), first]);
        // Each length on its own: a copy of variable length would be a call.
        match last {
            [a, b, c] => [*a, *b, *c, _] = distances,
            [a, b] => [*a, *b, ..] = distances,
            [a] => [*a, ..] = distances,
            _ => {}
        }
    }

    #[inline(always)]
    fn prefetch(&self, id: u32) {
        self.table.prefetch(id);
    }

    #[inline(always)]
    fn expanded(&self, id: u32, place: usize) {
        if let Some((vectors, _)) = self.ahead.filter(|(_, places)| place < *places) {
            vectors.prefetch_far(id);
        }
    }
}

/// A row of SQ8 codes bound as the query: what a graph is built with.
#[derive(Debug)]
pub(crate) struct CodeRow<'a> {
    pub(crate) table: Table<'a>,
    pub(crate) query: Vec<i8>,
    pub(crate) terms: Terms,
}

/// What a row of codes is as a query.
struct RowQuery<'a>(&'a Codes, CodesView<'a>, u32);

impl Task for RowQuery<'_> {
    type Output = (Vec<i8>, Terms);

    #[inline(always)]
    fn run<T: Tier>(self, _: T) -> (Vec<i8>, Terms) {
        let RowQuery(codes, view, ordinal) = self;
        let Layout {
            metric, kept, step, ..
        } = view.layout;
        let row = view.row(ordinal);
        let numbers = row[..kept]
            .iter()
            .map(|&code| (code as i8).wrapping_sub(64));
        let mut query = Vec::with_capacity(row.len());
        let terms = match metric {
            Metric::Cosine | Metric::Dot => {
                // The other rows are without the centre, and this one as it was.
                let own = match own_steps(metric) {
                    true => tail(row).0,
                    false => step,
                };
                let center = &codes.center[..];
                let moved = numbers.map(|number| f32::from(number) * own);
                let whole: Vec<f32> = moved.zip(center).map(|(x, c)| x + c).collect();
                let along = dot(&whole, center) - codes.center_taken;
                view.quantized.terms(&whole, along, &mut query)
            }
            _ => {
                query.extend(numbers);
                let sum = query.iter().map(|&y| i32::from(y)).sum();
                query.resize(row.len(), 0);
                let (own, norm) = tail(row);
                view.quantized.terms_of(own, sum, norm)
            }
        };
        (query, terms)
    }
}

impl<'a> CodeRow<'a> {
    pub(crate) fn new(codes: &'a Codes, ordinal: u32) -> Self {
        let view = codes.view();
        let (query, terms) = dispatch(Level::detect(), RowQuery(codes, view, ordinal));
        CodeRow {
            table: view.table(),
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
            ahead: None,
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
