//! A segment as readers see it: in memory or sealed, with the deletes and the watermark of a snapshot.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use lumos_index::Columns;
use roaring::RoaringBitmap;

use crate::memory::MemorySegment;
use crate::sealed::SealedSegment;
use crate::{Error, Result};

/// Where the rows are.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Memory(Arc<MemorySegment>),
    Sealed(Arc<SealedSegment>),
}

/// The rows of one segment that belong to a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct SegmentView {
    pub(crate) source: Source,
    /// Rows that are deleted or replaced.
    pub(crate) deletes: Arc<RoaringBitmap>,
    /// Rows below this belong to the snapshot.
    pub(crate) rows: u32,
}

impl SegmentView {
    pub(crate) fn memory(segment: Arc<MemorySegment>) -> Self {
        let rows = segment.len();
        SegmentView {
            source: Source::Memory(segment),
            deletes: Arc::default(),
            rows,
        }
    }

    pub(crate) fn sealed(segment: Arc<SealedSegment>, deletes: Arc<RoaringBitmap>) -> Self {
        let rows = segment.rows();
        SegmentView {
            source: Source::Sealed(segment),
            deletes,
            rows,
        }
    }

    pub(crate) fn as_memory(&self) -> Option<&Arc<MemorySegment>> {
        match &self.source {
            Source::Memory(segment) => Some(segment),
            Source::Sealed(_) => None,
        }
    }

    pub(crate) fn as_sealed(&self) -> Option<&Arc<SealedSegment>> {
        match &self.source {
            Source::Memory(_) => None,
            Source::Sealed(segment) => Some(segment),
        }
    }

    /// The name of the file, or `memory`.
    pub(crate) fn name(&self) -> String {
        let path = self.as_sealed().map(|segment| segment.path());
        let name = path.and_then(|path| path.file_name());
        name.map_or_else(
            || "memory".to_string(),
            |name| name.to_string_lossy().into_owned(),
        )
    }

    /// Whether both are views of one segment.
    pub(crate) fn is_same(&self, other: &SegmentView) -> bool {
        match (&self.source, &other.source) {
            (Source::Memory(a), Source::Memory(b)) => Arc::ptr_eq(a, b),
            (Source::Sealed(a), Source::Sealed(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Number of rows that are neither deleted nor replaced.
    pub(crate) fn live(&self) -> u64 {
        u64::from(self.rows) - self.deletes.range_cardinality(..self.rows)
    }

    /// Whether a row belongs to the snapshot and is neither deleted nor replaced.
    #[inline]
    pub(crate) fn is_live(&self, row: u32) -> bool {
        row < self.rows && !self.deletes.contains(row)
    }

    /// All live rows.
    pub(crate) fn live_rows(&self) -> RoaringBitmap {
        let mut rows = RoaringBitmap::new();
        rows.insert_range(0..self.rows);
        rows -= &*self.deletes;
        rows
    }

    /// The live row of a key.
    pub(crate) fn find(&self, key: &str) -> Result<Option<u32>> {
        match &self.source {
            Source::Memory(segment) => Ok(segment
                .find(key, self.rows)
                .filter(|row| !self.deletes.contains(*row))),
            Source::Sealed(segment) => segment.find(key, |row| self.is_live(row)),
        }
    }

    /// Whether some row may have a key in this range, ends included.
    pub(crate) fn may_have_key_in(&self, least: &str, greatest: &str) -> Result<bool> {
        match &self.source {
            Source::Memory(segment) => Ok(segment.has_key_in(least, greatest)),
            Source::Sealed(segment) => {
                let range = segment.key_range()?;
                Ok(range.is_some_and(|(from, to)| from <= greatest && least <= to))
            }
        }
    }

    /// The key of a row.
    pub(crate) fn key(&self, row: u32) -> Result<Cow<'_, str>> {
        match &self.source {
            Source::Memory(segment) => segment
                .with_entry(row, |entry| Cow::Owned(entry.key.to_string()))
                .ok_or_else(|| no_such_row(row)),
            Source::Sealed(segment) => segment.key(row).map(Cow::Borrowed),
        }
    }

    /// The commit that wrote a row.
    pub(crate) fn seqno(&self, row: u32) -> Result<u64> {
        match &self.source {
            Source::Memory(segment) => segment
                .with_entry(row, |entry| entry.seqno)
                .ok_or_else(|| no_such_row(row)),
            Source::Sealed(segment) => segment.seqno(row),
        }
    }

    /// When a row ends, in milliseconds since 1970; 0 for never.
    pub(crate) fn expires(&self, row: u32) -> u64 {
        match &self.source {
            Source::Memory(segment) => {
                let expires = segment.with_entry(row, |entry| entry.expires);
                expires.unwrap_or_default()
            }
            Source::Sealed(segment) => segment.expires(row),
        }
    }

    /// The first moment at which a row that is not known to be deleted ends.
    pub(crate) fn first_expiry(&self) -> Option<u64> {
        match &self.source {
            Source::Memory(segment) => segment.first_expiry(),
            Source::Sealed(segment) => segment.first_expiry(),
        }
    }

    /// Says that what ended up to `now` is deleted.
    pub(crate) fn expired(&self, now: u64) {
        match &self.source {
            Source::Memory(segment) => segment.expired(now),
            Source::Sealed(segment) => segment.expired(now),
        }
    }

    /// The payload of a row.
    pub(crate) fn payload(&self, row: u32) -> Result<Vec<u8>> {
        match &self.source {
            Source::Memory(segment) => segment
                .with_entry(row, |entry| entry.payload.clone())
                .ok_or_else(|| no_such_row(row)),
            Source::Sealed(segment) => segment.payload(row),
        }
    }

    /// The stored vectors of a row.
    pub(crate) fn vectors(&self, row: u32) -> BTreeMap<String, Vec<f32>> {
        match &self.source {
            Source::Memory(segment) => segment.vectors(row),
            Source::Sealed(segment) => segment.vectors_of(row),
        }
    }

    /// Live keys in order from `from`, with their rows; of these rows only, when some are given, all of which
    /// are live.
    pub(crate) fn keys_from(
        &self,
        from: Bound<&str>,
        prefix: &str,
        limit: usize,
        only: Option<&RoaringBitmap>,
    ) -> Result<Vec<(Arc<str>, u32)>> {
        match &self.source {
            Source::Memory(segment) => {
                Ok(
                    segment.keys_from(from, prefix, limit, self.rows, |row| match only {
                        Some(rows) => rows.contains(row),
                        None => !self.deletes.contains(row),
                    }),
                )
            }
            Source::Sealed(segment) => segment.keys_from(from, prefix, limit, |row| match only {
                Some(rows) => rows.contains(row),
                None => self.is_live(row),
            }),
        }
    }

    /// Whether some row has a value at a metadata path, or something in it.
    pub(crate) fn knows(&self, path: &str) -> bool {
        match &self.source {
            Source::Memory(segment) => segment.read(|rows| rows.columns.knows(path)),
            Source::Sealed(segment) => segment.columns().is_some_and(|columns| columns.knows(path)),
        }
    }

    /// The metadata paths at which some row has a value.
    pub(crate) fn paths(&self) -> Vec<String> {
        match &self.source {
            Source::Memory(segment) => segment.read(|rows| rows.columns.paths()),
            Source::Sealed(segment) => segment.paths(),
        }
    }
}

fn no_such_row(row: u32) -> Error {
    Error::InvalidArgument {
        argument: "row",
        detail: format!("{row} does not exist"),
    }
}
