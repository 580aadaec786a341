//! The stored bytes of every row, in compressed blocks.
//!
//! | bytes | content |
//! |---|---|
//! | `u8[..]` | data: the blocks, one after the other |
//! | `u32[rows]` | where each row ends in its block, uncompressed |
//! | 24 bytes for each block | `u64` offset in the data, `u32` stored bytes, `u32` uncompressed bytes, `u32` first row, `u32` CRC-32 of the stored bytes |
//! | `u32` | rows |
//! | `u32` | blocks |
//! | `u32` | CRC-32 of everything after the data |
//!
//! A block is in the block format of LZ4, or as it is when its two lengths are equal. A row is in one
//! block as a whole; a block ends with the row that brings it to [`BLOCK`] bytes.

use std::sync::Arc;

use lumos_wal::checksum;
use lumos_wal::sync::Mutex;
use ownedbytes::OwnedBytes;

use super::{SectionSink, u32_at, u64_at};
use crate::Result;

/// Small enough that one row costs microseconds, large enough that JSON compresses.
const BLOCK: usize = 8 << 10;
/// A block up to this size is kept after it was read: the next row is likely in it.
const KEEP: usize = 64 << 10;
const TRAILER_LEN: usize = 12;
const ENTRY_LEN: usize = 24;
/// LZ4 cannot expand more than this.
const MAX_RATIO: u64 = 255;

/// Collects the payload of a segment; blocks are written as they fill.
#[derive(Debug, Default)]
pub(crate) struct PayloadBuilder {
    ends: Vec<u32>,
    block: Vec<u8>,
    first_row: u32,
    table: Vec<u8>,
    written: u64,
}

impl PayloadBuilder {
    pub(crate) fn new() -> Self {
        PayloadBuilder::default()
    }

    /// Adds the bytes of the next row to the section that was begun in `sink`.
    pub(crate) fn add(&mut self, bytes: &[u8], sink: &mut dyn SectionSink) -> Result<()> {
        self.block.extend_from_slice(bytes);
        self.ends.push(self.block.len() as u32);
        match self.block.len() >= BLOCK {
            true => self.flush(sink),
            false => Ok(()),
        }
    }

    fn flush(&mut self, sink: &mut dyn SectionSink) -> Result<()> {
        if self.first_row as usize == self.ends.len() {
            return Ok(());
        }
        let compressed = lz4_flex::block::compress(&self.block);
        let stored = match compressed.len() < self.block.len() {
            true => &compressed,
            false => &self.block,
        };
        self.table.extend_from_slice(&self.written.to_le_bytes());
        for field in [
            stored.len() as u32,
            self.block.len() as u32,
            self.first_row,
            checksum(stored),
        ] {
            self.table.extend_from_slice(&field.to_le_bytes());
        }
        self.written += stored.len() as u64;
        sink.write(stored)?;
        self.block.clear();
        self.first_row = self.ends.len() as u32;
        Ok(())
    }

    /// Completes the section.
    pub(crate) fn finish(mut self, sink: &mut dyn SectionSink) -> Result<()> {
        self.flush(sink)?;
        let mut index = Vec::with_capacity(self.ends.len() * 4 + self.table.len() + TRAILER_LEN);
        index.extend(self.ends.iter().flat_map(|end| end.to_le_bytes()));
        index.extend_from_slice(&self.table);
        index.extend_from_slice(&(self.ends.len() as u32).to_le_bytes());
        index.extend_from_slice(&((self.table.len() / ENTRY_LEN) as u32).to_le_bytes());
        let crc = checksum(&index);
        index.extend_from_slice(&crc.to_le_bytes());
        sink.write(&index)
    }
}

#[derive(Clone, Copy, Debug)]
struct Block {
    offset: u64,
    stored: u32,
    raw: u32,
    first_row: u32,
    crc: u32,
}

/// The payload of a sealed segment.
pub(crate) struct Payload {
    rows: u32,
    blocks: u32,
    ends: OwnedBytes,
    table: OwnedBytes,
    data: OwnedBytes,
    /// The block that was read last, by number.
    last: Mutex<Option<(u32, Arc<[u8]>)>>,
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payload")
            .field("rows", &self.rows)
            .field("blocks", &self.blocks)
            .finish_non_exhaustive()
    }
}

