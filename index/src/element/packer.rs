//! Packing rows for a file.

use super::{Element, STEPS_ALIGN, half, integer};
use crate::metric::Metric;

/// Turns prepared vectors, one after the other, into the bytes that
/// [`Vectors::packed`](crate::Vectors::packed) reads.
///
/// | element | bytes of `n` vectors, little-endian |
/// |---|---|
/// | `f32` | `f32[n][dim]` |
/// | `f16`, `bf16` | `u16[n][dim]`, the bits of the floats |
/// | `i8` | `i8[n][dim]`, zeros to a multiple of 64, `f32[n]`: the step of each vector |
/// | `bits` | `u8[n][ceil(dim / 8)]`: component `i` is bit `i % 8` of byte `i / 8`, the rest is zero |
#[derive(Debug)]
pub struct Packer {
    element: Element,
    metric: Metric,
    numbers: Vec<i8>,
    row: Vec<u8>,
    steps: Vec<f32>,
    /// Bytes given so far.
    given: usize,
}

impl Packer {
    /// A packer for vectors that were prepared for this element and metric.
    #[must_use]
    pub fn new(element: Element, metric: Metric) -> Self {
        Packer {
            element,
            metric,
            numbers: Vec::new(),
            row: Vec::new(),
            steps: Vec::new(),
            given: 0,
        }
    }

    /// The bytes of the next vector.
    pub fn pack<'a>(&'a mut self, vector: &'a [f32]) -> &'a [u8] {
        let row = &mut self.row;
        row.clear();
        match self.element {
            Element::F32 => return bytemuck::cast_slice(vector),
            Element::F16 => {
                row.extend(vector.iter().flat_map(|&x| half::to_f16(x).to_le_bytes()));
            }
            Element::Bf16 => {
                row.extend(vector.iter().flat_map(|&x| half::to_bf16(x).to_le_bytes()));
            }
            Element::I8 => {
                let step = integer::encode(self.metric, vector, &mut self.numbers);
                self.steps.push(step);
                self.given += vector.len();
                return bytemuck::cast_slice(&self.numbers);
            }
            Element::Bits => row.extend(vector.chunks(8).map(|bits| {
                let bits = bits.iter().rev();
                bits.fold(0, |byte, &x| byte << 1 | u8::from(x > 0.0))
            })),
        }
        row
    }

    /// The bytes that follow all vectors.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self.element {
            Element::I8 => {
                let gap = self.given.next_multiple_of(STEPS_ALIGN) - self.given;
                let mut rest = vec![0; gap];
                rest.extend_from_slice(bytemuck::cast_slice(&self.steps));
                rest
            }
            _ => Vec::new(),
        }
    }
}
