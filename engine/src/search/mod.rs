//! Search over one snapshot of a collection.

mod allowed;
pub(crate) mod answer;
mod batch;
mod bind;
mod builder;
pub(crate) mod execute;
mod explain;
mod hit;
mod leg;
mod legs;
mod matches;
pub(crate) mod meaning;
mod plan;
mod request;
mod several;
mod values;

pub(crate) use allowed::Allowed;
pub use batch::SearchBatch;
pub use builder::{Query, Search, like};
pub(crate) use explain::Visit;
pub use explain::{Explained, FilterCost, LegCost, SegmentSearch, Stage, StageTime, VectorRoute};
pub use hit::{Highlight, Hit, LegRank, LegScore, ScoredKey};
pub use leg::{Ask, Example, Leg, Recommend, Strategy, recommend};
pub(crate) use matches::FilterCache;
pub(crate) use plan::{VectorQuery, Width};
pub use request::{Fusion, SearchMode, SearchRequest};
#[allow(
    unused_imports,
    reason = "formulas and groups will read values by place"
)]
pub(crate) use values::Values;
