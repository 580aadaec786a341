//! Quantised vectors: what a graph is walked on. The vectors themselves are read at the end only.

mod layout;
mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
mod projection;
mod quantizer;
mod rung;
mod scalar;
mod scheme;
mod tier;
mod view;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use rung::Rung;
pub use scheme::Scheme;
pub use view::CodesView;

pub(crate) use quantizer::{Buffers, Terms};
pub(crate) use tier::{Level, Task, Tier, dispatch};
pub(crate) use view::{CodeRow, CodeScorer};

use layout::Layout;
use quantizer::Quantizer;
use rayon::prelude::*;

use crate::cache_line::Line;
use crate::metric::Metric;
use crate::vectors::Vectors;

/// Below this dimension a vector is a cache line or two: codes save little and cost precision.
const MIN_DIM: usize = 32;
/// Rows that searches begin at.
const ENTRIES: usize = 256;
/// Rows from which on there are twice as many of them.
const MANY_ROWS: usize = 1 << 18;

/// An owned column of codes.
#[derive(Clone, Debug)]
pub struct Codes {
    layout: Layout,
    lines: Vec<Line>,
    /// What was subtracted from all rows, as rows have codes of it: for rows that are queries.
    center: Vec<f32>,
    /// Its squared length less that of what was subtracted as it was.
    center_taken: f32,
}

impl Codes {
    /// Whether there can be codes of vectors of this dimension under this metric: of 32 components
    /// and more, under cosine, dot and L2.
    #[must_use]
    pub fn suit(dim: usize, metric: Metric) -> bool {
        dim >= MIN_DIM && metric.has_codes()
    }

    /// The codes of vectors. The result does not depend on the number of threads. Where they do not
    /// [suit](Codes::suit) a metric they are those for L2, and no graph takes them.
    #[must_use]
    pub fn build(vectors: Vectors<'_>, metric: Metric, scheme: impl Into<Scheme>) -> Codes {
        let n = vectors.len();
        let quantizer = Quantizer::fit(vectors, metric, scheme.into());
        let wanted = if n >= MANY_ROWS { ENTRIES * 2 } else { ENTRIES };
        let entries: Vec<u32> = (0..n.min(wanted))
            .map(|at| (at * n / n.min(wanted)) as u32)
            .collect();
        let layout = Layout::of(&quantizer, n, entries.len());
        let places = layout.places();
        let mut lines = vec![Line::default(); places.end / 64];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut lines);
        let mut put = |at: usize, what: &[u8]| bytes[at..][..what.len()].copy_from_slice(what);
        put(0, bytemuck::cast_slice(&layout.header()));
        put(places.center, bytemuck::cast_slice(&quantizer.center));
        if let Some(map) = quantizer.map() {
            put(places.matrix, map.rows);
        }
        put(places.ordinals, bytemuck::cast_slice(&entries));
        let stride = layout.stride();
        let (head, codes) = bytes.split_at_mut(places.rows);
        codes
            .par_chunks_exact_mut(stride)
            .enumerate()
            .with_min_len(256)
            .for_each_init(Default::default, |buffers, (ordinal, out)| {
                let (row, buffers): &mut (Vec<f32>, Buffers) = buffers;
                let row = vectors.row_in(ordinal as u32, row);
                quantizer.encode(row, buffers, out);
            });
        let entry_codes = head[places.entry..].chunks_exact_mut(stride);
        for (&ordinal, out) in entries.iter().zip(entry_codes) {
            out.copy_from_slice(&codes[ordinal as usize * stride..][..stride]);
        }
        let center = quantizer.center_components();
        let whole = matrix::dot(&quantizer.center, &quantizer.center);
        Codes {
            layout,
            lines,
            center_taken: matrix::dot(&center, &center) - whole,
            center,
        }
    }

    /// The codes as they are searched.
    #[must_use]
    pub fn view(&self) -> CodesView<'_> {
        CodesView::new(self.layout, bytemuck::cast_slice(&self.lines))
    }
}

#[cfg(test)]
mod tests;
