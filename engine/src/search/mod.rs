//! Search over one snapshot of a collection.

mod hit;
mod request;

pub use hit::{Highlight, Hit, LegRank};
pub use request::{Fusion, SearchMode, SearchRequest};
