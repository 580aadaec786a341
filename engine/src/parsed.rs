//! The fields of a document, read by serde into a type.

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::{Doc, Error, Result};

/// Reads a document into a type: see [`Doc::parse`].
pub(crate) fn parse<T: DeserializeOwned>(doc: &Doc) -> Result<T> {
    let mut object = doc.meta.clone();
    for (field, text) in &doc.texts {
        object
            .entry(field)
            .or_insert_with(|| Value::String(text.clone()));
    }
    object
        .entry("key")
        .or_insert_with(|| Value::String(doc.key.clone()));
    T::deserialize(Fields { doc, object }).map_err(|source| Error::Json {
        key: doc.key.clone(),
        source,
    })
}

/// An object that also has vectors, for those who ask for them by name.
struct Fields<'a> {
    doc: &'a Doc,
    object: Map<String, Value>,
}

impl Fields<'_> {
    fn vectors(&self, name: &str) -> Option<serde_json::Result<Value>> {
        let vector = self.doc.vectors.get(name).map(serde_json::to_value);
        let vector = vector.or_else(|| self.doc.multi.get(name).map(serde_json::to_value));
        vector.or_else(|| self.doc.sparse.get(name).map(serde_json::to_value))
    }
}

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        Value::Object(self.object).deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        for field in fields {
            if !self.object.contains_key(*field)
                && let Some(vectors) = self.vectors(field)
            {
                self.object.insert((*field).to_string(), vectors?);
            }
        }
        Value::Object(self.object).deserialize_struct(name, fields, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        Value::Object(self.object).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn vectors_are_read_by_those_who_name_them() {
        #[derive(Deserialize, Debug, PartialEq)]
        #[serde(deny_unknown_fields)]
        struct With {
            key: String,
            year: u32,
            text: String,
            vector: Vec<f32>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Without {
            key: String,
            year: u32,
            text: String,
        }
        let doc = Doc::new("a")
            .text("t")
            .vector([0.1, 0.2])
            .meta(json!({"year": 7}));
        let read: With = parse(&doc).unwrap();
        assert_eq!((read.key.as_str(), read.year), ("a", 7));
        assert_eq!(read.vector, [0.1, 0.2]);
        assert_eq!(parse::<Option<With>>(&doc).unwrap(), Some(read));
        assert!(parse::<Without>(&doc).is_ok());
        let object: Map<String, Value> = parse(&doc).unwrap();
        assert_eq!(object.len(), 3);
        assert!(parse::<Vec<u8>>(&doc).is_err());
    }
}
