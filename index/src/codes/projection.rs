//! Fewer dimensions: codes of the directions along which rows differ most, as in LeanVec (Tepper et
//! al. 2024, arXiv 2312.16335), which are then turned at random so that all of them matter alike.
//!
//! The directions are found by subspace iteration on the covariance (Golub and Van Loan, Matrix
//! Computations, section 8.2.4): what they span counts, and not which eigenvector is which. The
//! matrix and what is projected are quantised to seven bits: the kernels for codes multiply them,
//! and every processor gets the same sums.

use std::sync::Arc;

use super::matrix::{multiply, orthonormalise, transpose};
use super::quantizer::{largest, nearest_integer};
use super::tier::Tier;

/// Rounds of subspace iteration. Directions of nearly the same variance are still mixed by then,
/// which does not matter.
const ROUNDS: usize = 5;
/// What stands for 0 in the matrix, and the largest number beside it.
const ZERO: f32 = 64.0;
const REACH: f32 = 63.0;
/// Directions that are multiplied at a time.
pub(super) const TOGETHER: usize = 4;

/// Directions of a sample, those of most variance first, nested: any number of them from the first
/// on span about as much variance as that many can.
#[derive(Debug)]
pub(super) struct Basis {
    dim: usize,
    /// `[count, dim]`, orthonormal.
    rows: Vec<f32>,
}

/// A linear map to fewer dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Projection {
    kept: usize,
    step: f32,
    rows: Vec<u8>,
}

/// A projection where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map<'a> {
    /// Dimensions that remain: as many rows, a multiple of four.
    pub(super) kept: usize,
    /// What a step of a number of the matrix stands for.
    pub(super) step: f32,
    /// Rows of [`row_bytes`].
    pub(super) rows: &'a [u8],
}

/// Bytes of a row of the matrix.
pub(super) fn row_bytes(dim: usize) -> usize {
    dim.next_multiple_of(64)
}

/// A number in -1 to 1 drawn from a counter.
fn uniform(counter: usize) -> f32 {
    let bits = crate::hnsw::mix(counter as u64) >> 40;
    bits as f32 / (1 << 23) as f32 - 1.0
}

/// `[count, n]` rows at random.
fn random(count: usize, n: usize) -> Vec<f32> {
    (0..count * n).map(uniform).collect()
}

/// A matrix that turns `n` dimensions at random.
fn turn(n: usize) -> Vec<f32> {
    let mut turn = random(n, n);
    orthonormalise(&mut turn, n);
    turn
}

impl Basis {
    /// Finds `count` directions of `sample`, `[n, dim]`, which is moved to its mean on the way.
    pub(super) fn fit(mut sample: Vec<f32>, dim: usize, count: usize) -> Basis {
        let rows = sample.len() / dim;
        let mut mean = vec![0.0_f64; dim];
        for row in sample.chunks_exact(dim) {
            for (mean, x) in mean.iter_mut().zip(row) {
                *mean += f64::from(*x);
            }
        }
        for row in sample.chunks_exact_mut(dim) {
            for (x, mean) in row.iter_mut().zip(&mean) {
                *x -= (mean / rows.max(1) as f64) as f32;
            }
        }
        let covariance = multiply(&transpose(&sample, dim), &sample, rows, dim);
        let mut basis = random(count, dim);
        for _ in 0..ROUNDS {
            orthonormalise(&mut basis, dim);
            basis = multiply(&basis, &covariance, dim, dim);
        }
        orthonormalise(&mut basis, dim);
        Basis { dim, rows: basis }
    }

    /// The map to the first `kept` directions, a multiple of four, turned at random.
    pub(super) fn projection(&self, kept: usize) -> Arc<Projection> {
        let dim = self.dim;
        let matrix = multiply(&turn(kept), &self.rows[..kept * dim], kept, dim);
        Arc::new(Projection::quantised(&matrix, dim, kept))
    }
}

