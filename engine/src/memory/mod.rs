//! A segment in memory: append-only rows, searchable in every leg as soon as they are applied.
//!
//! The newest one of a collection is its active segment; when it is full it is frozen, still
//! searched, and sealed to a file with the same row ids.

mod column;
mod rows;
mod search;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use lumos_index::{MemoryColumns, MemoryPostings, RowValues, SparsePostings};
use lumos_wal::sync::{Mutex, RwLock};

use crate::kept::Kept;
use crate::manifest::CollectionKind;
use crate::record::{Body, Record};
use crate::sides::GrowingSides;
use crate::{Result, Schema};

pub(crate) use column::{GRAPH_MIN_ROWS, VectorColumn};

/// Rows at which an active segment is frozen.
pub(crate) const SEAL_ROWS: u32 = 50_000;
/// Bytes at which an active segment is frozen.
pub(crate) const SEAL_BYTES: usize = 64 << 20;

/// One row.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) payload: Vec<u8>,
    pub(crate) seqno: u64,
    /// When it ends, in milliseconds since 1970; 0 for never.
    pub(crate) expires: u64,
    /// The row of this segment that this one replaced.
    previous: Option<u32>,
}

/// The columns of a segment in memory.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) entries: Vec<Entry>,
    pub(crate) vectors: BTreeMap<String, VectorColumn>,
    pub(crate) sparse: BTreeMap<String, SparsePostings>,
    pub(crate) postings: MemoryPostings,
    pub(crate) columns: MemoryColumns,
    /// The newest row of every key.
    keys: BTreeMap<Arc<str>, u32>,
    bytes: usize,
    /// The first moment at which a row ends, in milliseconds since 1970.
    first_expiry: Option<u64>,
}

/// A segment in memory. One thread appends; any number of threads read under the lock, which is never
/// held during I/O or graph construction.
#[derive(Debug)]
pub(crate) struct MemorySegment {
    kind: CollectionKind,
    /// With the analyzer of each.
    text_fields: BTreeMap<String, String>,
    rows: RwLock<Rows>,
    /// Held by the thread that extends the graphs.
    growing: Mutex<()>,
    values: Kept<RowValues>,
    sides: GrowingSides,
}

impl MemorySegment {
    pub(crate) fn new(kind: CollectionKind, schema: &Schema) -> Self {
        let names: Vec<String> = schema.texts.keys().cloned().collect();
        MemorySegment {
            kind,
            rows: RwLock::new(Rows {
                entries: Vec::new(),
                vectors: BTreeMap::new(),
                sparse: BTreeMap::new(),
                postings: MemoryPostings::new(&schema.analyzers(), &names),
                columns: MemoryColumns::new(),
                keys: BTreeMap::new(),
                bytes: 0,
                first_expiry: None,
            }),
            text_fields: schema.texts.clone(),
            growing: Mutex::new(()),
            values: Kept::default(),
            sides: GrowingSides::default(),
        }
    }

    /// The text fields this segment indexes, with the analyzer of each; a schema with others needs another
    /// segment.
    pub(crate) fn text_fields(&self) -> &BTreeMap<String, String> {
        &self.text_fields
    }

    /// Appends a row and returns its id.
    pub(crate) fn append(&self, record: Record, seqno: u64, schema: &Schema) -> u32 {
        let body = match self.kind {
            // What does not parse was never written by a commit; it is kept as an unindexed payload.
            CollectionKind::Documents => {
                serde_json::from_slice::<Body>(&record.payload).unwrap_or_default()
            }
            CollectionKind::Kv => Body::default(),
        };
        let (bytes, expires) = (record.bytes(), record.expires);
        let mut rows = self.rows.write();
        let row = rows.entries.len() as u32;
        if self.kind == CollectionKind::Documents {
            let texts: Vec<(&str, &str)> = body
                .texts
                .iter()
                .map(|(field, text)| (field.as_str(), text.as_str()))
                .collect();
            rows.postings.add(row, &texts);
            rows.columns.add(row, &body.meta);
            for (name, vector) in &body.sparse {
                let index = rows.sparse.entry(name.clone()).or_default();
                index.add(row, vector);
            }
        }
        for (name, vector) in record.vectors {
            if let Some(field) = schema.vectors.get(&name) {
                let column = rows
                    .vectors
                    .entry(name)
                    .or_insert_with(|| VectorColumn::new(*field));
                // Codes may have been chosen since.
                column.field = *field;
                column.push(row, &vector);
            }
        }
        let previous = rows.keys.insert(record.key.clone(), row);
        rows.entries.push(Entry {
            key: record.key,
            payload: record.payload,
            seqno,
            expires: record.expires,
            previous,
        });
        rows.bytes += bytes;
        if expires > 0 {
            rows.first_expiry = Some(rows.first_expiry.map_or(expires, |at| at.min(expires)));
        }
        row
    }

