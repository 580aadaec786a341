//! What the layers above need from a store, so that another backend can take its place.

use std::fmt::Debug;

use crate::{Batch, Doc, Hit, Result, Schema, SearchRequest, Seqno};

/// A page of a scan in key order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// Only keys that start with this.
    pub prefix: String,
    /// Only keys after this one.
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
    /// Whether documents carry their vectors.
    pub vectors: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Scan {
            prefix: String::new(),
            after: None,
            limit: 1_000,
            vectors: false,
        }
    }
}

impl Scan {
    /// A scan over all keys, 1,000 a page, without vectors.
    #[must_use]
    pub fn all() -> Self {
        Scan::default()
    }

    /// Only keys that start with this.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Only keys after this one.
    #[must_use]
    pub fn after(mut self, key: impl Into<String>) -> Self {
        self.after = Some(key.into());
        self
    }

    /// At most this many (default 1,000).
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether documents carry their vectors (default no).
    #[must_use]
    pub fn vectors(mut self, vectors: bool) -> Self {
        self.vectors = vectors;
        self
    }
}

/// A store of documents and key-value state with atomic batches and search.
///
/// The embedded database implements it. Calls may block: asynchronous callers run them on a blocking
/// thread. Every method that writes is atomic and durable when it returns.
///
/// # Errors
/// Each method returns the [`Error`](crate::Error) of the backend; a missing collection is
/// [`Error::UnknownCollection`](crate::Error::UnknownCollection) for `search`, and reads as empty for
/// `get` and `scan`.
pub trait Store: Debug + Send + Sync + 'static {
    /// Makes sure that the collection exists with this schema; adds what the schema declares anew.
    fn ensure_collection(&self, collection: &str, schema: &Schema) -> Result<()>;
    /// The schema of a collection, `None` when there is no such collection.
    fn schema(&self, collection: &str) -> Result<Option<Schema>>;
    /// The names of all collections, sorted.
    fn collections(&self) -> Result<Vec<String>>;
    /// The number of live documents.
    fn count(&self, collection: &str) -> Result<u64>;
    /// The document of this key, with its vectors.
    fn get(&self, collection: &str, key: &str) -> Result<Option<Doc>>;
    /// Documents in key order.
    fn scan(&self, collection: &str, scan: &Scan) -> Result<Vec<Doc>>;
    /// Ranked search.
    fn search(&self, collection: &str, request: &SearchRequest) -> Result<Vec<Hit>>;
    /// Ranked searches, each with its own options, in order.
    fn search_all(&self, collection: &str, requests: &[SearchRequest]) -> Result<Vec<Vec<Hit>>> {
        let search = |request| self.search(collection, request);
        requests.iter().map(search).collect()
    }
    /// Commits all changes of the batch or none.
    fn write(&self, batch: Batch) -> Result<Seqno>;
    /// Inserts or replaces one document.
    fn put(&self, collection: &str, doc: Doc) -> Result<Seqno> {
        let mut batch = Batch::new();
        batch.put(collection, doc);
        self.write(batch)
    }
    /// Deletes one document.
    fn delete(&self, collection: &str, key: &str) -> Result<Seqno> {
        let mut batch = Batch::new();
        batch.delete(collection, key);
        self.write(batch)
    }
    /// A value of the key-value space.
    fn kv_get(&self, space: &str, key: &str) -> Result<Option<Vec<u8>>>;
    /// Keys and values of a key space in key order; `scan.vectors` has no meaning here.
    fn kv_scan(&self, space: &str, scan: &Scan) -> Result<Vec<(String, Vec<u8>)>>;
}
