//! Lumos: an embedded storage engine with a native vector index, keyword search, retrieval-augmented
//! generation and agents. One directory, opened like SQLite; one commit for everything in it.
//!
//! **What it is.** A library. A [`Lumos`] database holds collections of documents; a document has a
//! key, JSON metadata, text fields and vector fields. A commit covers vectors, keyword postings,
//! metadata and application state, is durable when it returns, and is visible to every kind of search
//! from that moment. [`rag`] indexes folders and answers questions with checked citations; [`agent`]
//! runs models with tools, and keeps their sessions in the same database.
//!
//! **What it is not.** A server, a cluster, or a SQL database. One process writes a directory at a time;
//! any number may read it.
//!
//! ```
//! use lumos::prelude::*;
//!
//! # fn main() -> lumos::Result<()> {
//! let db = Lumos::memory()?; // or Lumos::open("./data")?
//! let docs = db.collection("docs")?;
//! docs.put(Doc::new("a1").text("Rust is fast").vector([0.9, 0.1]).meta(json!({"year": 2026})))?;
//! docs.put(Doc::new("a2").text("Snow is white").vector([0.1, 0.9]).meta(json!({"year": 2020})))?;
//!
//! // Nearest vectors, filtered; keywords, with the matches marked; both together.
//! let hits = docs.search(&[1.0, 0.0]).filter("year >= 2025").limit(10).run()?;
//! assert_eq!(hits[0].key(), "a1");
//! let hits = docs.search("white snow").highlight("text").run()?;
//! assert_eq!(hits[0].highlights[0].marked("[", "]"), "[Snow] is [white]");
//! let hits = docs.search("fast").vector([1.0, 0.0]).hybrid().run()?;
//! assert_eq!(hits[0].text(), "Rust is fast");
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//! | to | see |
//! |---|---|
//! | open a database, with options | [`Lumos::open`], [`Lumos::memory`], [`OpenOptions`] |
//! | store documents | [`Collection::put`], [`Collection::put_all`], [`Doc`], [`Schema`] |
//! | change several things in one commit | [`Lumos::write`], [`Transaction`] |
//! | keep small state | [`Lumos::kv`] |
//! | search | [`Collection::search`], [`Collection::search_batch`], [`Search`], [`Filter`], [`field`], [`like`] |
//! | count, list and change by metadata | [`Collection::find`], [`Collection::facets`], [`Collection::scroll`], [`Collection::update`] |
//! | read a state that does not move | [`Lumos::snapshot`] |
//! | follow a writer in another process | [`OpenOptions::read_only`], [`Lumos::refresh`] |
//! | follow the commits | [`Lumos::changes`] |
//! | copy, restore, export, import | [`Lumos::backup`], [`Lumos::restore`], [`Lumos::export`], [`Lumos::import`] |
//! | examine and mend | [`Lumos::doctor`], [`Lumos::stats`] |
//! | let documents end by themselves | [`Schema::ttl`] |
//! | open a directory of someone else | [`OpenOptions::untrusted`] |
//! | index a folder, ask it | [`rag`] |
//! | run a model with tools | [`agent`], [`tool`] |
//! | put another backend in its place | [`Store`] |
//!
//! # Synchronous and asynchronous
//! The engine is synchronous: reads never wait for I/O of a writer, and most take well below a
//! millisecond. [`rag`] and [`agent`] are asynchronous, because models are, and move what blocks to
//! blocking threads. [`vector`] opens a database from asynchronous code.
//!
//! # Errors
//! [`Error`] unites those of the layers. Each has a stable [`code`](Error::code) and a
//! [`hint`](Error::hint); `docs/cli.md` lists the codes.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod error;
pub mod vector;

pub use error::{Error, Result};
#[doc(no_inline)]
pub use lumos_agent as agent;
pub use lumos_engine::{
    Analyzer, AnalyzerError, Ask, BackupReport, Batch, Candidate, Change, Changes, Checkup,
    CodesChoice, Collection, CollectionStats, Commit, DEFAULT_TEXT_FIELD, DEFAULT_VECTOR_FIELD,
    DateCount, Diagnosis, Doc, Durability, Element, EmbedKind, Embedder, Error as EngineError,
    Event, Example, Explained, ExportReport, Expr, Facet, FacetAnswer, FacetResult, Faceted,
    FieldType, Filter, FilterCost, FilterError, Find, Finding, Formula, FormulaError, Fusion,
    Group, GroupedSearch, Highlight, Hit, IndexKind, Ingest, IngestProgress, Interval, IntoFilter,
    IntoFormula, KeySpaceStats, Kv, Language, Leg, LegCost, LegRank, LegScore, Length,
    LexicalOverlap, Lumos, Metric, Mmr, Normalise, Now, OpenOptions, Order, Page, PinnedStats,
    Query, RangeCount, RecallReport, Recommend, Reranker, Scan, Schema, ScoredKey, Scroll, Search,
    SearchBatch, SearchMode, SearchRequest, SegmentAccess, SegmentSearch, Selection, Seqno,
    Severity, Snapshot, Stage, StageTime, Stats, Store, Strategy, TermCount, TextError, TextQuery,
    TextQueryError, Token, Transaction, TransactionKv, VectorError, VectorField, VectorRoute,
    VectorStats, element, field, like, now, recommend,
};
/// ```
/// use lumos::agent::{Tool, ToolOutput};
/// use lumos::tool;
///
/// /// Current weather for a city.
/// #[tool(side_effects = false)]
/// async fn weather(
///     /// The city's name
///     city: String,
///     days: Option<u8>,
/// ) -> String {
///     format!("{city}: 21 C for {} days", days.unwrap_or(1))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(weather("Oslo".to_string(), None).await, "Oslo: 21 C for 1 days");
/// let tool = weather_tool();
/// assert_eq!(tool.description(), "Current weather for a city.");
/// assert_eq!(tool.parameters()["required"], serde_json::json!(["city"]));
/// let output = tool.call(serde_json::json!({"city": "Oslo", "days": 2})).await;
/// assert_eq!(output, Ok(ToolOutput::text("Oslo: 21 C for 2 days")));
/// # }
/// ```
///
/// What the model could not use does not compile, such as a tool that says nothing of what it does:
///
/// ```compile_fail
/// use lumos::tool;
///
/// #[tool]
/// async fn weather(city: String) -> String {
///     city
/// }
/// # fn main() {}
/// ```
pub use lumos_macros::tool;
#[doc(no_inline)]
pub use lumos_rag as rag;

/// What most programs use: `use lumos::prelude::*;`
pub mod prelude {
    pub use crate::agent::{Agent, Memory, RagTool};
    pub use crate::rag::Rag;
    pub use crate::{
        Collection, Doc, Durability, Embedder, FieldType, Fusion, Hit, Leg, Lumos, Metric, Result,
        Schema, Store, field, like, recommend, tool,
    };
    #[doc(no_inline)]
    pub use serde_json::json;
}

#[cfg(doctest)]
mod documents {
    //! The code of the documents at the root runs as tests.

    #[doc = include_str!("../README.md")]
    struct English;
    #[doc = include_str!("../README.zh-CN.md")]
    struct Chinese;
    #[doc = include_str!("../docs/search.md")]
    struct Search;
}
