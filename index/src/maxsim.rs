//! Late interaction: documents of several vectors against queries of several vectors.
//!
//! The score of a document is, for each vector of the query, the best score among the vectors of the
//! document, summed over the query (MaxSim: ColBERT, Khattab and Zaharia 2020, section 3.3).

use std::ops::Range;

use rayon::prelude::*;

use crate::distance::Exact;
use crate::error::VectorError;
use crate::metric::Metric;
use crate::multi::MultiVector;
use crate::topk::{Neighbor, TopK};
use crate::vectors::Vectors;

/// Vectors of a document that one kernel call compares.
const BLOCK: usize = 64;
/// Documents that a thread scores at a time.
const TOGETHER: usize = 64;

/// A query bound to the vectors of all documents.
#[derive(Debug)]
pub struct MaxSim<'a> {
    metric: Metric,
    queries: Vec<Exact<'a>>,
}

impl<'a> MaxSim<'a> {
    /// Binds a query of prepared vectors to prepared vectors of the same dimension, under cosine or dot.
    ///
    /// # Errors
    /// [`VectorError::DimensionMismatch`].
    pub fn new(
        vectors: Vectors<'a>,
        metric: Metric,
        query: &'a MultiVector,
    ) -> Result<Self, VectorError> {
        let queries = query.iter().map(|query| Exact::new(vectors, metric, query));
        Ok(MaxSim {
            metric,
            queries: queries.collect::<Result<_, _>>()?,
        })
    }

    /// The score of the document that has these vectors; higher is better, 0 for no vectors.
    #[must_use]
    pub fn score(&self, ordinals: Range<u32>) -> f32 {
        let Some(first) = self.queries.first() else {
            return 0.0;
        };
        let end = ordinals.end.min(first.vectors().len() as u32);
        let ordinals = ordinals.start..end;
        if ordinals.is_empty() {
            return 0.0;
        }
        let mut block = [0_u32; BLOCK];
        let mut distances = [0_f32; BLOCK];
        // All vectors of the query against one block, while that is near.
        let mut nearest = vec![f32::INFINITY; self.queries.len()];
        for from in ordinals.clone().step_by(BLOCK) {
            let to = ordinals.end.min(from.saturating_add(BLOCK as u32));
            let mut filled = 0;
            for (slot, ordinal) in block.iter_mut().zip(from..to) {
                *slot = ordinal;
                filled += 1;
            }
            let (block, distances) = (&block[..filled], &mut distances[..filled]);
            for (query, nearest) in self.queries.iter().zip(&mut nearest) {
                query.distances(block, distances);
                *nearest = distances.iter().fold(*nearest, |least, d| least.min(*d));
            }
        }
        nearest.iter().map(|near| self.metric.score(*near)).sum()
    }

    /// The `k` best of some documents, each a number and where its vectors are, on the threads of the current
    /// rayon pool: the best first, ties by number.
    #[must_use]
    pub fn top(&self, documents: &[(u32, Range<u32>)], k: usize) -> Vec<(f32, u32)> {
        let parts = documents.par_chunks(TOGETHER).map(|documents| {
            let scored = documents.iter().map(|(row, ordinals)| Neighbor {
                distance: 0.0 - self.score(ordinals.clone()),
                row: *row,
            });
            scored.collect::<Vec<_>>()
        });
        let mut top = TopK::new(k);
        for part in parts.collect::<Vec<_>>() {
            part.into_iter().for_each(|neighbor| top.push(neighbor));
        }
        let found = top.into_sorted().into_iter();
        found.map(|n| (0.0 - n.distance, n.row)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    fn cases() -> u32 {
        let cases = std::env::var("LUMOS_CASES");
        cases.ok().and_then(|n| n.parse().ok()).unwrap_or(500)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

        /// Scores are those of the definition; small whole numbers, so that sums are exact.
        #[test]
        fn scores_are_sums_of_the_best(
            dim in 1usize..6,
            query in proptest::collection::vec(-3i8..4, 1..40),
            documents in proptest::collection::vec(proptest::collection::vec(-3i8..4, 0..500), 0..12),
            k in 0usize..14,
        ) {
            let query: Vec<f32> = query.iter().cycle().take(query.len().div_ceil(dim) * dim)
                .map(|n| f32::from(*n)).collect();
            let query = MultiVector::from_numbers(dim, query).unwrap();
            let (mut data, mut places, mut expected) = (Vec::new(), Vec::new(), Vec::new());
            for (row, numbers) in (0u32..).zip(&documents) {
                let numbers = &numbers[..numbers.len() / dim * dim];
                let start = (data.len() / dim) as u32;
                data.extend(numbers.iter().map(|n| f32::from(*n)));
                places.push((row, start..(data.len() / dim) as u32));
                let best = |q: &[f32]| numbers.chunks_exact(dim)
                    .map(|v| q.iter().zip(v).map(|(a, b)| a * f32::from(*b)).sum::<f32>())
                    .fold(f32::NEG_INFINITY, f32::max);
                let score = if numbers.is_empty() { 0.0 } else { query.iter().map(best).sum() };
                expected.push((score + 0.0, row));
            }
            let vectors = Vectors::new(dim, &data).unwrap();
            let maxsim = MaxSim::new(vectors, Metric::Dot, &query).unwrap();
            for ((_, place), (score, _)) in places.iter().zip(&expected) {
                prop_assert_eq!(maxsim.score(place.clone()), *score);
            }
            expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            expected.truncate(k);
            prop_assert_eq!(maxsim.top(&places, k), expected);
        }
    }

    #[test]
    fn what_is_not_there_scores_nothing() {
        let query = MultiVector::new([[1.0, 0.0]]).unwrap();
        let data = [1.0, 0.0, 0.0, 1.0];
        let maxsim = MaxSim::new(Vectors::new(2, &data).unwrap(), Metric::Cosine, &query).unwrap();
        assert_eq!(maxsim.score(0..2), 1.0);
        assert_eq!(maxsim.score(1..9), 0.0);
        assert_eq!(maxsim.score(7..9), 0.0);
        let short = MultiVector::new([[1.0]]).unwrap();
        let data = Vectors::new(2, &data).unwrap();
        assert!(MaxSim::new(data, Metric::Cosine, &short).is_err());
    }
}
