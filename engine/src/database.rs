//! The handle of an open database.

use lumos_wal::sync::thread::JoinHandle;
use std::path::Path;
use std::sync::Arc;

use crate::collection::Collection;
use crate::core::Core;
use crate::kv::Kv;
use crate::manifest::CollectionKind;
use crate::op::Op;
use crate::search::meaning;
use crate::snapshot::Snapshot;
use crate::transaction::Transaction;
use crate::{
    Batch, Changes, DEFAULT_VECTOR_FIELD, Doc, Embedder, Error, Hit, OpenOptions, Result, Scan,
    Schema, SearchRequest, Seqno, Store,
};

/// An open database. Clones are cheap and share it; it closes when the last one is dropped.
///
/// ```
/// use lumos_engine::{Doc, Lumos};
/// use serde_json::json;
///
/// # fn main() -> lumos_engine::Result<()> {
/// let db = Lumos::memory()?;
/// let docs = db.collection("docs")?;
/// docs.put(Doc::new("a1").text("Rust is fast").vector([1.0, 0.0]).meta(json!({"year": 2026})))?;
/// docs.put(Doc::new("a2").text("Snow is white").vector([0.0, 1.0]).meta(json!({"year": 2020})))?;
///
/// let hits = docs.search(&[0.9, 0.1]).filter("year >= 2025").limit(10).run()?;
/// assert_eq!(hits[0].key(), "a1");
/// let hits = docs.search("snow").run()?;
/// assert_eq!(hits[0].key(), "a2");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Lumos {
    handle: Arc<Handle>,
}

/// Stops the background thread when the last [`Lumos`] is gone.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) core: Arc<Core>,
    pub(crate) worker: Option<JoinHandle<()>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.publisher.work().stop();
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has reported it already; there is nobody left to tell.
            let _ = worker.join();
        }
        if let Some(committer) = &self.core.committer {
            // Best effort for buffered commits: an error here poisons a log that is closing anyway.
            let _ = committer.sync();
        }
    }
}

