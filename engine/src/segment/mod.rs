//! Files of sealed segments: a container of named sections, and the deletes of its rows.
//!
//! `segments/00000012.seg` is the container of segment 12, never changed once it has this name;
//! `segments/00000012.3.del` holds its deleted rows as of generation 3. Which of them belong to the
//! database is in the manifest alone. Every byte is described in `docs/format.md`.

mod access;
mod deletes;
mod directory;
mod file;
mod header;
mod keys;
mod name;
mod orphans;
mod payload;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;

use crate::Error;

pub use access::SegmentAccess;
pub(crate) use deletes::{read_deletes, write_deletes};
pub(crate) use file::SegmentFile;
pub(crate) use header::Header;
pub(crate) use keys::{Keys, KeysBuilder};
pub(crate) use name::{deletes_path, segment_path};
pub(crate) use orphans::{leftovers, remove_orphans};
pub(crate) use payload::{Payload, PayloadBuilder};
pub(crate) use writer::{SectionSink, SegmentBuffer, SegmentWriter};

fn corruption(file: &Path, offset: u64, detail: impl Into<String>) -> Error {
    Error::Corruption {
        file: file.to_path_buf(),
        offset,
        detail: detail.into(),
    }
}

/// The little-endian number at `at`; `None` past the end.
#[inline]
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u32::from_le_bytes(*field))
}

/// Like [`u32_at`].
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u64::from_le_bytes(*field))
}
