//! Every way to fuse against what its formula says.
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

/// Cases of each comparison with a naive evaluator.
fn cases() -> ProptestConfig {
    let set = std::env::var("LUMOS_CASES").ok();
    ProptestConfig::with_cases(set.and_then(|set| set.parse().ok()).unwrap_or(500))
}

fn weighted() -> impl Strategy<Value = Vec<(f32, Vec<(u64, f32)>)>> {
    prop::collection::vec((0.0f32..3.0, list()), 0..6)
}

/// What each list gives an id, added up in double precision.
fn naive(
    lists: &[(f32, Vec<(u64, f32)>)],
    part: impl Fn(&[f32], usize) -> f64,
) -> std::collections::BTreeMap<u64, f64> {
    let mut sums = std::collections::BTreeMap::new();
    for (weight, list) in lists {
        let scores: Vec<f32> = list.iter().map(|entry| entry.1).collect();
        for (at, (id, _)) in list.iter().enumerate() {
            *sums.entry(*id).or_insert(0.0) += f64::from(*weight) * part(&scores, at);
        }
    }
    sums
}

fn check(fused: &[(u64, f32)], expected: &std::collections::BTreeMap<u64, f64>) {
    assert!(ordered(fused), "{fused:?}");
    assert_eq!(fused.len(), expected.len());
    for (id, score) in fused {
        let expected = expected[id];
        assert!(
            (f64::from(*score) - expected).abs() < 1e-3,
            "{id}: {score} {expected}"
        );
    }
}

fn mean_and_deviation(scores: &[f32]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().map(|s| f64::from(*s)).sum::<f64>() / n;
    let variance = scores
        .iter()
        .map(|s| (f64::from(*s) - mean).powi(2))
        .sum::<f64>()
        / n;
    (mean, variance.sqrt())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_number_of_lists_adds_up_as_a_naive_reader_adds(lists in weighted(), w in 0.0f32..=1.0) {
        let borrowed: Vec<(f32, &[(u64, f32)])> =
            lists.iter().map(|(weight, list)| (*weight, list.as_slice())).collect();
        let ranks = naive(&lists, |_, at| 1.0 / (60.0 + at as f64 + 1.0));
        check(&fuse_rrf(&borrowed, RRF_K), &ranks);
        let low = |scores: &[f32]| f64::from(scores.iter().copied().fold(f32::MAX, f32::min));
        let high = |scores: &[f32]| f64::from(scores.iter().copied().fold(f32::MIN, f32::max));
        let min_max = naive(&lists, |scores, at| match high(scores) - low(scores) {
            0.0 => 1.0,
            width => (f64::from(scores[at]) - low(scores)) / width,
        });
        check(&fuse_sum(&borrowed, Normalise::MinMax), &min_max);
        let max = naive(&lists, |scores, at| match high(scores) {
            0.0 => 0.0,
            best => f64::from(scores[at]) / best,
        });
        check(&fuse_sum(&borrowed, Normalise::Max), &max);
        let z = naive(&lists, |scores, at| match mean_and_deviation(scores) {
            (_, deviation) if deviation < 1e-9 => 0.0,
            (mean, deviation) => (f64::from(scores[at]) - mean) / deviation,
        });
        check(&fuse_sum(&borrowed, Normalise::ZScore), &z);
        let dbsf = naive(&lists, |scores, at| match mean_and_deviation(scores) {
            (_, deviation) if deviation < 1e-9 => 0.5,
            (mean, deviation) => {
                let (from, to) = (mean - 3.0 * deviation, mean + 3.0 * deviation);
                ((f64::from(scores[at]) - from) / (to - from)).clamp(0.0, 1.0)
            }
        });
        check(&fuse_dbsf(&borrowed), &dbsf);

        // Every second list is one of similarities.
        let legs: Vec<ConvexLeg<'_>> = borrowed.iter().enumerate().map(|(at, &(weight, scores))| ConvexLeg {
            similarity: at % 2 == 0,
            weight,
            scores,
        }).collect();
        let kind = |at: usize| match legs.len() {
            1 => 1.0,
            _ if at.is_multiple_of(2) => f64::from(w),
            _ => f64::from(1.0 - w),
        };
        let total: f64 = lists.iter().enumerate().map(|(at, (weight, _))| kind(at) * f64::from(*weight)).sum();
        let mut expected = std::collections::BTreeMap::new();
        for (at, (weight, list)) in lists.iter().enumerate() {
            let best = list.first().map_or(0.0, |entry| f64::from(entry.1));
            for (id, score) in list {
                let part = match (at % 2 == 0, best) {
                    (true, _) => f64::from(*score),
                    (false, 0.0) => 0.0,
                    (false, best) => f64::from(*score) / best,
                };
                let share = if total > 0.0 { kind(at) * f64::from(*weight) / total } else { 0.0 };
                *expected.entry(*id).or_insert(0.0) += share * part;
            }
        }
        check(&fuse_convex_legs(&legs, w), &expected);
    }

    /// With two lists of weight one, the shares are the numbers of the formula, not those numbers divided.
    #[test]
    fn two_lists_of_weight_one_are_added_bit_for_bit_as_the_formula_says(
        a in list(), b in list(), w in 0.0f32..=1.0
    ) {
        let best = b.iter().map(|e| e.1).fold(0.0, f32::max);
        for (id, score) in fuse_convex(&a, &b, w) {
            let vector = a.iter().find(|e| e.0 == id).map(|e| w * e.1);
            let share = |score: f32| if best > 0.0 { score / best } else { 0.0 };
            let keyword = b.iter().find(|e| e.0 == id).map(|e| (1.0 - w) * share(e.1));
            let expected = match (vector, keyword) {
                (Some(vector), Some(keyword)) => vector + keyword,
                (one, other) => one.or(other).unwrap(),
            };
            prop_assert_eq!(score.to_bits(), expected.to_bits());
        }
    }
}

#[test]
fn lists_of_equal_or_odd_scores_are_scaled_to_finite_numbers() {
    let odd = [f32::NAN, f32::INFINITY, -1.0, f32::MAX, f32::MIN];
    for normalise in [Normalise::MinMax, Normalise::ZScore, Normalise::Max] {
        assert!(
            normalise.scale(&odd).iter().all(|score| score.is_finite()),
            "{normalise:?}"
        );
        assert!(normalise.scale(&[]).is_empty());
    }
    assert_eq!(Normalise::MinMax.scale(&[2.0, 2.0]), [1.0, 1.0]);
    assert_eq!(Normalise::ZScore.scale(&[2.0, 2.0, 2.0]), [0.0; 3]);
    assert_eq!(Normalise::Max.scale(&[-2.0, -1.0]), [0.0, 0.0]);
    assert_eq!(
        fuse_dbsf(&[(1.0, &[(1, 0.1), (2, 0.1), (3, 0.1)])])[0],
        (1, 0.5)
    );
    // One list of similarities alone is taken as it is, whatever its weight and theirs.
    let alone = ConvexLeg {
        similarity: true,
        weight: 5.0,
        scores: &[(1, 0.25)],
    };
    assert_eq!(fuse_convex_legs(&[alone], 0.7), [(1, 0.25)]);
}
