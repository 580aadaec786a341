//! The deleted rows of a segment, a new file for every generation.
//!
//! All integers are little-endian: `LUMODEL1`, `u32` format version (1), `u32` CRC-32 of what follows,
//! `u64` segment number, `u64` generation, then the rows as a serialised Roaring bitmap (the format of
//! the RoaringFormatSpec).

use std::path::Path;

use lumos_wal::{Vfs, read_all, replace_file};
use roaring::RoaringBitmap;

use super::listing::{deletes_name, deletes_path};
use crate::recovery::{SEGMENTS_DIR, io};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"LUMODEL1";
const VERSION: u32 = 1;
const HEADER: usize = 16;

/// Writes the deleted rows of a segment and makes the file durable.
pub(crate) fn write_deletes(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u64,
    generation: u64,
    rows: &RoaringBitmap,
) -> Result<()> {
    let mut body = Vec::with_capacity(16 + rows.serialized_size());
    body.extend_from_slice(&number.to_le_bytes());
    body.extend_from_slice(&generation.to_le_bytes());
    let path = deletes_path(dir, number, generation);
    rows.serialize_into(&mut body).map_err(|source| io("encode", &path, source))?;
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(replace_file(vfs, &dir.join(SEGMENTS_DIR), &deletes_name(number, generation), &bytes)?)
}

/// Reads the deleted rows of a segment of `rows` rows.
pub(crate) fn read_deletes(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u64,
    generation: u64,
    rows: u32,
) -> Result<RoaringBitmap> {
    let path = deletes_path(dir, number, generation);
    let bytes = read_all(vfs, &path).map_err(|source| io("read", &path, source))?;
    decode(&bytes, &path, number, generation, rows)
}

fn decode(
    bytes: &[u8],
    path: &Path,
    number: u64,
    generation: u64,
    rows: u32,
) -> Result<RoaringBitmap> {
    let damaged = |offset: u64, detail: &str| Error::Corruption {
        file: path.to_path_buf(),
        offset,
        detail: detail.to_string(),
    };
    let (header, body) =
        bytes.split_at_checked(HEADER).ok_or_else(|| damaged(0, "the file was cut short"))?;
    let u32_at = |at: usize| {
        let field = header.get(at..at + 4).and_then(|field| field.try_into().ok());
        field.map(u32::from_le_bytes).unwrap_or_default()
    };
    if header.get(..8) != Some(MAGIC.as_slice()) {
        return Err(damaged(0, "this is no Lumos delete file"));
    }
    if u32_at(8) > VERSION {
        let file = path.to_path_buf();
        return Err(Error::FormatVersion { file, found: u32_at(8), supported: VERSION });
    }
    if u32_at(8) != VERSION || u32_at(12) != crc32fast::hash(body) {
        return Err(damaged(8, "the checksum does not match"));
    }
    let (names, bitmap) =
        body.split_at_checked(16).ok_or_else(|| damaged(16, "the file was cut short"))?;
    if names.get(..8) != Some(&number.to_le_bytes()) || names.get(8..) != Some(&generation.to_le_bytes())
    {
        return Err(damaged(16, "it belongs to another segment"));
    }
    let mut rest = bitmap;
    let deletes = RoaringBitmap::deserialize_from(&mut rest)
        .map_err(|error| damaged(32, &error.to_string()))?;
    if !rest.is_empty() || deletes.max().is_some_and(|row| row >= rows) {
        return Err(damaged(32, "it deletes rows that do not exist"));
    }
    Ok(deletes)
}
