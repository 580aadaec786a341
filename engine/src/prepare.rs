//! From what a caller asks to physical operations: names, keys, schema, vectors are checked here,
//! before anything is logged.

mod vectors;

use std::collections::BTreeMap;
use std::sync::Arc;

use lumos_index::Analyzer;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::alter::{self, FieldKind};
use crate::declared;
use crate::expire;
use crate::indexes;
use crate::manifest::CollectionKind;
use crate::name::{MAX_PAYLOAD_BYTES, check_depth, check_key, check_name};
use crate::op::Op;
use crate::record::Record;
use crate::schema::{DEFAULT_ANALYZER, is_same_analyzer};
use crate::state::{CollectionState, DbState};
use crate::{
    Change, CodesChoice, Doc, Error, FieldType, Result, Schema, SparseField, SparseVector,
    VectorField,
};
pub(crate) use vectors::prepare_vector;
use vectors::{one_vector, several_vectors};

/// Checks changes against one state and collects operations.
pub(crate) struct Preparer<'a> {
    state: &'a DbState,
    next_collection: u32,
    touched: BTreeMap<(CollectionKind, String), Touched<'a>>,
    data: Vec<Op>,
    conditional: bool,
}

/// A collection that this transaction writes.
struct Touched<'a> {
    id: u32,
    /// As it was before, if it was there.
    stored: Option<&'a CollectionState>,
    /// Shared with the state until it is changed.
    schema: Arc<Schema>,
    created: bool,
    changed: bool,
}

impl Touched<'_> {
    /// Refuses a field that is added again as another than it was, while segments have bytes of that.
    fn check_again(&self, kind: FieldKind, name: &str, same: bool) -> Result<()> {
        let Some(stored) = self.stored.filter(|_| !same) else {
            return Ok(());
        };
        match stored.holding(kind, name) {
            0 => Ok(()),
            segments => Err(alter::refused(&stored.name, kind, name, segments)),
        }
    }

    fn add_vector(&mut self, name: &str, field: VectorField) -> Result<()> {
        let was = self.schema.dropped.vectors.get(name);
        let same = was.is_none_or(|was| was.was.codes(field.codes) == field);
        self.check_again(FieldKind::Vector, name, same)?;
        let schema = self.changed_schema();
        schema.vectors.insert(name.to_string(), field);
        Ok(())
    }

    fn add_text(&mut self, name: &str, analyzer: &str) -> Result<()> {
        let was = self.schema.dropped.texts.get(name);
        let same = was.is_none_or(|was| was.was == analyzer);
        self.check_again(FieldKind::Text, name, same)?;
        let schema = self.changed_schema();
        schema.texts.insert(name.to_string(), analyzer.to_string());
        Ok(())
    }

    fn add_sparse(&mut self, name: &str, field: SparseField) {
        let schema = self.changed_schema();
        schema.sparse.insert(name.to_string(), field);
    }

    fn add_field(&mut self, name: &str, kind: FieldType) -> Result<()> {
        let was = self.schema.dropped.fields.get(name);
        let same = was.is_none_or(|was| was.was == kind);
        self.check_again(FieldKind::Meta, name, same)?;
        self.changed_schema().fields.insert(name.to_string(), kind);
        Ok(())
    }

    /// The schema, to be changed.
    fn changed_schema(&mut self) -> &mut Schema {
        self.changed = true;
        Arc::make_mut(&mut self.schema)
    }
}

/// The operations of a transaction.
pub(crate) struct Prepared {
    pub(crate) ops: Vec<Op>,
    /// Whether they hold only as long as no other transaction commits in between.
    pub(crate) exclusive: bool,
}

#[derive(Serialize)]
struct BodyRef<'a> {
    #[serde(rename = "m", skip_serializing_if = "Map::is_empty")]
    meta: &'a Map<String, Value>,
    #[serde(rename = "t", skip_serializing_if = "BTreeMap::is_empty")]
    texts: &'a BTreeMap<String, String>,
    #[serde(rename = "s", skip_serializing_if = "BTreeMap::is_empty")]
    sparse: &'a BTreeMap<String, SparseVector>,
    #[serde(rename = "n", skip_serializing_if = "BTreeMap::is_empty")]
    counts: &'a BTreeMap<String, u32>,
}

impl<'a> Preparer<'a> {
    pub(crate) fn new(state: &'a DbState) -> Self {
        Preparer {
            state,
            next_collection: state.next_collection,
            touched: BTreeMap::new(),
            data: Vec::new(),
            conditional: false,
        }
    }

