//! One immutable state of the whole database. A snapshot is a counted reference to one.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::manifest::CollectionKind;
use crate::memory::MemorySegment;
use crate::op::Op;
use crate::record::{Body, Record};
use crate::source::{SegmentView, Source};
use crate::{Doc, Error, Result, Schema, Seqno};

/// One collection or key space in a state.
#[derive(Debug, Clone)]
pub(crate) struct CollectionState {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) kind: CollectionKind,
    pub(crate) created: Seqno,
    pub(crate) schema: Arc<Schema>,
    /// Oldest first; the last is the active segment, those before it in memory are frozen.
    pub(crate) segments: Vec<SegmentView>,
    /// Replay begins after this commit.
    pub(crate) sealed_seqno: Seqno,
    /// Bulk loads that are not over, by id, and how many of their documents are there.
    pub(crate) ingests: BTreeMap<String, u64>,
}

/// A live row found by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) segment: usize,
    pub(crate) row: u32,
}

impl CollectionState {
    pub(crate) fn new(
        id: u32,
        name: String,
        kind: CollectionKind,
        schema: Schema,
        created: Seqno,
    ) -> Self {
        let active = Arc::new(MemorySegment::new(kind, &schema));
        CollectionState {
            id,
            name,
            kind,
            created,
            schema: Arc::new(schema),
            segments: vec![SegmentView::memory(active)],
            sealed_seqno: 0,
            ingests: BTreeMap::new(),
        }
    }

    /// The live row of a key.
    pub(crate) fn find(&self, key: &str) -> Result<Option<Place>> {
        for (segment, view) in self.segments.iter().enumerate().rev() {
            if let Some(row) = view.find(key)? {
                return Ok(Some(Place { segment, row }));
            }
        }
        Ok(None)
    }

    /// How many sealed segments there are; they come first.
    pub(crate) fn sealed_count(&self) -> usize {
        let sealed = self.segments.iter();
        sealed.take_while(|view| view.as_sealed().is_some()).count()
    }

    /// Number of live rows.
    pub(crate) fn live(&self) -> u64 {
        self.segments.iter().map(SegmentView::live).sum()
    }

    fn view(&self, place: Place) -> Result<&SegmentView> {
        let view = self.segments.get(place.segment);
        view.ok_or_else(|| Error::InvalidArgument {
            argument: "segment",
            detail: "is not part of this snapshot".to_string(),
        })
    }

    /// Asks the processor for the keys of rows that will be read: first for where they lie, so that
    /// none waits for another.
    pub(crate) fn prefetch_keys(&self, places: impl Iterator<Item = Place> + Clone) {
        let sealed = places.filter_map(|place| {
            let segment = self.segments.get(place.segment)?.as_sealed()?;
            Some((segment.keys(), place.row))
        });
        sealed
            .clone()
            .for_each(|(keys, row)| keys.prefetch_place(row));
        sealed.for_each(|(keys, row)| keys.prefetch_key(row));
    }

    /// The key of a row.
    pub(crate) fn key(&self, place: Place) -> Result<String> {
        Ok(self.view(place)?.key(place.row)?.into_owned())
    }

    /// The document of a row.
    pub(crate) fn doc(&self, place: Place, vectors: bool) -> Result<Doc> {
        let view = self.view(place)?;
        let key = view.key(place.row)?.into_owned();
        let payload = view.payload(place.row)?;
        let mut body = Body::parse(&key, &payload)?;
        if let Some(sealed) = view.as_sealed() {
            sealed.hidden().strip(&mut body);
        }
        let mut doc = Doc {
            key,
            meta: body.meta,
            texts: body.texts,
            ..Doc::default()
        };
        if vectors {
            doc.sparse = body.sparse;
            doc.set_vectors(view.vectors(place.row), &body.counts);
        }
        Ok(doc)
    }

