//! Sparse vectors and their inverted index.

mod vector;

pub use vector::{MAX_SPARSE_ENTRIES, SparseVector};
