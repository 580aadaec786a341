//! Scores of one list made comparable with those of others.

use serde::{Deserialize, Serialize};

use super::finite;

/// How the scores of a list are scaled before they are added to those of others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Normalise {
    /// The worst is 0 and the best 1; all of a list of equal scores are 1.
    #[default]
    MinMax,
    /// Standard deviations above the mean; all of a list of equal scores are 0.
    ZScore,
    /// Shares of the best, which is 1; scores below 0 are 0, and so are all where none is above 0.
    Max,
}

impl Normalise {
    /// The scaled scores, in the order given. Scores that are not finite count as zero.
    #[must_use]
    pub fn scale(self, scores: &[f32]) -> Vec<f32> {
        let scores: Vec<f32> = scores.iter().map(|&score| finite(score)).collect();
        let least = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        match self {
            Normalise::MinMax => {
                // In double precision, where the difference of two numbers never overflows.
                let width = f64::from(best) - f64::from(least);
                let place = |score: f32| (f64::from(score) - f64::from(least)) / width;
                let scaled = scores.iter().map(|&score| match width > 0.0 {
                    true => place(score) as f32,
                    false => 1.0,
                });
                scaled.collect()
            }
            Normalise::ZScore => {
                let (mean, deviation) = moments(&scores);
                let scaled = scores.iter().map(|&score| match deviation > 0.0 {
                    true => ((f64::from(score) - mean) / deviation) as f32,
                    false => 0.0,
                });
                scaled.collect()
            }
            Normalise::Max => {
                let scaled = scores.iter().map(|&score| match best > 0.0 {
                    true => score.max(0.0) / best,
                    false => 0.0,
                });
                scaled.collect()
            }
        }
    }
}

/// The mean of some scores and their standard deviation, that of the list as a whole (`n`, not `n - 1`).
pub(super) fn moments(scores: &[f32]) -> (f64, f64) {
    if scores.is_empty() {
        return (0.0, 0.0);
    }
    let count = scores.len() as f64;
    let mean = scores.iter().map(|&score| f64::from(score)).sum::<f64>() / count;
    let squares = scores
        .iter()
        .map(|&score| (f64::from(score) - mean).powi(2));
    let deviation = (squares.sum::<f64>() / count).sqrt();
    // Rounding alone spreads equal scores by less than this.
    let noise = mean.abs() * 1e-12;
    (mean, if deviation > noise { deviation } else { 0.0 })
}