    /// The document of a key, with its vectors.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Doc>> {
        self.find(key)?
            .map(|place| self.doc(place, true))
            .transpose()
    }

    /// The value of a key in a key space.
    pub(crate) fn value(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let Some(place) = self.find(key)? else {
            return Ok(None);
        };
        self.segments
            .get(place.segment)
            .map(|view| view.payload(place.row))
            .transpose()
    }

    /// Live keys in order, with their places.
    pub(crate) fn keys(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Arc<str>, Place)>> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let mut keys = Vec::new();
        for (segment, view) in self.segments.iter().enumerate() {
            let found = view.keys_from(from, prefix, limit, None)?;
            keys.extend(
                found
                    .into_iter()
                    .map(|(key, row)| (key, Place { segment, row })),
            );
        }
        keys.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        keys.truncate(limit);
        Ok(keys)
    }

    /// Deletes what commits before `seqno` stored under a key; returns false when a later one has stored
    /// something, which happens while the log is replayed over documents that were ingested.
    fn delete(&mut self, key: &str, seqno: Seqno) -> Result<bool> {
        if let Some(place) = self.find(key)?
            && let Some(view) = self.segments.get_mut(place.segment)
        {
            if view.seqno(place.row)? > seqno {
                return Ok(false);
            }
            Arc::make_mut(&mut view.deletes).insert(place.row);
        }
        Ok(true)
    }

    fn upsert(&mut self, mut record: Record, seqno: Seqno) -> Result<()> {
        // Replayed with the schema of a later commit.
        self.schema.dropped.strip(&mut record, seqno)?;
        if !self.delete(&record.key, seqno)? {
            return Ok(());
        }
        if let Some((view, active)) = self.active() {
            let row = active.append(record, seqno, &view.schema);
            if let Some(last) = self.segments.last_mut() {
                last.rows = row + 1;
            }
        }
        Ok(())
    }

    fn active(&self) -> Option<(&Self, Arc<MemorySegment>)> {
        Some((self, self.segments.last()?.as_memory()?.clone()))
    }

    /// Freezes the active segment when it has rows and `when` holds; returns whether it did.
    pub(crate) fn freeze(&mut self, when: impl FnOnce(&MemorySegment) -> bool) -> bool {
        let freeze = self.segments.last().is_some_and(|view| {
            view.as_memory()
                .is_none_or(|active| active.len() > 0 && when(active))
        });
        if freeze {
            let active = Arc::new(MemorySegment::new(self.kind, &self.schema));
            self.segments.push(SegmentView::memory(active));
        }
        freeze
    }

    fn set_schema(&mut self, schema: Schema) -> Result<()> {
        let dropped = schema.dropped != self.schema.dropped;
        self.schema = Arc::new(schema);
        let texts = &self.schema.clone().texts;
        let fits = |active: &MemorySegment| active.text_fields() == texts;
        let empty = self
            .segments
            .last()
            .and_then(SegmentView::as_memory)
            .filter(|a| a.len() == 0);
        if empty.is_some() {
            self.segments.pop();
            let active = Arc::new(MemorySegment::new(self.kind, &self.schema));
            self.segments.push(SegmentView::memory(active));
        } else {
            self.freeze(|active| !fits(active));
        }
        match dropped {
            true => self.hide_dropped(),
            false => Ok(()),
        }
    }

    /// Takes from every segment what the schema says was dropped after its rows were written.
    fn hide_dropped(&mut self) -> Result<()> {
        for view in &mut self.segments {
            view.source = match &view.source {
                Source::Sealed(sealed) => match sealed.without_dropped(&self.schema)? {
                    Some(hiding) => Source::Sealed(Arc::new(hiding)),
                    None => continue,
                },
                Source::Memory(memory) => {
                    Source::Memory(Arc::new(memory.made_anew(&self.schema, view.rows)?))
                }
            };
        }
        Ok(())
    }

    /// The seqno up to which every row is in a sealed segment, given the state's seqno.
    pub(crate) fn durable_seqno(&self, seqno: Seqno) -> Seqno {
        let oldest = self
            .segments
            .iter()
            .find_map(|view| view.as_memory()?.min_seqno());
        oldest.map_or(seqno, |oldest| oldest.saturating_sub(1))
    }
}

