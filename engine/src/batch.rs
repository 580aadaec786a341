//! A list of changes that are committed together.

use crate::Doc;
use crate::manifest::SEVERAL_VECTORS;

/// One change in a [`Batch`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Insert or replace a document.
    Put {
        /// The collection, created when missing.
        collection: String,
        /// The document.
        doc: Doc,
    },
    /// Delete a document by key; a missing key is no error.
    Delete {
        /// The collection.
        collection: String,
        /// The key.
        key: String,
    },
    /// Set a value of the key-value space.
    KvSet {
        /// The key space.
        space: String,
        /// The key.
        key: String,
        /// The value.
        value: Vec<u8>,
    },
    /// Remove a value of the key-value space; a missing key is no error.
    KvDelete {
        /// The key space.
        space: String,
        /// The key.
        key: String,
    },
    /// Commit only when the value is this one (`None`: absent).
    KvExpect {
        /// The key space.
        space: String,
        /// The key.
        key: String,
        /// What must be stored.
        value: Option<Vec<u8>>,
    },
}

/// Changes to any number of collections and key spaces, committed together or not at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    changes: Vec<Change>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Batch::default()
    }

    /// Inserts or replaces a document.
    pub fn put(&mut self, collection: impl Into<String>, doc: impl Into<Doc>) -> &mut Self {
        self.push(Change::Put {
            collection: collection.into(),
            doc: doc.into(),
        })
    }

    /// Deletes a document.
    pub fn delete(&mut self, collection: impl Into<String>, key: impl Into<String>) -> &mut Self {
        self.push(Change::Delete {
            collection: collection.into(),
            key: key.into(),
        })
    }

    /// Sets a value of the key-value space.
    pub fn kv_set(
        &mut self,
        space: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<Vec<u8>>,
    ) -> &mut Self {
        self.push(Change::KvSet {
            space: space.into(),
            key: key.into(),
            value: value.into(),
        })
    }

    /// Removes a value of the key-value space.
    pub fn kv_delete(&mut self, space: impl Into<String>, key: impl Into<String>) -> &mut Self {
        self.push(Change::KvDelete {
            space: space.into(),
            key: key.into(),
        })
    }

    /// Makes the commit fail with [`Error::Conflict`](crate::Error::Conflict) unless the value is this one.
    pub fn kv_expect(
        &mut self,
        space: impl Into<String>,
        key: impl Into<String>,
        value: Option<Vec<u8>>,
    ) -> &mut Self {
        self.push(Change::KvExpect {
            space: space.into(),
            key: key.into(),
            value,
        })
    }

    /// What a build must know to read these changes in a log.
    pub(crate) fn features(changes: &[Change]) -> u32 {
        let several = changes.iter().any(|change| match change {
            Change::Put { doc, .. } => !doc.sparse.is_empty() || !doc.multi.is_empty(),
            _ => false,
        });
        match several {
            true => SEVERAL_VECTORS,
            false => 0,
        }
    }

    fn push(&mut self, change: Change) -> &mut Self {
        self.changes.push(change);
        self
    }

    /// The changes in order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The changes in order, by value.
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
