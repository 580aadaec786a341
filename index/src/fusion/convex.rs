//! Convex combination of scores.

use super::{Sums, finite};

/// One list of [`fuse_convex_legs`].
#[derive(Debug, Clone, Copy)]
pub struct ConvexLeg<'a> {
    /// Whether its scores are similarities, which are taken as they are; other scores, such as
    /// those of keywords, are taken as a share of the best one.
    pub similarity: bool,
    /// Its share among the lists of its kind, not negative.
    pub weight: f32,
    /// Ids with scores, larger is better.
    pub scores: &'a [(u64, f32)],
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
    let leg = |similarity, scores| ConvexLeg {
        similarity,
        weight: 1.0,
        scores,
    };
    fuse_convex_legs(&[leg(true, vector), leg(false, keyword)], vector_weight)
}

/// The convex combination (Bruch, Gai and Ingber, *An Analysis of Fusion Functions for Hybrid
/// Retrieval*, 2023) of any number of lists: [`fuse_convex`] with two.
///
/// Every list of similarities counts `w * weight`, every other one `(1 - w) * weight`, divided by
/// the sum of these figures, so that they are shares of a whole; lists of one kind alone count by
/// their weights.
#[must_use]
pub fn fuse_convex_legs(legs: &[ConvexLeg<'_>], vector_weight: f32) -> Vec<(u64, f32)> {
    let shares = shares(legs, vector_weight);
    let mut sums = Sums::of(legs.iter().map(|leg| leg.scores.len()));
    for (list, (leg, share)) in legs.iter().zip(shares).enumerate() {
        if leg.similarity {
            for &(id, score) in leg.scores {
                sums.add(list, id, share * finite(score));
            }
            continue;
        }
        let scores = leg.scores.iter().map(|&(_, score)| finite(score));
        let best = scores.fold(0.0, f32::max);
        for &(id, score) in leg.scores {
            let part = if best > 0.0 {
                finite(score).max(0.0) / best
            } else {
                0.0
            };
            sums.add(list, id, share * part);
        }
    }
    sums.into_ranking()
}

fn shares(legs: &[ConvexLeg<'_>], vector_weight: f32) -> Vec<f32> {
    let vector = if vector_weight.is_nan() {
        0.5
    } else {
        vector_weight.clamp(0.0, 1.0)
    };
    let alike = legs.iter().all(|leg| leg.similarity) || legs.iter().all(|leg| !leg.similarity);
    let share = |leg: &ConvexLeg<'_>| {
        let weight = finite(leg.weight).max(0.0);
        match leg.similarity {
            _ if alike => weight,
            true => vector * weight,
            false => (1.0 - vector) * weight,
        }
    };
    let mut shares: Vec<f32> = legs.iter().map(share).collect();
    let sum: f32 = shares.iter().sum();
    // What is a whole up to rounding stays as it is: two lists of weight one give the sums that the
    // formula says.
    if sum > 0.0 && (sum - 1.0).abs() > 4.0 * f32::EPSILON {
        shares.iter_mut().for_each(|share| *share /= sum);
    }
    shares
}
