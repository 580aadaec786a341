//! The little dense linear algebra that fitting a projection takes.
//!
//! Every sum is added up in one order, whatever the number of threads and the width of the processor's
//! vectors, so that the same rows give the same projection everywhere.

use rayon::prelude::*;

use super::tier::{Level, Task, Tier, dispatch};

/// Rows of a product that are made at a time: they stay in the second cache.
const ROWS: usize = 32;
/// Sums of a product of two vectors that are kept apart.
const LANES: usize = 16;

/// The product of `a`, `[m, inner]`, and `b`, `[inner, n]`.
pub(super) fn multiply(a: &[f32], b: &[f32], inner: usize, n: usize) -> Vec<f32> {
    struct Rows<'a> {
        a: &'a [f32],
        b: &'a [f32],
        inner: usize,
        n: usize,
        out: &'a mut [f32],
    }
    impl Task for Rows<'_> {
        type Output = ();

        #[inline(always)]
        fn run<T: Tier>(self, _: T) {
            let Rows {
                a,
                b,
                inner,
                n,
                out,
            } = self;
            for (at, four) in b.chunks(4 * n).enumerate() {
                let rows = four.len() / n;
                for (coefficients, out) in a.chunks_exact(inner).zip(out.chunks_exact_mut(n)) {
                    let coefficients = &coefficients[at * 4..][..rows];
                    match *coefficients {
                        [c0, c1, c2, c3] => {
                            let (b0, rest) = four.split_at(n);
                            let (b1, rest) = rest.split_at(n);
                            let (b2, b3) = rest.split_at(n);
                            let rows = b0.iter().zip(b1).zip(b2).zip(b3);
                            for (out, (((x0, x1), x2), x3)) in out.iter_mut().zip(rows) {
                                *out += (c0 * x0 + c1 * x1) + (c2 * x2 + c3 * x3);
                            }
                        }
                        _ => {
                            for (c, row) in coefficients.iter().zip(four.chunks_exact(n)) {
                                for (out, x) in out.iter_mut().zip(row) {
                                    *out += c * x;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    let m = a.len() / inner.max(1);
    let mut product = vec![0.0; m * n];
    let blocks = a.par_chunks(ROWS * inner.max(1));
    blocks
        .zip(product.par_chunks_mut(ROWS * n.max(1)))
        .for_each(|(a, out)| {
            dispatch(
                Level::detect(),
                Rows {
                    a,
                    b,
                    inner,
                    n,
                    out,
                },
            )
        });
    product
}

/// `rows`, `[m, n]`, the other way round.
pub(super) fn transpose(rows: &[f32], n: usize) -> Vec<f32> {
    let m = rows.len() / n.max(1);
    let mut out = vec![0.0; rows.len()];
    for (at, row) in rows.chunks_exact(n.max(1)).enumerate() {
        for (number, x) in row.iter().enumerate() {
            out[number * m + at] = *x;
        }
    }
    out
}

/// The sum of products, in lanes so that it is added up in vectors.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

/// Makes rows of `n` numbers orthogonal to each other and of length one, in their order (modified
/// Gram-Schmidt): the first `j` span what the first `j` have spanned before. A row that lies in the
/// span of those before it becomes zero.
pub(super) fn orthonormalise(rows: &mut [f32], n: usize) {
    /// Less than this share of its length is what rounding leaves of a row.
    const NOTHING: f32 = 1e-5;
    let lengths: Vec<f32> = rows
        .chunks_exact(n)
        .map(|row| dot(row, row).sqrt())
        .collect();
    let mut rest = rows;
    for length in lengths {
        let (row, after) = rest.split_at_mut(n);
        let now = dot(row, row).sqrt();
        match now > length * NOTHING {
            true => row.iter_mut().for_each(|x| *x /= now),
            false => row.fill(0.0),
        }
        let row = &*row;
        after
            .par_chunks_exact_mut(n)
            .with_min_len(16)
            .for_each(|other| {
                let along = dot(row, other);
                for (other, x) in other.iter_mut().zip(row) {
                    *other -= along * x;
                }
            });
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        let mut state = 5_u32;
        let next = |_| {
            state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn a_product_is_what_the_definition_says_for_any_shape() {
        for (m, inner, n) in [(1, 1, 1), (3, 5, 7), (70, 9, 33), (33, 64, 20)] {
            let (a, b) = (numbers(m * inner), numbers(inner * n));
            let product = multiply(&a, &b, inner, n);
            let columns = transpose(&b, n);
            for i in 0..m {
                for j in 0..n {
                    let due = dot(&a[i * inner..][..inner], &columns[j * inner..][..inner]);
                    assert!((product[i * n + j] - due).abs() < 1e-4, "{m} {inner} {n}");
                }
            }
        }
    }

    #[test]
    fn rows_become_orthonormal_and_one_that_adds_nothing_zero() {
        let n = 40;
        let mut rows = numbers(6 * n);
        let (first, third) = (rows[..n].to_vec(), rows[2 * n..3 * n].to_vec());
        let sum: Vec<f32> = first.iter().zip(&third).map(|(x, y)| x + 2.0 * y).collect();
        rows[4 * n..5 * n].copy_from_slice(&sum);
        orthonormalise(&mut rows, n);
        for (i, a) in rows.chunks_exact(n).enumerate() {
            for (j, b) in rows.chunks_exact(n).enumerate() {
                let due = if i == j && i != 4 { 1.0 } else { 0.0 };
                assert!((dot(a, b) - due).abs() < 1e-4, "{i} {j}");
            }
        }
        let along = dot(&rows[..n], &first);
        assert!((along * along / dot(&first, &first) - 1.0).abs() < 1e-5);
    }
}
