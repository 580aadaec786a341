//! What `#[derive(Document)]` expands to. Not for programs.

use std::fmt::Display;
use std::str::FromStr;

use lumos_index::path_join;
use serde::Serialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

pub use serde;

pub use crate::{
    Doc, Document, Element, Error, FieldType, Metric, MultiVector, SparseVector, VectorField,
};
use crate::{Result, Schema};

/// Declares metadata under a name, which is one key whatever characters it has.
pub fn declare(schema: Schema, name: &str, kind: FieldType) -> Schema {
    schema.field(&path_join([name]), kind)
}

fn unfit(key: &str, detail: impl Display) -> Error {
    Error::Json {
        key: key.to_string(),
        source: serde_json::Error::custom(detail),
    }
}

/// What a key can be made of.
pub trait Key: Sized {
    /// The key as it is stored.
    fn put(&self) -> String;
    /// Reads it.
    ///
    /// # Errors
    /// `Json` when it is none.
    fn take(key: &str) -> Result<Self>;
}

impl<T: Display + FromStr<Err: Display>> Key for T {
    fn put(&self) -> String {
        self.to_string()
    }

    fn take(key: &str) -> Result<Self> {
        key.parse()
            .map_err(|error| unfit(key, format!("the key is of another type: {error}")))
    }
}

/// What a text field can be.
pub trait Text: Sized {
    /// The text, if there is one.
    fn put(self) -> Option<String>;
    /// What a stored text is; `None` when it must be there.
    fn take(stored: Option<String>) -> Option<Self>;
}

impl Text for String {
    fn put(self) -> Option<String> {
        Some(self)
    }

    fn take(stored: Option<String>) -> Option<Self> {
        stored
    }
}

impl Text for Option<String> {
    fn put(self) -> Option<String> {
        self
    }

    fn take(stored: Option<String>) -> Option<Self> {
        Some(stored)
    }
}

/// What a vector field can be.
pub trait Vector: Sized {
    /// The vector, if there is one.
    fn put(self) -> Option<Vec<f32>>;
    /// What a stored vector is; `None` when it must be there or has another length.
    fn take(stored: Option<Vec<f32>>) -> Option<Self>;
}

impl Vector for Vec<f32> {
    fn put(self) -> Option<Vec<f32>> {
        Some(self).filter(|vector| !vector.is_empty())
    }

    /// Hits do not bring their vectors unless asked: it is empty then.
    fn take(stored: Option<Vec<f32>>) -> Option<Self> {
        Some(stored.unwrap_or_default())
    }
}

impl Vector for Option<Vec<f32>> {
    fn put(self) -> Option<Vec<f32>> {
        self
    }

    fn take(stored: Option<Vec<f32>>) -> Option<Self> {
        Some(stored)
    }
}

impl<const N: usize> Vector for [f32; N] {
    fn put(self) -> Option<Vec<f32>> {
        Some(self.to_vec())
    }

    fn take(stored: Option<Vec<f32>>) -> Option<Self> {
        stored?.try_into().ok()
    }
}

/// What a field of several vectors can be.
pub trait Multi: Sized {
    /// The vectors, if there are some.
    ///
    /// # Errors
    /// `Vector` when they are no matrix.
    fn put(self, field: &str) -> Result<Option<MultiVector>>;
    /// What stored vectors are; `None` when they must be there.
    fn take(stored: Option<MultiVector>) -> Option<Self>;
}

impl Multi for MultiVector {
    fn put(self, _field: &str) -> Result<Option<MultiVector>> {
        Ok(Some(self))
    }

    fn take(stored: Option<MultiVector>) -> Option<Self> {
        stored
    }
}

impl Multi for Option<MultiVector> {
    fn put(self, _field: &str) -> Result<Option<MultiVector>> {
        Ok(self)
    }

    fn take(stored: Option<MultiVector>) -> Option<Self> {
        Some(stored)
    }
}

impl Multi for Vec<Vec<f32>> {
    fn put(self, field: &str) -> Result<Option<MultiVector>> {
        if self.is_empty() {
            return Ok(None);
        }
        let vectors = MultiVector::new(self).map_err(|source| Error::Vector {
            collection: field.to_string(),
            source,
        })?;
        Ok(Some(vectors))
    }

    fn take(stored: Option<MultiVector>) -> Option<Self> {
        let rows = stored.map(|vectors| vectors.iter().map(<[f32]>::to_vec).collect());
        Some(rows.unwrap_or_default())
    }
}

