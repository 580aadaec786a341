//! A sealed segment: an immutable file whose sections are read where they lie.

mod build;
mod hidden;
mod rows;
mod vectors;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use lumos_index::{Columns, RowValues, SealedColumns, SealedSparse, SealedText, Side};
use ownedbytes::OwnedBytes;

use crate::dropped::Hidden;
use crate::kept::Kept;
use crate::manifest::SegmentEntry;
use crate::schema::is_same_analyzer;
use crate::search::FilterCache;
use crate::segment::{Keys, Payload, SegmentFile, u64_at};
use crate::{Error, Result};

pub(crate) use build::write;
pub(crate) use rows::{GoOn, Row, Rows};
pub(crate) use vectors::SealedVectors;

pub(crate) const KEYS: &str = "keys";
pub(crate) const PAYLOAD: &str = "payload";
pub(crate) const SEQNO: &str = "seqno";
/// Absent when no row ends.
pub(crate) const EXPIRES: &str = "expires";
pub(crate) const COLUMNS: &str = "col";
pub(crate) const TEXT: &str = "text";
pub(crate) const VECTORS: &str = "vec.";
pub(crate) const VECTOR_ROWS: &str = "vrow.";
pub(crate) const GRAPH: &str = "graph.";
pub(crate) const CODES: &str = "codes.";
pub(crate) const WIDTHS: &str = "widths.";
pub(crate) const SPARSE: &str = "sparse.";

/// An open sealed segment.
pub(crate) struct SealedSegment {
    number: u64,
    rows: u32,
    file: SegmentFile,
    keys: Keys,
    payload: Payload,
    /// `None` when all rows are of one commit.
    seqnos: Option<OwnedBytes>,
    first_seqno: u64,
    last_seqno: u64,
    /// What its rows have lost to drops of fields.
    hidden: Hidden,
    /// What of that there are bytes of.
    held: Hidden,
    expires: Option<OwnedBytes>,
    /// The first moment at which a row ends, in milliseconds since 1970.
    first_expiry: AtomicU64,
    vectors: BTreeMap<String, SealedVectors>,
    sparse: BTreeMap<String, SealedSparse>,
    columns: Option<SealedColumns>,
    text: Option<SealedText>,
    /// Whether columns or keyword index had to be made anew.
    rebuilt: bool,
    filters: FilterCache,
    values: Kept<RowValues>,
    sides: Kept<Side>,
}

