//! Scalar quantisation: components as small integers, so that a distance reads a quarter or an
//! eighth of the bytes.
//!
//! The mean of all rows is subtracted first, and what is left may be projected to fewer dimensions.
//! A component `x` of that becomes the code `c = round(x / step + zero)`, cut to the range of the
//! rung; `step * (c - zero)` stands for it. A query is quantised to i8, so that an inner product is
//! one of integers: `step * t * sum((c - zero) * y)`, `t` being the step of the query.

use std::sync::Arc;

use super::matrix::dot;
use super::projection::{Lane, Map, Projection};
use super::rung::{Rung, TAIL};
use super::scheme::Scheme;
use super::tier::{Level, Task, Tier, dispatch};
use crate::metric::Metric;
use crate::vectors::Vectors;

/// Rows that a quantiser is fitted to, at most.
const FIT_ROWS: usize = 16_384;

/// What turns vectors of one column into codes.
#[derive(Clone, Debug)]
pub(crate) struct Quantizer {
    pub(super) rung: Rung,
    pub(super) metric: Metric,
    pub(super) dim: usize,
    pub(super) extra: usize,
    /// The step of all rows under cosine; unused where every row has its own.
    pub(super) step: f32,
    /// What is subtracted from every row.
    pub(super) center: Vec<f32>,
    pub(super) projection: Option<Arc<Projection>>,
}

/// A quantised query: `distance = offset + norm * squared length + factor * step * inner`, where
/// `inner = (sum(c * y) << doublings) - zero_sum`. `norm` and `step` (1 under cosine) are of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) offset: f32,
    pub(crate) norm: f32,
    pub(crate) factor: f32,
    pub(crate) doublings: u32,
    pub(crate) zero_sum: i32,
}

/// Reused memory of quantisation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers {
    /// The quantised query, as long as the kernels want it.
    pub(crate) query: Vec<i8>,
    centred: Vec<f32>,
    lane: Lane,
    codes: Vec<u8>,
}

impl AsMut<Lane> for Buffers {
    fn as_mut(&mut self) -> &mut Lane {
        &mut self.lane
    }
}

/// Whether rows have steps and lengths of their own: those that are not of unit length.
pub(crate) fn own_steps(metric: Metric) -> bool {
    metric != Metric::Cosine
}

impl Quantizer {
    /// Fits a quantiser to vectors.
    pub(super) fn fit(vectors: Vectors<'_>, metric: Metric, scheme: Scheme) -> Quantizer {
        let dim = vectors.dim();
        let every = vectors.len().div_ceil(FIT_ROWS).max(1);
        let sample = || (0..vectors.len() as u32).step_by(every);
        let mut buffer = Vec::new();
        let mut sums = vec![0.0_f64; dim];
        for row in sample() {
            let row = vectors.row_in(row, &mut buffer);
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += f64::from(x);
            }
        }
        let rows = sample().count().max(1) as f64;
        let mut quantizer = Quantizer {
            rung: scheme.rung,
            metric,
            dim,
            extra: scheme.extra,
            step: 1.0,
            center: sums.into_iter().map(|sum| (sum / rows) as f32).collect(),
            projection: scheme.projection,
        };
        if !own_steps(metric) {
            let mut sizes = quantizer.sizes(vectors, sample());
            let rung = scheme.rung;
            let above = sizes.len() * rung.cut() / 10_000;
            let at = sizes.len().saturating_sub(above + 1);
            if at < sizes.len() {
                let (_, reach, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
                quantizer.step = (*reach / rung.reach()).max(f32::MIN_POSITIVE);
            }
        }
        quantizer
    }

    /// Components that a row has codes for.
    pub(super) fn components(&self) -> usize {
        self.projection.as_ref().map_or(self.dim, |p| p.kept())
    }

