//! Scalar quantisation: components as small integers, so that a distance reads a quarter or an
//! eighth of the bytes.
//!
//! A component `x` becomes the code `c = round(x / step + zero)`, cut to the range of the rung;
//! `step * (c - zero)` stands for it. A query is quantised to i8, so that an inner product is one
//! of integers: `step * t * sum((c - zero) * y)`, `t` being the step of the query.

use super::tier::{Level, Task, Tier, dispatch};
use crate::metric::Metric;
use crate::vectors::Vectors;

/// How many bits a component takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Seven bits, kept in eight: sums of products of two bytes then fit into 16 bits, which is
    /// what AVX2 multiplies in.
    Sq8,
    /// Four bits.
    Sq4,
}

/// Rows that a quantiser is fitted to, at most.
const FIT_ROWS: usize = 16_384;
/// Bytes at the end of a row for its own step and squared length.
const TAIL: usize = 8;

impl Rung {
    /// The code that stands for 0.
    fn zero(self) -> f32 {
        match self {
            Rung::Sq8 => 64.0,
            Rung::Sq4 => 7.5,
        }
    }

    /// The lowest and the highest code.
    fn range(self) -> (f32, f32) {
        match self {
            Rung::Sq8 => (1.0, 127.0),
            Rung::Sq4 => (0.0, 15.0),
        }
    }

    /// Steps from zero to the end of the range.
    fn reach(self) -> f32 {
        self.range().1 - self.zero()
    }

    /// The largest component of a quantised query.
    fn query_reach(self) -> f32 {
        match self {
            Rung::Sq8 => 63.0,
            Rung::Sq4 => 127.0,
        }
    }

    /// The share of components of unit vectors that one step for all need not reach, of 10,000.
    fn cut(self) -> usize {
        match self {
            Rung::Sq8 => 5,
            Rung::Sq4 => 150,
        }
    }

    /// Shares of a row's largest component that its own step may reach to: the one with the
    /// least squared error is taken.
    fn reaches(self) -> &'static [f32] {
        match self {
            Rung::Sq8 => &[1.0],
            Rung::Sq4 => &[1.0, 0.85, 0.7, 0.55],
        }
    }

    /// Candidates that are compared exactly for `k` results.
    pub(crate) fn rerank(self, k: usize) -> usize {
        k + match self {
            Rung::Sq8 => (k / 4).max(6),
            Rung::Sq4 => (k / 2).max(20),
        }
    }

    pub(crate) fn bits(self) -> u32 {
        match self {
            Rung::Sq8 => 8,
            Rung::Sq4 => 4,
        }
    }

    pub(crate) fn from_bits(bits: u32) -> Option<Rung> {
        [Rung::Sq8, Rung::Sq4]
            .into_iter()
            .find(|rung| rung.bits() == bits)
    }

    /// Bytes of a row: whole cache lines, the tail within.
    pub(crate) fn stride(self, dim: usize, own_steps: bool) -> usize {
        let codes = match self {
            Rung::Sq8 => dim,
            Rung::Sq4 => dim.div_ceil(64) * 32,
        };
        (codes + if own_steps { TAIL } else { 0 }).next_multiple_of(64)
    }
}

/// What turns vectors of one column into codes.
#[derive(Clone, Debug)]
pub(crate) struct Quantizer {
    pub(crate) rung: Rung,
    pub(crate) metric: Metric,
    pub(crate) dim: usize,
    /// The step of all rows under cosine; unused where every row has its own.
    pub(crate) step: f32,
    /// What is subtracted from rows and queries under L2; empty otherwise.
    pub(crate) center: Vec<f32>,
}

/// A quantised query: `distance = offset + norm * squared length + factor * step * inner`, where
/// `inner = multiplier * sum(c * y) - zero_sum`. `norm` and `step` (1 under cosine) are of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) offset: f32,
    pub(crate) norm: f32,
    pub(crate) factor: f32,
    pub(crate) multiplier: i32,
    pub(crate) zero_sum: i32,
}

/// Whether rows have steps and lengths of their own: those that are not of unit length.
pub(crate) fn own_steps(metric: Metric) -> bool {
    metric != Metric::Cosine
}

/// Whether the mean is subtracted: where distances do not change by it.
pub(crate) fn centred(metric: Metric) -> bool {
    !matches!(metric, Metric::Cosine | Metric::Dot)
}

