//! Retrieval-augmented generation on Lumos.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod chunk;
mod citation;
mod document;
mod error;
mod load;

pub use chunk::{Chunk, ChunkOptions, chunk};
pub use citation::Citation;
pub use document::{Document, Format};
pub use error::{Error, Result};
pub use load::{LoadError, MAX_FILE_BYTES, Walk, WalkOptions, is_supported, load, walk};
