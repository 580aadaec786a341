//! Several vectors of one document.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::VectorError;

/// Most vectors of one document.
pub const MAX_MULTI_VECTORS: usize = 1_024;

/// Several vectors of one dimension that stand for one document or one query, as a late-interaction model
/// makes them of the words of a text: `[n, dimension]`, 1 to 1,024 of them.
///
/// It serialises as an array of arrays.
///
/// ```
/// use lumos_index::MultiVector;
///
/// let words = MultiVector::new([[1.0, 0.0], [0.6, 0.8]])?;
/// assert_eq!((words.len(), words.dimension()), (2, 2));
/// assert!(MultiVector::new([vec![1.0], vec![1.0, 2.0]]).is_err());
/// # Ok::<(), lumos_index::VectorError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MultiVector {
    dimension: usize,
    numbers: Vec<f32>,
}

impl MultiVector {
    /// Vectors that all have as many numbers as the first.
    ///
    /// # Errors
    /// [`VectorError::NoDimensions`] without a number, [`VectorError::DimensionMismatch`] when one is of
    /// another length, [`VectorError::TooManyVectors`] past [`MAX_MULTI_VECTORS`].
    pub fn new<V: AsRef<[f32]>>(vectors: impl IntoIterator<Item = V>) -> Result<Self, VectorError> {
        let mut numbers: Vec<f32> = Vec::new();
        let mut dimension = 0;
        for (at, vector) in vectors.into_iter().enumerate() {
            let vector = vector.as_ref();
            if at == 0 {
                dimension = vector.len();
            }
            if vector.len() != dimension {
                return Err(VectorError::DimensionMismatch {
                    expected: dimension,
                    got: vector.len(),
                });
            }
            if at >= MAX_MULTI_VECTORS {
                return Err(VectorError::TooManyVectors {
                    limit: MAX_MULTI_VECTORS,
                });
            }
            numbers.extend_from_slice(vector);
        }
        MultiVector::from_numbers(dimension, numbers)
    }

    /// Vectors of `dimension` numbers that lie one after the other, `[n, dimension]`.
    ///
    /// # Errors
    /// As [`MultiVector::new`]; [`VectorError::Ragged`] when they are not a whole number of vectors.
    pub fn from_numbers(dimension: usize, numbers: Vec<f32>) -> Result<Self, VectorError> {
        if dimension == 0 || numbers.is_empty() {
            return Err(VectorError::NoDimensions);
        }
        if !numbers.len().is_multiple_of(dimension) {
            return Err(VectorError::Ragged {
                len: numbers.len(),
                dim: dimension,
            });
        }
        if numbers.len() / dimension > MAX_MULTI_VECTORS {
            return Err(VectorError::TooManyVectors {
                limit: MAX_MULTI_VECTORS,
            });
        }
        Ok(MultiVector { dimension, numbers })
    }

    /// Numbers in each vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of vectors, at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.numbers.len() / self.dimension
    }

    /// The vectors in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.numbers.chunks_exact(self.dimension)
    }

    /// All numbers, `[n, dimension]`.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// All numbers, by value.
    #[must_use]
    pub fn into_numbers(self) -> Vec<f32> {
        self.numbers
    }
}

impl Serialize for MultiVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for MultiVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let vectors = Vec::<Vec<f32>>::deserialize(deserializer)?;
        MultiVector::new(vectors).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_no_matrix_is_refused() {
        let none: [[f32; 2]; 0] = [];
        assert_eq!(
            MultiVector::new(none).unwrap_err(),
            VectorError::NoDimensions
        );
        assert!(MultiVector::new([[0.0f32; 0]]).is_err());
        assert!(MultiVector::from_numbers(2, vec![1.0; 3]).is_err());
        assert!(MultiVector::new(vec![[1.0]; 1_024]).is_ok());
        assert!(matches!(
            MultiVector::new(vec![[1.0]; 1_025]).unwrap_err(),
            VectorError::TooManyVectors { limit: 1_024 }
        ));
    }

    #[test]
    fn it_is_written_and_read_as_rows() {
        let vectors = MultiVector::new([[1.0, 0.5], [0.0, -2.0]]).unwrap();
        let text = serde_json::to_string(&vectors).unwrap();
        assert_eq!(text, "[[1.0,0.5],[0.0,-2.0]]");
        assert_eq!(serde_json::from_str::<MultiVector>(&text).unwrap(), vectors);
        assert!(serde_json::from_str::<MultiVector>("[[1],[1,2]]").is_err());
    }
}
