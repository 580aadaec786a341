//! Sparse vectors and their inverted index.

mod list;
mod postings;
mod sealed;
mod search;
mod vector;
mod window;

pub use postings::SparsePostings;
pub use sealed::SealedSparse;
pub use search::SparseSource;
pub use vector::{MAX_SPARSE_ENTRIES, SparseVector};
