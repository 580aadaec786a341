//! Segment files: named sections of bytes, each with its checksum, written once and then only read.
//!
//! All integers are little-endian. Every section begins at a multiple of 64; the gaps are zeros.
//!
//! | where | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `LUMOSEG1` |
//! | 8 | 4 | format version, 1 |
//! | 12 | 52 | zeros |
//! | 64 | | the sections |
//! | then | | the directory: for each section a `u16` length and the name, `u64` offset, `u64` length, `u32` CRC-32 (IEEE) |
//! | end - 32 | 8 | offset of the directory |
//! | end - 24 | 8 | length of the directory |
//! | end - 16 | 4 | CRC-32 of the directory |
//! | end - 12 | 4 | CRC-32 of the footer's first 20 bytes |
//! | end - 8 | 8 | `LUMOSEND` |

mod bloom;
mod deletes;
mod directory;
mod file;
mod keys;
mod listing;
mod payload;
mod writer;

pub(crate) use deletes::{read_deletes, write_deletes};
pub use file::SegmentAccess;
pub(crate) use file::SegmentFile;
pub(crate) use keys::{Keys, KeysBuilder};
pub(crate) use listing::{deletes_path, remove_orphans, segment_path};
pub(crate) use payload::{Payload, PayloadBuilder};
pub(crate) use writer::{SectionSink, SegmentBuffer, SegmentWriter};

const MAGIC: &[u8; 8] = b"LUMOSEG1";
const END_MAGIC: &[u8; 8] = b"LUMOSEND";
const VERSION: u32 = 1;
const HEADER: usize = 64;
const FOOTER: usize = 32;
const ALIGN: usize = 64;

#[cfg(test)]
mod tests;
