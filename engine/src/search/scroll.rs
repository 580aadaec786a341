//! Documents of one state, one after the other.

use roaring::RoaringBitmap;

use crate::state::Place;
use crate::{Doc, Result, Snapshot};

/// Documents of one state of the database; see [`Collection::scroll`](crate::Collection::scroll). It holds the
/// files and the memory it reads, as a [`Snapshot`] does.
#[derive(Debug)]
pub struct Scroll {
    snapshot: Snapshot,
    collection: String,
    /// By segment.
    rows: Vec<RoaringBitmap>,
    segment: usize,
    /// The first row that was not read yet.
    row: u32,
    vectors: bool,
    left: u64,
}

impl Scroll {
    pub(super) fn new(
        snapshot: Snapshot,
        collection: String,
        rows: Vec<RoaringBitmap>,
        vectors: bool,
    ) -> Scroll {
        Scroll {
            left: rows.iter().map(RoaringBitmap::len).sum(),
            snapshot,
            collection,
            rows,
            segment: 0,
            row: 0,
            vectors,
        }
    }

    fn place(&mut self) -> Option<Place> {
        loop {
            let segment = self.segment;
            if let Some(row) = self.rows.get(segment)?.range(self.row..).next() {
                self.row = row + 1;
                return Some(Place { segment, row });
            }
            (self.segment, self.row) = (segment + 1, 0);
        }
    }
}

impl Iterator for Scroll {
    type Item = Result<Doc>;

    fn next(&mut self) -> Option<Result<Doc>> {
        let place = self.place()?;
        self.left -= 1;
        let state = self.snapshot.state().collection(&self.collection);
        Some(state.and_then(|state| state.doc(place, self.vectors)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}