    /// The same rows under another schema, without what it says was dropped after they were written.
    ///
    /// # Errors
    /// A payload that does not parse.
    pub(crate) fn made_anew(&self, schema: &Schema, rows: u32) -> Result<MemorySegment> {
        let made = MemorySegment::new(self.kind, schema);
        for row in 0..rows {
            let record = self.with_entry(row, |entry| {
                let record = Record {
                    key: entry.key.clone(),
                    payload: entry.payload.clone(),
                    vectors: BTreeMap::new(),
                    expires: entry.expires,
                };
                (record, entry.seqno)
            });
            let Some((mut record, seqno)) = record else {
                break;
            };
            record.vectors = self.vectors(row);
            if self.kind == CollectionKind::Documents {
                schema.dropped.strip(&mut record, seqno)?;
            }
            made.append(record, seqno, schema);
        }
        Ok(made)
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> u32 {
        self.rows.read().entries.len() as u32
    }

    /// Whether it is time to freeze this segment.
    pub(crate) fn is_full(&self) -> bool {
        let rows = self.rows.read();
        rows.entries.len() as u32 >= SEAL_ROWS || rows.bytes >= SEAL_BYTES
    }

    /// The first moment at which a row ends, in milliseconds since 1970.
    pub(crate) fn first_expiry(&self) -> Option<u64> {
        self.rows.read().first_expiry
    }

    /// Says that what ended up to `now` is deleted.
    pub(crate) fn expired(&self, now: u64) {
        let mut rows = self.rows.write();
        let later = rows.entries.iter().map(|entry| entry.expires);
        rows.first_expiry = later.filter(|at| *at > now).min();
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.rows.read().bytes
    }

    /// The seqno of the oldest row.
    pub(crate) fn min_seqno(&self) -> Option<u64> {
        self.rows.read().entries.first().map(|entry| entry.seqno)
    }

    /// The newest row of a key below the watermark.
    pub(crate) fn find(&self, key: &str, watermark: u32) -> Option<u32> {
        let rows = self.rows.read();
        let mut row = rows.keys.get(key).copied();
        while let Some(candidate) = row {
            if candidate < watermark {
                return row;
            }
            row = rows
                .entries
                .get(candidate as usize)
                .and_then(|entry| entry.previous);
        }
        None
    }

    /// Whether some row has a key in this range, ends included.
    pub(crate) fn has_key_in(&self, least: &str, greatest: &str) -> bool {
        let rows = self.rows.read();
        let range = (Bound::Included(least), Bound::Included(greatest));
        rows.keys.range::<str, _>(range).next().is_some()
    }

    /// Reads one row.
    pub(crate) fn with_entry<T>(&self, row: u32, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.rows.read().entries.get(row as usize).map(read)
    }

    /// The stored vectors of a row.
    pub(crate) fn vectors(&self, row: u32) -> BTreeMap<String, Vec<f32>> {
        let rows = self.rows.read();
        rows.vectors
            .iter()
            .filter_map(|(name, column)| Some((name.clone(), column.slice(row)?.to_vec())))
            .collect()
    }

    /// Live keys in order from `from`, with their rows.
    pub(crate) fn keys_from(
        &self,
        from: Bound<&str>,
        prefix: &str,
        limit: usize,
        watermark: u32,
        live: impl Fn(u32) -> bool,
    ) -> Vec<(Arc<str>, u32)> {
        let rows = self.rows.read();
        let mut found = Vec::new();
        for (key, &newest) in rows.keys.range::<str, _>((from, Bound::Unbounded)) {
            if found.len() >= limit || !key.starts_with(prefix) {
                break;
            }
            let mut row = Some(newest);
            while let Some(candidate) = row {
                if candidate < watermark {
                    if live(candidate) {
                        found.push((key.clone(), candidate));
                    }
                    break;
                }
                row = rows
                    .entries
                    .get(candidate as usize)
                    .and_then(|entry| entry.previous);
            }
        }
        found
    }

    /// What filters needed beside columns.
    pub(crate) fn sides(&self) -> &GrowingSides {
        &self.sides
    }

    /// Values by row that were asked for.
    pub(crate) fn values(&self) -> &Kept<RowValues> {
        &self.values
    }

    /// Reads all columns at once, for sealing.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Rows) -> T) -> T {
        read(&self.rows.read())
    }
}
