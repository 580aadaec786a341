//! The first 64 bytes of every file of the engine.
//!
//! | offset | size | field |
//! |-------:|-----:|-------|
//! | 0  | 8  | magic |
//! | 8  | 4  | format version |
//! | 12 | 4  | features: a bit for each that a reader must know |
//! | 16 | 40 | five fields of 8 bytes, whose meaning depends on the magic |
//! | 56 | 4  | hints: a bit for each that a reader may ignore; 0 in this version |
//! | 60 | 4  | CRC-32 of bytes 0 to 60 |
//!
//! Integers are little-endian. Magic, version, features and checksum keep their places in every later
//! version, as they do in log files, so that a later file is refused by its version or by what it needs,
//! and not called damaged. A feature is for what can be added to a version without changing the rest.

use std::path::Path;

use lumos_wal::checksum;

use super::{corruption, u32_at, u64_at};
use crate::{Error, Result};

const FIELDS: usize = 5;

/// The header of one kind of file.
pub(crate) struct Header {
    pub(crate) magic: [u8; 8],
    /// The version that is written, and the newest that is read.
    pub(crate) version: u32,
    /// The features that this build knows in such files.
    pub(crate) features: u32,
}

impl Header {
    pub(crate) const LEN: usize = 64;

    /// The bytes of a header with these fields, at most five.
    pub(crate) fn encode(&self, fields: &[u64]) -> [u8; Self::LEN] {
        self.encode_needing(0, fields)
    }

    /// The same, of a file that needs these features.
    pub(crate) fn encode_needing(&self, features: u32, fields: &[u64]) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.magic);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&features.to_le_bytes());
        for (place, field) in bytes[16..16 + 8 * FIELDS].chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        let crc = checksum(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Checks the header of the file at `path`, which begins with `bytes`, and returns its fields.
    ///
    /// # Errors
    /// [`Error::Corruption`], or [`Error::FormatVersion`] for a version that this build does not know.
    pub(crate) fn decode(&self, path: &Path, bytes: &[u8]) -> Result<[u64; FIELDS]> {
        let Some(bytes) = bytes.first_chunk::<{ Self::LEN }>() else {
            let detail = "the file ends inside its header";
            return Err(corruption(path, bytes.len() as u64, detail));
        };
        if bytes[..8] != self.magic {
            let kind = String::from_utf8_lossy(&self.magic);
            return Err(corruption(
                path,
                0,
                format!("the file does not begin with {kind}"),
            ));
        }
        if u32_at(bytes, 60) != Some(checksum(&bytes[..60])) {
            return Err(corruption(
                path,
                0,
                "the checksum of the header does not match",
            ));
        }
        let version = u32_at(bytes, 8).unwrap_or_default();
        if version != self.version {
            return Err(Error::FormatVersion {
                file: path.to_path_buf(),
                found: version,
                supported: self.version,
            });
        }
        let unknown = u32_at(bytes, 12).unwrap_or_default() & !self.features;
        if unknown != 0 {
            return Err(Error::UnknownFeatures {
                file: path.to_path_buf(),
                features: unknown,
            });
        }
        let mut fields = [0; FIELDS];
        for (at, field) in fields.iter_mut().enumerate() {
            *field = u64_at(bytes, 16 + 8 * at).unwrap_or_default();
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header = Header {
        magic: *b"LUMOSTST",
        version: 3,
        features: 0b10,
    };

    proptest! {
        /// What is written is read, and any changed bit is noticed.
        #[test]
        fn headers_survive_and_flipped_bits_do_not(fields: [u64; 5], bit in 0..Header::LEN * 8) {
            let path = Path::new("a.seg");
            let mut bytes = HEADER.encode(&fields);
            prop_assert_eq!(HEADER.decode(path, &bytes).unwrap(), fields);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let error = HEADER.decode(path, &bytes).unwrap_err();
            let damaged = matches!(error, Error::Corruption { .. });
            prop_assert!(damaged);
        }
    }

    /// A file that needs something this build has not is refused by that; a hint is no need.
    #[test]
    fn unknown_features_are_refused_and_unknown_hints_are_not() {
        let with = |at: usize| {
            let mut bytes = HEADER.encode(&[1]);
            bytes[at] = 0b100;
            let crc = checksum(&bytes[..60]);
            bytes[60..].copy_from_slice(&crc.to_le_bytes());
            HEADER.decode(Path::new("a.seg"), &bytes)
        };
        assert_eq!(with(56).unwrap(), [1, 0, 0, 0, 0]);
        let known = HEADER.encode_needing(0b10, &[1]);
        assert_eq!(HEADER.decode(Path::new("a.seg"), &known).unwrap()[0], 1);
        let error = with(12).unwrap_err();
        assert!(matches!(error, Error::UnknownFeatures { features: 4, .. }));
        assert_eq!(error.code(), "E1011");
    }

    /// A file written by a later build is refused by its version, not called damaged.
    #[test]
    fn a_later_version_is_refused_by_name() {
        let bytes = Header {
            version: 4,
            ..HEADER
        }
        .encode(&[1]);
        let error = HEADER.decode(Path::new("a.seg"), &bytes).unwrap_err();
        assert!(matches!(
            error,
            Error::FormatVersion {
                found: 4,
                supported: 3,
                ..
            }
        ));
    }
}