impl std::fmt::Debug for SealedSegment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedSegment")
            .field("number", &self.number)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl SealedSegment {
    /// Opens the sections of a segment file that a manifest describes. Columns and keyword index that are damaged are
    /// made anew, in memory, from the documents, and so is a keyword index of other analyzers; `text_fields`
    /// are those of the collection, with the analyzer of each.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a section that holds data is missing or does not fit.
    pub(crate) fn open(
        file: SegmentFile,
        entry: &SegmentEntry,
        text_fields: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let (number, rows) = (entry.number, entry.rows);
        let path = file.path().to_path_buf();
        let bad = |detail: String| damaged(&path, detail);
        let section = |name: &str| {
            file.section(name)
                .ok_or_else(|| bad(format!("section \"{name}\" is missing")))
        };
        let keys = Keys::open(section(KEYS)?, rows).map_err(&bad)?;
        let payload = Payload::open(section(PAYLOAD)?, rows).map_err(&bad)?;
        // Rows that were ingested together are of one commit, which their file does not know.
        let seqnos = file.section(SEQNO);
        if let Some(seqnos) = &seqnos
            && seqnos.len() != rows as usize * 8
        {
            return Err(bad(format!(
                "{} bytes of seqnos for {rows} rows",
                seqnos.len()
            )));
        }
        let expires = file.section(EXPIRES);
        if let Some(expires) = &expires
            && expires.len() != rows as usize * 8
        {
            let bytes = expires.len();
            return Err(bad(format!(
                "{bytes} bytes of expiry times for {rows} rows"
            )));
        }
        let mut vectors = BTreeMap::new();
        for name in file.sections() {
            if let Some(field) = name.strip_prefix(VECTORS) {
                let opened = SealedVectors::open(
                    section(&name)?,
                    file.section(&format!("{VECTOR_ROWS}{field}")),
                    [GRAPH, CODES, WIDTHS].map(|kind| file.section(&format!("{kind}{field}"))),
                    file.has_section(&format!("{GRAPH}{field}")),
                    rows,
                )
                .map_err(|detail| bad(format!("{name}: {detail}")))?;
                vectors.insert(field.to_string(), opened);
            }
        }
        let names: Vec<String> = file.sections().collect();
        let has = |name: &str| names.iter().any(|there| there == name);
        let columns = file.section(COLUMNS);
        let columns = columns.and_then(|bytes| SealedColumns::open(bytes, rows).ok());
        let text = file.section(TEXT);
        let text = text.and_then(|bytes| SealedText::open(bytes).ok());
        let text = text.filter(|text| {
            let mut analyzers = text.analyzers();
            analyzers.all(|(field, was)| {
                text_fields
                    .get(field)
                    .is_none_or(|is| is_same_analyzer(is, was))
            })
        });
        let mut sparse = BTreeMap::new();
        let mut lost_sparse = Vec::new();
        for name in &names {
            let Some(field) = name.strip_prefix(SPARSE) else {
                continue;
            };
            let bytes = file.section(name);
            match bytes.and_then(|bytes| SealedSparse::open(bytes, rows).ok()) {
                Some(index) => {
                    sparse.insert(field.to_string(), index);
                }
                None => lost_sparse.push(name.clone()),
            }
        }
        let lost_columns = columns.is_none() && has(COLUMNS);
        let lost_text = text.is_none() && has(TEXT);
        let mut segment = SealedSegment {
            number,
            rows,
            file,
            keys,
            payload,
            seqnos,
            first_seqno: entry.min_seqno,
            last_seqno: entry.max_seqno,
            hidden: Hidden::default(),
            held: Hidden::default(),
            first_expiry: AtomicU64::new(next_expiry(expires.as_deref(), 0)),
            expires,
            vectors,
            sparse,
            columns,
            text,
            rebuilt: false,
            filters: FilterCache::default(),
            values: Kept::default(),
            sides: Kept::default(),
        };
        let lost = |lost: bool, name: &str| lost && !segment.file.is_distrusted(name);
        segment.rebuilt = lost(lost_columns, COLUMNS)
            || lost(lost_text, TEXT)
            || lost_sparse.iter().any(|name| lost(true, name));
        if lost_columns || lost_text || !lost_sparse.is_empty() {
            segment.rebuild(lost_columns, lost_text.then_some(text_fields), &lost_sparse)?;
        }
        Ok(segment)
    }

    /// Makes columns, keyword index and the sections of sparse vectors anew.
    fn rebuild(
        &mut self,
        columns: bool,
        text_fields: Option<&BTreeMap<String, String>>,
        sparse: &[String],
    ) -> Result<()> {
        let none = BTreeMap::new();
        let mut derived = build::Derived::new(text_fields.unwrap_or(&none))?;
        for row in 0..self.rows {
            derived.add(self.key(row)?, &self.payload(row)?)?;
        }
        let build::Sections {
            columns: column_bytes,
            text: text_bytes,
            sparse: sparse_bytes,
        } = derived.finish()?;
        for (name, bytes) in sparse_bytes {
            if sparse.contains(&name) {
                let index = SealedSparse::open(build::aligned(bytes), self.rows);
                let index = index.map_err(|error| self.damaged(format!("{name}: {error}")))?;
                let field = name.strip_prefix(SPARSE).unwrap_or(&name);
                self.sparse.insert(field.to_string(), index);
            }
        }
        if columns {
            let columns = SealedColumns::open(OwnedBytes::new(column_bytes), self.rows);
            self.columns =
                Some(columns.map_err(|error| self.damaged(format!("columns: {error}")))?);
        }
        if let Some(bytes) = text_bytes {
            let text = SealedText::open(OwnedBytes::new(bytes));
            self.text = Some(text.map_err(Error::Keywords)?);
        }
        Ok(())
    }

    /// Whether a derived part of the file is damaged: writing the segment anew mends it.
    pub(crate) fn needs_mending(&self) -> bool {
        let graphs = self.vectors.values().any(SealedVectors::graph_is_damaged);
        self.rebuilt || graphs || self.file.is_damaged()
    }

    /// Whether vectors of it wait for a graph.
    pub(crate) fn awaits_graph(&self) -> bool {
        self.vectors.values().any(SealedVectors::awaits_graph)
    }

    /// Says which commit all rows are of, for a segment that was written before its commit.
    pub(crate) fn of_commit(self, seqno: u64) -> Self {
        SealedSegment {
            first_seqno: seqno,
            last_seqno: seqno,
            ..self
        }
    }

    /// What filters matched.
    pub(crate) fn filters(&self) -> &FilterCache {
        &self.filters
    }

    /// What filters needed beside columns.
    pub(crate) fn sides(&self) -> &Kept<Side> {
        &self.sides
    }

    /// Values by row that were asked for.
    pub(crate) fn values(&self) -> &Kept<RowValues> {
        &self.values
    }

    pub(crate) fn columns(&self) -> Option<&SealedColumns> {
        self.columns.as_ref()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.file.len()
    }

    /// Bytes of memory that writing the rows of this segment into another one takes, about: what is built as
    /// a whole is held as it is made and as it is written.
    pub(crate) fn merge_bytes(&self) -> u64 {
        const GRAPH_NODE: u64 = 400;
        let whole = [KEYS, COLUMNS, TEXT];
        let sparse = self.sparse.keys();
        let sparse = sparse.map(|field| self.file.section_len(&format!("{SPARSE}{field}")));
        let sections: u64 = whole.map(|name| self.file.section_len(name)).iter().sum();
        let sections = sections + sparse.sum::<u64>();
        // Codes of seven bits to build on, then those that are kept, and the graph.
        let vectors = self.vectors.values().map(|vectors| {
            let codes = vectors.field.dimension as u64 * 2;
            vectors.len() as u64 * (GRAPH_NODE + codes)
        });
        sections * 2 + vectors.sum::<u64>()
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Every checksum that does not match: whether it is that of a derived section, and the error.
    pub(crate) fn faults(&self) -> Vec<(bool, Error)> {
        self.file.faults()
    }

    /// Verifies every checksum.
    pub(crate) fn verify(&self) -> Result<()> {
        self.file.verify()
    }

    /// Verifies the checksums of what cannot be made anew.
    pub(crate) fn verify_data(&self) -> Result<()> {
        self.file.verify_data()
    }

    /// Whether the graph of a field is there and as it was written.
    pub(crate) fn verify_graph(&self, field: &str) -> bool {
        self.file.verify_section(&format!("{GRAPH}{field}"))
    }

    /// The vector fields.
    pub(crate) fn vectors(&self) -> &BTreeMap<String, SealedVectors> {
        &self.vectors
    }

    /// The index of a field of sparse vectors.
    pub(crate) fn sparse(&self, field: &str) -> Option<&SealedSparse> {
        self.sparse.get(field)
    }

    pub(crate) fn text(&self) -> Option<&SealedText> {
        self.text.as_ref()
    }

    pub(crate) fn find(&self, key: &str, live: impl Fn(u32) -> bool) -> Result<Option<u32>> {
        self.keys
            .find(key, live)
            .map_err(|detail| self.damaged(detail))
    }

    pub(crate) fn key(&self, row: u32) -> Result<&str> {
        self.keys.key(row).map_err(|detail| self.damaged(detail))
    }

    /// The keys by row.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The least and the greatest key of all rows.
    pub(crate) fn key_range(&self) -> Result<Option<(&str, &str)>> {
        self.keys.range().map_err(|detail| self.damaged(detail))
    }

    /// All that is stored of a row but its vectors, without what was dropped.
    pub(crate) fn with_row<T>(
        &self,
        row: u32,
        read: impl FnOnce(Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut payload = self.payload(row)?;
        let key = self.keys.key(row).map_err(|detail| self.damaged(detail))?;
        if let Some(left) = self.hidden.strip_payload(key, &payload)? {
            payload = left;
        }
        read(Row {
            key,
            payload: &payload,
            seqno: self.seqno(row)?,
            expires: self.expires(row),
        })
    }

    pub(crate) fn payload(&self, row: u32) -> Result<Vec<u8>> {
        self.payload.get(row).map_err(|detail| self.damaged(detail))
    }

    pub(crate) fn seqno(&self, row: u32) -> Result<u64> {
        let Some(seqnos) = &self.seqnos else {
            return Ok(self.first_seqno);
        };
        u64_at(seqnos, row as usize * 8)
            .ok_or_else(|| self.damaged(format!("row {row} has no seqno")))
    }

    /// When a row ends, in milliseconds since 1970; 0 for never.
    pub(crate) fn expires(&self, row: u32) -> u64 {
        let expires = self.expires.as_deref();
        expires
            .and_then(|expires| u64_at(expires, row as usize * 8))
            .unwrap_or_default()
    }

    /// The first moment at which a row ends, in milliseconds since 1970.
    pub(crate) fn first_expiry(&self) -> Option<u64> {
        Some(self.first_expiry.load(Relaxed)).filter(|at| *at < u64::MAX)
    }

    /// Says that what ended up to `now` is deleted.
    pub(crate) fn expired(&self, now: u64) {
        let next = next_expiry(self.expires.as_deref(), now);
        self.first_expiry.store(next, Relaxed);
    }

    pub(crate) fn vectors_of(&self, row: u32) -> BTreeMap<String, Vec<f32>> {
        self.vectors
            .iter()
            .filter_map(|(name, vectors)| Some((name.clone(), vectors.numbers(row)?)))
            .collect()
    }

    pub(crate) fn keys_from(
        &self,
        from: Bound<&str>,
        prefix: &str,
        limit: usize,
        live: impl Fn(u32) -> bool,
    ) -> Result<Vec<(Arc<str>, u32)>> {
        let mut found = Vec::new();
        for entry in self.keys.from(from) {
            let (key, row) = entry.map_err(|detail| self.damaged(detail))?;
            if found.len() >= limit || !key.starts_with(prefix) {
                break;
            }
            if live(row) {
                found.push((Arc::from(key), row));
            }
        }
        Ok(found)
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.columns
            .as_ref()
            .map(Columns::paths)
            .unwrap_or_default()
    }

    fn damaged(&self, detail: String) -> Error {
        damaged(self.file.path(), detail)
    }
}

/// The least of some moments that is after `now`, or the last of all.
fn next_expiry(expires: Option<&[u8]>, now: u64) -> u64 {
    let (moments, _) = expires.unwrap_or_default().as_chunks::<8>();
    let moments = moments.iter().map(|moment| u64::from_le_bytes(*moment));
    moments.filter(|at| *at > now).min().unwrap_or(u64::MAX)
}

fn damaged(path: &Path, detail: String) -> Error {
    Error::Corruption {
        file: PathBuf::from(path),
        offset: 0,
        detail,
    }
}

#[cfg(test)]
mod tests;