impl Lumos {
    /// Opens the database in this directory, creating it when missing.
    ///
    /// # Errors
    /// See [`OpenOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Lumos> {
        Lumos::options().open(path)
    }

    /// A database in memory, gone when the last handle is dropped.
    ///
    /// # Errors
    /// None today; the signature leaves room for limits.
    pub fn memory() -> Result<Lumos> {
        Ok(Lumos::from_handle(crate::recovery::memory()?))
    }

    /// Options for opening.
    pub fn options() -> OpenOptions {
        OpenOptions::default()
    }

    pub(crate) fn open_with(path: &Path, options: OpenOptions) -> Result<Lumos> {
        Ok(Lumos::from_handle(crate::recovery::open(path, options)?))
    }

    fn from_handle(handle: Handle) -> Lumos {
        Lumos {
            handle: Arc::new(handle),
        }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.handle.core
    }

    /// A collection, created when missing.
    ///
    /// # Errors
    /// `InvalidArgument` for a bad name; `UnknownCollection` when it is missing and the handle is
    /// read-only.
    pub fn collection(&self, name: &str) -> Result<Collection> {
        if self
            .core()
            .state()
            .named(CollectionKind::Documents, name)
            .is_none()
        {
            if self.core().committer.is_none() {
                self.core().state().collection(name)?;
            }
            self.core().ensure(name, &Schema::new())?;
        }
        Ok(Collection::new(self.clone(), name))
    }

    /// A collection with this schema, created when missing; a stored one must agree with it.
    ///
    /// # Errors
    /// `SchemaMismatch`, `DimensionMismatch` or `ModelMismatch` when the stored schema contradicts it.
    pub fn collection_with(&self, name: &str, schema: Schema) -> Result<Collection> {
        self.core().ensure(name, &schema)?;
        Ok(Collection::new(self.clone(), name))
    }

    /// A collection that exists.
    ///
    /// # Errors
    /// `UnknownCollection`, naming those that exist.
    pub fn existing_collection(&self, name: &str) -> Result<Collection> {
        self.core().state().collection(name)?;
        Ok(Collection::new(self.clone(), name))
    }

    /// The names of all collections, sorted.
    pub fn collections(&self) -> Vec<String> {
        self.core().state().names(CollectionKind::Documents)
    }

    /// Drops a collection with all its documents; snapshots keep theirs.
    ///
    /// # Errors
    /// `UnknownCollection`.
    pub fn drop_collection(&self, name: &str) -> Result<()> {
        let core = self.core();
        core.committer()?;
        let _exclusive = core.exclusive();
        let before = core.state();
        let id = before.collection(name)?.id;
        core.commit(vec![Op::Drop {
            id,
            kind: CollectionKind::Documents,
            name: name.to_string(),
        }])?;
        core.pins.retire(&before, &core.state());
        core.embedders.write().remove(name);
        Ok(())
    }

    /// Runs a transaction: everything it changes is committed when the closure returns `Ok`, nothing
    /// otherwise. The closure must not write through another handle of the same database.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # let db = lumos_engine::Lumos::memory()?;
    /// db.write(|tx| {
    ///     tx.put("docs", ("a1", "Rust is fast"))?;
    ///     tx.kv("sync").set("cursor", 42)
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The closure's own error, or that of the commit.
    pub fn write<T>(&self, run: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
        self.core().admit()?;
        let mut transaction = Transaction::new(self.core());
        let value = run(&mut transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    pub(crate) fn write_batch(&self, batch: Batch) -> Result<Seqno> {
        self.core().admit()?;
        self.core().write(batch.changes())
    }

    /// Commits a batch, embedding texts where an embedder is set.
    pub(crate) fn write_embedded(&self, batch: Batch) -> Result<Seqno> {
        self.core().admit()?;
        let changes = self.core().embed(batch)?;
        self.core().write(&changes)
    }

    /// A key space of the key-value state.
    pub fn kv(&self, space: &str) -> Kv {
        Kv::new(self.clone(), space)
    }

    /// The state of all collections now, unchanged by later commits.
    pub fn snapshot(&self) -> Snapshot {
        let core = self.core();
        Snapshot::new(core.state(), core.options.clock.clone(), &core.pins)
    }

    /// Registers what embeds the texts of a collection: documents without a vector are embedded when they
    /// are put through a [`Collection`] or [`Lumos::write`], and text queries search by vector.
    ///
    /// # Errors
    /// `ModelMismatch` or `DimensionMismatch` when the collection was embedded otherwise.
    pub fn set_embedder(&self, collection: &str, embedder: Arc<dyn Embedder>) -> Result<()> {
        let stored = Store::schema(self, collection)?.unwrap_or_default();
        let schema = Schema::new()
            .vector_with(DEFAULT_VECTOR_FIELD, stored.embedded(embedder.dimension()))
            .model(embedder.name());
        self.core().ensure(collection, &schema)?;
        self.core()
            .embedders
            .write()
            .insert(collection.to_string(), embedder);
        Ok(())
    }

    /// Makes every commit so far durable, whatever the durability of the handle.
    ///
    /// # Errors
    /// `ReadOnly`, `Storage`.
    pub fn sync(&self) -> Result<()> {
        Ok(self.core().committer()?.sync()?)
    }

    /// The commits after `since`, oldest first, up to the newest one: for replicas and for whoever derives
    /// something from the documents. The iterator ends with the commits that there are; ask again from
    /// the last seqno for those that came since.
    ///
    /// Changes are read from the log, which is released when its documents are sealed;
    /// [`OpenOptions::keep_changes`] keeps more of it. Documents that were ingested are announced and not
    /// contained.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(|e| e.to_string()).unwrap();
    /// # let path = dir.path().join("db");
    /// use lumos_engine::{Event, Lumos};
    /// let db = Lumos::options().keep_changes(64 << 20).open(&path)?;
    /// let docs = db.collection("docs")?;
    /// let since = db.seqno();
    /// docs.put(("a", "text"))?;
    /// for commit in db.changes(since)? {
    ///     let commit = commit?;
    ///     assert_eq!(commit.seqno, since + 1);
    ///     assert!(matches!(&commit.events[..], [Event::SchemaChanged { .. }, Event::Put { doc, .. }] if doc.key == "a"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `ChangesGone` when the log begins later; `InvalidArgument` for a database in memory; `Storage`.
    pub fn changes(&self, since: Seqno) -> Result<Changes> {
        Changes::new(self, since)
    }

    /// Brings a read-only handle up to what the writing process has published, and returns the last commit
    /// it sees now; a handle that writes is always there. Snapshots and running searches keep their state.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(|e| e.to_string()).unwrap();
    /// # let path = dir.path().join("data");
    /// use lumos_engine::Lumos;
    /// let writer = Lumos::open(&path)?;
    /// let docs = writer.collection("docs")?;
    /// let reader = Lumos::options().read_only(true).open(&path)?;
    /// docs.put(("a", "text"))?;
    /// assert_eq!(reader.refresh()?, writer.seqno());
    /// assert_eq!(reader.collection("docs")?.count()?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Storage` and `Corruption`; what the handle showed before stays.
    pub fn refresh(&self) -> Result<Seqno> {
        crate::follow::refresh(self.core())
    }

    /// Whether this handle may write.
    pub fn is_read_only(&self) -> bool {
        self.core().committer.is_none()
    }

    /// The last commit in the current state.
    pub fn seqno(&self) -> Seqno {
        self.core().state().seqno
    }
}

impl Store for Lumos {
    fn ensure_collection(&self, collection: &str, schema: &Schema) -> Result<()> {
        self.core().ensure(collection, schema)
    }

    fn schema(&self, collection: &str) -> Result<Option<Schema>> {
        let state = self.core().state();
        let state = state.named(CollectionKind::Documents, collection);
        Ok(state.map(|state| (*state.schema).clone()))
    }

    fn collections(&self) -> Result<Vec<String>> {
        Ok(Lumos::collections(self))
    }

    fn count(&self, collection: &str) -> Result<u64> {
        Ok(self.snapshot().count(collection))
    }

    fn get(&self, collection: &str, key: &str) -> Result<Option<Doc>> {
        self.snapshot().get(collection, key)
    }

    fn scan(&self, collection: &str, scan: &Scan) -> Result<Vec<Doc>> {
        self.snapshot().scan(collection, scan)
    }

    fn search(&self, collection: &str, request: &SearchRequest) -> Result<Vec<Hit>> {
        if meaning::is_due(request) {
            let mut request = request.clone();
            let set = request.fusion != crate::Fusion::default();
            meaning::embed(self.core(), collection, &mut request, set)?;
            return self.snapshot().search(collection, &request);
        }
        self.snapshot().search(collection, request)
    }

    fn write(&self, batch: Batch) -> Result<Seqno> {
        self.write_batch(batch)
    }

    fn kv_get(&self, space: &str, key: &str) -> Result<Option<Vec<u8>>> {
        self.kv(space).get_bytes(key)
    }

    fn kv_scan(&self, space: &str, scan: &Scan) -> Result<Vec<(String, Vec<u8>)>> {
        self.kv(space).scan(scan)
    }
}

/// Refuses a limit outside 1 to 16,384.
pub(crate) fn check_limit(limit: usize) -> Result<()> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    Err(Error::InvalidArgument {
        argument: "limit",
        detail: format!("must be 1 to {MAX_LIMIT}, it is {limit}"),
    })
}

/// Most hits of one search.
/// Hits of one search, at most.
pub(crate) const MAX_LIMIT: usize = 16_384;
