//! One ranking from several: the ways to fuse lists of ids with scores.

mod convex;
mod normalise;
mod rrf;
mod sum;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub use convex::{ConvexLeg, fuse_convex, fuse_convex_legs};
pub use normalise::Normalise;
pub use rrf::{RRF_K, fuse_rrf};
pub use sum::{fuse_dbsf, fuse_sum};

/// A score that counts: what is not finite is nothing.
fn finite(score: f32) -> f32 {
    if score.is_finite() { score } else { 0.0 }
}

/// Sum of each id, and the list that added to it last.
struct Sums(HashMap<u64, (f32, usize), BuildHasherDefault<Spread>>);

/// Spreads ids over all bits: they are numbers already.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, id: u64) {
        // The golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4); the map takes its bits
        // from both ends.
        let spread = (self.0 ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }
}

impl Sums {
    /// For lists of so many ids.
    fn of(lengths: impl Iterator<Item = usize>) -> Sums {
        let ids = lengths.sum();
        Sums(HashMap::with_capacity_and_hasher(
            ids,
            BuildHasherDefault::default(),
        ))
    }

    /// Adds to an id unless this list has done so before. Lists come one after the other, so
    /// that sums are taken in one order.
    fn add(&mut self, list: usize, id: u64, score: f32) {
        self.0
            .entry(id)
            .and_modify(|(sum, last)| {
                if *last != list {
                    *sum += score;
                    *last = list;
                }
            })
            .or_insert((score, list));
    }

    fn into_ranking(self) -> Vec<(u64, f32)> {
        let mut ranking: Vec<(u64, f32)> =
            self.0.into_iter().map(|(id, (sum, _))| (id, sum)).collect();
        ranking.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranking
    }
}

#[cfg(test)]
mod tests;
