//! Pure computation for Lumos: distances, vector graphs, postings, filters and fusion.
//!
//! No I/O happens here: structures are built from bytes and values in memory and turn into
//! bytes, which can be searched where they lie. Transactions, files and row ids that outlive a
//! segment belong to the engine.
//!
//! ```
//! use lumos_index::{Hnsw, HnswParams, Metric, Vectors};
//!
//! let mut components: Vec<f32> = (0..3000).map(|i| (i as f32 * 0.37).sin()).collect();
//! for vector in components.chunks_exact_mut(3) {
//!     Metric::Cosine.prepare(vector)?;
//! }
//! let vectors = Vectors::new(3, &components)?; // [1000, 3]
//! let graph = Hnsw::build(vectors, Metric::Cosine, &HnswParams::default());
//! let query = vectors.get(7).unwrap_or_default();
//! let (found, _) = graph.view().search(vectors, Metric::Cosine, &query, 10, 100, None)?;
//! assert_eq!(found.len(), 10);
//! # Ok::<(), lumos_index::VectorError>(())
//! ```

mod cache_line;
mod caret;
mod codes;
mod distance;
mod element;
mod error;
mod facet;
mod filter;
mod flat;
mod formula;
mod fusion;
mod hnsw;
mod maxsim;
mod metric;
mod mmr;
mod multi;
mod ordinals;
mod sparse;
mod text;
mod topk;
mod values;
mod vectors;
mod visited;

pub use codes::{Codes, CodesView, Rung, Scheme};
pub use distance::prefetch;
pub use element::{Element, Packer};
pub use error::{DecodeError, VectorError};
pub use facet::{
    DateCount, Facet, FacetAnswer, FacetError, FacetPart, FacetResult, Interval, RangeCount,
    TermCount,
};
pub use filter::{
    Columns, Field, Filter, FilterError, FilterRows, IntoFilter, Length, Literal, MemoryColumns,
    Now, SealedColumns, Side, SideKey, SideKind, Sides, WordsOf, element, eval, field, is_date,
    metadata_path, now, path_join, path_keys, places,
};
pub use flat::{exact_distances, exact_search};
pub use formula::{Expr, Formula, FormulaError, FormulaFault, FormulaRow, IntoFormula};
pub use fusion::{
    ConvexLeg, Normalise, RRF_K, fuse_convex, fuse_convex_legs, fuse_dbsf, fuse_rrf, fuse_sum,
};
pub use hnsw::{
    GraphPart, GraphQuery, Hnsw, HnswParams, HnswView, Horizon, Route, SearchStats, Stopped, Widths,
};
pub use maxsim::MaxSim;
pub use metric::Metric;
pub use mmr::mmr;
pub use multi::{MAX_MULTI_VECTORS, MultiVector};
pub use ordinals::OrdinalSet;
pub use sparse::{MAX_SPARSE_ENTRIES, SealedSparse, SparsePostings, SparseSource, SparseVector};
pub use text::{
    Analyzer, AnalyzerError, Analyzers, Demands, Highlighter, MemoryPostings, SealedText, Snippet,
    TextBuilder, TextError, TextQuery, TextQueryError, TextSearch, TextSource, Token, highlight,
};
pub use topk::{Neighbor, TopK};
pub use values::{RowValues, Scalar};
pub use vectors::Vectors;
