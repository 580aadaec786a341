//! Changing every document that matches a filter, in one commit.

use lumos_index::IntoFilter;
use serde_json::{Map, Value};

use crate::doc::{DEFAULT_TEXT_FIELD, DEFAULT_VECTOR_FIELD};
use crate::search::bind_filter;
use crate::state::{CollectionState, Place};
use crate::{Batch, Change, Collection, Doc, Error, Filter, Result};

/// Documents that one call changes at most.
const MAX_DOCUMENTS: u64 = 100_000;
/// Bytes of their payloads at most, as they are stored.
const MAX_BYTES: usize = 256 << 20;

/// What matched, in a form that tells whether it is still the same.
#[derive(PartialEq)]
struct Matched(Vec<(Place, u64)>);

impl Collection {
    /// Changes every document that matches a filter, in one commit, and returns how many have changed:
    /// documents that are as they were are not written again. 100,000 documents and 256 MiB of them at most.
    ///
    /// `change` may be called twice for a document, when others wrote meanwhile; the documents that it saw last
    /// are those that are stored. Where the default text changes and the default vector does not, an embedder of
    /// the collection embeds the text anew. The time of documents that end begins anew.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").field("lang", "eng"))?;
    /// docs.put(Doc::new("b").field("lang", "zh"))?;
    /// let changed = docs.update("lang = 'eng'", |doc| {
    ///     doc.meta.insert("lang".into(), "en".into());
    /// })?;
    /// assert_eq!((changed, docs.count_matching("lang = 'en'")?), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Filter` for a bad filter or an unknown field, `InvalidArgument` when too many documents match or `change`
    /// has given one another key, and all of [`Collection::put`]. Nothing is written then.
    pub fn update(&self, filter: impl IntoFilter, mut change: impl FnMut(&mut Doc)) -> Result<u64> {
        let input = filter.input();
        let filter = filter.into_filter();
        let filter = self.resolved(filter.map_err(|source| Error::Filter { input, source })?);
        let core = self.database().core();
        core.admit()?;
        // Documents are changed and embedded while others write. What matched is then looked for once more with
        // the others kept out; only when it is not the same, all of it happens while they wait.
        let before = core.state();
        let (matched, changes) =
            self.changed(before.collection(self.name())?, &filter, &mut change)?;
        let guard = core.exclusive();
        let state = core.state();
        let now = state.collection(self.name())?;
        let changes = match matching(now, &filter)? == matched {
            true => changes,
            false => self.changed(now, &filter, &mut change)?.1,
        };
        if !changes.is_empty() {
            core.write_exclusive(&guard, &changes)?;
        }
        Ok(changes.len() as u64)
    }

    /// The documents that match, changed.
    fn changed(
        &self,
        state: &CollectionState,
        filter: &Filter,
        change: &mut dyn FnMut(&mut Doc),
    ) -> Result<(Matched, Vec<Change>)> {
        let matched = matching(state, filter)?;
        let mut batch = Batch::new();
        let mut bytes = 0;
        for (place, _) in &matched.0 {
            let before = state.doc(*place, true)?;
            let mut doc = before.clone();
            change(&mut doc);
            if doc == before {
                continue;
            }
            if doc.key != before.key {
                let detail = format!("of \"{}\" must stay what it is", before.key);
                return Err(Error::InvalidArgument {
                    argument: "key",
                    detail,
                });
            }
            let text = |doc: &Doc| doc.text_field(DEFAULT_TEXT_FIELD).map(str::to_string);
            let vector = |doc: &Doc| doc.vector_field(DEFAULT_VECTOR_FIELD).map(<[f32]>::to_vec);
            let embeds = self.database().core().embedder(self.name()).is_some();
            if embeds && text(&doc) != text(&before) && vector(&doc) == vector(&before) {
                doc.vectors.remove(DEFAULT_VECTOR_FIELD);
            }
            let texts: usize = doc.texts.values().map(String::len).sum();
            let vectors: usize = doc.vectors.values().map(|vector| vector.len() * 4).sum();
            let sparse: usize = doc.sparse.values().map(|vector| vector.len() * 8).sum();
            let multi = doc
                .multi
                .values()
                .map(|vectors| vectors.numbers().len() * 4);
            let vectors = vectors + sparse + multi.sum::<usize>();
            let meta = serde_json::to_vec(&doc.meta).map_or(0, |meta| meta.len());
            bytes += texts + vectors + meta;
            if bytes > MAX_BYTES {
                return Err(too_many(format!(
                    "documents of more than {MAX_BYTES} bytes"
                )));
            }
            batch.put(self.name(), doc);
        }
        let changes = self.database().core().embed(batch)?;
        Ok((matched, changes))
    }
}

impl Doc {
    /// Sets the metadata at a dotted path, and makes the objects on the way; null takes away what is there.
    ///
    /// ```
    /// # use lumos_engine::Doc;
    /// # use serde_json::{Value, json};
    /// let mut doc = Doc::new("a").field("author", json!({"name": "Ada", "born": 1815}));
    /// doc.set("author.name", json!("Augusta"));
    /// doc.set("author.born", Value::Null);
    /// assert_eq!(doc.meta["author"], json!({"name": "Augusta"}));
    /// ```
    pub fn set(&mut self, path: &str, value: Value) {
        let keys = lumos_index::path_keys(path);
        let Some((last, way)) = keys.split_last() else {
            return;
        };
        let mut object = &mut self.meta;
        for key in way {
            if value.is_null() && !object.contains_key(key) {
                return;
            }
            let inner = object.entry(key).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            match inner {
                Value::Object(inner) => object = inner,
                _ => return,
            }
        }
        match value {
            Value::Null => drop(object.remove(last)),
            value => drop(object.insert(last.clone(), value)),
        }
    }
}

fn too_many(what: String) -> Error {
    Error::InvalidArgument {
        argument: "filter",
        detail: format!("matches {what}, too many for one commit: narrow it, and repeat"),
    }
}

/// The live rows that match, and the commit of each.
fn matching(state: &CollectionState, filter: &Filter) -> Result<Matched> {
    let allowed = bind_filter(state, Some(filter))?;
    let count: u64 = allowed.iter().map(|allowed| allowed.len()).sum();
    if count > MAX_DOCUMENTS {
        return Err(too_many(format!(
            "{count} documents, {MAX_DOCUMENTS} at most"
        )));
    }
    let mut matched = Vec::new();
    for (segment, allowed) in allowed.iter().enumerate() {
        for row in allowed.bitmap().iter().flat_map(|rows| rows.iter()) {
            matched.push((Place { segment, row }, allowed.view().seqno(row)?));
        }
    }
    Ok(Matched(matched))
}
