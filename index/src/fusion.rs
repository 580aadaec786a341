//! One ranking from several.

use std::collections::HashMap;

/// The constant of reciprocal rank fusion that its authors found best.
pub const RRF_K: f32 = 60.0;

/// Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): each list gives the id at its
/// rank r, counted from 1, `weight / (k + r)`; [`RRF_K`] is the usual `k`.
///
/// Lists are best first, as (weight, ids with scores); the scores are not looked at. An id that
/// stands in a list twice counts at its better rank. The result is best first, ties by id.
#[must_use]
pub fn fuse_rrf(lists: &[(f32, &[(u64, f32)])], k: f32) -> Vec<(u64, f32)> {
    let mut sums = Sums::default();
    for (list, &(weight, ids)) in lists.iter().enumerate() {
        for (rank, &(id, _)) in ids.iter().enumerate() {
            sums.add(list, id, weight / (k + (rank + 1) as f32));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    fn list() -> impl Strategy<Value = Vec<(u64, f32)>> {
        prop::collection::vec((0u64..30, 0.0f32..10.0), 0..25).prop_map(|mut list| {
            list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let mut seen = std::collections::HashSet::new();
            list.retain(|&(id, _)| seen.insert(id));
            list
        })
    }

    fn ids(list: &[(u64, f32)]) -> std::collections::BTreeSet<u64> {
        list.iter().map(|&(id, _)| id).collect()
    }

    fn ordered(ranking: &[(u64, f32)]) -> bool {
        ranking.is_sorted_by(|a, b| a.1 > b.1 || (a.1 == b.1 && a.0 < b.0))
    }

    proptest! {
        /// Every id once, best first, ties by id; equal weights do not care which list is which.
        #[test]
        fn reciprocal_ranks_make_one_ordered_ranking_of_all(a in list(), b in list()) {
            let fused = fuse_rrf(&[(1.0, &a), (1.0, &b)], RRF_K);
            prop_assert!(ordered(&fused));
            prop_assert_eq!(fused.len(), ids(&fused).len());
            prop_assert_eq!(ids(&fused), &ids(&a) | &ids(&b));
            prop_assert_eq!(&fused, &fuse_rrf(&[(1.0, &b), (1.0, &a)], RRF_K));
            // One list keeps its order; a list without weight changes no order either.
            let order = |list: &[(u64, f32)]| list.iter().map(|e| e.0).collect::<Vec<_>>();
            prop_assert_eq!(order(&fuse_rrf(&[(0.3, &a)], RRF_K)), order(&a));
            let with_idle = fuse_rrf(&[(1.0, &a), (0.0, &b)], RRF_K);
            prop_assert_eq!(order(&with_idle[..a.len()]), order(&a));
        }

        /// The convex sum is what its formula says for every id of either list.
        #[test]
        fn convex_sums_follow_the_formula(a in list(), b in list(), w in 0.0f32..=1.0) {
            let fused = fuse_convex(&a, &b, w);
            prop_assert!(ordered(&fused));
            prop_assert_eq!(fused.len(), ids(&fused).len());
            prop_assert_eq!(ids(&fused), &ids(&a) | &ids(&b));
            let find = |list: &[(u64, f32)], id| list.iter().find(|e| e.0 == id).map_or(0.0, |e| e.1);
            let best = b.first().map_or(0.0, |e| e.1);
            for &(id, score) in &fused {
                let keyword = if best > 0.0 { find(&b, id) / best } else { 0.0 };
                let expected = w * find(&a, id) + (1.0 - w) * keyword;
                prop_assert!((score - expected).abs() < 1e-4, "{id}: {score} {expected}");
            }
            // The scale of keyword scores is arbitrary and must not matter.
            let scaled: Vec<(u64, f32)> = b.iter().map(|&(id, s)| (id, s * 4.0)).collect();
            prop_assert_eq!(fused, fuse_convex(&a, &scaled, w));
        }
    }

    #[test]
    fn ranks_count_from_one_and_add_up() {
        let fused = fuse_rrf(
            &[(1.0, &[(7, 0.9), (8, 0.8)]), (2.0, &[(8, 31.0), (9, 3.0)])],
            RRF_K,
        );
        let expected = [
            (8, 1.0 / 62.0 + 2.0 / 61.0),
            (9, 2.0 / 62.0),
            (7, 1.0 / 61.0),
        ];
        for (found, expected) in fused.iter().zip(expected) {
            assert_eq!(found.0, expected.0);
            assert!((found.1 - expected.1).abs() < 1e-6);
        }
        assert_eq!(fused.len(), 3);
        assert!(fuse_rrf(&[], RRF_K).is_empty());
    }

    #[test]
    fn an_id_counts_once_a_list_and_odd_scores_count_as_nothing() {
        let twice = fuse_rrf(&[(1.0, &[(1, 1.0), (2, 0.5), (1, 0.1)])], RRF_K);
        assert_eq!(twice[0], (1, 1.0 / 61.0));
        let fused = fuse_convex(
            &[(1, f32::NAN), (2, 0.5), (2, 9.0)],
            &[(3, f32::INFINITY), (4, -1.0), (5, 2.0)],
            0.5,
        );
        assert_eq!(fused, [(5, 0.5), (2, 0.25), (1, 0.0), (3, 0.0), (4, 0.0)]);
        assert_eq!(fuse_convex(&[(1, 1.0)], &[], f32::NAN), [(1, 0.5)]);
        assert_eq!(fuse_convex(&[], &[(1, 0.0)], 0.0), [(1, 0.0)]);
    }
}
