//! Bulk loading: rows become segment files directly, past the log, and are committed by the manifest.

mod commit;
mod matrix;
mod rows;

use std::sync::Arc;

use crate::database::Lumos;
use crate::dropped::Dropped;
use crate::manifest::CollectionKind;
use crate::op::Op;
use crate::prepare::prepare_vector;
use crate::sealed::Rows;
use crate::{Batch, DEFAULT_VECTOR_FIELD, Doc, Error, Metric, Result, Schema, Seqno};
use commit::Target;
use matrix::MatrixRows;
use rows::DocumentRows;

/// Documents that are checked together.
const BATCH: usize = 1_000;
/// Rows of the largest segment that is written at once.
const SEGMENT_ROWS: usize = 1_000_000;
/// Bytes of rows that are collected for one segment unless the caller or the memory limit says otherwise.
const SEGMENT_BYTES: usize = 256 << 20;

/// How far a bulk load is; see [`Ingest::progress`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IngestProgress {
    /// Documents that an interrupted load with the same id had committed; they were passed over.
    pub skipped: u64,
    /// Documents taken from the caller by this load, committed or not.
    pub read: u64,
    /// Documents committed by this load.
    pub committed: u64,
    /// Segments committed by this load, one commit each.
    pub segments: u64,
    /// The last commit of this load, 0 before the first.
    pub seqno: Seqno,
}

