//! A document: a key, JSON metadata, text fields and vector fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{MultiVector, Result, SparseVector};

/// The text field that [`Doc::text`] writes and that search reads by default.
pub const DEFAULT_TEXT_FIELD: &str = "text";
/// The vector field that [`Doc::vector`] writes and that search reads by default.
pub const DEFAULT_VECTOR_FIELD: &str = "vector";

/// One document of a collection.
///
/// ```
/// # use lumos_engine::Doc;
/// # use serde_json::json;
/// let doc = Doc::new("a1").text("Rust is fast").meta(json!({"lang": "en", "year": 2026}));
/// assert_eq!(doc.text_field("text"), Some("Rust is fast"));
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Doc {
    /// The key, unique in the collection: 1 to 512 bytes of UTF-8.
    pub key: String,
    /// Metadata, filterable by dotted path.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    /// Text fields by name, searchable by keyword.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// Vector fields by name, `[dimension]` numbers each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// Sparse vector fields by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sparse: BTreeMap<String, SparseVector>,
    /// Fields of several vectors by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub multi: BTreeMap<String, MultiVector>,
}

impl Doc {
    /// An empty document with this key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Doc {
            key: key.into(),
            ..Doc::default()
        }
    }

    /// Sets the default text field.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with_text(DEFAULT_TEXT_FIELD, text)
    }

    /// Sets a text field by name.
    #[must_use]
    pub fn with_text(mut self, field: impl Into<String>, text: impl Into<String>) -> Self {
        self.texts.insert(field.into(), text.into());
        self
    }

    /// Sets the default vector field.
    #[must_use]
    pub fn vector(self, vector: impl Into<Vec<f32>>) -> Self {
        self.with_vector(DEFAULT_VECTOR_FIELD, vector)
    }

    /// Sets a vector field by name.
    #[must_use]
    pub fn with_vector(mut self, field: impl Into<String>, vector: impl Into<Vec<f32>>) -> Self {
        self.vectors.insert(field.into(), vector.into());
        self
    }

    /// Sets a sparse vector field by name.
    #[must_use]
    pub fn sparse(mut self, field: impl Into<String>, vector: SparseVector) -> Self {
        self.sparse.insert(field.into(), vector);
        self
    }

    /// Sets a field of several vectors by name.
    #[must_use]
    pub fn multi(mut self, field: impl Into<String>, vectors: MultiVector) -> Self {
        self.multi.insert(field.into(), vectors);
        self
    }

    /// Sets the metadata from a JSON object; any other JSON value is kept under the name `value`.
    #[must_use]
    pub fn meta(mut self, meta: Value) -> Self {
        self.meta = match meta {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            other => Map::from_iter([("value".to_string(), other)]),
        };
        self
    }

    /// Sets one metadata field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }

    /// The text field of this name.
    pub fn text_field(&self, field: &str) -> Option<&str> {
        self.texts.get(field).map(String::as_str)
    }

    /// The vector field of this name.
    pub fn vector_field(&self, field: &str) -> Option<&[f32]> {
        self.vectors.get(field).map(Vec::as_slice)
    }

    /// The sparse vector field of this name.
    pub fn sparse_field(&self, field: &str) -> Option<&SparseVector> {
        self.sparse.get(field)
    }

    /// The field of several vectors of this name.
    pub fn multi_field(&self, field: &str) -> Option<&MultiVector> {
        self.multi.get(field)
    }

    /// Takes stored vectors, by field, one after the other where `counts` says that there are
    /// several.
    pub(crate) fn set_vectors(
        &mut self,
        stored: BTreeMap<String, Vec<f32>>,
        counts: &BTreeMap<String, u32>,
    ) {
        for (name, numbers) in stored {
            match counts.get(&name) {
                Some(count) => {
                    let dimension = numbers.len() / (*count).max(1) as usize;
                    if let Ok(vectors) = MultiVector::from_numbers(dimension, numbers) {
                        self.multi.insert(name, vectors);
                    }
                }
                None => {
                    self.vectors.insert(name, numbers);
                }
            }
        }
    }

    /// Reads the metadata, with the text fields beside it and the key as `key`, into a type. A struct that has
    /// a field named as a vector field reads that too.
    ///
    /// # Errors
    /// [`crate::Error::Json`] when a field is missing or has another type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        crate::parsed::parse(self)
    }
}

impl<K: Into<String>, T: Into<String>> From<(K, T)> for Doc {
    fn from((key, text): (K, T)) -> Self {
        Doc::new(key).text(text)
    }
}
