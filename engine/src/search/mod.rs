//! Search over one snapshot of a collection.

mod allowed;
mod batch;
mod bind;
mod builder;
pub(crate) mod execute;
mod explain;
mod hit;
mod legs;
mod matches;
mod plan;
mod request;
mod several;

pub(crate) use allowed::Allowed;
pub use batch::SearchBatch;
pub use builder::{Query, Search, like};
pub(crate) use explain::Visit;
pub use explain::{Explained, SegmentSearch, VectorRoute};
pub use hit::{Highlight, Hit, LegRank, ScoredKey};
pub(crate) use matches::FilterCache;
pub(crate) use plan::{VectorQuery, Width};
pub use request::{Fusion, SearchMode, SearchRequest};
