//! A row as it is logged, kept in memory and sealed: key, payload, prepared vectors.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The payload of a document without metadata and text.
pub(crate) const NOTHING: &[u8] = b"{}";

/// The part of a document that is stored as its payload.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Body {
    #[serde(default, rename = "m", skip_serializing_if = "Map::is_empty")]
    pub(crate) meta: Map<String, Value>,
    #[serde(default, rename = "t", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) texts: BTreeMap<String, String>,
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
