//! Retrieval-augmented generation on Lumos: folders become passages that are searched, asked and cited.
//!
//! **What it is.** Loaders and chunkers that keep lines and headings, an embedding model that runs in
//! this process, incremental [`Rag::add`], hybrid [`Rag::search`], and [`Rag::ask`], whose every
//! quote was found in its source. It is written against the
//! [`Store`](lumos_engine::Store) trait, and keeps its own records in the same store and in the same
//! commits as the documents.
//!
//! **What it is not.** A client of model services: whatever implements [`Generator`] writes answers, and
//! without one an answer is made of quotes. A crawler: it reads files.
//!
//! ```
//! use lumos_engine::Lumos;
//! use lumos_rag::Rag;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> lumos_rag::Result<()> {
//! # let notes = tempfile::tempdir().unwrap();
//! # std::fs::write(notes.path().join("a.md"), "# Logs\n\nThe torn tail of the log is cut off.\n").unwrap();
//! let rag = Rag::new(&Lumos::memory()?).keywords_only().await?;
//! let report = rag.add(notes.path()).await?;
//! assert_eq!(report.to_string(), "1 added, 0 changed, 0 unchanged, 0 removed, 0 skipped");
//!
//! let answer = rag.ask("What happens to the torn tail?").await?;
//! assert_eq!(answer.text, "The torn tail of the log is cut off. [1]");
//! assert!(answer.citations[0].place().ends_with("a.md:3"));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod ask;
mod builtin;
mod cache;
mod chunk;
mod citation;
mod document;
mod error;
mod ingest;
mod load;
mod minilm;
mod open;
mod rag;
mod retrieve;

pub use ask::{Answer, Ask, Generator, Prompt};
pub use builtin::builtin_embedder;
pub use chunk::{Chunk, ChunkOptions, chunk};
pub use citation::Citation;
pub use document::{Document, Format};
pub use error::{Error, Result};
pub use ingest::{Add, AddReport, Phase, Progress};
pub use load::{LoadError, MAX_FILE_BYTES, Walk, WalkOptions, is_supported, load, walk};
pub use minilm::MiniLm;
pub use open::{open, simple};
pub use rag::{IntoStore, Rag, RagBuilder};
pub use retrieve::Retrieve;
