//! One ranking from several: the ways to fuse lists of ids with scores.

mod convex;
mod normalise;
mod rrf;
mod sum;

use std::collections::HashMap;

pub use convex::{ConvexLeg, fuse_convex, fuse_convex_legs};
pub use normalise::Normalise;
pub use rrf::{RRF_K, fuse_rrf};
pub use sum::{fuse_dbsf, fuse_sum};

/// A score that counts: what is not finite is nothing.
fn finite(score: f32) -> f32 {
    if score.is_finite() { score } else { 0.0 }
}

/// Sum of each id, and the list that added to it last.
#[derive(Default)]
struct Sums(HashMap<u64, (f32, usize)>);

impl Sums {
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
