//! Search over one snapshot of a collection.

mod allowed;
mod batch;
mod bind;
mod builder;
mod cursor;
pub(crate) mod execute;
mod explain;
mod facets;
mod find;
mod hit;
mod legs;
mod matches;
mod order;
mod plan;
mod request;
mod scroll;
mod values;

pub(crate) use allowed::Allowed;
pub use batch::SearchBatch;
pub use builder::{Query, Search, like};
pub(crate) use explain::Visit;
pub use explain::{Explained, SegmentSearch, VectorRoute};
pub use facets::Faceted;
pub use find::{Find, Page};
pub use hit::{Highlight, Hit, LegRank, ScoredKey};
pub(crate) use matches::FilterCache;
pub use order::Order;
pub(crate) use plan::{VectorQuery, Width, bind_filter};
pub use request::{Fusion, SearchMode, SearchRequest};
pub use scroll::Scroll;