impl Payload {
    /// Reads the section of a segment of `rows` rows; blocks are checked when they are read.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn open(bytes: OwnedBytes, rows: u32) -> Result<Payload, String> {
        let cut = || "the section of payloads is cut".to_string();
        let trailer = bytes.len().checked_sub(TRAILER_LEN).ok_or_else(cut)?;
        let field = |at: usize| u32_at(&bytes, trailer + at).ok_or_else(cut);
        let (found, blocks, stored_crc) = (field(0)?, field(4)?, field(8)?);
        if found != rows || blocks > rows {
            return Err(format!(
                "there are {found} payloads in {blocks} blocks for {rows} rows"
            ));
        }
        let index = rows as usize * 4 + blocks as usize * ENTRY_LEN;
        let start = trailer.checked_sub(index).ok_or_else(cut)?;
        if stored_crc != checksum(bytes.get(start..trailer + 8).unwrap_or_default()) {
            return Err("the checksum of the index of payloads does not match".to_string());
        }
        let data = bytes.slice(0..start);
        let (ends, table) = bytes.slice(start..trailer).split(rows as usize * 4);
        let payload = Payload {
            rows,
            blocks,
            ends,
            table,
            data,
            last: Mutex::new(None),
        };
        payload.check_blocks()?;
        Ok(payload)
    }

    /// Blocks follow each other, each with at least one row, and hold all data.
    fn check_blocks(&self) -> Result<(), String> {
        let (mut offset, mut row) = (0, 0);
        for number in 0..self.blocks {
            let block = self.block(number)?;
            let next_row = match number + 1 == self.blocks {
                true => self.rows,
                false => self.block(number + 1)?.first_row,
            };
            let expansion = u64::from(block.stored) * MAX_RATIO;
            let fits = block.offset == offset
                && block.first_row == row
                && next_row > row
                && block.stored <= block.raw
                && u64::from(block.raw) <= expansion
                && self.end(next_row - 1) == Some(block.raw);
            if !fits {
                return Err(format!("block {number} of the payloads does not fit"));
            }
            (offset, row) = (offset + u64::from(block.stored), next_row);
        }
        match offset == self.data.len() as u64 && row == self.rows {
            true => Ok(()),
            false => Err("the blocks of the payloads do not hold every row".to_string()),
        }
    }

    fn block(&self, number: u32) -> Result<Block, String> {
        let at = number as usize * ENTRY_LEN;
        let field = |offset| u32_at(&self.table, at + offset);
        let block = || {
            Some(Block {
                offset: u64_at(&self.table, at)?,
                stored: field(8)?,
                raw: field(12)?,
                first_row: field(16)?,
                crc: field(20)?,
            })
        };
        block().ok_or_else(|| format!("there is no block {number} of payloads"))
    }

    fn end(&self, row: u32) -> Option<u32> {
        u32_at(&self.ends, row as usize * 4)
    }

    /// The bytes of a row.
    ///
    /// # Errors
    /// What does not fit, or a checksum that does not match.
    pub(crate) fn get(&self, row: u32) -> Result<Vec<u8>, String> {
        let number = self.block_of(row)?;
        let block = self.block(number)?;
        let start = match row == block.first_row {
            true => Some(0),
            false => row.checked_sub(1).and_then(|before| self.end(before)),
        };
        let range = start
            .zip(self.end(row))
            .map(|(start, end)| start as usize..end as usize);
        let cut = |bytes: &[u8]| {
            let bytes = range.and_then(|range| bytes.get(range)).map(<[u8]>::to_vec);
            bytes.ok_or_else(|| format!("the payload of row {row} is outside its block"))
        };
        // Whoever else holds the lock is reading another row: its block is not worth waiting for.
        if let Some(last) = self.last.try_lock()
            && let Some((kept, bytes)) = &*last
            && *kept == number
        {
            return cut(bytes);
        }
        let offset = block.offset as usize;
        let stored = self
            .data
            .get(offset..offset + block.stored as usize)
            .filter(|stored| checksum(stored) == block.crc)
            .ok_or_else(|| format!("the checksum of block {number} of payloads does not match"))?;
        if block.stored == block.raw {
            return cut(stored);
        }
        let bytes = decompress(stored, block.raw as usize)
            .ok_or_else(|| format!("block {number} of payloads cannot be decompressed"))?;
        let row_bytes = cut(&bytes);
        if bytes.len() <= KEEP
            && let Some(mut last) = self.last.try_lock()
        {
            *last = Some((number, bytes.into()));
        }
        row_bytes
    }

    /// The last block whose first row is not after `row`.
    fn block_of(&self, row: u32) -> Result<u32, String> {
        if row >= self.rows {
            return Err(format!("there is no row {row}"));
        }
        let (mut low, mut high) = (0, self.blocks);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.block(middle)?.first_row <= row {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low.checked_sub(1)
            .ok_or_else(|| format!("row {row} is in no block of payloads"))
    }
}