impl Quantizer {
    /// Fits a quantiser to vectors.
    pub(crate) fn fit(vectors: Vectors<'_>, metric: Metric, rung: Rung) -> Quantizer {
        let dim = vectors.dim();
        let every = vectors.len().div_ceil(FIT_ROWS).max(1);
        let sample = || (0..vectors.len() as u32).step_by(every);
        let mut buffer = Vec::new();
        let mut center = Vec::new();
        let mut step = 1.0;
        if centred(metric) {
            let mut sums = vec![0.0_f64; dim];
            for row in sample() {
                let row = vectors.row_in(row, &mut buffer);
                for (sum, &x) in sums.iter_mut().zip(row) {
                    *sum += f64::from(x);
                }
            }
            let rows = sample().count().max(1) as f64;
            center = sums.into_iter().map(|sum| (sum / rows) as f32).collect();
        }
        if !own_steps(metric) {
            let mut sizes: Vec<f32> = Vec::with_capacity(sample().count() * dim);
            for row in sample() {
                let row = vectors.row_in(row, &mut buffer);
                sizes.extend(row.iter().map(|x| x.abs()));
            }
            let above = sizes.len() * rung.cut() / 10_000;
            let at = sizes.len().saturating_sub(above + 1);
            if at < sizes.len() {
                let (_, reach, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
                step = (*reach / rung.reach()).max(f32::MIN_POSITIVE);
            }
        }
        Quantizer {
            rung,
            metric,
            dim,
            step,
            center,
        }
    }

    /// Writes the codes of a vector, and its tail, to a row of [`Quantizer::stride`] zero bytes.
    pub(crate) fn encode(&self, vector: &[f32], centred: &mut Vec<f32>, out: &mut [u8]) {
        self.centre(vector, centred);
        let step = match own_steps(self.metric) {
            false => self.step,
            true => self.best_step(centred),
        };
        let (low, high) = self.rung.range();
        let (zero, scale) = (self.rung.zero(), 1.0 / step);
        let code = |x: f32| nearest_integer((x * scale + zero).clamp(low, high)) as u8;
        match self.rung {
            Rung::Sq8 => {
                for (byte, &x) in out.iter_mut().zip(centred.iter()) {
                    *byte = code(x);
                }
            }
            Rung::Sq4 => {
                for (block, bytes) in centred.chunks(64).zip(out.chunks_exact_mut(32)) {
                    let (lows, highs) = block.split_at(block.len().min(32));
                    for (byte, &x) in bytes.iter_mut().zip(lows) {
                        *byte |= code(x);
                    }
                    for (byte, &x) in bytes.iter_mut().zip(highs) {
                        *byte |= code(x) << 4;
                    }
                }
            }
        }
        if own_steps(self.metric) {
            let norm: f32 = centred.iter().map(|x| x * x).sum();
            let at = out.len() - TAIL;
            out[at..at + 4].copy_from_slice(&step.to_le_bytes());
            out[at + 4..].copy_from_slice(&norm.to_le_bytes());
        }
    }

    fn centre(&self, vector: &[f32], centred: &mut Vec<f32>) {
        centred.clear();
        centred.extend_from_slice(vector);
        for (x, c) in centred.iter_mut().zip(&self.center) {
            *x -= c;
        }
    }

    /// The step for a row that loses least.
    fn best_step(&self, row: &[f32]) -> f32 {
        let largest = row.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let whole = (largest / self.rung.reach()).max(f32::MIN_POSITIVE);
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

/// Quantises a query for the codes of a column; `out` becomes as long as the kernels want it.
pub(crate) fn quantize_query(
    (rung, metric): (Rung, Metric),
    (step, center): (f32, &[f32]),
    query: &[f32],
    stride: usize,
    out: &mut Vec<i8>,
) -> Terms {
    struct Quantize<'a> {
        rung: Rung,
        query: &'a [f32],
        out: &'a mut Vec<i8>,
    }
    impl Task for Quantize<'_> {
        /// The step, and the sum of the components.
        type Output = (f32, i32);

        #[inline(always)]
        fn run<T: Tier>(self, _: T) -> (f32, i32) {
            let largest = largest(self.query);
            let unit = (largest / self.rung.query_reach()).max(f32::MIN_POSITIVE);
            let scale = 1.0 / unit;
            self.out.clear();
            self.out.resize(self.query.len(), 0);
            let mut sum = 0;
            for (y, &x) in self.out.iter_mut().zip(self.query) {
                // A centre from a damaged file can make any number of it: what is kept counts.
                *y = nearest_integer(x * scale) as i8;
                sum += i32::from(*y);
            }
            (unit, sum)
        }
    }
    let centred: Vec<f32>;
    let query = match center.is_empty() {
        true => query,
        false => {
            centred = query.iter().zip(center).map(|(x, c)| x - c).collect();
            &centred
        }
    };
    let task = Quantize { rung, query, out };
    let (unit, sum) = dispatch(Level::detect(), task);
    out.resize(stride * if rung == Rung::Sq4 { 2 } else { 1 }, 0);
    let squared = || query.iter().map(|x| x * x).sum();
    terms(rung, metric, unit, step, sum, squared)
}

/// The largest size of a component, in lanes so that it is found in vectors.
#[inline(always)]
fn largest(vector: &[f32]) -> f32 {
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
fn nearest_integer(x: f32) -> i32 {
    /// 1.5 * 2^23: the unit is one in its neighbourhood.
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i32
}

/// The terms of a query with the step `unit`, the sum of whose components is `sum`.
pub(crate) fn terms(
    rung: Rung,
    metric: Metric,
    unit: f32,
    step: f32,
    sum: i32,
    squared: impl FnOnce() -> f32,
) -> Terms {
    let (multiplier, zero_sum) = match rung {
        Rung::Sq8 => (1, 64 * sum),
        Rung::Sq4 => (2, 15 * sum),
    };
    let unit = unit / multiplier as f32;
    let (offset, norm, factor) = match metric {
        Metric::Cosine => (1.0, 0.0, -unit * step),
        Metric::Dot => (0.0, 0.0, -unit),
        _ => (squared(), 1.0, -2.0 * unit),
    };
    Terms {
        offset,
        norm,
        factor,
        multiplier,
        zero_sum,
    }
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
