//! What "near" means.

use serde::{Deserialize, Serialize};

use crate::distance::Kernels;
use crate::error::VectorError;

/// How two vectors are compared.
///
/// Inside the index every metric is a *distance*, smaller is nearer; [`Metric::score`] turns it
/// into the figure that users know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Cosine similarity. Vectors are normalised when they are stored.
    #[default]
    Cosine,
    /// Inner product, for models trained with it.
    Dot,
    /// Euclidean distance; squared inside the index.
    L2,
    /// Manhattan distance: the sum of the differences of components.
    L1,
    /// Number of components that differ, a component being 1 above zero and 0 otherwise. For
    /// [`Element::Bits`](crate::Element::Bits).
    Hamming,
    /// Jaccard similarity of the sets of components above zero: how many are in both, of those
    /// that are in either. For [`Element::Bits`](crate::Element::Bits).
    Jaccard,
}

/// Squared length above which a sum of products of two vectors could overflow an f32.
pub(crate) const MAX_SQUARED_NORM: f64 = f32::MAX as f64 / 8.0;

/// The squared length, summed in lanes so that one addition need not wait for the one before.
pub(crate) fn squared_norm(vector: &[f32]) -> f64 {
    let (blocks, rest) = vector.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += f64::from(x) * f64::from(x);
        }
    }
    let rest = rest.iter().map(|&x| f64::from(x) * f64::from(x));
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
}

impl Metric {
    /// All metrics.
    const ALL: [Metric; 6] = [
        Metric::Cosine,
        Metric::Dot,
        Metric::L2,
        Metric::L1,
        Metric::Hamming,
        Metric::Jaccard,
    ];

    /// Validates a vector before it is stored or searched for; under cosine, normalises it, and
    /// under Hamming and Jaccard makes 1 of what is above zero and 0 of the rest.
    ///
    /// Distances between vectors that went through here are finite.
    ///
    /// # Errors
    /// [`VectorError::NoDimensions`], [`VectorError::NotFinite`], [`VectorError::TooLong`], and
    /// under cosine [`VectorError::Zero`]. The vector is unchanged then.
    pub fn prepare(self, vector: &mut [f32]) -> Result<(), VectorError> {
        if vector.is_empty() {
            return Err(VectorError::NoDimensions);
        }
        let squared = squared_norm(vector);
        if !squared.is_finite() {
            // No sum of squares of numbers that are finite in single precision overflows a double.
            let position = vector.iter().position(|x| !x.is_finite());
            return Err(VectorError::NotFinite {
                position: position.unwrap_or_default(),
            });
        }
        match self {
            Metric::Cosine if squared == 0.0 => return Err(VectorError::Zero),
            Metric::Cosine => {
                // Leave unit vectors alone, so that preparing twice changes nothing.
                if (squared - 1.0).abs() > 1e-6 {
                    let scale = 1.0 / squared.sqrt();
                    for x in vector {
                        *x = (f64::from(*x) * scale) as f32;
                    }
                }
            }
            Metric::Dot | Metric::L2 | Metric::L1 if squared > MAX_SQUARED_NORM => {
                return Err(VectorError::TooLong {
                    norm: squared.sqrt(),
                });
            }
            Metric::Dot | Metric::L2 | Metric::L1 => {}
            Metric::Hamming | Metric::Jaccard => {
                for x in vector {
                    *x = f32::from(u8::from(*x > 0.0));
                }
            }
        }
        Ok(())
    }

    /// The distance of two prepared vectors, smaller is nearer: `1 - dot` under cosine, `-dot`
    /// under dot, the squared Euclidean distance under L2, the negative similarity under Jaccard.
    ///
    /// Components past the shorter one's end are not looked at.
    #[must_use]
    pub fn distance(self, a: &[f32], b: &[f32]) -> f32 {
        let dim = a.len().min(b.len());
        let (a, b) = (&a[..dim], &b[..dim]);
        let raw = Kernels::detect().pair(self, a, b);
        let (offset, scale) = self.affine();
        offset + scale * raw
    }

    /// What users see for a distance: cosine similarity, inner product, Euclidean or Manhattan
    /// distance, number of components that differ, or Jaccard similarity.
    #[must_use]
    pub fn score(self, distance: f32) -> f32 {
        match self {
            Metric::Cosine => (1.0 - distance).clamp(-1.0, 1.0),
            // The sum turns -0.0, the negation of 0.0, into 0.0.
            Metric::Dot | Metric::Jaccard => 0.0 - distance,
            Metric::L2 => distance.max(0.0).sqrt(),
            Metric::L1 | Metric::Hamming => distance,
        }
    }

    /// A figure for fusion, larger is nearer: cosine or Jaccard similarity, inner product, or
    /// `1 / (1 + distance)` under the metrics that are distances.
    #[must_use]
    pub fn similarity(self, distance: f32) -> f32 {
        match self {
            Metric::L2 | Metric::L1 | Metric::Hamming => 1.0 / (1.0 + self.score(distance)),
            Metric::Cosine | Metric::Dot | Metric::Jaccard => self.score(distance),
        }
    }

    /// Whether a larger [`Metric::score`] is nearer.
    #[must_use]
    pub fn higher_is_better(self) -> bool {
        match self {
            Metric::Cosine | Metric::Dot | Metric::Jaccard => true,
            Metric::L2 | Metric::L1 | Metric::Hamming => false,
        }
    }