/// A bulk load of one collection; see [`Collection::ingest`](crate::Collection::ingest).
#[must_use]
pub struct Ingest {
    db: Lumos,
    collection: String,
    id: Option<String>,
    segment_bytes: Option<usize>,
    index_behind: bool,
    /// The fields that were dropped before its first document was checked.
    dropped: Dropped,
    progress: Option<Box<dyn FnMut(IngestProgress) + Send>>,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingest")
            .field("collection", &self.collection)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Ingest {
    pub(crate) fn new(db: Lumos, collection: &str) -> Self {
        Ingest {
            db,
            collection: collection.to_string(),
            id: None,
            segment_bytes: None,
            index_behind: false,
            dropped: Dropped::default(),
            progress: None,
        }
    }

    /// Makes the load resumable (default: it is not). Under this id each commit notes how many documents
    /// are there; after an interruption a load with the same id and the same documents in the same order
    /// passes over them. The note is gone once a load has reached its end.
    pub fn resumable(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Calls back after each batch and each commit.
    pub fn progress(mut self, report: impl FnMut(IngestProgress) + Send + 'static) -> Self {
        self.progress = Some(Box::new(report));
        self
    }

    /// Bytes of documents and vectors, about, that make a segment (default 256 MiB, or a quarter of
    /// [`OpenOptions::memory_limit`](crate::OpenOptions::memory_limit); at least 1 MiB). A load holds that
    /// much in memory; larger segments make searches faster until segments are merged.
    pub fn segment_bytes(mut self, bytes: usize) -> Self {
        self.segment_bytes = Some(bytes);
        self
    }

    /// Leaves the graphs of the new segments to the background (default false). The load is over sooner;
    /// until the background is done, vectors without a graph are compared one by one.
    pub fn index_behind(mut self, behind: bool) -> Self {
        self.index_behind = behind;
        self
    }

    /// Loads documents: each replaces what has its key, as with `put`. Every segment is one commit; what is
    /// in segments that were committed before an error stays.
    ///
    /// # Errors
    /// As [`Collection::put`](crate::Collection::put); `UnknownCollection` when the collection is dropped
    /// meanwhile.
    pub fn run<D: Into<Doc>>(
        mut self,
        docs: impl IntoIterator<Item = D>,
    ) -> Result<IngestProgress> {
        self.db.core().committer()?;
        self.note_dropped();
        let done = self.done();
        let mut progress = IngestProgress::default();
        let mut docs = docs.into_iter();
        // The iterator tells how many there really were.
        progress.skipped = docs.by_ref().take(done as usize).count() as u64;
        let limit = self.limit();
        let mut rows = DocumentRows::new(self.index_behind);
        loop {
            let mut batch = Batch::new();
            for doc in docs.by_ref().take(BATCH) {
                batch.put(&self.collection, doc);
            }
            progress.read += batch.len() as u64;
            let over = batch.is_empty();
            if !over {
                self.collect(batch, &mut rows)?;
                self.report(progress);
            }
            let full = rows.bytes() >= limit || rows.len() + BATCH > SEGMENT_ROWS;
            if rows.len() > 0 && (over || full) {
                let next = std::mem::replace(&mut rows, DocumentRows::new(self.index_behind));
                self.commit(&next, next.len(), &mut progress)?;
            }
            if over {
                self.finish()?;
                return Ok(progress);
            }
        }
    }

    /// Loads vectors `[n, dimension]` into the default field: row `i` of `data` is that of `keys[i]`.
    /// Without text or metadata a document costs less than through [`Ingest::run`].
    ///
    /// # Errors
    /// As [`Ingest::run`]; `InvalidArgument` when `data` cannot be split into one vector a key.
    pub fn vectors<K: AsRef<str> + Sync>(
        mut self,
        keys: &[K],
        data: &[f32],
    ) -> Result<IngestProgress> {
        self.db.core().committer()?;
        self.note_dropped();
        let mut progress = IngestProgress::default();
        if keys.is_empty() && data.is_empty() {
            return Ok(progress);
        }
        let dimension = data.len().checked_div(keys.len()).unwrap_or_default();
        if dimension == 0 || dimension * keys.len() != data.len() {
            let (numbers, keys) = (data.len(), keys.len());
            return Err(Error::InvalidArgument {
                argument: "data",
                detail: format!(
                    "has {numbers} numbers, which is no vector for each of {keys} keys"
                ),
            });
        }
        for key in keys {
            crate::name::check_key(key.as_ref())?;
        }
        let schema = match self.schema() {
            Some(schema) if schema.vectors.contains_key(DEFAULT_VECTOR_FIELD) => schema,
            _ => {
                let schema = Schema::new().vector(dimension, Metric::Cosine);
                self.db.core().ensure(&self.collection, &schema)?;
                self.schema().unwrap_or_default()
            }
        };
        let field = schema.vectors.get(DEFAULT_VECTOR_FIELD).copied();
        let field = field.unwrap_or(crate::VectorField::new(dimension, Metric::Cosine));
        if field.multi {
            return Err(Error::InvalidArgument {
                argument: "data",
                detail: "has one vector a key, and the field has several a document".to_string(),
            });
        }
        // Refused before anything is written, as far as one look at the length can tell.
        if field.dimension != dimension {
            return Err(Error::DimensionMismatch {
                collection: self.collection.clone(),
                expected: field.dimension,
                got: dimension,
                model: schema.model.clone(),
            });
        }
        let skip = (self.done() as usize).min(keys.len());
        progress.skipped = skip as u64;
        let expires = schema.ttl_ms.map_or(0, crate::expire::after);
        let each = self.limit() / (dimension * 4 + 64).max(1);
        let each = each.clamp(1, SEGMENT_ROWS);
        let keys = keys.get(skip..).unwrap_or_default();
        let data = data.get(skip * dimension..).unwrap_or_default();
        for (keys, data) in keys.chunks(each).zip(data.chunks(each * dimension)) {
            progress.read += keys.len() as u64;
            let prepare = |vector: &mut [f32]| {
                prepare_vector(&self.collection, field, schema.model.as_ref(), vector)
            };
            let rows = MatrixRows {
                keys,
                data,
                field,
                expires,
                index_behind: self.index_behind,
                prepare: &prepare,
            };
            let (id, count) = (self.id.clone(), keys.len());
            let into = Target {
                db: &self.db,
                collection: &self.collection,
                id: id.as_deref(),
                dropped: &self.dropped,
            };
            let seqno = commit::commit(&into, &rows, count)?;
            note(&mut progress, seqno, count);
            self.report(progress);
        }
        self.finish()?;
        Ok(progress)
    }

    /// Bytes of rows for one segment.
    fn limit(&self) -> usize {
        let quarter = self.db.core().options.memory_limit.map(|limit| limit / 4);
        let bytes = self.segment_bytes.or(quarter).unwrap_or(SEGMENT_BYTES);
        bytes.max(1 << 20)
    }

    fn note_dropped(&mut self) {
        self.dropped = self.schema().unwrap_or_default().dropped;
    }

    fn schema(&self) -> Option<Schema> {
        let state = self.db.core().state();
        let collection = state.named(CollectionKind::Documents, &self.collection)?;
        Some((*collection.schema).clone())
    }

    /// Documents that an interrupted load with this id has committed.
    fn done(&self) -> u64 {
        let state = self.db.core().state();
        let collection = state.named(CollectionKind::Documents, &self.collection);
        let done = collection
            .zip(self.id.as_ref())
            .and_then(|(collection, id)| collection.ingests.get(id).copied());
        done.unwrap_or_default()
    }

    /// Checks documents, widens the schema for them, and adds them to the rows.
    fn collect(&self, batch: Batch, rows: &mut DocumentRows) -> Result<()> {
        let core = self.db.core();
        let changes = core.embed(batch)?;
        for op in core.resolve(&changes)? {
            if let Op::Upsert { record, .. } = op {
                rows.add(*record);
            }
        }
        let schema = self.schema();
        rows.set_schema(Arc::new(schema.unwrap_or_default()));
        Ok(())
    }

    fn commit(
        &mut self,
        rows: &dyn Rows,
        count: usize,
        progress: &mut IngestProgress,
    ) -> Result<()> {
        let into = Target {
            db: &self.db,
            collection: &self.collection,
            id: self.id.as_deref(),
            dropped: &self.dropped,
        };
        let seqno = commit::commit(&into, rows, count)?;
        note(progress, seqno, count);
        self.report(*progress);
        Ok(())
    }

    /// Forgets how far the load was: it is over.
    fn finish(&self) -> Result<()> {
        match &self.id {
            Some(id) => commit::finish(&self.db, &self.collection, id),
            None => Ok(()),
        }
    }

    fn report(&mut self, progress: IngestProgress) {
        if let Some(report) = &mut self.progress {
            report(progress);
        }
    }
}

fn note(progress: &mut IngestProgress, seqno: Seqno, count: usize) {
    progress.committed += count as u64;
    progress.segments += 1;
    progress.seqno = seqno;
}
