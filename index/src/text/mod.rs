//! Keyword search: BM25 over postings in memory and sealed, with statistics of all segments.
//!
//! A query is read ([`query`]), lowered to the terms of each field ([`lower`]) with what they are worth
//! ([`plan`], [`bm25`]), and run by cursors over postings ([`cursor`]) that pass over what cannot be among
//! the best ([`bounds`]).

mod analyzer;
mod bm25;
mod boost;
mod bounds;
mod build;
mod bundle;
mod cursor;
mod dead;
mod demands;
mod dictionary;
mod error;
mod expand;
mod frequent;
mod highlight;
mod lower;
mod memory;
mod pattern;
mod phrase;
mod plan;
mod query;
mod rest;
mod sealed;
mod search;
mod slack;
mod source;
mod terms;
mod top;

pub use analyzer::{Analyzer, AnalyzerError, Analyzers, Token};
pub use build::TextBuilder;
pub use demands::Demands;
pub use error::{TextError, TextQueryError};
pub use highlight::{Highlighter, Snippet, highlight};
pub use memory::MemoryPostings;
pub use query::TextQuery;
pub use sealed::SealedText;
pub use search::TextSearch;
pub use source::TextSource;

#[cfg(test)]
mod tests;