/// What a sparse vector field can be.
pub trait Sparse: Sized {
    /// The vector, if there is one.
    fn put(self) -> Option<SparseVector>;
    /// What a stored vector is; `None` when it must be there.
    fn take(stored: Option<SparseVector>) -> Option<Self>;
}

impl Sparse for SparseVector {
    fn put(self) -> Option<SparseVector> {
        Some(self).filter(|vector| !vector.is_empty())
    }

    /// Hits do not bring their vectors unless asked: it is empty then.
    fn take(stored: Option<SparseVector>) -> Option<Self> {
        Some(stored.unwrap_or_default())
    }
}

impl Sparse for Option<SparseVector> {
    fn put(self) -> Option<SparseVector> {
        self
    }

    fn take(stored: Option<SparseVector>) -> Option<Self> {
        Some(stored)
    }
}

/// Sets metadata; null is left out.
///
/// # Errors
/// `Json` for what does not serialise.
pub fn put_meta<T: Serialize>(doc: &mut Doc, name: &str, value: &T) -> Result<()> {
    let value = serde_json::to_value(value).map_err(|source| Error::Json {
        key: doc.key.clone(),
        source,
    })?;
    if !value.is_null() {
        doc.meta.insert(name.to_string(), value);
    }
    Ok(())
}

/// Reads metadata; what is not there is null.
///
/// # Errors
/// `Json` when it has another type.
pub fn take_meta<T: DeserializeOwned>(doc: &mut Doc, name: &str) -> Result<T> {
    match doc.meta.remove(name) {
        Some(value) => serde_json::from_value(value)
            .map_err(|error| unfit(&doc.key, format!("field \"{name}\": {error}"))),
        None => serde_json::from_value(Value::Null)
            .map_err(|_| unfit(&doc.key, format!("field \"{name}\" is missing"))),
    }
}

/// The value, if it was there.
///
/// # Errors
/// `Json` when it was not.
pub fn there<T>(doc: &Doc, name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| unfit(&doc.key, format!("field \"{name}\" is missing or unfit")))
}

/// Reads a struct from the fields of a document or a hit.
///
/// # Errors
/// What does not fit.
pub fn read_struct<'de, T: Document, D: Deserializer<'de>>(
    deserializer: D,
    name: &'static str,
    fields: &'static [&'static str],
) -> Result<T, D::Error> {
    struct Object;
    impl<'de> Visitor<'de> for Object {
        type Value = Map<String, Value>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the fields of a document")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut object = Map::new();
            while let Some((name, value)) = map.next_entry()? {
                object.insert(name, value);
            }
            Ok(object)
        }
    }
    let mut object = deserializer.deserialize_struct(name, fields, Object)?;
    let doc = doc(&mut object, &T::schema()).map_err(D::Error::custom)?;
    T::from_doc(doc).map_err(|error| match error {
        // Whoever reads the struct names the document.
        Error::Json { source, .. } => D::Error::custom(source),
        other => D::Error::custom(other),
    })
}

/// Sorts the fields of an object by what the schema says they are.
fn doc(object: &mut Map<String, Value>, schema: &Schema) -> serde_json::Result<Doc> {
    fn each<T: DeserializeOwned>(
        object: &mut Map<String, Value>,
        names: impl Iterator<Item = String>,
        mut put: impl FnMut(String, T),
    ) -> serde_json::Result<()> {
        for name in names {
            match object.remove(&name) {
                None | Some(Value::Null) => {}
                Some(value) => {
                    let value = serde_json::from_value(value)
                        .map_err(|e| serde_json::Error::custom(format!("field \"{name}\": {e}")))?;
                    put(name, value);
                }
            }
        }
        Ok(())
    }
    let mut doc = Doc::default();
    match object.remove("key") {
        Some(Value::String(key)) => doc.key = key,
        _ => return Err(serde_json::Error::custom("field \"key\" is missing")),
    }
    each(object, schema.texts.keys().cloned(), |name, text| {
        doc.texts.insert(name, text);
    })?;
    let of_kind = |multi: bool| {
        let fields = schema.vectors.iter();
        let fields = fields.filter(move |(_, field)| field.multi == multi);
        fields.map(|(name, _)| name.clone())
    };
    each(object, of_kind(false), |name, vector| {
        doc.vectors.insert(name, vector);
    })?;
    each(object, of_kind(true), |name, vectors| {
        doc.multi.insert(name, vectors);
    })?;
    each(object, schema.sparse.keys().cloned(), |name, vector| {
        doc.sparse.insert(name, vector);
    })?;
    doc.meta = std::mem::take(object);
    Ok(doc)
}
