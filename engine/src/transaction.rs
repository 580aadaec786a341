//! A write transaction: buffered changes, its own writes readable, one commit.

use lumos_wal::sync::RwLockWriteGuard;
use serde::{Serialize, de::DeserializeOwned};

use crate::core::Core;
use crate::kv::{from_json, to_json};
use crate::manifest::{CollectionKind, SEVERAL_VECTORS};
use crate::{Batch, Change, Doc, Error, Result, Seqno};

/// Changes to any number of collections and key spaces that are committed together; see
/// [`Lumos::write`](crate::Lumos::write).
///
/// The first read keeps every other transaction out until this one has committed, so that transactions
/// are serializable. One that reads nothing shares its disk write with others.
#[derive(Debug)]
pub struct Transaction<'a> {
    core: &'a Core,
    batch: Batch,
    exclusive: Option<RwLockWriteGuard<'a, ()>>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(core: &'a Core) -> Self {
        Transaction {
            core,
            batch: Batch::new(),
            exclusive: None,
        }
    }

    /// Inserts or replaces a document; the collection is created when missing.
    ///
    /// # Errors
    /// What is wrong with the document surfaces at the commit, and nothing is written. Now: `InvalidArgument`
    /// for the first sparse vector or the first several vectors of a database in a transaction that has
    /// read; declare the field before ([`Lumos::collection_with`](crate::Lumos::collection_with)).
    pub fn put(&mut self, collection: &str, doc: impl Into<Doc>) -> Result<()> {
        let doc = doc.into();
        if !doc.sparse.is_empty() || !doc.multi.is_empty() {
            self.announce()?;
        }
        self.batch.put(collection, doc);
        Ok(())
    }

    /// Deletes a document; a missing key is no error.
    ///
    /// # Errors
    /// None now; see [`Transaction::put`].
    pub fn delete(&mut self, collection: &str, key: &str) -> Result<()> {
        self.batch.delete(collection, key);
        Ok(())
    }

    /// Reads a document, this transaction's own changes included. A vector that this transaction put
    /// is read as it was given, one that is stored as it is stored.
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn get(&mut self, collection: &str, key: &str) -> Result<Option<Doc>> {
        for change in self.batch.changes().iter().rev() {
            match change {
                Change::Put {
                    collection: target,
                    doc,
                } if target == collection && doc.key == key => {
                    return Ok(Some(doc.clone()));
                }
                Change::Delete {
                    collection: target,
                    key: gone,
                } if target == collection && gone == key => {
                    return Ok(None);
                }
                _ => {}
            }
        }
        self.lock();
        match self
            .core
            .state()
            .named(CollectionKind::Documents, collection)
        {
            Some(state) => state.get(key),
            None => Ok(None),
        }
    }

    /// A key space of the key-value state.
    pub fn kv<'t>(&'t mut self, space: &str) -> TransactionKv<'t, 'a> {
        TransactionKv {
            transaction: self,
            space: space.to_string(),
        }
    }

    /// The manifest must name what the log may hold, and cannot while this transaction keeps others out.
    fn announce(&self) -> Result<()> {
        match self.exclusive {
            None => self.core.announce(SEVERAL_VECTORS),
            Some(_) if self.core.has_announced(SEVERAL_VECTORS) => Ok(()),
            Some(_) => Err(Error::InvalidArgument {
                argument: "document",
                detail: "has the first sparse or several vectors of this database, and the \
                         transaction has read: declare the field before it"
                    .to_string(),
            }),
        }
    }

    fn lock(&mut self) {
        if self.exclusive.is_none() {
            self.exclusive = Some(self.core.exclusive());
        }
    }

    pub(crate) fn commit(self) -> Result<Seqno> {
        let changes = self.core.embed(self.batch)?;
        match &self.exclusive {
            Some(guard) => self.core.write_exclusive(guard, &changes),
            None => self.core.write(&changes),
        }
    }
}

/// A key space within a transaction.
#[derive(Debug)]
pub struct TransactionKv<'t, 'a> {
    transaction: &'t mut Transaction<'a>,
    space: String,
}

impl TransactionKv<'_, '_> {
    /// Sets a value.
    ///
    /// # Errors
    /// [`Error::Json`](crate::Error::Json) when the value does not serialise.
    pub fn set(&mut self, key: &str, value: impl Serialize) -> Result<()> {
        let value = to_json(key, &value)?;
        self.set_bytes(key, value)
    }

    /// Sets a value of bytes.
    ///
    /// # Errors
    /// None now; see [`Transaction::put`].
    pub fn set_bytes(&mut self, key: &str, value: impl Into<Vec<u8>>) -> Result<()> {
        self.transaction.batch.kv_set(&self.space, key, value);
        Ok(())
    }

    /// Removes a value; a missing key is no error.
    ///
    /// # Errors
    /// None now; see [`Transaction::put`].
    pub fn delete(&mut self, key: &str) -> Result<()> {
        self.transaction.batch.kv_delete(&self.space, key);
        Ok(())
    }

    /// Reads a value, this transaction's own changes included.
    ///
    /// # Errors
    /// [`Error::Json`](crate::Error::Json) when the stored value has another type.
    pub fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        let value = self.get_bytes(key)?;
        from_json(key, value)
    }

    /// Reads a value as stored, this transaction's own changes included.
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn get_bytes(&mut self, key: &str) -> Result<Option<Vec<u8>>> {
        for change in self.transaction.batch.changes().iter().rev() {
            match change {
                Change::KvSet {
                    space,
                    key: target,
                    value,
                } if *space == self.space && target == key => {
                    return Ok(Some(value.clone()));
                }
                Change::KvDelete { space, key: target }
                    if *space == self.space && target == key =>
                {
                    return Ok(None);
                }
                _ => {}
            }
        }
        self.transaction.lock();
        let core = self.transaction.core;
        core.kv_get(&core.state(), &self.space, key)
    }
}