/// All collections at one commit.
#[derive(Debug, Clone, Default)]
pub(crate) struct DbState {
    pub(crate) seqno: Seqno,
    pub(crate) next_collection: u32,
    pub(crate) collections: BTreeMap<u32, Arc<CollectionState>>,
}

impl DbState {
    /// The collection or key space of this name.
    pub(crate) fn named(&self, kind: CollectionKind, name: &str) -> Option<&Arc<CollectionState>> {
        self.collections
            .values()
            .find(|state| state.kind == kind && state.name == name)
    }

    /// The names of the collections, sorted.
    pub(crate) fn names(&self, kind: CollectionKind) -> Vec<String> {
        let mut names: Vec<String> = self
            .collections
            .values()
            .filter(|state| state.kind == kind)
            .map(|state| state.name.clone())
            .collect();
        names.sort_unstable();
        names
    }

    /// The documents collection of this name.
    ///
    /// # Errors
    /// [`Error::UnknownCollection`].
    pub(crate) fn collection(&self, name: &str) -> Result<&Arc<CollectionState>> {
        self.named(CollectionKind::Documents, name)
            .ok_or_else(|| Error::UnknownCollection {
                name: name.to_string(),
                existing: self.names(CollectionKind::Documents),
            })
    }

    /// Whether documents of some collection end.
    pub(crate) fn has_ttl(&self) -> bool {
        let mut schemas = self.collections.values().map(|state| &state.schema);
        schemas.any(|schema| schema.ttl_ms.is_some())
    }

    /// Applies one transaction: the same for live commits and for replay.
    ///
    /// # Errors
    /// A sealed segment that cannot be read while looking for replaced rows.
    pub(crate) fn apply(&mut self, seqno: Seqno, ops: Vec<Op>) -> Result<()> {
        for op in ops {
            self.apply_op(seqno, op)?;
        }
        self.seqno = seqno;
        Ok(())
    }

    fn apply_op(&mut self, seqno: Seqno, op: Op) -> Result<()> {
        match op {
            Op::Create {
                id,
                kind,
                name,
                schema,
            } => {
                let state = CollectionState::new(id, name, kind, schema, seqno);
                self.collections.insert(id, Arc::new(state));
                self.next_collection = self.next_collection.max(id + 1);
            }
            Op::Drop { id, .. } => {
                self.collections.remove(&id);
            }
            Op::Ingest { .. } => {}
            Op::SetSchema { id, schema } => {
                if let Some(state) = self.collections.get_mut(&id) {
                    Arc::make_mut(state).set_schema(schema)?;
                }
            }
            Op::Upsert { id, record } => {
                if let Some(state) = self.collections.get_mut(&id) {
                    Arc::make_mut(state).upsert(*record, seqno)?;
                }
            }
            Op::Delete { id, key } => {
                if let Some(state) = self.collections.get_mut(&id) {
                    Arc::make_mut(state).delete(&key, seqno)?;
                }
            }
            Op::DeleteMany { id, keys } => {
                if let Some(state) = self.collections.get_mut(&id) {
                    let state = Arc::make_mut(state);
                    for key in keys.iter() {
                        state.delete(key, seqno)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Freezes every full active segment; returns whether there was one.
    pub(crate) fn freeze_full(&mut self) -> bool {
        let full: Vec<u32> = self
            .collections
            .values()
            .filter(|state| {
                let active = state.segments.last().and_then(SegmentView::as_memory);
                active.is_some_and(|active| active.is_full())
            })
            .map(|state| state.id)
            .collect();
        for id in &full {
            if let Some(state) = self.collections.get_mut(id) {
                Arc::make_mut(state).freeze(|_| true);
            }
        }
        !full.is_empty()
    }
}
