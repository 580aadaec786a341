//! The Lumos storage engine: collections of documents, one log, one commit for vectors, keywords,
//! metadata and key-value state.
//!
//! ```
//! use lumos_engine::{Doc, Lumos};
//!
//! # fn main() -> lumos_engine::Result<()> {
//! let db = Lumos::memory()?;
//! let docs = db.collection("docs")?;
//! docs.put(Doc::new("a1").text("Rust is fast").vector([0.1, 0.9]))?;
//! assert_eq!(docs.search("fast").run()?[0].key(), "a1");
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod backup;
mod batch;
mod changes;
mod checkpoint;
mod clock;
mod collection;
mod core;
mod database;
mod doc;
mod doctor;
mod embedder;
mod error;
mod expire;
mod export;
mod follow;
mod indexes;
mod ingest;
mod kept;
mod key_list;
mod kv;
mod load;
mod maintenance;
mod manifest;
mod memory;
mod memory_limit;
mod merge;
mod name;
mod op;
mod options;
mod pins;
mod prepare;
mod publish;
mod record;
mod recovery;
mod reranker;
mod schema;
mod seal;
mod sealed;
mod search;
mod segment;
mod sides;
mod snapshot;
mod source;
mod state;
mod stats;
mod store;
mod transaction;
mod update;
mod worker;

pub use backup::BackupReport;
pub use batch::{Batch, Change};
pub use changes::{Changes, Commit, Event};
pub use collection::{Collection, Selection};
pub use database::Lumos;
pub use doc::{DEFAULT_TEXT_FIELD, DEFAULT_VECTOR_FIELD, Doc};
pub use doctor::{Checkup, Diagnosis, Finding, RecallReport, Severity};
pub use embedder::{EmbedKind, Embedder};
pub use error::{Error, Result};
pub use export::ExportReport;
pub use indexes::IndexKind;
pub use ingest::{Ingest, IngestProgress};
pub use kv::Kv;
pub use lumos_index::{
    Analyzer, AnalyzerError, DateCount, Element, Expr, Facet, FacetAnswer, FacetResult, Filter,
    FilterError, Formula, FormulaError, Interval, IntoFilter, IntoFormula, Length, Metric,
    Normalise, Now, RangeCount, TermCount, TextError, TextQuery, TextQueryError, Token,
    VectorError, element, field, now,
};
pub use lumos_wal::{Durability, Seqno};
pub use options::OpenOptions;
pub use reranker::{Candidate, LexicalOverlap, Mmr, Reranker};
pub use schema::{CodesChoice, FieldType, Schema, VectorField};
pub use search::{
    Ask, Example, Explained, Faceted, FilterCost, Find, Fusion, Group, GroupedSearch, Highlight,
    Hit, Language, Leg, LegCost, LegRank, LegScore, Order, Page, Query, Recommend, ScoredKey,
    Scroll, Search, SearchBatch, SearchMode, SearchRequest, SegmentSearch, Stage, StageTime,
    Strategy, VectorRoute, like, recommend,
};
pub use segment::SegmentAccess;
pub use snapshot::Snapshot;
pub use stats::{CollectionStats, KeySpaceStats, PinnedStats, Stats, VectorStats};
pub use store::{Scan, Store};
pub use transaction::{Transaction, TransactionKv};