    /// Whether vectors are sets under this metric: a component is there or not.
    #[must_use]
    pub fn is_of_sets(self) -> bool {
        matches!(self, Metric::Hamming | Metric::Jaccard)
    }

    /// Whether distances can be told from quantised vectors, as inner products can.
    pub(crate) fn has_codes(self) -> bool {
        matches!(self, Metric::Cosine | Metric::Dot | Metric::L2)
    }

    /// `(a, b)` such that the distance is `a + b * raw`, raw being what the kernels compute: a dot
    /// product, a distance, or a Jaccard similarity.
    pub(crate) fn affine(self) -> (f32, f32) {
        match self {
            Metric::Cosine => (1.0, -1.0),
            Metric::Dot | Metric::Jaccard => (0.0, -1.0),
            Metric::L2 | Metric::L1 | Metric::Hamming => (0.0, 1.0),
        }
    }

    /// The code of the metric in encoded graphs and stored columns.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Metric::Cosine => 0,
            Metric::Dot => 1,
            Metric::L2 => 2,
            Metric::L1 => 3,
            Metric::Hamming => 4,
            Metric::Jaccard => 5,
        }
    }

    /// The metric of a code.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Metric> {
        Metric::ALL.into_iter().find(|metric| metric.code() == code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn cosine_normalises_once_and_refuses_what_has_no_direction() {
        let mut v = vec![3.0, 4.0];
        Metric::Cosine.prepare(&mut v).unwrap();
        assert_eq!(v, [0.6, 0.8]);
        let once = v.clone();
        Metric::Cosine.prepare(&mut v).unwrap();
        assert_eq!(v, once);
        assert_eq!(
            Metric::Cosine.prepare(&mut [0.0, -0.0]),
            Err(VectorError::Zero)
        );
        // Squares of these underflow or overflow an f32, not the f64 used for the norm.
        for x in [1e-40_f32, 1e-30, 1e30, f32::MAX] {
            let mut v = vec![x, x];
            Metric::Cosine.prepare(&mut v).unwrap();
            assert!((v[0] - 0.5_f32.sqrt()).abs() < 1e-6, "{x} became {v:?}");
        }
    }

    #[test]
    fn no_component_may_be_nan_or_infinite_under_any_metric() {
        for metric in Metric::ALL {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let refused = metric.prepare(&mut [1.0, bad, 2.0]);
                assert_eq!(refused, Err(VectorError::NotFinite { position: 1 }));
            }
            assert_eq!(metric.prepare(&mut []), Err(VectorError::NoDimensions));
        }
    }

    #[test]
    fn the_longest_vectors_allowed_still_have_finite_distances() {
        let x = (MAX_SQUARED_NORM / 4.0).sqrt() as f32 * 0.999;
        let (mut a, mut b) = (vec![x; 4], vec![-x; 4]);
        for metric in [Metric::Dot, Metric::L2, Metric::L1] {
            metric.prepare(&mut a).unwrap();
            metric.prepare(&mut b).unwrap();
            assert!(metric.distance(&a, &b).is_finite());
            let refused = metric.prepare(&mut [1e19, 0.0]);
            assert!(matches!(refused, Err(VectorError::TooLong { .. })));
        }
    }

    #[test]
    fn scores_are_what_users_know() {
        let (a, b) = ([1.0, 0.0], [0.6, 0.8]);
        let score = |metric: Metric| metric.score(metric.distance(&a, &b));
        assert!((score(Metric::Cosine) - 0.6).abs() < 1e-6);
        assert!((score(Metric::Dot) - 0.6).abs() < 1e-6);
        assert!((score(Metric::L2) - 0.8_f32.sqrt()).abs() < 1e-6);
        assert!((score(Metric::L1) - 1.2).abs() < 1e-6);
        assert_eq!(score(Metric::Hamming), 1.0);
        assert_eq!(score(Metric::Jaccard), 0.5);
        assert!(Metric::Dot.score(0.0).is_sign_positive());
        assert!(Metric::L2.similarity(0.0) > Metric::L2.similarity(1.0));
    }

    #[test]
    fn sets_are_compared_by_what_is_above_zero() {
        let mut v = [0.5, -1.0, 0.0, -0.0, 1e-30];
        for metric in [Metric::Hamming, Metric::Jaccard] {
            metric.prepare(&mut v).unwrap();
            assert_eq!(v, [1.0, 0.0, 0.0, 0.0, 1.0]);
        }
        let of = |metric: Metric, a: &[f32], b: &[f32]| {
            let distance = metric.distance(a, b);
            let similarity = metric.similarity(distance);
            assert!((0.0..=1.0).contains(&similarity));
            metric.score(distance)
        };
        let other = [1.0, 1.0, 0.0, 0.0, 0.0];
        assert_eq!(of(Metric::Hamming, &v, &other), 2.0);
        assert_eq!(of(Metric::Jaccard, &v, &other), 1.0 / 3.0);
        assert_eq!(of(Metric::Jaccard, &[0.0; 3], &[0.0; 3]), 1.0);
        assert_eq!(of(Metric::Jaccard, &[0.0; 3], &[1.0; 3]), 0.0);
        assert!(Metric::Jaccard.higher_is_better() && !Metric::Hamming.higher_is_better());
    }

    #[test]
    fn metrics_are_named_in_lower_case() {
        assert_eq!(serde_json::to_string(&Metric::L2).unwrap(), "\"l2\"");
        assert_eq!(
            serde_json::from_str::<Metric>("\"cosine\"").unwrap(),
            Metric::Cosine
        );
    }
}