impl Projection {
    /// A turn at random, of a multiple of four dimensions: what rows have in few large components
    /// comes into all of them, so that one step suits them.
    pub(super) fn turn(dim: usize) -> Arc<Projection> {
        Arc::new(Projection::quantised(&turn(dim), dim, dim))
    }

    fn quantised(matrix: &[f32], dim: usize, kept: usize) -> Projection {
        let step = (largest(matrix) / REACH).max(f32::MIN_POSITIVE);
        let mut rows = vec![0_u8; kept * row_bytes(dim)];
        for (row, out) in matrix
            .chunks_exact(dim)
            .zip(rows.chunks_exact_mut(row_bytes(dim)))
        {
            for (x, out) in row.iter().zip(out) {
                *out = nearest_integer(x / step + ZERO) as u8;
            }
        }
        Projection { kept, step, rows }
    }

    pub(super) fn map(&self) -> Map<'_> {
        Map {
            kept: self.kept,
            step: self.step,
            rows: &self.rows,
        }
    }

    /// Dimensions that remain.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }
}

/// A vector on its way through a map, and the memory for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// The vector in seven bits, a row of the matrix long, and their sum.
    seven: Vec<i8>,
    sum: i32,
    /// What one of a sum of products is.
    unit: f32,
    /// The vector, projected.
    pub(super) projected: Vec<f32>,
}

/// Components from sums of products with rows of the matrix.
#[inline(always)]
fn scale(sums: [i32; TOGETHER], sum: i32, unit: f32, out: &mut [f32]) {
    let zero = sum * ZERO as i32;
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = unit * sum.wrapping_sub(zero) as f32;
    }
}

impl AsMut<Lane> for Lane {
    fn as_mut(&mut self) -> &mut Lane {
        self
    }
}

impl Map<'_> {
    /// Puts a vector into a lane.
    #[inline(always)]
    pub(super) fn enter(&self, vector: &[f32], lane: &mut Lane) {
        let unit = (largest(vector) / REACH).max(f32::MIN_POSITIVE);
        let scale = 1.0 / unit;
        lane.seven.clear();
        lane.seven.resize(row_bytes(vector.len()), 0);
        let mut sum = 0;
        for (y, x) in lane.seven.iter_mut().zip(vector) {
            *y = nearest_integer(x * scale) as i8;
            sum += i32::from(*y);
        }
        lane.sum = sum;
        lane.unit = unit * self.step;
        lane.projected.clear();
        lane.projected.resize(self.kept, 0.0);
    }

    /// Projects what was put into the lanes. Most of the time is taken by reading the matrix, which
    /// is done once for four of them.
    #[inline(always)]
    pub(super) fn project<T: Tier, L: AsMut<Lane>>(&self, tier: T, lanes: &mut [L]) {
        let width = self.rows.len() / self.kept;
        let rows = self.rows.chunks_exact(width * TOGETHER).map(|rows| {
            let rows: [&[u8]; TOGETHER] = std::array::from_fn(|at| &rows[at * width..][..width]);
            rows
        });
        let (fours, rest) = lanes.as_chunks_mut::<4>();
        for four in fours {
            let mut lanes = four.each_mut().map(AsMut::as_mut);
            for (rows, at) in rows.clone().zip((0..).step_by(TOGETHER)) {
                let queries = lanes.each_ref().map(|lane| &lane.seven[..]);
                let products = tier.sq8_products(queries, rows);
                for (lane, sums) in lanes.iter_mut().zip(products) {
                    let out = &mut lane.projected[at..][..TOGETHER];
                    scale(sums, lane.sum, lane.unit, out);
                }
            }
        }
        for lane in rest {
            let Lane {
                seven,
                sum,
                unit,
                projected,
            } = lane.as_mut();
            let (seven, sum, unit) = (&seven[..], *sum, *unit);
            for (rows, out) in rows.clone().zip(projected.chunks_exact_mut(TOGETHER)) {
                scale(tier.sq8(seven, rows), sum, unit, out);
            }
        }
    }
}
