//! What the fuzz targets do. Each is a plain function of bytes, so that an ordinary test of the root
//! package, `tests/fuzz_corpus.rs`, runs the same functions over the corpus.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod targets;
