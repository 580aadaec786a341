//! Retrieval-augmented generation on Lumos.
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
pub use rag::{IntoStore, Rag, RagBuilder};
pub use retrieve::Retrieve;
