//! The key-value space: small application state, committed with everything else.

use serde::{Serialize, de::DeserializeOwned};

use crate::database::Lumos;
use crate::manifest::CollectionKind;
use crate::{Batch, Error, Result, Scan, Seqno};

/// A key space of a database. Values are JSON, or bytes.
///
/// ```
/// # fn main() -> lumos_engine::Result<()> {
/// let db = lumos_engine::Lumos::memory()?;
/// let sync = db.kv("sync");
/// sync.set("cursor", 42)?;
/// assert_eq!(sync.get::<u32>("cursor")?, Some(42));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Kv {
    db: Lumos,
    space: String,
}

impl Kv {
    pub(crate) fn new(db: Lumos, space: &str) -> Self {
        Kv {
            db,
            space: space.to_string(),
        }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// [`Error::Json`] when the stored value has another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        from_json(key, self.get_bytes(key)?)
    }

    /// Reads a value as stored.
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.db
            .core()
            .kv_get(&self.db.core().state(), &self.space, key)
    }

    /// Sets a value, as its own commit.
    ///
    /// # Errors
    /// `ReadOnly`, `InvalidArgument` for a key or value past its limits, `Storage`.
    pub fn set(&self, key: &str, value: impl Serialize) -> Result<Seqno> {
        self.set_bytes(key, to_json(key, &value)?)
    }

    /// Sets a value of bytes, as its own commit.
    ///
    /// # Errors
    /// As [`Kv::set`].
    pub fn set_bytes(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<Seqno> {
        let mut batch = Batch::new();
        batch.kv_set(&self.space, key, value);
        self.db.write_batch(batch)
    }

    /// Removes a value; a missing key is no error.
    ///
    /// # Errors
    /// As [`Kv::set`].
    pub fn delete(&self, key: &str) -> Result<Seqno> {
        let mut batch = Batch::new();
        batch.kv_delete(&self.space, key);
        self.db.write_batch(batch)
    }

    /// Keys and values in key order.
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn scan(&self, scan: &Scan) -> Result<Vec<(String, Vec<u8>)>> {
        let state = self.db.core().state();
        let Some(state) = state.named(CollectionKind::Kv, &self.space) else {
            return Ok(Vec::new());
        };
        let keys = state.keys(&scan.prefix, scan.after.as_deref(), scan.limit)?;
        let mut pairs = Vec::with_capacity(keys.len());
        for (key, place) in keys {
            if let Some(view) = state.segments.get(place.segment) {
                pairs.push((key.to_string(), view.payload(place.row)?));
            }
        }
        Ok(pairs)
    }
}

pub(crate) fn to_json(key: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|source| Error::Json {
        key: key.to_string(),
        source,
    })
}

pub(crate) fn from_json<T: DeserializeOwned>(
    key: &str,
    value: Option<Vec<u8>>,
) -> Result<Option<T>> {
    value
        .map(|value| serde_json::from_slice(&value))
        .transpose()
        .map_err(|source| Error::Json {
            key: key.to_string(),
            source,
        })
}
