//! From rows to their values at a path, over all segments of a state.

use std::sync::Arc;

use lumos_index::{MemoryColumns, RowValues, Scalar};

use crate::sealed::SealedSegment;
use crate::source::{SegmentView, Source};
use crate::state::{CollectionState, Place};

/// The values at one metadata path of all rows of a state, also of those that are deleted.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    segments: Vec<Arc<RowValues>>,
}

impl CollectionState {
    /// The values at a metadata path, as columns spell it. They are made for each segment when they are first
    /// asked for, from its columns, and kept.
    pub(crate) fn values(&self, path: &str) -> Values {
        let segments = self.segments.iter();
        Values {
            segments: segments.map(|view| view.values(path)).collect(),
        }
    }
}

impl SegmentView {
    /// The values at a metadata path of the rows of this segment.
    pub(crate) fn values(&self, path: &str) -> Arc<RowValues> {
        let rows = self.rows;
        match &self.source {
            Source::Memory(segment) => {
                let make = || segment.read(|all| RowValues::new(&all.columns, path, rows));
                segment
                    .values()
                    .get_or_make(path, rows, RowValues::bytes, make)
            }
            Source::Sealed(segment) => segment.row_values(path),
        }
    }
}

impl SealedSegment {
    /// The values at a metadata path of all rows.
    pub(crate) fn row_values(&self, path: &str) -> Arc<RowValues> {
        let rows = self.rows();
        let make = || match self.columns() {
            Some(columns) => RowValues::new(columns, path, rows),
            None => RowValues::new(&MemoryColumns::new(), path, rows),
        };
        self.values()
            .get_or_make(path, rows, RowValues::bytes, make)
    }
}

impl Values {
    /// The values of the rows of a segment, by its number in the state.
    pub(crate) fn segment(&self, segment: usize) -> Option<&RowValues> {
        self.segments.get(segment).map(|values| &**values)
    }

    /// The least number of a row.
    pub(crate) fn number(&self, place: Place) -> Option<f64> {
        self.segment(place.segment)?.number(place.row)
    }

    /// The earliest date of a row, in seconds since 1970, UTC.
    pub(crate) fn seconds(&self, place: Place) -> Option<f64> {
        self.segment(place.segment)?.seconds(place.row)
    }

    /// The least value of a row.
    pub(crate) fn scalar(&self, place: Place) -> Option<Scalar<'_>> {
        self.segment(place.segment)?.scalar(place.row)
    }

    /// The distinct values of a row, ascending.
    pub(crate) fn all(&self, place: Place) -> impl Iterator<Item = Scalar<'_>> {
        let values = self.segment(place.segment);
        values
            .into_iter()
            .flat_map(move |values| values.all(place.row))
    }
}
