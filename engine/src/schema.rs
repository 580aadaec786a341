//! What a collection stores: vector fields, text fields, declared metadata types, the embedding model.

use std::collections::BTreeMap;
use std::time::Duration;

use lumos_index::Metric;
use serde::{Deserialize, Serialize};

use crate::doc::{DEFAULT_TEXT_FIELD, DEFAULT_VECTOR_FIELD};
use crate::name::MAX_DIMENSION;

/// The declared type of a metadata field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FieldType {
    /// A JSON boolean.
    Bool,
    /// A JSON number without a fraction.
    Int,
    /// Any JSON number.
    Float,
    /// A JSON string.
    Text,
    /// A string holding an RFC 3339 date or date-time.
    Date,
}

/// A vector field: its dimension and metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VectorField {
    /// Numbers in a vector, 1 to 65,536.
    pub dimension: usize,
    /// How two vectors are compared.
    pub metric: Metric,
}

/// The schema of a collection. Nothing needs declaring: fields that documents bring are added at the
/// first commit that has them. What is declared is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schema {
    /// Vector fields by name.
    #[serde(default)]
    pub vectors: BTreeMap<String, VectorField>,
    /// Text fields by name, with the name of the analyzer of each.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
    /// Declared metadata fields by name.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldType>,
    /// The embedding model of the default vector field, when documents are embedded from text.
    #[serde(default)]
    pub model: Option<String>,
    /// How long a document lives after it was put, in milliseconds; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
}

impl Schema {
    /// A schema that declares nothing.
    #[must_use]
    pub fn new() -> Self {
        Schema::default()
    }

    /// Declares the default vector field.
    #[must_use]
    pub fn vector(self, dimension: usize, metric: Metric) -> Self {
        self.vector_field(DEFAULT_VECTOR_FIELD, dimension, metric)
    }

    /// Declares a vector field by name.
    #[must_use]
    pub fn vector_field(mut self, name: &str, dimension: usize, metric: Metric) -> Self {
        self.vectors
            .insert(name.to_string(), VectorField { dimension, metric });
        self
    }

    /// Declares the default text field.
    #[must_use]
    pub fn text(self) -> Self {
        self.text_field(DEFAULT_TEXT_FIELD)
    }

    /// Declares a text field by name, with the default analyzer.
    #[must_use]
    pub fn text_field(mut self, name: &str) -> Self {
        self.texts.insert(name.to_string(), "default".to_string());
        self
    }

    /// Declares a metadata field; documents whose value has another type are refused.
    #[must_use]
    pub fn field(mut self, name: &str, kind: FieldType) -> Self {
        self.fields.insert(name.to_string(), kind);
        self
    }

    /// Deletes documents this long after they were put. Putting one again starts its time anew; a
    /// change of the schema holds for documents that are put from then on.
    ///
    /// Deleting is done in the background about once a second (see [`Lumos::expire`](crate::Lumos::expire)),
    /// as ordinary commits: until then a document is found, and snapshots keep it.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl_ms = Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// What a schema read from a file must keep to.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, field) in &self.vectors {
            if field.dimension == 0 || field.dimension > MAX_DIMENSION {
                let dimension = field.dimension;
                return Err(format!("vector field \"{name}\" has dimension {dimension}"));
            }
        }
        Ok(())
    }

    /// Records the embedding model of the default vector field.
    #[must_use]
    pub fn model(mut self, name: &str) -> Self {
        self.model = Some(name.to_string());
        self
    }
}