    /// Adds one change.
    pub(crate) fn change(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Put { collection, doc } => self.put(collection, doc),
            Change::Delete { collection, key } => {
                check_key(key)?;
                self.delete(CollectionKind::Documents, collection, key)
            }
            Change::KvSet { space, key, value } => {
                check_key(key)?;
                check_payload(value.len())?;
                let touched = self.touch(CollectionKind::Kv, space)?;
                let (id, record) = (touched.id, Record::from_value(key, value.clone()));
                self.data.push(Op::Upsert {
                    id,
                    record: Box::new(record),
                });
                Ok(())
            }
            Change::KvDelete { space, key } => {
                check_key(key)?;
                self.delete(CollectionKind::Kv, space, key)
            }
            Change::KvExpect { space, key, value } => {
                self.conditional = true;
                let stored = match self.state.named(CollectionKind::Kv, space) {
                    Some(state) => state.value(key)?,
                    None => None,
                };
                if stored == *value {
                    return Ok(());
                }
                let detail = match (value, stored) {
                    (None, _) => "a value was stored meanwhile",
                    (_, None) => "the expected value is gone",
                    _ => "another value was stored meanwhile",
                };
                Err(Error::Conflict {
                    key: key.clone(),
                    detail: detail.to_string(),
                })
            }
        }
    }

    /// Creates the collection if it is missing, and adds what the schema declares to it.
    pub(crate) fn ensure(&mut self, collection: &str, wanted: &Schema) -> Result<()> {
        let stored = self.state.named(CollectionKind::Documents, collection);
        let has_rows = stored.is_some_and(|state| state.segments.iter().any(|view| view.rows > 0));
        let touched = self.touch(CollectionKind::Documents, collection)?;
        let mismatch = |detail: String| {
            Err(Error::SchemaMismatch {
                collection: collection.to_string(),
                detail,
            })
        };
        for (name, field) in &wanted.vectors {
            check_name("vector field", name)?;
            if let Some((argument, detail)) = field.fault() {
                return Err(Error::InvalidArgument { argument, detail });
            }
            match touched.schema.vectors.get(name) {
                None => touched.add_vector(name, *field)?,
                Some(stored) if stored.dimension != field.dimension => {
                    return Err(Error::DimensionMismatch {
                        collection: collection.to_string(),
                        expected: stored.dimension,
                        got: field.dimension,
                        model: touched.schema.model.clone(),
                    });
                }
                Some(stored) if stored.metric != field.metric => {
                    return mismatch(format!(
                        "vector field \"{name}\" has metric {:?}, {:?} was asked for",
                        stored.metric, field.metric
                    ));
                }
                Some(stored) if stored.element != field.element => {
                    return mismatch(format!(
                        "vector field \"{name}\" has element {}, {} was asked for",
                        stored.element, field.element
                    ));
                }
                Some(stored) if stored.multi != field.multi => {
                    let holds = |multi: bool| {
                        if multi {
                            "several vectors"
                        } else {
                            "one vector"
                        }
                    };
                    return mismatch(format!(
                        "vector field \"{name}\" has {} a document, {} was asked for",
                        holds(stored.multi),
                        holds(field.multi)
                    ));
                }
                Some(stored) if ![CodesChoice::Auto, stored.codes].contains(&field.codes) => {
                    let schema = touched.changed_schema();
                    schema.vectors.insert(name.clone(), *field);
                }
                Some(_) => {}
            }
        }
        for (name, analyzer) in &wanted.texts {
            check_name("text field", name)?;
            let described = Analyzer::named(analyzer).map_err(|source| Error::Analyzer {
                input: analyzer.clone(),
                source,
            });
            let described = described?.to_string();
            match touched.schema.texts.get(name) {
                None => touched.add_text(name, &described)?,
                Some(stored) if is_same_analyzer(stored, &described) => {}
                Some(stored) if has_rows => {
                    let (collection, field) = (collection.to_string(), name.clone());
                    return Err(Error::AnalyzerChange {
                        collection,
                        field,
                        stored: stored.clone(),
                        wanted: described,
                    });
                }
                Some(_) => {
                    let schema = touched.changed_schema();
                    schema.texts.insert(name.clone(), described);
                }
            }
        }
        for (name, field) in &wanted.sparse {
            check_name("sparse field", name)?;
            if !touched.schema.sparse.contains_key(name) {
                touched.add_sparse(name, *field);
            }
        }
        for (name, kind) in &wanted.fields {
            check_name("field", name)?;
            match touched.schema.fields.get(name) {
                None => touched.add_field(name, *kind)?,
                Some(stored) if stored != kind => {
                    return mismatch(format!("field \"{name}\" is {stored:?}, not {kind:?}"));
                }
                Some(_) => {}
            }
        }
        if wanted.ttl_ms == Some(0) {
            return Err(Error::InvalidArgument {
                argument: "ttl",
                detail: "must be at least a millisecond".to_string(),
            });
        }
        if let Some(indexes) = indexes::joined(&touched.schema.indexes, &wanted.indexes)? {
            touched.changed_schema().indexes = indexes;
        }
        if wanted.ttl_ms.is_some() && wanted.ttl_ms != touched.schema.ttl_ms {
            touched.changed_schema().ttl_ms = wanted.ttl_ms;
        }
        if let Some(model) = &wanted.model {
            match &touched.schema.model {
                None => {
                    touched.changed_schema().model = Some(model.clone());
                }
                Some(stored) if stored != model => {
                    return Err(Error::ModelMismatch {
                        collection: collection.to_string(),
                        stored: stored.clone(),
                        given: model.clone(),
                    });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Drops the fields of a name from a collection.
    pub(crate) fn drop_field(&mut self, collection: &str, name: &str) -> Result<()> {
        let at = self.state.seqno;
        let touched = self.touch(CollectionKind::Documents, collection)?;
        let known = &touched.schema;
        if !known.has_field(name) {
            return Err(Error::InvalidArgument {
                argument: "field",
                detail: format!(
                    "\"{name}\" is not in collection \"{collection}\"; it has: {}",
                    known.field_names().join(", ")
                ),
            });
        }
        touched.changed_schema().drop_field(name, at);
        Ok(())
    }

    /// The operations in the order they are logged: schema first.
    pub(crate) fn finish(self) -> Prepared {
        let mut ops = Vec::with_capacity(self.data.len() + 1);
        let mut exclusive = self.conditional;
        for ((kind, name), touched) in self.touched {
            if touched.created {
                ops.push(Op::Create {
                    id: touched.id,
                    kind,
                    name,
                    schema: Arc::unwrap_or_clone(touched.schema),
                });
            } else if touched.changed {
                ops.push(Op::SetSchema {
                    id: touched.id,
                    schema: Arc::unwrap_or_clone(touched.schema),
                });
            } else {
                continue;
            }
            exclusive = true;
        }
        ops.extend(self.data);
        Prepared { ops, exclusive }
    }

    fn touch(&mut self, kind: CollectionKind, name: &str) -> Result<&mut Touched<'a>> {
        let key = (kind, name.to_string());
        if !self.touched.contains_key(&key) {
            check_name("collection name", name)?;
            let touched = match self.state.named(kind, name) {
                Some(state) => Touched {
                    id: state.id,
                    stored: Some(state),
                    schema: state.schema.clone(),
                    created: false,
                    changed: false,
                },
                None => {
                    let id = self.next_collection;
                    self.next_collection += 1;
                    Touched {
                        id,
                        stored: None,
                        schema: Arc::default(),
                        created: true,
                        changed: false,
                    }
                }
            };
            self.touched.insert(key.clone(), touched);
        }
        self.touched
            .get_mut(&key)
            .ok_or_else(|| Error::UnknownCollection {
                name: name.to_string(),
                existing: Vec::new(),
            })
    }

    fn delete(&mut self, kind: CollectionKind, name: &str, key: &str) -> Result<()> {
        check_name("collection name", name)?;
        let touched = self
            .touched
            .get(&(kind, name.to_string()))
            .map(|touched| touched.id);
        let id = touched.or_else(|| self.state.named(kind, name).map(|state| state.id));
        // Deleting from a collection that does not exist deletes nothing.
        if let Some(id) = id {
            self.data.push(Op::Delete {
                id,
                key: Arc::from(key),
            });
        }
        Ok(())
    }

    fn put(&mut self, collection: &str, doc: &Doc) -> Result<()> {
        check_key(&doc.key)?;
        check_depth(&doc.meta)?;
        let touched = self.touch(CollectionKind::Documents, collection)?;
        for (name, kind) in &touched.schema.fields {
            declared::check(&doc.key, name, *kind, &doc.meta)?;
        }
        for name in doc.texts.keys() {
            if !touched.schema.texts.contains_key(name) {
                check_name("text field", name)?;
                touched.add_text(name, DEFAULT_ANALYZER)?;
            }
        }
        let mut vectors = BTreeMap::new();
        for (name, vector) in &doc.vectors {
            vectors.insert(name.clone(), one_vector(touched, collection, name, vector)?);
        }
        let mut counts = BTreeMap::new();
        for (name, several) in &doc.multi {
            counts.insert(name.clone(), several.len() as u32);
            let numbers = several_vectors(touched, collection, name, several)?;
            if vectors.insert(name.clone(), numbers).is_some() {
                return Err(Error::InvalidArgument {
                    argument: "multi",
                    detail: format!("\"{name}\" is given as one vector too"),
                });
            }
        }
        for name in doc.sparse.keys() {
            if !touched.schema.sparse.contains_key(name) {
                check_name("sparse field", name)?;
                touched.add_sparse(name, SparseField::new());
            }
        }
        let body = BodyRef {
            meta: &doc.meta,
            texts: &doc.texts,
            sparse: &doc.sparse,
            counts: &counts,
        };
        let payload = serde_json::to_vec(&body).map_err(|source| Error::Json {
            key: doc.key.clone(),
            source,
        })?;
        check_payload(payload.len())?;
        let record = Record {
            key: Arc::from(doc.key.as_str()),
            payload,
            vectors,
            expires: touched.schema.ttl_ms.map_or(0, expire::after),
        };
        let id = touched.id;
        self.data.push(Op::Upsert {
            id,
            record: Box::new(record),
        });
        Ok(())
    }
}

fn check_payload(bytes: usize) -> Result<()> {
    if bytes > MAX_PAYLOAD_BYTES {
        return Err(Error::InvalidArgument {
            argument: "document",
            detail: format!("has {bytes} bytes, the limit is {MAX_PAYLOAD_BYTES}"),
        });
    }
    Ok(())
}
