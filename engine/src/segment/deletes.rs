//! The deleted rows of a segment: one file for each generation, never changed.
//!
//! The fields of the header are the number of the segment, the generation, the length of the body and
//! its CRC-32. The body, up to the end of the file, is a bitmap in the portable format of Roaring.

use std::path::Path;

use lumos_wal::{Vfs, checksum, read_all, replace_file};
use roaring::RoaringBitmap;

use super::corruption;
use super::header::Header;
use super::name::{deletes_name, deletes_path};
use crate::Result;
use crate::recovery::{SEGMENTS_DIR, io};

const HEADER: Header = Header {
    magic: *b"LUMOSDEL",
    version: 1,
    features: 0,
};

/// Writes a generation of deletes; it is on disk when this returns.
///
/// # Errors
/// [`Error::Storage`](crate::Error::Storage).
pub(crate) fn write_deletes(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u64,
    generation: u64,
    deletes: &RoaringBitmap,
) -> Result<()> {
    let mut body = Vec::with_capacity(deletes.serialized_size());
    let path = deletes_path(dir, number, generation);
    deletes
        .serialize_into(&mut body)
        .map_err(|source| io("encode", &path, source))?;
    let fields = [
        number,
        generation,
        body.len() as u64,
        u64::from(checksum(&body)),
    ];
    let mut bytes = HEADER.encode(&fields).to_vec();
    bytes.extend_from_slice(&body);
    replace_file(
        vfs,
        &dir.join(SEGMENTS_DIR),
        &deletes_name(number, generation),
        &bytes,
    )?;
    Ok(())
}

/// Reads a generation of deletes of a segment of `rows` rows.
///
/// # Errors
/// [`Error::Corruption`](crate::Error::Corruption), [`Error::FormatVersion`](crate::Error::FormatVersion),
/// and [`Error::Storage`](crate::Error::Storage) for a file that is missing or cannot be read.
pub(crate) fn read_deletes(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u64,
    generation: u64,
    rows: u32,
) -> Result<RoaringBitmap> {
    let path = deletes_path(dir, number, generation);
    let bytes = read_all(vfs, &path).map_err(|source| io("read", &path, source))?;
    let [of_segment, of_generation, length, crc, _] = HEADER.decode(&path, &bytes)?;
    let bad = |at: usize, detail: &str| corruption(&path, at as u64, detail);
    if (of_segment, of_generation) != (number, generation) {
        return Err(bad(
            16,
            "the deletes belong to another segment or generation",
        ));
    }
    let body = bytes.get(Header::LEN..).unwrap_or_default();
    if body.len() as u64 != length {
        return Err(bad(bytes.len(), "the file was cut or extended"));
    }
    if u64::from(checksum(body)) != crc {
        return Err(bad(
            Header::LEN,
            "the checksum of the bitmap does not match",
        ));
    }
    let mut rest = body;
    let deletes = RoaringBitmap::deserialize_from(&mut rest)
        .map_err(|error| bad(Header::LEN, &format!("the bitmap is malformed: {error}")))?;
    if !rest.is_empty() || deletes.max().is_some_and(|row| row >= rows) {
        return Err(bad(
            Header::LEN,
            "the bitmap has rows that the segment has not",
        ));
    }
    Ok(deletes)
}
