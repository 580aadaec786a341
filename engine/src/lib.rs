//! The Lumos storage engine: collections of documents, one log, one commit for vectors, keywords,
//! metadata and key-value state.
#![deny(missing_docs)]

mod batch;
mod doc;
mod embedder;
mod error;
mod schema;
mod search;
mod store;

pub use batch::{Batch, Change};
pub use doc::{DEFAULT_TEXT_FIELD, DEFAULT_VECTOR_FIELD, Doc};
pub use embedder::{EmbedKind, Embedder};
pub use error::{Error, Result};
pub use lumos_index::{Filter, FilterError, IntoFilter, Metric, TextQueryError, VectorError, field};
pub use lumos_wal::{Durability, Seqno};
pub use schema::{FieldType, Schema, VectorField};
pub use search::{Fusion, Highlight, Hit, LegRank, SearchMode, SearchRequest};
pub use store::{Scan, Store};
