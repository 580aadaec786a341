//! Borrowed rows of vectors.

use crate::error::VectorError;

/// The largest number of rows in one graph: ordinals keep two bits free for marks.
pub(crate) const MAX_ROWS: usize = (1 << 30) - 1;

/// `[n, dim]` f32 components in row order, borrowed.
///
/// Rows are expected to have gone through [`crate::Metric::prepare`]; nothing breaks if they
/// have not, but results are meaningless then.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<'a> {
    dim: usize,
    len: usize,
    components: &'a [f32],
}

impl<'a> Vectors<'a> {
    /// Views `components` as rows of `dim`.
    ///
    /// # Errors
    /// [`VectorError::NoDimensions`], [`VectorError::Ragged`], [`VectorError::TooMany`].
    pub fn new(dim: usize, components: &'a [f32]) -> Result<Self, VectorError> {
        if dim == 0 {
            return Err(VectorError::NoDimensions);
        }
        if !components.len().is_multiple_of(dim) {
            return Err(VectorError::Ragged {
                len: components.len(),
                dim,
            });
        }
        let len = components.len() / dim;
        if len > MAX_ROWS {
            return Err(VectorError::TooMany {
                rows: len,
                limit: MAX_ROWS,
            });
        }
        Ok(Vectors {
            dim,
            len,
            components,
        })
    }

    /// Components of a row.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row at `ordinal`, if there is one.
    #[must_use]
    pub fn get(&self, ordinal: u32) -> Option<&'a [f32]> {
        let start = (ordinal as usize).checked_mul(self.dim)?;
        self.components.get(start..start.checked_add(self.dim)?)
    }

    /// All components, `[n * dim]`.
    #[must_use]
    pub fn components(&self) -> &'a [f32] {
        self.components
    }

    /// The row at `ordinal`, which must be below [`Vectors::len`].
    pub(crate) fn row(&self, ordinal: u32) -> &'a [f32] {
        let start = ordinal as usize * self.dim;
        &self.components[start..start + self.dim]
    }

    /// The first `len` rows.
    pub(crate) fn first(&self, len: usize) -> Vectors<'a> {
        let len = len.min(self.len);
        Vectors {
            dim: self.dim,
            len,
            components: &self.components[..len * self.dim],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn rows_are_cut_from_the_components_and_checked() {
        let components = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let vectors = Vectors::new(2, &components).unwrap();
        assert_eq!(vectors.len(), 3);
        assert_eq!(vectors.get(2), Some(&[5.0, 6.0][..]));
        assert_eq!(vectors.get(3), None);
        assert_eq!(vectors.get(u32::MAX), None);
        assert_eq!(
            Vectors::new(0, &components).unwrap_err(),
            VectorError::NoDimensions
        );
        let ragged = VectorError::Ragged { len: 6, dim: 4 };
        assert_eq!(Vectors::new(4, &components).unwrap_err(), ragged);
        assert!(Vectors::new(4, &[]).unwrap().is_empty());
    }
}
