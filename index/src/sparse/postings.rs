//! An inverted index in memory.

use std::collections::BTreeMap;

use super::list::List;
use super::sealed;
use super::vector::SparseVector;

/// The rows of each dimension of the sparse vectors of a field; rows are added in ascending order.
#[derive(Debug, Default)]
pub struct SparsePostings {
    pub(super) lists: BTreeMap<u32, Postings>,
    vectors: u32,
}

#[derive(Debug)]
pub(super) struct Postings {
    rows: Vec<u32>,
    weights: Vec<f32>,
    least: f32,
    most: f32,
}

impl SparsePostings {
    /// An index of nothing.
    #[must_use]
    pub fn new() -> Self {
        SparsePostings::default()
    }

    /// Adds the vector of a row, which comes after all before it.
    pub fn add(&mut self, row: u32, vector: &SparseVector) {
        for (id, weight) in vector.iter() {
            let list = self.lists.entry(id).or_insert_with(|| Postings {
                rows: Vec::new(),
                weights: Vec::new(),
                least: weight,
                most: weight,
            });
            list.rows.push(row);
            list.weights.push(weight);
            list.least = list.least.min(weight);
            list.most = list.most.max(weight);
        }
        self.vectors += 1;
    }

    /// Vectors that were added.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.vectors
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vectors == 0
    }

    /// The bytes of the index of a segment of `rows` rows, for [`SealedSparse::open`](crate::SealedSparse::open).
    #[must_use]
    pub fn encode(&self, rows: u32) -> Vec<u8> {
        sealed::encode(self, rows)
    }
}

impl Postings {
    /// The rows below `rows`.
    pub(super) fn list(&self, rows: u32) -> List<'_> {
        let visible = self.rows.partition_point(|row| *row < rows);
        List {
            rows: self.rows.get(..visible).unwrap_or_default(),
            weights: self.weights.get(..visible).unwrap_or_default(),
            least: self.least,
            most: self.most,
        }
    }
}
