//! What the numbers of a stored vector are kept as.
//!
//! A vector is rounded to its element when it is prepared, and stays `f32` in memory; what is
//! packed is then the same numbers in fewer bytes, and reading them gives the same bits again.

mod half;
mod integer;
mod packer;
mod widen;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use packer::Packer;
pub(crate) use widen::{widen_bf16, widen_bits, widen_f16, widen_i8};

use crate::error::VectorError;
use crate::metric::{MAX_SQUARED_NORM, Metric, squared_norm};

/// What the numbers of a stored vector are kept as: how many bytes one takes, and how precise it
/// is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 32-bit floats: as they were given.
    #[default]
    F32,
    /// 16-bit floats (IEEE 754 binary16): 11 bits of precision, up to 65,504.
    F16,
    /// The upper half of 32-bit floats: 8 bits of precision, the range of `f32`.
    Bf16,
    /// Whole numbers from -127 to 127 and one step a vector, which they are multiples of.
    ///
    /// A vector of such numbers is kept as it is; under cosine, by its direction. Any other is
    /// rounded to 127ths of its largest component.
    I8,
    /// Bits, 1 where a component is above zero; with [`Metric::Hamming`] and [`Metric::Jaccard`]
    /// only.
    Bits,
}

impl Element {
    /// All elements.
    pub(crate) const ALL: [Element; 5] = [
        Element::F32,
        Element::F16,
        Element::Bf16,
        Element::I8,
        Element::Bits,
    ];

    /// The code of the element in stored columns.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Element::F32 => 0,
            Element::F16 => 1,
            Element::Bf16 => 2,
            Element::I8 => 3,
            Element::Bits => 4,
        }
    }

    /// The element of a code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Element> {
        Element::ALL
            .into_iter()
            .find(|element| element.code() == code)
    }

    /// Whether vectors of this element can be compared by `metric`: bits by the metrics of sets,
    /// numbers by all others.
    #[must_use]
    pub fn suits(self, metric: Metric) -> bool {
        (self == Element::Bits) == metric.is_of_sets()
    }

    /// Bytes that `len` packed vectors of `dim` components take; `None` when they are more than
    /// there can be.
    #[must_use]
    pub fn packed_bytes(self, dim: usize, len: usize) -> Option<usize> {
        let numbers = dim.checked_mul(len)?;
        match self {
            Element::F32 => numbers.checked_mul(4),
            Element::F16 | Element::Bf16 => numbers.checked_mul(2),
            Element::I8 => numbers
                .checked_next_multiple_of(STEPS_ALIGN)?
                .checked_add(len.checked_mul(4)?),
            Element::Bits => dim.div_ceil(8).checked_mul(len),
        }
    }

    /// Validates a vector, as [`Metric::prepare`] does, and rounds it to what is kept of it.
    ///
    /// Floats are rounded to the nearest, ties to even. Under cosine the vector is normalised
    /// first, and its length is one up to what rounding leaves. Preparing what was prepared
    /// changes no bit of it.
    ///
    /// # Errors
    /// Those of [`Metric::prepare`], and [`VectorError::OutOfRange`] for a component that the
    /// element has no finite number for. What the vector holds then is unspecified.
    pub fn prepare(self, metric: Metric, vector: &mut [f32]) -> Result<(), VectorError> {
        match self {
            Element::F32 => metric.prepare(vector),
            Element::F16 | Element::Bf16 => self.prepare_half(metric, vector),
            Element::I8 => prepare_integers(metric, vector),
            Element::Bits => {
                metric.prepare(vector)?;
                for x in vector {
                    *x = f32::from(u8::from(*x > 0.0));
                }
                Ok(())
            }
        }
    }

    fn prepare_half(self, metric: Metric, vector: &mut [f32]) -> Result<(), VectorError> {
        let round: fn(f32) -> f32 = match self {
            Element::Bf16 => |x| half::from_bf16(half::to_bf16(x)),
            _ => |x| half::from_f16(half::to_f16(x)),
        };
        if metric == Metric::Cosine {
            // What rounding leaves of a length of one; such a vector was prepared before.
            let slack = match self {
                Element::Bf16 => 1.0 / 128.0,
                _ => 1.0 / 512.0,
            };
            let near = (squared_norm(vector) - 1.0).abs() <= slack;
            if near && vector.iter().all(|&x| round(x).to_bits() == x.to_bits()) {
                return Ok(());
            }
        }
        metric.prepare(vector)?;
        for (position, x) in vector.iter_mut().enumerate() {
            *x = round(*x);
            if !x.is_finite() {
                let element = self;
                return Err(VectorError::OutOfRange { position, element });
            }
        }
        check_length(metric, vector)
    }
}

fn prepare_integers(metric: Metric, vector: &mut [f32]) -> Result<(), VectorError> {
    let given = match integer::are_whole(vector) {
        // Normalised numbers would not be whole any more.
        true => Some(vector.to_vec()),
        false => None,
    };
    metric.prepare(vector)?;
    if metric.is_of_sets() {
        return Ok(());
    }
    let mut numbers = Vec::with_capacity(vector.len());
    let step = integer::encode(metric, given.as_deref().unwrap_or(vector), &mut numbers);
    widen_i8(&numbers, step, vector);
    check_length(metric, vector)
}

/// Rounding can make a vector longer.
fn check_length(metric: Metric, vector: &[f32]) -> Result<(), VectorError> {
    let squared = squared_norm(vector);
    match metric {
        Metric::Dot | Metric::L2 | Metric::L1 if squared > MAX_SQUARED_NORM => {
            let norm = squared.sqrt();
            Err(VectorError::TooLong { norm })
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Element::F32 => "f32",
            Element::F16 => "f16",
            Element::Bf16 => "bf16",
            Element::I8 => "i8",
            Element::Bits => "bits",
        })
    }
}

/// Where the steps of packed [`Element::I8`] vectors begin is a multiple of this.
pub(crate) const STEPS_ALIGN: usize = 64;

#[cfg(test)]
mod tests;