    pub(super) fn map(&self) -> Option<Map<'_>> {
        self.projection.as_deref().map(Projection::map)
    }

    /// What a row has codes of: it without the centre, projected.
    #[inline(always)]
    fn components_of<'b, T: Tier>(
        &self,
        tier: T,
        vector: &[f32],
        buffers: &'b mut Buffers,
    ) -> &'b [f32] {
        let Buffers { centred, lane, .. } = buffers;
        subtract(vector, &self.center, centred);
        match self.map() {
            None => centred,
            Some(map) => {
                map.enter(centred, lane);
                map.project(tier, std::slice::from_mut(lane));
                &lane.projected
            }
        }
    }

    /// The centre, projected.
    pub(super) fn center_components(&self) -> Vec<f32> {
        struct Apply<'a>(Map<'a>, &'a [f32]);
        impl Task for Apply<'_> {
            type Output = Vec<f32>;
            #[inline(always)]
            fn run<T: Tier>(self, tier: T) -> Vec<f32> {
                let mut lane = Lane::default();
                self.0.enter(self.1, &mut lane);
                self.0.project(tier, std::slice::from_mut(&mut lane));
                lane.projected
            }
        }
        match self.map() {
            None => self.center.clone(),
            Some(map) => dispatch(Level::detect(), Apply(map, &self.center)),
        }
    }

    /// The sizes of all components of some rows.
    fn sizes<'v>(&self, vectors: Vectors<'v>, rows: impl Iterator<Item = u32>) -> Vec<f32> {
        struct Sizes<'a, 'v, I>(&'a Quantizer, Vectors<'v>, I);
        impl<I: Iterator<Item = u32>> Task for Sizes<'_, '_, I> {
            type Output = Vec<f32>;
            #[inline(always)]
            fn run<T: Tier>(self, tier: T) -> Vec<f32> {
                let (mut buffer, mut buffers) = (Vec::new(), Buffers::default());
                let mut sizes = Vec::new();
                for row in self.2 {
                    let row = self.1.row_in(row, &mut buffer);
                    let components = self.0.components_of(tier, row, &mut buffers);
                    sizes.extend(components.iter().map(|x| x.abs()));
                }
                sizes
            }
        }
        dispatch(Level::detect(), Sizes(self, vectors, rows))
    }

    /// Writes the codes of a vector, and its tail, to a row.
    pub(super) fn encode(&self, vector: &[f32], buffers: &mut Buffers, out: &mut [u8]) {
        struct Encode<'a>(&'a Quantizer, &'a [f32], &'a mut Buffers, &'a mut [u8]);
        impl Task for Encode<'_> {
            type Output = ();
            #[inline(always)]
            fn run<T: Tier>(self, tier: T) {
                self.0.encode_on(tier, self.1, self.2, self.3);
            }
        }
        dispatch(Level::detect(), Encode(self, vector, buffers, out));
    }

    #[inline(always)]
    fn encode_on<T: Tier>(&self, tier: T, vector: &[f32], buffers: &mut Buffers, out: &mut [u8]) {
        let mut codes = std::mem::take(&mut buffers.codes);
        let components = self.components_of(tier, vector, buffers);
        let step = match own_steps(self.metric) {
            false => self.step,
            true => self.best_step(components),
        };
        let (low, high) = self.rung.range();
        let (zero, scale) = (self.rung.zero(), 1.0 / step);
        codes.clear();
        let code = |x: &f32| nearest_integer((x * scale + zero).clamp(low, high)) as u8;
        codes.extend(components.iter().map(code));
        codes.resize(out.len() * 2, 0);
        let own = own_steps(self.metric);
        self.rung.spread(&mut codes, components.len(), own);
        self.rung.pack(&codes, own, out);
        buffers.codes = codes;
        if own {
            // Of all components: those that were projected away are part of a distance.
            let norm = dot(&buffers.centred, &buffers.centred);
            let at = out.len() - TAIL;
            out[at..at + 4].copy_from_slice(&step.to_le_bytes());
            out[at + 4..].copy_from_slice(&norm.to_le_bytes());
        }
    }

    /// The step for a row that loses least.
    #[inline(always)]
    fn best_step(&self, row: &[f32]) -> f32 {
        let whole = (largest(row) / self.rung.reach()).max(f32::MIN_POSITIVE);
        let (low, high) = self.rung.range();
        let zero = self.rung.zero();
        let loss = |step: f32| -> f32 {
            let scale = 1.0 / step;
            let lost = row.iter().map(|x| {
                let code = nearest_integer((x * scale + zero).clamp(low, high));
                let off = x - (code as f32 - zero) * step;
                off * off
            });
            lost.sum()
        };
        let reaches = self.rung.reaches().iter();
        match reaches.len() {
            1 => whole,
            _ => reaches
                .map(|share| whole * share)
                .map(|step| (loss(step), step))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .map_or(whole, |(_, step)| step),
        }
    }
}

#[inline(always)]
fn subtract(vector: &[f32], center: &[f32], out: &mut Vec<f32>) {
    out.clear();
    out.extend(vector.iter().zip(center).map(|(x, c)| x - c));
}

/// How the rows of a column were quantised, which is how queries are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantized<'a> {
    pub(super) rung: Rung,
    pub(super) metric: Metric,
    pub(super) step: f32,
    pub(super) center: &'a [f32],
    pub(super) map: Option<Map<'a>>,
    /// Bytes of a row.
    pub(super) stride: usize,
}

