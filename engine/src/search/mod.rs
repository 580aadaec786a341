//! Search over one snapshot of a collection.

mod allowed;
pub(crate) mod answer;
mod batch;
mod bind;
mod builder;
mod cursor;
pub(crate) mod execute;
mod explain;
mod facets;
mod find;
mod hit;
mod leg;
mod legs;
mod matches;
pub(crate) mod meaning;
mod order;
mod plan;
mod request;
mod scroll;
mod values;

pub(crate) use allowed::Allowed;
pub use batch::SearchBatch;
pub use builder::{Query, Search, like};
pub(crate) use explain::Visit;
pub use explain::{Explained, FilterCost, LegCost, SegmentSearch, Stage, StageTime, VectorRoute};
pub use facets::Faceted;
pub use find::{Find, Page};
pub use hit::{Highlight, Hit, LegRank, LegScore, ScoredKey};
pub use leg::{Ask, Example, Leg, Recommend, Strategy, recommend};
pub(crate) use matches::FilterCache;
pub use order::Order;
pub(crate) use plan::{VectorQuery, Width, bind_filter};
pub use request::{Fusion, SearchMode, SearchRequest};
pub use scroll::Scroll;
#[allow(
    unused_imports,
    reason = "formulas and groups will read values by place"
)]
pub(crate) use values::Values;
