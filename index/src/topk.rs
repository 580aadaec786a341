//! The k nearest of a stream.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row with its distance to a query.
///
/// Ordered by distance, then by row, so that equal distances have one order everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Neighbor {
    /// Distance under the metric of the search; smaller is nearer.
    pub distance: f32,
    /// Ordinal of the vector.
    pub row: u32,
}

impl Ord for Neighbor {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Neighbor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Neighbor {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Neighbor {}

/// Keeps the `k` smallest [`Neighbor`]s pushed into it, in memory for `k`.
#[derive(Clone, Debug)]
pub struct TopK {
    k: usize,
    heap: BinaryHeap<Neighbor>,
}

impl TopK {
    /// Keeps the `k` nearest. Memory grows with what is pushed, so `k` may be any number.
    #[must_use]
    pub fn new(k: usize) -> Self {
        TopK {
            k,
            heap: BinaryHeap::with_capacity(k.min(1024)),
        }
    }

    /// Offers one neighbour.
    pub fn push(&mut self, neighbor: Neighbor) {
        if self.heap.len() < self.k {
            self.heap.push(neighbor);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && neighbor < *worst
        {
            *worst = neighbor;
        }
    }

    /// The distance that a neighbour must not exceed to have a chance; infinite until full.
    #[must_use]
    pub fn bound(&self) -> f32 {
        if self.heap.len() < self.k {
            f32::INFINITY
        } else {
            self.heap
                .peek()
                .map_or(f32::NEG_INFINITY, |worst| worst.distance)
        }
    }

    /// The neighbours kept, nearest first, ties by row.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Neighbor> {
        self.heap.into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The k kept are the first k of a sort, whatever the order of arrival and the ties.
        #[test]
        fn keeps_what_a_sort_would(
            distances in prop::collection::vec(-3i8..4, 0..60),
            k in 0usize..70,
        ) {
            let mut all: Vec<Neighbor> = distances
                .iter()
                .enumerate()
                .map(|(row, &d)| Neighbor { distance: f32::from(d), row: row as u32 })
                .collect();
            let mut top = TopK::new(k);
            for &neighbor in all.iter().rev() {
                top.push(neighbor);
            }
            all.sort();
            all.truncate(k);
            prop_assert_eq!(top.into_sorted(), all);
        }
    }

    #[test]
    fn nothing_fits_into_zero_places() {
        let mut top = TopK::new(0);
        top.push(Neighbor {
            distance: 0.0,
            row: 0,
        });
        assert!(top.into_sorted().is_empty());
    }
}
