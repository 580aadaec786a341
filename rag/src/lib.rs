//! Retrieval-augmented generation on Lumos.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod citation;
mod error;

pub use citation::Citation;
pub use error::{Error, Result};
