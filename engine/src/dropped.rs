//! Fields that were dropped: what rows from before may still hold of them is not shown.
//!
//! A drop notes the last commit before it. A row of that commit or an earlier one does not have the
//! field any more, whether or not one of the same name is added again. Segments in memory are made anew
//! without it when the drop is applied; sealed ones hide it and keep the bytes until they are merged.

use std::collections::BTreeMap;

use lumos_index::path_keys;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::{Body, Record};
use crate::schema::SparseField;
use crate::{FieldType, Result, Seqno, VectorField};

/// A field that was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Was<T> {
    /// How it was declared.
    pub(crate) was: T,
    /// The last commit whose rows lost it.
    pub(crate) at: Seqno,
}

/// The fields of one collection that were dropped, by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Dropped {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) vectors: BTreeMap<String, Was<VectorField>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) texts: BTreeMap<String, Was<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, Was<FieldType>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sparse: BTreeMap<String, Was<SparseField>>,
}

impl Dropped {
    pub(crate) fn is_empty(&self) -> bool {
        self.vectors.is_empty()
            && self.texts.is_empty()
            && self.fields.is_empty()
            && self.sparse.is_empty()
    }

    /// What rows up to a commit have lost.
    pub(crate) fn hidden_at(&self, seqno: Seqno) -> Hidden {
        fn names<T>(fields: &BTreeMap<String, Was<T>>, seqno: Seqno) -> Vec<String> {
            let lost = fields.iter().filter(|(_, was)| seqno <= was.at);
            lost.map(|(name, _)| name.clone()).collect()
        }
        let multi = self.vectors.iter();
        let multi = multi.filter(|(_, was)| seqno <= was.at && was.was.multi);
        Hidden {
            counts: multi.map(|(name, _)| name.clone()).collect(),
            vectors: names(&self.vectors, seqno),
            texts: names(&self.texts, seqno),
            fields: names(&self.fields, seqno),
            sparse: names(&self.sparse, seqno),
        }
    }

    /// Takes what a row has lost from it.
    ///
    /// # Errors
    /// A payload that does not parse.
    pub(crate) fn strip(&self, record: &mut Record, seqno: Seqno) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let hidden = self.hidden_at(seqno);
        for name in &hidden.vectors {
            record.vectors.remove(name);
        }
        if let Some(payload) = hidden.strip_payload(&record.key, &record.payload)? {
            record.payload = payload;
        }
        Ok(())
    }
}

/// The fields that the rows of one segment have lost, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hidden {
    pub(crate) vectors: Vec<String>,
    /// Those of them that had several vectors a row.
    pub(crate) counts: Vec<String>,
    pub(crate) texts: Vec<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) sparse: Vec<String>,
}

impl Hidden {
    /// Whether nothing is lost.
    pub(crate) fn is_empty(&self) -> bool {
        self.vectors.is_empty() && self.spares_payloads()
    }

    /// The names of the fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let all = [&self.vectors, &self.texts, &self.fields, &self.sparse];
        all.into_iter().flatten().map(String::as_str)
    }

    /// Whether nothing of a payload is hidden.
    pub(crate) fn spares_payloads(&self) -> bool {
        self.counts.is_empty()
            && self.texts.is_empty()
            && self.fields.is_empty()
            && self.sparse.is_empty()
    }

    /// Takes from the body of a row what it has lost; returns whether there was something.
    pub(crate) fn strip(&self, body: &mut Body) -> bool {
        let mut found = false;
        for name in &self.counts {
            found |= body.counts.remove(name).is_some();
        }
        for name in &self.texts {
            found |= body.texts.remove(name).is_some();
        }
        for name in &self.sparse {
            found |= body.sparse.remove(name).is_some();
        }
        for path in &self.fields {
            found |= remove(&mut body.meta, &path_keys(path));
        }
        found
    }

    /// A payload without what it has lost; `None` when it had nothing of that.
    ///
    /// # Errors
    /// `Json` when it does not parse.
    pub(crate) fn strip_payload(&self, key: &str, payload: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.spares_payloads() {
            return Ok(None);
        }
        let mut body = Body::parse(key, payload)?;
        match self.strip(&mut body) {
            true => body.encode(key).map(Some),
            false => Ok(None),
        }
    }
}

/// Removes what lies at a path, in every element of the arrays on the way; an object that is empty then
/// stays.
fn remove(object: &mut Map<String, Value>, keys: &[String]) -> bool {
    match keys {
        [] => false,
        [last] => object.remove(last).is_some(),
        [first, rest @ ..] => object
            .get_mut(first)
            .is_some_and(|value| remove_inside(value, rest)),
    }
}

fn remove_inside(value: &mut Value, keys: &[String]) -> bool {
    match value {
        Value::Object(object) => remove(object, keys),
        // Metadata is at most 64 levels deep.
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |found, item| remove_inside(item, keys) | found),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_lies_at_a_path_is_removed_wherever_it_is() {
        let cases = [
            (json!({"a": 1, "b": 2}), "a", json!({"b": 2})),
            (
                json!({"a": {"b": 1, "c": 2}}),
                "a.b",
                json!({"a": {"c": 2}}),
            ),
            (
                json!({"a": [{"b": 1}, {"c": 2}, 3]}),
                "a.b",
                json!({"a": [{}, {"c": 2}, 3]}),
            ),
            (
                json!({"a.b": 1, "a": {"b": 2}}),
                "`a.b`",
                json!({"a": {"b": 2}}),
            ),
            (json!({"a": 1}), "a.b", json!({"a": 1})),
        ];
        for (meta, path, left) in cases {
            let mut object = meta.as_object().unwrap().clone();
            let found = remove(&mut object, &path_keys(path));
            assert_eq!(Value::Object(object), left, "{path}");
            assert_eq!(found, meta != left, "{path}");
        }
    }

    /// The commit of a drop and those before it lose the field, later ones do not.
    #[test]
    fn rows_lose_what_was_dropped_after_them() {
        let mut dropped = Dropped::default();
        let was = Was {
            was: "default".to_string(),
            at: 7,
        };
        dropped.texts.insert("title".to_string(), was);
        let row = || Record {
            payload: br#"{"t":{"title":"x","text":"y"}}"#.to_vec(),
            ..Record::from_value("k", Vec::new())
        };
        for (seqno, left) in [
            (7, r#"{"t":{"text":"y"}}"#),
            (8, r#"{"t":{"title":"x","text":"y"}}"#),
        ] {
            let mut row = row();
            dropped.strip(&mut row, seqno).unwrap();
            assert_eq!(row.payload, left.as_bytes());
        }
    }
}
