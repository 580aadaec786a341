//! Weighted sums of scaled scores.

use super::normalise::moments;
use super::{Normalise, Sums, finite};

/// Standard deviations from the mean that distribution-based fusion takes as the ends of a list.
const DEVIATIONS: f64 = 3.0;

/// The weighted sum of scaled scores (CombSUM: Fox and Shaw, *Combination of Multiple Searches*,
/// 1994): `weight * scaled score` of each list that has the id.
///
/// Lists are (weight, ids with scores), larger is better; an id that a list does not have gets
/// nothing from it, and of an id that stands in a list twice the first counts. The result is best
/// first, ties by id.
#[must_use]
pub fn fuse_sum(lists: &[(f32, &[(u64, f32)])], normalise: Normalise) -> Vec<(u64, f32)> {
    add(lists, |scores| normalise.scale(scores))
}

/// Distribution-based score fusion (Mazzeschi 2023): as [`fuse_sum`], where the mean less three
/// standard deviations of a list is 0 and the mean and three more is 1, so that one odd score does
/// not press all others together. Scores past these ends are put on them; all of a list of equal
/// scores are 0.5.
#[must_use]
pub fn fuse_dbsf(lists: &[(f32, &[(u64, f32)])]) -> Vec<(u64, f32)> {
    add(lists, |scores| {
        let scores: Vec<f32> = scores.iter().map(|&score| finite(score)).collect();
        let (mean, deviation) = moments(&scores);
        let scaled = scores.iter().map(|&score| match deviation > 0.0 {
            true => {
                let place = (f64::from(score) - mean) / deviation;
                ((place + DEVIATIONS) / (2.0 * DEVIATIONS)).clamp(0.0, 1.0) as f32
            }
            false => 0.5,
        });
        scaled.collect()
    })
}

fn add(lists: &[(f32, &[(u64, f32)])], scale: impl Fn(&[f32]) -> Vec<f32>) -> Vec<(u64, f32)> {
    let mut sums = Sums::of(lists.iter().map(|(_, ids)| ids.len()));
    for (list, &(weight, ids)) in lists.iter().enumerate() {
        let scores: Vec<f32> = ids.iter().map(|&(_, score)| score).collect();
        for (&(id, _), score) in ids.iter().zip(scale(&scores)) {
            // The sum makes 0.0 of -0.0, which would stand behind it.
            sums.add(list, id, finite(weight) * score + 0.0);
        }
    }
    sums.into_ranking()
}
