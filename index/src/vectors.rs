//! Borrowed rows of vectors.

use std::borrow::Cow;

use crate::distance::{prefetch, prefetch_far};
use crate::element::{Element, STEPS_ALIGN, widen_bf16, widen_bits, widen_f16, widen_i8};
use crate::error::VectorError;

/// The largest number of rows in one graph: ordinals keep two bits free for marks.
pub(crate) const MAX_ROWS: usize = (1 << 30) - 1;

/// `[n, dim]` components in row order, of any [`Element`], borrowed.
///
/// Rows are expected to have gone through [`Element::prepare`]; nothing breaks if they have not,
/// but results are meaningless then.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<'a> {
    dim: usize,
    len: usize,
    rows: Rows<'a>,
}

/// The numbers of all rows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'a> {
    F32(&'a [f32]),
    F16(&'a [u16]),
    Bf16(&'a [u16]),
    /// Numbers, and the step of each row.
    I8(&'a [i8], &'a [f32]),
    Bits(&'a [u8]),
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
        let rows = Rows::F32(components);
        Vectors { dim, len, rows }.checked()
    }

    /// Views what a [`Packer`](crate::Packer) made of `len` vectors of `dim` components, in
    /// constant time. Any bytes of the right length are vectors of some kind.
    ///
    /// `bytes` must begin at a multiple of 4 in memory, and should at a multiple of 64.
    ///
    /// # Errors
    /// [`VectorError::NoDimensions`], [`VectorError::PackedLength`],
    /// [`VectorError::Misaligned`], [`VectorError::TooMany`].
    pub fn packed(
        element: Element,
        dim: usize,
        len: usize,
        bytes: &'a [u8],
    ) -> Result<Self, VectorError> {
        fn cast<T: bytemuck::AnyBitPattern>(bytes: &[u8]) -> Result<&[T], VectorError> {
            let align = align_of::<T>();
            bytemuck::try_cast_slice(bytes).map_err(|_| VectorError::Misaligned { align })
        }
        if dim == 0 {
            return Err(VectorError::NoDimensions);
        }
        let needed = element.packed_bytes(dim, len).unwrap_or(usize::MAX);
        if needed != bytes.len() {
            let found = bytes.len();
            return Err(VectorError::PackedLength { needed, found });
        }
        let rows = match element {
            Element::F32 => Rows::F32(cast(bytes)?),
            Element::F16 => Rows::F16(cast(bytes)?),
            Element::Bf16 => Rows::Bf16(cast(bytes)?),
            Element::I8 => {
                let (numbers, steps) = bytes.split_at((dim * len).next_multiple_of(STEPS_ALIGN));
                Rows::I8(cast(&numbers[..dim * len])?, cast(steps)?)
            }
            Element::Bits => Rows::Bits(bytes),
        };
        Vectors { dim, len, rows }.checked()
    }

    fn checked(self) -> Result<Self, VectorError> {
        match self.len > MAX_ROWS {
            true => Err(VectorError::TooMany {
                rows: self.len,
                limit: MAX_ROWS,
            }),
            false => Ok(self),
        }
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

    /// What the numbers are.
    #[must_use]
    pub fn element(&self) -> Element {
        match self.rows {
            Rows::F32(_) => Element::F32,
            Rows::F16(_) => Element::F16,
            Rows::Bf16(_) => Element::Bf16,
            Rows::I8(..) => Element::I8,
            Rows::Bits(_) => Element::Bits,
        }
    }

    /// The row at `ordinal`, if there is one; borrowed from what is `f32` already.
    #[must_use]
    pub fn get(&self, ordinal: u32) -> Option<Cow<'a, [f32]>> {
        ((ordinal as usize) < self.len).then(|| self.row(ordinal))
    }

    /// The row at `ordinal`, which must be below [`Vectors::len`].
    pub(crate) fn row(&self, ordinal: u32) -> Cow<'a, [f32]> {
        match self.rows {
            Rows::F32(components) => Cow::Borrowed(part(components, self.dim, ordinal)),
            _ => {
                let mut row = vec![0.0; self.dim];
                self.read(ordinal, &mut row);
                Cow::Owned(row)
            }
        }
    }

    /// The row at `ordinal`, which must be below [`Vectors::len`], in `buffer` if need be.
    pub(crate) fn row_in<'b>(&self, ordinal: u32, buffer: &'b mut Vec<f32>) -> &'b [f32]
    where
        'a: 'b,
    {
        match self.rows {
            Rows::F32(components) => part(components, self.dim, ordinal),
            _ => {
                buffer.resize(self.dim, 0.0);
                self.read(ordinal, buffer);
                buffer
            }
        }
    }

    /// Writes the row at `ordinal`, which must be below [`Vectors::len`], to `out`, as many
    /// components as it has room for.
    pub(crate) fn read(&self, ordinal: u32, out: &mut [f32]) {
        let dim = self.dim;
        match self.rows {
            Rows::F32(components) => {
                let row = part(components, dim, ordinal);
                let both = row.len().min(out.len());
                out[..both].copy_from_slice(&row[..both]);
            }
            Rows::F16(bits) => widen_f16(part(bits, dim, ordinal), out),
            Rows::Bf16(bits) => widen_bf16(part(bits, dim, ordinal), out),
            Rows::I8(numbers, steps) => {
                widen_i8(part(numbers, dim, ordinal), steps[ordinal as usize], out);
            }
            Rows::Bits(bytes) => widen_bits(part(bytes, dim.div_ceil(8), ordinal), out),
        }
    }

    pub(crate) fn rows(&self) -> Rows<'a> {
        self.rows
    }

    /// Asks the processor to fetch a row, its first `lines` cache lines at most.
    #[inline]
    pub(crate) fn prefetch(&self, ordinal: u32, lines: usize) {
        #[inline(always)]
        fn fetch<T>(numbers: &[T], stride: usize, ordinal: u32, lines: usize) {
            let line = 64 / size_of::<T>();
            let start = ordinal as usize * stride;
            for at in 0..lines.min(stride.div_ceil(line)) {
                prefetch(numbers, start + at * line);
            }
        }
        match self.rows {
            Rows::F32(components) => fetch(components, self.dim, ordinal, lines),
            Rows::F16(bits) | Rows::Bf16(bits) => fetch(bits, self.dim, ordinal, lines),
            Rows::I8(numbers, steps) => {
                fetch(numbers, self.dim, ordinal, lines);
                prefetch(steps, ordinal as usize);
            }
            Rows::Bits(bytes) => fetch(bytes, self.dim.div_ceil(8), ordinal, lines),
        }
    }

    /// Asks the processor to fetch a whole row for later.
    #[inline]
    pub(crate) fn prefetch_far(&self, ordinal: u32) {
        #[inline(always)]
        fn fetch<T>(numbers: &[T], stride: usize, ordinal: u32) {
            let start = ordinal as usize * stride;
            for at in (0..stride).step_by(64 / size_of::<T>()) {
                prefetch_far(numbers, start + at);
            }
        }
        match self.rows {
            Rows::F32(components) => fetch(components, self.dim, ordinal),
            Rows::F16(bits) | Rows::Bf16(bits) => fetch(bits, self.dim, ordinal),
            Rows::I8(numbers, _) => fetch(numbers, self.dim, ordinal),
            Rows::Bits(bytes) => fetch(bytes, self.dim.div_ceil(8), ordinal),
        }
    }

    /// The first `len` rows.
    pub(crate) fn first(&self, len: usize) -> Vectors<'a> {
        let len = len.min(self.len);
        let numbers = len * self.dim;
        let rows = match self.rows {
            Rows::F32(components) => Rows::F32(&components[..numbers]),
            Rows::F16(bits) => Rows::F16(&bits[..numbers]),
            Rows::Bf16(bits) => Rows::Bf16(&bits[..numbers]),
            Rows::I8(all, steps) => Rows::I8(&all[..numbers], &steps[..len]),
            Rows::Bits(bytes) => Rows::Bits(&bytes[..len * self.dim.div_ceil(8)]),
        };
        let dim = self.dim;
        Vectors { dim, len, rows }
    }
}