impl Quantized<'_> {
    /// Quantises queries, each into buffers of its own; gives the terms of each.
    pub(super) fn queries<const N: usize>(
        self,
        queries: [&[f32]; N],
        buffers: &mut [Buffers; N],
    ) -> [Terms; N] {
        struct Queries<'a, const N: usize>(Quantized<'a>, [&'a [f32]; N], &'a mut [Buffers; N]);
        impl<const N: usize> Task for Queries<'_, N> {
            type Output = [Terms; N];
            #[inline(always)]
            fn run<T: Tier>(self, tier: T) -> [Terms; N] {
                self.0.queries_on(tier, self.1, self.2)
            }
        }
        dispatch(Level::detect(), Queries(self, queries, buffers))
    }

    #[inline(always)]
    fn queries_on<T: Tier, const N: usize>(
        self,
        tier: T,
        queries: [&[f32]; N],
        buffers: &mut [Buffers; N],
    ) -> [Terms; N] {
        let mut own = [0.0; N];
        for ((own, query), buffers) in own.iter_mut().zip(queries).zip(&mut *buffers) {
            let Buffers { centred, lane, .. } = buffers;
            let moved = match self.metric {
                // The rows are moved, and the query is not: its product with what was taken is missing.
                Metric::Cosine | Metric::Dot => {
                    *own = dot(query, self.center);
                    query
                }
                // Both are moved, and are as far from each other as before.
                _ => {
                    subtract(query, self.center, centred);
                    *own = dot(centred, centred);
                    centred
                }
            };
            if let Some(map) = self.map {
                map.enter(moved, lane);
            }
        }
        if let Some(map) = self.map {
            map.project(tier, buffers);
        }
        let mut terms = [Terms::default(); N];
        let all = terms.iter_mut().zip(own).zip(queries).zip(buffers);
        for (((terms, own), query), buffers) in all {
            let Buffers {
                query: out,
                centred,
                lane,
                ..
            } = buffers;
            let components = match (self.map, self.metric) {
                (Some(_), _) => &lane.projected,
                (None, Metric::Cosine | Metric::Dot) => query,
                (None, _) => centred,
            };
            *terms = self.terms(components, own, out);
        }
        terms
    }

    /// Quantises the components of a query; `own` is its squared length under L2, and its product
    /// with the centre otherwise.
    #[inline(always)]
    pub(super) fn terms(self, components: &[f32], own: f32, out: &mut Vec<i8>) -> Terms {
        let rung = self.rung;
        let unit = (largest(components) / rung.query_reach()).max(f32::MIN_POSITIVE);
        let scale = 1.0 / unit;
        out.clear();
        out.resize(self.stride * if rung == Rung::Sq4 { 2 } else { 1 }, 0);
        let mut sum = 0;
        for (y, &x) in out.iter_mut().zip(components) {
            // A centre from a damaged file can make any number of it: what is kept counts.
            *y = nearest_integer(x * scale) as i8;
            sum += i32::from(*y);
        }
        rung.spread(out, components.len(), own_steps(self.metric));
        self.terms_of(unit, sum, own)
    }

    /// The terms of a query with the step `unit`, the sum of whose components is `sum`.
    pub(super) fn terms_of(self, unit: f32, sum: i32, own: f32) -> Terms {
        let (doublings, zero_sum) = match self.rung {
            Rung::Sq8 => (0, 64 * sum),
            Rung::Sq4 => (1, 15 * sum),
        };
        let unit = unit / (1 << doublings) as f32;
        let (offset, norm, factor) = match self.metric {
            Metric::Cosine => (1.0 - own, 0.0, -unit * self.step),
            Metric::Dot => (-own, 0.0, -unit),
            _ => (own, 1.0, -2.0 * unit),
        };
        Terms {
            offset,
            norm,
            factor,
            doublings,
            zero_sum,
        }
    }
}

/// The largest size of a component, in lanes so that it is found in vectors.
#[inline(always)]
pub(super) fn largest(vector: &[f32]) -> f32 {
    let (blocks, rest) = vector.as_chunks::<8>();
    let mut most = [0.0_f32; 8];
    for block in blocks {
        for (most, x) in most.iter_mut().zip(block) {
            *most = most.max(x.abs());
        }
    }
    let rest = rest.iter().map(|x| x.abs());
    most.into_iter().chain(rest).fold(0.0, f32::max)
}

/// Rounds numbers below 2^22 (others to anything), by what an addition drops: without SSE4.1 rounding is a call.
#[inline(always)]
pub(super) fn nearest_integer(x: f32) -> i32 {
    /// 1.5 * 2^23: the unit is one in its neighbourhood.
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i32
}

/// The step and the squared length of a row with a tail.
#[inline(always)]
pub(crate) fn tail(row: &[u8]) -> (f32, f32) {
    match row.last_chunk::<TAIL>() {
        Some(&[a, b, c, d, e, f, g, h]) => (
            f32::from_le_bytes([a, b, c, d]),
            f32::from_le_bytes([e, f, g, h]),
        ),
        None => (0.0, 0.0),
    }
}
