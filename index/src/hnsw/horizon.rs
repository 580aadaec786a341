//! What a search over several graphs has found so far.

/// The nearest distances that a search has met, over all graphs it has been to.
///
/// A walk in one more graph need not follow candidates that are farther than as many as it keeps
/// are already; the result is about that of one walk in one graph of all vectors.
#[derive(Clone, Debug, Default)]
pub struct Horizon {
    width: usize,
    /// Ascending, at most `width`.
    nearest: Vec<f32>,
}

impl Horizon {
    /// Nothing met yet; keeps `width` distances, which should be the largest `ef` of the search.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Horizon {
            width,
            nearest: Vec::new(),
        }
    }

    /// Adds what was met elsewhere, as distances of the same metric.
    pub fn add(&mut self, distances: impl IntoIterator<Item = f32>) {
        let numbers = distances.into_iter().filter(|distance| !distance.is_nan());
        self.nearest.extend(numbers.take(self.width));
        // Two runs in order: a merge.
        self.nearest.sort_by(f32::total_cmp);
        self.nearest.truncate(self.width);
    }

    /// The distance of the `rank`th nearest, from 1; infinite where there are not so many.
    pub(super) fn distance(&self, rank: usize) -> f32 {
        let place = rank.checked_sub(1);
        let found = place.and_then(|place| self.nearest.get(place));
        found.copied().unwrap_or(f32::INFINITY)
    }

    /// Whether there are `count` distances.
    pub(super) fn has(&self, count: usize) -> bool {
        self.nearest.len() >= count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_all_graphs_are_kept_in_order() {
        let mut horizon = Horizon::new(3);
        assert_eq!(horizon.distance(1), f32::INFINITY);
        horizon.add([2.0, 5.0]);
        assert_eq!(horizon.distance(2), 5.0);
        assert!(horizon.has(2) && !horizon.has(3));
        horizon.add([f32::NAN, 1.0, 3.0, 4.0]);
        let distances: Vec<f32> = (1..5).map(|rank| horizon.distance(rank)).collect();
        assert_eq!(distances, [1.0, 2.0, 3.0, f32::INFINITY]);
        assert_eq!(horizon.distance(0), f32::INFINITY);
    }
}
