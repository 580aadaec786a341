//! An inverted index as bytes, read where they lie.
//!
//! All integers are little-endian. The bytes begin at a multiple of 8.
//!
//! | bytes | are |
//! |---|---|
//! | 8 | `LUMOSPR1` |
//! | 4 | `u32` rows of the segment |
//! | 4 | `u32 n`, dimensions that some vector has |
//! | 8 | `u64 p`, entries of all vectors |
//! | 4 | `u32` vectors, those without an entry included |
//! | 4 | zero |
//! | 8 (n + 1) | `u64[n + 1]`: where the entries of each dimension begin, and where those of the last end |
//! | 4 n | `u32[n]`: the dimensions, ascending |
//! | 4 n, 4 n | `f32[n]`, `f32[n]`: the least and the greatest weight of each |
//! | 4 p | `u32[p]`: the row of each entry, ascending within a dimension |
//! | 4 p | `f32[p]`: its weight |

use ownedbytes::OwnedBytes;

use super::list::List;
use super::postings::SparsePostings;
use crate::error::DecodeError;

const MAGIC: &[u8; 8] = b"LUMOSPR1";
const HEADER: usize = 32;
const SECTION: &str = "sparse vectors";

pub(super) fn encode(postings: &SparsePostings, rows: u32) -> Vec<u8> {
    let lists = &postings.lists;
    let entries: usize = lists
        .values()
        .map(|list| list.list(u32::MAX).rows.len())
        .sum();
    let size = HEADER + (lists.len() + 1) * 8 + lists.len() * 12 + entries * 8;
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&rows.to_le_bytes());
    out.extend_from_slice(&(lists.len() as u32).to_le_bytes());
    out.extend_from_slice(&(entries as u64).to_le_bytes());
    out.extend_from_slice(&postings.len().to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let mut start = 0u64;
    out.extend_from_slice(&start.to_le_bytes());
    for list in lists.values() {
        start += list.list(u32::MAX).rows.len() as u64;
        out.extend_from_slice(&start.to_le_bytes());
    }
    let each = || lists.values().map(|list| list.list(u32::MAX));
    lists
        .keys()
        .for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
    each().for_each(|list| out.extend_from_slice(&list.least.to_le_bytes()));
    each().for_each(|list| out.extend_from_slice(&list.most.to_le_bytes()));
    // Numbers are little-endian in memory too: other machines are refused.
    each().for_each(|list| out.extend_from_slice(bytemuck::cast_slice(list.rows)));
    each().for_each(|list| out.extend_from_slice(bytemuck::cast_slice(list.weights)));
    out
}

/// The inverted index of the sparse vectors of one field in a sealed segment.
///
/// Any bytes are safe to search; what their checksum does not vouch for may be missed.
#[derive(Clone)]
pub struct SealedSparse {
    bytes: OwnedBytes,
    vectors: u32,
    dimensions: usize,
    entries: usize,
}

impl std::fmt::Debug for SealedSparse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedSparse")
            .field("dimensions", &self.dimensions)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl SealedSparse {
    /// Reads the index of a segment of `rows` rows.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are something else, do not have the length they say, lists overlap or
    /// dimensions do not ascend.
    pub fn open(bytes: OwnedBytes, rows: u32) -> Result<SealedSparse, DecodeError> {
        let found = bytes.len() as u64;
        let invalid = |offset: usize, reason| DecodeError::Invalid {
            section: SECTION,
            offset: offset as u64,
            reason,
        };
        if bytes.get(..8) != Some(MAGIC.as_slice()) {
            return Err(DecodeError::Magic { section: SECTION });
        }
        let header = bytes.get(..HEADER).ok_or(DecodeError::Length {
            section: SECTION,
            needed: HEADER as u64,
            found,
        })?;
        let u32_at = |at: usize| {
            let bytes = header.get(at..at + 4).and_then(|b| b.try_into().ok());
            bytes.map(u32::from_le_bytes).unwrap_or_default()
        };
        if u32_at(8) != rows {
            return Err(invalid(8, "it belongs to a segment of another size"));
        }
        let dimensions = u64::from(u32_at(12));
        let entries = u64::from(u32_at(16)) | u64::from(u32_at(20)) << 32;
        let needed = entries
            .checked_mul(8)
            .and_then(|bytes| bytes.checked_add(HEADER as u64 + 8 + dimensions * 20));
        if needed != Some(found) {
            return Err(DecodeError::Length {
                section: SECTION,
                needed: needed.unwrap_or(u64::MAX),
                found,
            });
        }
        let index = SealedSparse {
            vectors: u32_at(24),
            // Both are less than the length of the bytes.
            dimensions: dimensions as usize,
            entries: entries as usize,
            bytes,
        };
        let starts = index.starts();
        let whole = starts.first() == Some(&0) && starts.last() == Some(&entries);
        if starts.len() != index.dimensions + 1 || !whole || !starts.is_sorted() {
            return Err(invalid(HEADER, "its lists overlap"));
        }
        let ids = index.ids();
        if ids.len() != index.dimensions || !ids.is_sorted_by(|a, b| a < b) {
            return Err(invalid(HEADER, "its dimensions do not ascend"));
        }
        Ok(index)
    }

    /// Vectors in it.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.vectors
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vectors == 0
    }

    /// `n` numbers of type `T` at an offset; none when they are not aligned.
    fn numbers<T: bytemuck::AnyBitPattern>(&self, at: usize, n: usize) -> &[T] {
        let bytes = self.bytes.get(at..at + n * size_of::<T>());
        bytes
            .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
            .unwrap_or_default()
    }

    fn starts(&self) -> &[u64] {
        self.numbers(HEADER, self.dimensions + 1)
    }

    fn ids(&self) -> &[u32] {
        self.numbers(HEADER + (self.dimensions + 1) * 8, self.dimensions)
    }

    pub(super) fn list(&self, id: u32) -> Option<List<'_>> {
        let n = self.dimensions;
        let at = self.ids().binary_search(&id).ok()?;
        let starts = self.starts();
        let range = *starts.get(at)? as usize..*starts.get(at + 1)? as usize;
        let bounds = HEADER + (n + 1) * 8 + n * 4;
        let entries = bounds + n * 8;
        let rows: &[u32] = self.numbers(entries, self.entries);
        let weights: &[f32] = self.numbers(entries + self.entries * 4, self.entries);
        let [least, most] = [0, n].map(|from| {
            let bounds: &[f32] = self.numbers(bounds + from * 4, n);
            bounds.get(at).copied().unwrap_or_default()
        });
        Some(List {
            rows: rows.get(range.clone())?,
            weights: weights.get(range)?,
            least,
            most,
        })
    }
}
