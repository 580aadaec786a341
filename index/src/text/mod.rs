//! Keyword search: BM25 over postings in memory and sealed, with statistics of all segments.

mod analyzer;
mod build;
mod bundle;
mod compile;
mod edit;
mod error;
mod highlight;
mod memory;
mod query;
mod score;
mod sealed;
mod source;
mod stats;

pub use analyzer::{Analyzer, AnalyzerError, Analyzers, Token};
pub use build::TextBuilder;
pub use error::{TextError, TextQueryError};
pub use highlight::{Snippet, highlight};
pub use memory::MemoryPostings;
pub use query::TextQuery;
pub use score::TextScores;
pub use sealed::SealedText;
pub use source::TextSource;
pub use stats::TextStats;

#[cfg(test)]
mod tests;
