//! What a graph is built on: vectors, or the codes of vectors.

use super::adjacency::Layer;
use super::beam::{Scratch, Work, beam};
use crate::codes::{CodeRow, Codes, Level, Task, Tier, dispatch};
use crate::distance::{Exact, Scorer};
use crate::metric::Metric;
use crate::vectors::Vectors;

/// Rows, each of which can be the query.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Space<'a> {
    Vectors(Vectors<'a>, Metric),
    Codes(&'a Codes),
}

impl<'a> Space<'a> {
    /// Codes, where there are some.
    pub(crate) fn of(vectors: Vectors<'a>, metric: Metric, codes: Option<&'a Codes>) -> Self {
        match codes {
            Some(codes) => Space::Codes(codes),
            None => Space::Vectors(vectors, metric),
        }
    }

    /// Rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Space::Vectors(vectors, _) => vectors.len(),
            Space::Codes(codes) => codes.view().len(),
        }
    }

    /// A row as the query.
    pub(crate) fn point(&self, ordinal: u32) -> Point<'a> {
        match self {
            Space::Vectors(vectors, metric) => {
                Point::Vector(Exact::from_row(*vectors, *metric, ordinal))
            }
            Space::Codes(codes) => Point::Codes(CodeRow::new(codes, ordinal)),
        }
    }
}

/// A row bound as the query.
#[derive(Debug)]
pub(crate) enum Point<'a> {
    Vector(Exact<'a>),
    Codes(CodeRow<'a>),
}

impl Point<'_> {
    /// The distance to one row.
    pub(crate) fn distance(&self, id: u32) -> f32 {
        let mut out = [0.0];
        self.distances(&[id], &mut out);
        out[0]
    }

    /// [`beam`], on the tier of this processor.
    pub(crate) fn beam<L: Layer>(&self, layer: &L, scratch: &mut Scratch) -> Work {
        struct Beam<'a, L>(&'a CodeRow<'a>, &'a L, &'a mut Scratch);
        impl<L: Layer> Task for Beam<'_, L> {
            type Output = Work;
            #[inline(always)]
            fn run<T: Tier>(self, tier: T) -> Work {
                beam(self.1, &self.0.scorer(tier), self.2)
            }
        }
        match self {
            Point::Vector(exact) => beam(layer, exact, scratch),
            Point::Codes(row) => dispatch(Level::detect(), Beam(row, layer, scratch)),
        }
    }
}

impl Scorer for Point<'_> {
    fn len(&self) -> usize {
        match self {
            Point::Vector(exact) => exact.len(),
            Point::Codes(row) => row.table.len(),
        }
    }

    fn distances(&self, ids: &[u32], out: &mut [f32]) {
        match self {
            Point::Vector(exact) => exact.distances(ids, out),
            Point::Codes(row) => row.distances(ids, out),
        }
    }

    fn prefetch(&self, id: u32) {
        match self {
            Point::Vector(exact) => exact.prefetch(id),
            Point::Codes(row) => row.table.prefetch(id),
        }
    }
}
