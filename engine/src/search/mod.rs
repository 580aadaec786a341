//! Search over one snapshot of a collection.

mod allowed;
mod builder;
pub(crate) mod execute;
mod hit;
mod legs;
mod plan;
mod request;

pub(crate) use allowed::Allowed;
pub use builder::{Query, Search, like};
pub use hit::{Highlight, Hit, LegRank, ScoredKey};
pub(crate) use plan::VectorQuery;
pub use request::{Fusion, SearchMode, SearchRequest};
