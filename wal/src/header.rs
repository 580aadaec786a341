//! The header of a log file.
//!
//! A log file is `<number>.wal`, the number with 20 decimal digits. It is written and synced under
//! another name before it gets this one, so a log file always has a whole header; one that does not is
//! damaged. Frames begin at byte 4096: the header's page is never written again.
//!
//! | offset | size | field |
//! |-------:|-----:|-------|
//! | 0  | 8  | magic `LUMOSWAL` |
//! | 8  | 4  | format version, 1 |
//! | 12 | 4  | features: a bit for each that a reader must know; 0 in this version |
//! | 16 | 8  | number of the file, as in its name |
//! | 24 | 8  | seqno of the first frame |
//! | 32 | 8  | salt: chance, the same in every frame of the file |
//! | 40 | 8  | length that the file was given, durably, before its first frame |
//! | 48 | 12 | zero |
//! | 60 | 4  | CRC-32 of bytes 0 to 60 |
//!
//! Integers are little-endian. Magic, version and checksum keep their places in every later version.

use std::path::Path;

use crate::Seqno;
use crate::checksum::checksum;
use crate::error::{Error, Result};

/// The version of the log files that this build writes, and the newest that it reads.
pub const LOG_FORMAT_VERSION: u32 = 1;

pub(crate) const HEADER_LEN: usize = 64;
/// Where frames begin.
pub(crate) const FRAMES_START: u64 = 4096;
/// Far beyond what can be reached by counting, so that adding to a seqno never overflows.
pub(crate) const MAX_SEQNO: Seqno = 1 << 62;
const MAGIC: [u8; 8] = *b"LUMOSWAL";
/// The features that this build knows.
const FEATURES: u32 = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) number: u64,
    pub(crate) first: Seqno,
    pub(crate) salt: u64,
    pub(crate) length: u64,
}

impl FileHeader {
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&LOG_FORMAT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.first.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.salt.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.length.to_le_bytes());
        let crc = checksum(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Decodes and checks the first bytes of the file at `path`, whose name says `number`.
    pub(crate) fn decode(path: &Path, number: u64, bytes: &[u8]) -> Result<FileHeader> {
        let damaged = |offset, detail: &str| Err(Error::corruption(path, offset, detail));
        let Some(bytes) = bytes.first_chunk::<HEADER_LEN>() else {
            return damaged(bytes.len() as u64, "the file ends inside its header");
        };
        if bytes[0..8] != MAGIC {
            return damaged(0, "this is not a log file");
        }
        if u32_at(bytes, 60) != checksum(&bytes[..60]) {
            return damaged(0, "the checksum of the header does not match");
        }
        let version = u32_at(bytes, 8);
        if version != LOG_FORMAT_VERSION {
            return Err(Error::FormatVersion {
                file: path.to_path_buf(),
                found: version,
                supported: LOG_FORMAT_VERSION,
            });
        }
        let unknown = u32_at(bytes, 12) & !FEATURES;
        if unknown != 0 {
            return Err(Error::UnknownFeatures {
                file: path.to_path_buf(),
                features: unknown,
            });
        }
        let header = FileHeader {
            number: u64_at(bytes, 16),
            first: u64_at(bytes, 24),
            salt: u64_at(bytes, 32),
            length: u64_at(bytes, 40),
        };
        if header.number != number {
            return damaged(16, "the header belongs to a file of another number");
        }
        if header.first == 0 {
            return damaged(24, "the first frame has no number");
        }
        if header.first > MAX_SEQNO {
            return damaged(24, "the number of the first frame is too large");
        }
        Ok(header)
    }
}

/// Reads a field of a header whose length is known: out of range reads as zero.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    let field = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    field.map_or(0, |field| u32::from_le_bytes(*field))
}

/// Like [`u32_at`].
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    let field = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    field.map_or(0, |field| u64::from_le_bytes(*field))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = "wal/00000000000000000007.wal";

    proptest! {
        /// What is written is read, and any changed bit is noticed.
        #[test]
        fn headers_survive_and_flipped_bits_do_not(
            number: u64, first in 1..=MAX_SEQNO, salt: u64, length: u64, bit in 0..HEADER_LEN * 8,
        ) {
            let header = FileHeader { number, first, salt, length };
            let mut bytes = header.encode();
            prop_assert_eq!(FileHeader::decode(Path::new(PATH), number, &bytes).unwrap(), header);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let error = FileHeader::decode(Path::new(PATH), number, &bytes).unwrap_err();
            let corruption = matches!(error, Error::Corruption { .. });
            prop_assert!(corruption);
        }

        /// Arbitrary bytes are refused without a panic.
        #[test]
        fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(FileHeader::decode(Path::new(PATH), 7, &bytes).is_err());
        }
    }

    /// The bytes of version 1 are fixed: a change here is a new version.
    #[test]
    fn the_bytes_of_version_one() {
        let bytes = FileHeader {
            number: 7,
            first: 0x0102,
            salt: 0x1122_3344_5566_7788,
            length: 0x0304,
        }
        .encode();
        assert_eq!(&bytes[..8], b"LUMOSWAL");
        assert_eq!(
            &bytes[8..24],
            [1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(&bytes[24..32], [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            &bytes[32..40],
            [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]
        );
        assert_eq!(&bytes[40..48], [4, 3, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&bytes[48..60], [0; 12]);
    }

    /// A log that needs something this build has not is refused by that.
    #[test]
    fn unknown_features_are_refused() {
        let mut bytes = FileHeader {
            number: 7,
            first: 1,
            salt: 1,
            length: 8192,
        }
        .encode();
        bytes[12] = 2;
        let crc = checksum(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        let error = FileHeader::decode(Path::new(PATH), 7, &bytes).unwrap_err();
        assert!(matches!(error, Error::UnknownFeatures { features: 2, .. }));
    }

    /// A database written by a later build is refused by its version, not called damaged.
    #[test]
    fn a_later_version_is_refused_by_name() {
        let mut bytes = FileHeader {
            number: 7,
            first: 1,
            salt: 1,
            length: 8192,
        }
        .encode();
        bytes[8] = 9;
        let crc = checksum(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        let error = FileHeader::decode(Path::new(PATH), 7, &bytes).unwrap_err();
        assert!(matches!(
            error,
            Error::FormatVersion {
                found: 9,
                supported: 1,
                ..
            }
        ));
    }
}
