//! One ranking from several.

use std::collections::HashMap;

/// The constant of reciprocal rank fusion that its authors found best.
pub const RRF_K: f32 = 60.0;

/// Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): each list gives the id at its
/// rank r, counted from 1, `weight / (60 + r)`.
///
/// Lists are best first, as (weight, ids with scores); the scores are not looked at. An id that
/// stands in a list twice counts at its better rank. The result is best first, ties by id.
#[must_use]
pub fn fuse_rrf(lists: &[(f32, &[(u64, f32)])]) -> Vec<(u64, f32)> {
    let mut sums = Sums::default();
    for (list, &(weight, ids)) in lists.iter().enumerate() {
        for (rank, &(id, _)) in ids.iter().enumerate() {
            sums.add(list, id, weight / (RRF_K + (rank + 1) as f32));
        }
    }
    sums.into_ranking()
}

/// Convex combination: `w * vector + (1 - w) * keyword / max keyword`, `w` in `[0, 1]`.
///
/// `vector` holds similarities, larger is nearer ([`crate::Metric::similarity`]); `keyword`
/// scores that are not negative. An id that one list does not have gets nothing from it: score
/// the keyword hits against the query vector first for the best ranking. Scores that are not
/// finite count as zero; of an id that stands in a list twice the first counts. The result is
/// best first, ties by id.
#[must_use]
pub fn fuse_convex(
    vector: &[(u64, f32)],
    keyword: &[(u64, f32)],
    vector_weight: f32,
) -> Vec<(u64, f32)> {
    let weight = if vector_weight.is_nan() {
        0.5
    } else {
        vector_weight.clamp(0.0, 1.0)
    };
    let finite = |score: f32| if score.is_finite() { score } else { 0.0 };
    let best = keyword
        .iter()
        .map(|&(_, score)| finite(score))
        .fold(0.0, f32::max);
    let mut sums = Sums::default();
    for &(id, score) in vector {
        sums.add(0, id, weight * finite(score));
    }
    for &(id, score) in keyword {
        let share = if best > 0.0 {
            finite(score).max(0.0) / best
        } else {
            0.0
        };
        sums.add(1, id, (1.0 - weight) * share);
    }
    sums.into_ranking()
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
