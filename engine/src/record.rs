//! A row as it is logged, kept in memory and sealed: key, payload, prepared vectors.

use std::collections::BTreeMap;
use std::sync::Arc;

use lumos_index::SparseVector;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// The payload of a document without metadata and text.
pub(crate) const NOTHING: &[u8] = b"{}";

/// The part of a document that is stored as its payload.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Body {
    #[serde(default, rename = "m", skip_serializing_if = "Map::is_empty")]
    pub(crate) meta: Map<String, Value>,
    #[serde(default, rename = "t", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) texts: BTreeMap<String, String>,
    #[serde(default, rename = "s", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sparse: BTreeMap<String, SparseVector>,
    /// How many vectors there are in each field that has several.
    #[serde(default, rename = "n", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) counts: BTreeMap<String, u32>,
}

impl Body {
    /// Reads the payload of a document.
    ///
    /// # Errors
    /// `Json`, naming the document.
    pub(crate) fn parse(key: &str, payload: &[u8]) -> Result<Body> {
        if payload == NOTHING {
            return Ok(Body::default());
        }
        serde_json::from_slice(payload).map_err(|source| Error::Json {
            key: key.to_string(),
            source,
        })
    }

    /// The payload.
    ///
    /// # Errors
    /// `Json`, naming the document.
    pub(crate) fn encode(&self, key: &str) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|source| Error::Json {
            key: key.to_string(),
            source,
        })
    }
}

/// One row. For a key-value space the payload is the value itself and there is no body.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) key: Arc<str>,
    pub(crate) payload: Vec<u8>,
    /// Vectors as stored: of unit length under cosine.
    pub(crate) vectors: BTreeMap<String, Vec<f32>>,
    /// When it ends, in milliseconds since 1970; 0 for never.
    pub(crate) expires: u64,
}

impl Record {
    /// The record of a key-value pair.
    pub(crate) fn from_value(key: &str, value: Vec<u8>) -> Record {
        Record {
            key: key.into(),
            payload: value,
            vectors: BTreeMap::new(),
            expires: 0,
        }
    }

    /// Bytes this record takes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        // Twice the payload: postings and columns repeat what they index.
        self.key.len() + self.payload.len() * 2 + self.vector_bytes() + 128
    }

    /// Bytes of the numbers of its vectors.
    pub(crate) fn vector_bytes(&self) -> usize {
        self.vectors.values().map(|vector| vector.len() * 4).sum()
    }
}
