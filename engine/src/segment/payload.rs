//! The payloads of a segment, in compressed blocks.
//!
//! All integers are little-endian: `u32 rows`, `u32 blocks`; for each block `u64` where it ends among the
//! block bytes and `u32` length before compression; for each row `u32` block and `u32` start in it; the
//! blocks. A row ends where the next one of its block begins. A block that is as long as before is stored
//! as it is, any other in LZ4's block format.

use ownedbytes::OwnedBytes;

use crate::name::MAX_PAYLOAD_BYTES;

/// A block is closed when it has this many bytes.
const BLOCK: usize = 8 << 10;
/// A block holds at most one row past its size.
const MAX_BLOCK: usize = MAX_PAYLOAD_BYTES + BLOCK;
const BLOCK_ENTRY: usize = 12;
const ROW_ENTRY: usize = 8;

/// Collects payloads, row 0 first.
#[derive(Debug, Default)]
pub(crate) struct PayloadBuilder {
    open: Vec<u8>,
    blocks: Vec<(u64, u32)>,
    rows: Vec<(u32, u32)>,
    bytes: Vec<u8>,
}

impl PayloadBuilder {
    pub(crate) fn new() -> Self {
        PayloadBuilder::default()
    }

    pub(crate) fn add(&mut self, payload: &[u8]) {
        self.rows.push((self.blocks.len() as u32, self.open.len() as u32));
        self.open.extend_from_slice(payload);
        if self.open.len() >= BLOCK {
            self.close();
        }
    }

    fn close(&mut self) {
        let packed = lz4_flex::block::compress(&self.open);
        let shorter = packed.len() < self.open.len();
        self.bytes.extend_from_slice(if shorter { &packed } else { &self.open });
        self.blocks.push((self.bytes.len() as u64, self.open.len() as u32));
        self.open.clear();
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        // Rows without a byte may have begun a block that nothing else follows.
        if !self.open.is_empty() || self.rows.last().is_some_and(|row| row.0 as usize == self.blocks.len())
        {
            self.close();
        }
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&(self.rows.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.blocks.len() as u32).to_le_bytes());
        for (end, len) in &self.blocks {
            bytes.extend_from_slice(&end.to_le_bytes());
            bytes.extend_from_slice(&len.to_le_bytes());
        }
        for (block, start) in &self.rows {
            bytes.extend_from_slice(&block.to_le_bytes());
            bytes.extend_from_slice(&start.to_le_bytes());
        }
        bytes.extend_from_slice(&self.bytes);
        bytes
    }
}

/// The payloads of an open segment.
#[derive(Debug)]
pub(crate) struct Payload {
    blocks: OwnedBytes,
    rows: OwnedBytes,
    bytes: OwnedBytes,
}

impl Payload {
    /// Reads the section of a segment of `rows` rows.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn open(bytes: OwnedBytes, rows: u32) -> Result<Payload, String> {
        let found = u32_at(&bytes, 0).ok_or("the payloads are cut short")?;
        if found != rows {
            return Err(format!("{found} payloads for {rows} rows"));
        }
        let blocks = u32_at(&bytes, 4).ok_or("the payloads are cut short")? as usize;
        let table = 8 + blocks * BLOCK_ENTRY;
        let data = table + rows as usize * ROW_ENTRY;
        if data > bytes.len() {
            return Err("the payloads are cut short".to_string());
        }
        Ok(Payload {
            blocks: bytes.slice(8..table),
            rows: bytes.slice(table..data),
            bytes: bytes.slice(data..bytes.len()),
        })
    }

    /// Where a block begins and ends, and its length before compression.
    fn block(&self, block: usize) -> Option<(usize, usize, usize)> {
        let entry = |at: usize| {
            let end = u64_at(&self.blocks, at * BLOCK_ENTRY)?;
            Some((usize::try_from(end).ok()?, u32_at(&self.blocks, at * BLOCK_ENTRY + 8)? as usize))
        };
        let start = match block.checked_sub(1) {
            Some(before) => entry(before)?.0,
            None => 0,
        };
        let (end, len) = entry(block)?;
        Some((start, end, len))
    }

    fn row(&self, row: usize) -> Option<(usize, usize)> {
        let at = row * ROW_ENTRY;
        Some((u32_at(&self.rows, at)? as usize, u32_at(&self.rows, at + 4)? as usize))
    }

    /// The payload of a row.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn get(&self, row: u32) -> Result<Vec<u8>, String> {
        let row = row as usize;
        let (number, start) = self.row(row).ok_or_else(|| format!("row {row} does not exist"))?;
        let (from, to, len) =
            self.block(number).ok_or_else(|| format!("payload block {number} does not exist"))?;
        let packed = self.bytes.get(from..to).ok_or("payload blocks do not follow each other")?;
        let end = match self.row(row + 1) {
            Some((next, end)) if next == number => end,
            _ => len,
        };
        if start > end || end > len || len > MAX_BLOCK {
            return Err(format!("row {row} does not lie in its payload block"));
        }
        if packed.len() == len {
            return Ok(packed.get(start..end).unwrap_or_default().to_vec());
        }
        let mut block = vec![0; len];
        match lz4_flex::block::decompress_into(packed, &mut block) {
            Ok(got) if got == len => {}
            Ok(got) => return Err(format!("payload block {number} has {got} bytes, not {len}")),
            Err(error) => return Err(format!("payload block {number}: {error}")),
        }
        block.truncate(end);
        block.drain(..start);
        Ok(block)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_le_bytes)
}
