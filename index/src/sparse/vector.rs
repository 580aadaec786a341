//! A vector of which most numbers are zero.

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::VectorError;
use crate::metric::MAX_SQUARED_NORM;

/// Most entries of a sparse vector.
pub const MAX_SPARSE_ENTRIES: usize = 65_536;

/// A vector of which most numbers are zero: the weights of some dimensions, such as the terms of a learned
/// vocabulary. Two of them are compared by dot product.
///
/// It serialises as an object of weights by dimension, `{"7": 0.3, "30522": 1.2}`.
///
/// ```
/// use lumos_index::SparseVector;
///
/// let a = SparseVector::new([(30_522, 1.0), (7, 0.5)])?; // any order
/// let b = SparseVector::new([(7, 2.0), (8, 1.0)])?;
/// assert_eq!(a.dot(&b), 1.0);
/// assert!(SparseVector::new([(7, 1.0), (7, 2.0)]).is_err());
/// # Ok::<(), lumos_index::VectorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SparseVector {
    /// Ascending.
    ids: Vec<u32>,
    weights: Vec<f32>,
}

impl SparseVector {
    /// A vector of these dimensions and their weights, in any order. Weights of zero are left out.
    ///
    /// # Errors
    /// [`VectorError::NotFinite`] for a weight that is NaN or infinite, [`VectorError::Repeated`] for a
    /// dimension that is there twice, [`VectorError::TooManyEntries`] past [`MAX_SPARSE_ENTRIES`],
    /// [`VectorError::TooLong`] for weights whose dot products may overflow.
    pub fn new(entries: impl IntoIterator<Item = (u32, f32)>) -> Result<Self, VectorError> {
        let mut taken: Vec<(u32, f32)> = Vec::new();
        for (at, (id, weight)) in entries.into_iter().enumerate() {
            if at >= MAX_SPARSE_ENTRIES {
                return Err(VectorError::TooManyEntries {
                    limit: MAX_SPARSE_ENTRIES,
                });
            }
            if !weight.is_finite() {
                return Err(VectorError::NotFinite { position: at });
            }
            taken.push((id, weight));
        }
        taken.sort_unstable_by_key(|(id, _)| *id);
        let mut last = None;
        for (id, _) in &taken {
            if last == Some(id) {
                return Err(VectorError::Repeated { id: *id });
            }
            last = Some(id);
        }
        let squared: f64 = taken.iter().map(|(_, w)| f64::from(*w).powi(2)).sum();
        if squared > MAX_SQUARED_NORM {
            let norm = squared.sqrt();
            return Err(VectorError::TooLong { norm });
        }
        taken.retain(|(_, weight)| *weight != 0.0);
        let (ids, weights) = taken.into_iter().unzip();
        Ok(SparseVector { ids, weights })
    }

    /// Dimensions that are not zero and their weights, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, f32)> + '_ {
        self.ids.iter().copied().zip(self.weights.iter().copied())
    }

    /// Number of dimensions that are not zero.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether all dimensions are zero.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The weight of a dimension, 0 where it has none.
    #[must_use]
    pub fn weight(&self, id: u32) -> f32 {
        let at = self.ids.binary_search(&id).ok();
        at.and_then(|at| self.weights.get(at).copied())
            .unwrap_or_default()
    }

    /// The dot product, summed in the order of the dimensions.
    #[must_use]
    pub fn dot(&self, other: &SparseVector) -> f32 {
        let mut others = other.iter().peekable();
        let mut sum = 0.0;
        for (id, weight) in self.iter() {
            while others.next_if(|(other, _)| *other < id).is_some() {}
            if let Some((_, other)) = others.next_if(|(other, _)| *other == id) {
                sum += weight * other;
            }
        }
        sum
    }
}

impl Serialize for SparseVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (id, weight) in self.iter() {
            map.serialize_entry(&id, &weight)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for SparseVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = SparseVector;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of weights by dimension, as {\"7\": 0.3}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SparseVector, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<u32, f32>()? {
                    entries.push(entry);
                    if entries.len() > MAX_SPARSE_ENTRIES {
                        break;
                    }
                }
                SparseVector::new(entries).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_vector_is_sorted_and_checked() {
        let vector = SparseVector::new([(9, 1.0), (2, -0.5), (4, 0.0)]).unwrap();
        assert_eq!(vector.iter().collect::<Vec<_>>(), [(2, -0.5), (9, 1.0)]);
        assert_eq!((vector.weight(9), vector.weight(4)), (1.0, 0.0));
        let error = SparseVector::new([(1, 1.0), (2, f32::NAN)]).unwrap_err();
        assert_eq!(error, VectorError::NotFinite { position: 1 });
        let error = SparseVector::new([(5, 1.0), (2, 1.0), (5, 0.0)]).unwrap_err();
        assert_eq!(error, VectorError::Repeated { id: 5 });
        let many = (0..=MAX_SPARSE_ENTRIES as u32).map(|id| (id, 1.0));
        assert!(matches!(
            SparseVector::new(many).unwrap_err(),
            VectorError::TooManyEntries { .. }
        ));
    }

    #[test]
    fn it_is_written_and_read_as_an_object() {
        let vector = SparseVector::new([(30_522, 0.1), (7, 1e-30)]).unwrap();
        let text = serde_json::to_string(&vector).unwrap();
        assert_eq!(text, "{\"7\":1e-30,\"30522\":0.1}");
        assert_eq!(serde_json::from_str::<SparseVector>(&text).unwrap(), vector);
        for bad in [
            "[]",
            "{\"x\":1}",
            "{\"-1\":1}",
            "{\"1\":1,\"1\":2}",
            "{\"1\":1e99}",
        ] {
            assert!(serde_json::from_str::<SparseVector>(bad).is_err(), "{bad}");
        }
    }
}
