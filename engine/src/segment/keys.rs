//! The keys of a segment: by row, and in order.
//!
//! All integers are little-endian: `u32 rows`, `u32 words`; the Bloom filter, `u64[words]`; where each
//! key ends in order, `u64[rows]`; the row of each key in order, `u32[rows]`; the place in the order of
//! each row, `u32[rows]`; the keys in order. Equal keys are in the order of their rows.

use std::ops::Bound;

use ownedbytes::OwnedBytes;

use super::bloom;

/// Collects keys.
#[derive(Debug, Default)]
pub(crate) struct KeysBuilder {
    keys: Vec<(String, u32)>,
}

impl KeysBuilder {
    pub(crate) fn new() -> Self {
        KeysBuilder::default()
    }

    /// Adds the key of a row; rows are 0, 1, 2, ... in any order.
    pub(crate) fn add(&mut self, key: &str, row: u32) {
        self.keys.push((key.to_string(), row));
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.keys.sort_unstable();
        let bloom = bloom::build(self.keys.iter().map(|(key, _)| key.as_str()));
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&(self.keys.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(bloom.len() as u32).to_le_bytes());
        bytes.extend(bloom.iter().flat_map(|word| word.to_le_bytes()));
        let mut end = 0u64;
        for (key, _) in &self.keys {
            end += key.len() as u64;
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        let mut ranks = vec![0u32; self.keys.len()];
        for (rank, (_, row)) in self.keys.iter().enumerate() {
            bytes.extend_from_slice(&row.to_le_bytes());
            if let Some(slot) = ranks.get_mut(*row as usize) {
                *slot = rank as u32;
            }
        }
        bytes.extend(ranks.iter().flat_map(|rank| rank.to_le_bytes()));
        for (key, _) in &self.keys {
            bytes.extend_from_slice(key.as_bytes());
        }
        bytes
    }
}

/// The keys of an open segment.
#[derive(Debug)]
pub(crate) struct Keys {
    rows: usize,
    bloom: OwnedBytes,
    ends: OwnedBytes,
    order: OwnedBytes,
    ranks: OwnedBytes,
    text: OwnedBytes,
}

impl Keys {
    /// Reads the section of a segment of `rows` rows.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn open(bytes: OwnedBytes, rows: u32) -> Result<Keys, String> {
        let word = |at: usize| {
            let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
            word.map(u32::from_le_bytes).ok_or("the keys are cut short")
        };
        if word(0)? != rows {
            return Err(format!("{} keys for {rows} rows", word(0)?));
        }
        let rows = rows as usize;
        let mut at = 8usize;
        let mut part = |len: usize| {
            let start = at;
            at = start.checked_add(len).filter(|end| *end <= bytes.len()).ok_or("the keys are cut short")?;
            Ok::<_, String>(bytes.slice(start..at))
        };
        let bloom = part(word(4)? as usize * 8)?;
        let (ends, order, ranks) = (part(rows * 8)?, part(rows * 4)?, part(rows * 4)?);
        let text = bytes.slice(at..bytes.len());
        let keys = Keys { rows, bloom, ends, order, ranks, text };
        let end = keys.end(rows)?;
        if end != keys.text.len() {
            return Err(format!("{} bytes of keys, not {end}", keys.text.len()));
        }
        Ok(keys)
    }

    /// Where the first `count` keys end.
    fn end(&self, count: usize) -> Result<usize, String> {
        let Some(last) = count.checked_sub(1) else { return Ok(0) };
        let bytes = self.ends.get(last * 8..last * 8 + 8).and_then(|bytes| bytes.try_into().ok());
        let end = bytes.map(u64::from_le_bytes).and_then(|end| usize::try_from(end).ok());
        end.ok_or_else(|| format!("key {last} does not exist"))
    }

    fn word(list: &OwnedBytes, at: usize) -> Result<u32, String> {
        let bytes = list.get(at * 4..at * 4 + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u32::from_le_bytes).ok_or_else(|| format!("row {at} does not exist"))
    }

    /// A key by its place in the order.
    fn ranked(&self, rank: usize) -> Result<&str, String> {
        let (start, end) = (self.end(rank)?, self.end(rank + 1)?);
        let bytes = self.text.get(start..end).ok_or("keys do not follow each other")?;
        std::str::from_utf8(bytes).map_err(|_| format!("key {rank} is not UTF-8"))
    }

    fn row(&self, rank: usize) -> Result<u32, String> {
        let row = Keys::word(&self.order, rank)?;
        if (row as usize) < self.rows { Ok(row) } else { Err(format!("row {row} does not exist")) }
    }

    /// The first place whose key is not before `key` (or not after, when `after`).
    fn lower_bound(&self, key: &str, after: bool) -> Result<usize, String> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            let there = self.ranked(middle)?;
            if there < key || (after && there == key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The newest row of a key that is live.
    pub(crate) fn find(
        &self,
        key: &str,
        live: impl Fn(u32) -> bool,
    ) -> Result<Option<u32>, String> {
        if !bloom::may_hold(&self.bloom, key) {
            return Ok(None);
        }
        let mut found = None;
        for rank in self.lower_bound(key, false)?..self.rows {
            if self.ranked(rank)? != key {
                break;
            }
            let row = self.row(rank)?;
            if live(row) {
                found = Some(row);
            }
        }
        Ok(found)
    }

    /// The key of a row.
    pub(crate) fn key(&self, row: u32) -> Result<&str, String> {
        self.ranked(Keys::word(&self.ranks, row as usize)? as usize)
    }

    /// The keys in order from a bound on, with their rows.
    pub(crate) fn from(
        &self,
        from: Bound<&str>,
    ) -> impl Iterator<Item = Result<(&str, u32), String>> {
        let start = match from {
            Bound::Unbounded => Ok(0),
            Bound::Included(key) => self.lower_bound(key, false),
            Bound::Excluded(key) => self.lower_bound(key, true),
        };
        let (range, failed) = match start {
            Ok(start) => (start..self.rows, None),
            Err(detail) => (0..0, Some(Err(detail))),
        };
        let entries = range.map(|rank| Ok((self.ranked(rank)?, self.row(rank)?)));
        failed.into_iter().chain(entries)
    }
}
