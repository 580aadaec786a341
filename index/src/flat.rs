//! Exact search by scanning.

use rayon::prelude::*;

use crate::distance::Exact;
use crate::error::VectorError;
use crate::metric::Metric;
use crate::topk::{Neighbor, TopK};
use crate::vectors::Vectors;

/// Rows scored by one kernel call: large enough to hide the call, small enough for the stack.
const BLOCK: usize = 64;

/// Rows that are asked for while as many before them are scored.
const AHEAD: usize = 4;

/// The exact `k` nearest of `rows` to `query`, nearest first, ties by row.
///
/// Rows that `vectors` does not have are passed over. `query` must have been prepared by the
/// same metric as the vectors.
///
/// # Errors
/// [`VectorError::DimensionMismatch`] when `query` has not `vectors.dim()` components.
pub fn exact_search(
    vectors: Vectors<'_>,
    metric: Metric,
    query: &[f32],
    k: usize,
    rows: impl IntoIterator<Item = u32>,
) -> Result<Vec<Neighbor>, VectorError> {
    let exact = Exact::new(vectors, metric, query)?;
    Ok(scan(&exact, k, rows))
}

/// The distance of each of `rows` to `query`, infinite for rows that `vectors` does not have.
///
/// `query` must have been prepared by the same metric as the vectors.
///
/// # Errors
/// [`VectorError::DimensionMismatch`] when `query` has not `vectors.dim()` components.
pub fn exact_distances(
    vectors: Vectors<'_>,
    metric: Metric,
    query: &[f32],
    rows: &[u32],
) -> Result<Vec<f32>, VectorError> {
    let exact = Exact::new(vectors, metric, query)?;
    let known = |row: &u32| (*row as usize) < vectors.len();
    let mut distances = vec![f32::INFINITY; rows.len()];
    let mut blocks = rows.chunks(AHEAD).peekable();
    for out in distances.chunks_mut(AHEAD) {
        let block = blocks.next().unwrap_or_default();
        for row in blocks.peek().into_iter().copied().flatten() {
            if known(row) {
                exact.prefetch_whole(*row);
            }
        }
        if block.iter().all(known) {
            exact.distances(block, out);
            continue;
        }
        for (row, out) in block.iter().zip(out).filter(|(row, _)| known(row)) {
            *out = exact.distance(*row);
        }
    }
    Ok(distances)
}

/// [`exact_search`] for a query that is already bound to its vectors.
pub(crate) fn scan(
    exact: &Exact<'_>,
    k: usize,
    rows: impl IntoIterator<Item = u32>,
) -> Vec<Neighbor> {
    if k == 0 {
        return Vec::new();
    }
    let n = exact.vectors().len();
    let mut top = TopK::new(k);
    let mut block = [0_u32; BLOCK];
    let mut distances = [0_f32; BLOCK];
    let mut rows = rows.into_iter().filter(|&row| (row as usize) < n);
    loop {
        let mut filled = 0;
        for (slot, row) in block.iter_mut().zip(&mut rows) {
            *slot = row;
            filled += 1;
        }
        let (block, distances) = (&block[..filled], &mut distances[..filled]);
        exact.distances(block, distances);
        offer(&mut top, block, distances);
        if filled < BLOCK {
            return top.into_sorted();
        }
    }
}

/// The exact `k` nearest of all rows for each of many queries, on the threads of the current rayon
/// pool. A block of rows is compared with several queries while it is near.
pub(crate) fn scan_all(queries: &[Exact<'_>], k: usize) -> Vec<Vec<Neighbor>> {
    /// Queries that a thread has at a time: each time it reads all rows once.
    const TOGETHER: usize = 16;
    let groups = queries.par_chunks(TOGETHER).flat_map_iter(|queries| {
        let n = queries.iter().map(|query| query.vectors().len()).min();
        let n = n.unwrap_or_default() as u32;
        let mut tops = vec![TopK::new(k); queries.len()];
        let mut distances = [0_f32; BLOCK];
        for from in (0..n).step_by(BLOCK) {
            let block: Vec<u32> = (from..n.min(from + BLOCK as u32)).collect();
            for (query, top) in queries.iter().zip(&mut tops) {
                let distances = &mut distances[..block.len()];
                query.distances(&block, distances);
                offer(top, &block, distances);
            }
        }
        tops.into_iter().map(TopK::into_sorted)
    });
    groups.collect()
}

/// Puts what is near enough into its place.
#[inline]
fn offer(top: &mut TopK, rows: &[u32], distances: &[f32]) {
    let mut bound = top.bound();
    for (&row, &distance) in rows.iter().zip(distances) {
        // TopK has a place for NaN too, which only damaged vectors give.
        if distance <= bound || distance.is_nan() {
            top.push(Neighbor { distance, row });
            bound = top.bound();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    fn metrics() -> impl Strategy<Value = Metric> {
        prop::sample::select(vec![
            Metric::Cosine,
            Metric::Dot,
            Metric::L2,
            Metric::L1,
            Metric::Hamming,
            Metric::Jaccard,
        ])
    }

    proptest! {
        /// A scan gives the first k of all rows sorted by distance and row, ties included: the
        /// components are small integers, so that ties are common and sums exact.
        #[test]
        fn a_scan_equals_a_sort(
            metric in metrics(),
            dim in 1usize..9,
            values in prop::collection::vec(-2i8..3, 0..900),
            k in 0usize..200,
            step in 1usize..4,
        ) {
            let n = values.len() / dim;
            let components: Vec<f32> =
                values[..n * dim].iter().map(|&x| f32::from(x)).collect();
            let vectors = Vectors::new(dim, &components).unwrap();
            let query = vec![1.0; dim];
            let rows = || (0..n as u32).step_by(step);
            let mut sorted: Vec<Neighbor> = rows()
                .map(|row| Neighbor { distance: metric.distance(&query, &vectors.row(row)), row })
                .collect();
            sorted.sort();
            sorted.truncate(k);
            let found = exact_search(vectors, metric, &query, k, rows()).unwrap();
            prop_assert_eq!(found, sorted);
            // Some of which are not there.
            let asked: Vec<u32> = (0..n as u32 + 3).rev().step_by(step).collect();
            let due: Vec<f32> = asked
                .iter()
                .map(|&row| match vectors.get(row) {
                    Some(vector) => metric.distance(&query, &vector),
                    None => f32::INFINITY,
                })
                .collect();
            prop_assert_eq!(exact_distances(vectors, metric, &query, &asked).unwrap(), due);
        }
    }

    #[test]
    fn rows_that_do_not_exist_are_passed_over_and_dimensions_checked() {
        let components = [0.0, 1.0, 2.0];
        let vectors = Vectors::new(1, &components).unwrap();
        let found = exact_search(vectors, Metric::L2, &[2.0], usize::MAX, [7, 1, u32::MAX, 2]);
        let rows: Vec<u32> = found.unwrap().iter().map(|neighbor| neighbor.row).collect();
        assert_eq!(rows, [2, 1]);
        let refused = exact_search(vectors, Metric::L2, &[2.0, 1.0], 1, 0..3);
        assert_eq!(
            refused,
            Err(VectorError::DimensionMismatch {
                expected: 1,
                got: 2
            })
        );
    }
}