/// The numbers of a row of `stride`.
#[inline(always)]
pub(crate) fn part<T>(numbers: &[T], stride: usize, ordinal: u32) -> &[T] {
    let start = ordinal as usize * stride;
    &numbers[start..start + stride]
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
        assert_eq!(vectors.get(2).as_deref(), Some(&[5.0, 6.0][..]));
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

    #[test]
    fn packed_bytes_have_one_length() {
        let lines = vec![0_u64; 100];
        let bytes: &[u8] = bytemuck::cast_slice(&lines);
        for (element, needed) in [
            (Element::F32, 5 * 9 * 4),
            (Element::F16, 5 * 9 * 2),
            (Element::Bf16, 5 * 9 * 2),
            (Element::I8, 64 + 5 * 4),
            (Element::Bits, 5 * 2),
        ] {
            let view = |bytes: &[u8]| Vectors::packed(element, 9, 5, bytes).map(|v| v.len());
            assert_eq!(view(&bytes[..needed]), Ok(5), "{element}");
            for found in [0, needed - 1, needed + 1] {
                let refused = VectorError::PackedLength { needed, found };
                assert_eq!(view(&bytes[..found]), Err(refused), "{element}");
            }
            let over = Vectors::packed(element, usize::MAX, 5, bytes).unwrap_err();
            assert!(
                matches!(over, VectorError::PackedLength { .. }),
                "{element}"
            );
        }
        let odd = Vectors::packed(Element::F32, 2, 2, &bytes[1..17]).unwrap_err();
        assert_eq!(odd, VectorError::Misaligned { align: 4 });
    }
}