/// Decompresses to exactly `raw` bytes.
fn decompress(stored: &[u8], raw: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(raw).ok()?;
    bytes.resize(raw, 0);
    let written = lz4_flex::block::decompress_into(stored, &mut bytes).ok()?;
    (written == raw).then_some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::segment::SegmentBuffer;
    use proptest::prelude::*;

    fn encode(rows: &[Vec<u8>]) -> Vec<u8> {
        let mut sink = SegmentBuffer::new(0).unwrap();
        sink.begin("payload").unwrap();
        let mut builder = PayloadBuilder::new();
        for row in rows {
            builder.add(row, &mut sink).unwrap();
        }
        builder.finish(&mut sink).unwrap();
        sink.section().unwrap().to_vec()
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let plain = proptest::collection::vec(any::<u8>(), 0..3000);
        let repeated = (any::<u8>(), 0usize..20_000).prop_map(|(byte, n)| vec![byte; n]);
        proptest::collection::vec(prop_oneof![plain, repeated], 0..25)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Every row comes back, in any order of reading, and no row that is not there.
        #[test]
        fn rows_come_back(rows in rows(), seed: usize) {
            let payload = Payload::open(OwnedBytes::new(encode(&rows)), rows.len() as u32).unwrap();
            for n in 0..rows.len() * 2 {
                let row = n.wrapping_mul(seed | 1) % rows.len();
                prop_assert_eq!(&payload.get(row as u32).unwrap(), &rows[row]);
            }
            prop_assert!(payload.get(rows.len() as u32).is_err());
            prop_assert!(payload.get(u32::MAX).is_err());
        }

        /// One changed byte anywhere is an error at opening or at the rows it touches, and no row comes
        /// back changed.
        #[test]
        fn a_changed_byte_never_changes_a_row(rows in rows(), at: usize, change in 1u8..) {
            let mut bytes = encode(&rows);
            let len = bytes.len();
            bytes[at % len] ^= change;
            let mut noticed = false;
            match Payload::open(OwnedBytes::new(bytes), rows.len() as u32) {
                Err(_) => noticed = true,
                Ok(payload) => for (row, expected) in rows.iter().enumerate() {
                    match payload.get(row as u32) {
                        Ok(found) => prop_assert_eq!(&found, expected),
                        Err(_) => noticed = true,
                    }
                },
            }
            prop_assert!(noticed);
        }

        /// Hostile numbers under valid checksums: an error or some bytes, never a panic.
        #[test]
        fn hostile_indexes_do_not_panic(
            rows in rows(), changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6),
        ) {
            let mut bytes = encode(&rows);
            let trailer = bytes.len() - TRAILER_LEN;
            let blocks = u32_at(&bytes, trailer + 4).unwrap() as usize;
            let start = trailer - rows.len() * 4 - blocks * ENTRY_LEN;
            for (at, byte) in changes {
                bytes[start + at % (trailer - start).max(1)] = byte;
            }
            let crc = checksum(&bytes[start..trailer + 8]);
            bytes[trailer + 8..].copy_from_slice(&crc.to_le_bytes());
            if let Ok(payload) = Payload::open(OwnedBytes::new(bytes), rows.len() as u32) {
                let _any: Vec<_> = (0..rows.len()).map(|row| payload.get(row as u32)).collect();
            }
        }
    }

    /// A section that is cut at any byte is refused.
    #[test]
    fn a_cut_section_is_refused() {
        let bytes = encode(&[b"one".to_vec(), vec![7; 9000], b"three".to_vec()]);
        for len in 0..bytes.len() {
            let cut = OwnedBytes::new(bytes[..len].to_vec());
            assert!(Payload::open(cut, 3).is_err(), "{len} bytes");
        }
    }

    /// JSON of small documents must get smaller, else blocks are pointless.
    #[test]
    fn similar_rows_compress() {
        let rows: Vec<Vec<u8>> = (0..500)
            .map(|n| format!("{{\"title\":\"Document {n}\",\"year\":2024}}").into_bytes())
            .collect();
        let raw: usize = rows.iter().map(Vec::len).sum();
        assert!(encode(&rows).len() < raw * 2 / 3);
    }
}
