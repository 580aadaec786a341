//! Every fusion of random lists is what its definition says of each id, best first, and finite.

use std::collections::BTreeMap;

use lumos_index::{ConvexLeg, Normalise, fuse_convex_legs, fuse_dbsf, fuse_rrf, fuse_sum};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let constant = f32::from(input.byte());
    let share = f32::from(input.below(101)) / 100.0;
    let mut lists: Vec<(f32, Vec<(u64, f32)>)> = Vec::new();
    while !input.is_empty() && lists.len() < 6 {
        let weight = f32::from(input.below(9)) / 4.0;
        let count = input.below(20);
        let entries = (0..count).map(|_| (u64::from(input.below(32)), score(&mut input)));
        let mut list: Vec<(u64, f32)> = entries.collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1));
        lists.push((weight, list));
    }
    let borrowed: Vec<(f32, &[(u64, f32)])> = lists.iter().map(|(w, list)| (*w, list.as_slice())).collect();
    // Of an id that a list has twice the first counts; what is not finite counts as nothing.
    let finite = |x: f32| f64::from(if x.is_finite() { x } else { 0.0 });
    let sums = |part: &dyn Fn(usize, &[f64], usize) -> f64| {
        let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
        for (at, (_, list)) in lists.iter().enumerate() {
            let scores: Vec<f64> = list.iter().map(|entry| finite(entry.1)).collect();
            let mut seen = std::collections::BTreeSet::new();
            for (rank, (id, _)) in list.iter().enumerate() {
                if seen.insert(*id) {
                    *sums.entry(*id).or_insert(0.0) += part(at, &scores, rank);
                }
            }
        }
        sums
    };
    let weight = |at: usize| f64::from(lists[at].0);
    let low = |scores: &[f64]| scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = |scores: &[f64]| scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let moments = |scores: &[f64]| {
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        (mean, (scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt())
    };
    check(&fuse_rrf(&borrowed, constant), &sums(&|at, _, rank| {
        weight(at) / (f64::from(constant) + rank as f64 + 1.0)
    }));
    check(&fuse_sum(&borrowed, Normalise::MinMax), &sums(&|at, scores, rank| {
        let width = high(scores) - low(scores);
        weight(at) * if width > 0.0 { (scores[rank] - low(scores)) / width } else { 1.0 }
    }));
    check(&fuse_sum(&borrowed, Normalise::Max), &sums(&|at, scores, rank| {
        let best = high(scores);
        weight(at) * if best > 0.0 { scores[rank].max(0.0) / best } else { 0.0 }
    }));
    check(&fuse_sum(&borrowed, Normalise::ZScore), &sums(&|at, scores, rank| {
        let (mean, spread) = moments(scores);
        weight(at) * if spread > 1e-9 { (scores[rank] - mean) / spread } else { 0.0 }
    }));
    check(&fuse_dbsf(&borrowed), &sums(&|at, scores, rank| {
        let (mean, spread) = moments(scores);
        let place = |score: f64| ((score - mean) / spread + 3.0) / 6.0;
        weight(at) * if spread > 1e-9 { place(scores[rank]).clamp(0.0, 1.0) } else { 0.5 }
    }));
    let similar = |at: usize| at.is_multiple_of(2);
    let alike = lists.len() < 2;
    let share_of = |at: usize| match similar(at) {
        _ if alike => weight(at),
        true => f64::from(share) * weight(at),
        false => f64::from(1.0 - share) * weight(at),
    };
    let whole: f64 = (0..lists.len()).map(share_of).sum();
    let legs: Vec<ConvexLeg<'_>> = (0..)
        .zip(&borrowed)
        .map(|(at, &(weight, scores))| ConvexLeg { similarity: similar(at), weight, scores })
        .collect();
    check(&fuse_convex_legs(&legs, share), &sums(&|at, scores, rank| {
        let best = high(scores).max(0.0);
        let part = match similar(at) {
            true => scores[rank],
            false if best > 0.0 => scores[rank].max(0.0) / best,
            false => 0.0,
        };
        if whole > 0.0 { share_of(at) / whole * part } else { 0.0 }
    }));
}

/// Multiples of an eighth, now and then what is no number.
fn score(input: &mut Input<'_>) -> f32 {
    match input.byte() {
        255 => f32::NAN,
        254 => f32::INFINITY,
        253 => f32::NEG_INFINITY,
        n => f32::from(n) / 8.0 - 4.0,
    }
}

fn check(fused: &[(u64, f32)], expected: &BTreeMap<u64, f64>) {
    assert_eq!(fused.len(), expected.len());
    let ordered = |a: &(u64, f32), b: &(u64, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)).is_lt();
    assert!(fused.is_sorted_by(ordered), "{fused:?}");
    for (id, score) in fused {
        let wanted = expected[id];
        let far = (f64::from(*score) - wanted).abs();
        assert!(far <= 1e-4 * wanted.abs().max(1.0), "{id}: {score} {wanted}");
    }
}
