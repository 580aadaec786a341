//! Changes of a schema: fields that are added, fields that are dropped.

use std::fmt;

use crate::collection::Collection;
use crate::core::Core;
use crate::manifest::DROPPED_FIELDS;
use crate::op::Op;
use crate::prepare::Preparer;
use crate::seal;
use crate::state::{CollectionState, DbState};
use crate::{Error, Result, Schema};

/// A change of a schema being put together; see [`Collection::alter`].
#[derive(Debug, Clone, Default)]
#[must_use = "give it back to Collection::alter"]
pub struct Alter {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Add(Box<Schema>),
    Drop(String),
}

impl Alter {
    /// Adds what a schema declares. What is there already must agree with it.
    #[allow(
        clippy::should_implement_trait,
        reason = "fields are added, not numbers"
    )]
    pub fn add(mut self, schema: Schema) -> Self {
        self.steps.push(Step::Add(Box::new(schema)));
        self
    }

    /// Drops the field of this name, of whatever kind it is: vectors, sparse vectors, text, or declared
    /// metadata; all of them if several kinds have a field of this name.
    pub fn drop_field(mut self, name: impl Into<String>) -> Self {
        self.steps.push(Step::Drop(name.into()));
        self
    }

    fn drops(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Drop(_)))
    }

    fn features(&self) -> u32 {
        let features = self.steps.iter().map(|step| match step {
            Step::Add(schema) => schema.features(),
            Step::Drop(_) => DROPPED_FIELDS,
        });
        features.fold(0, |all, one| all | one)
    }

    /// The operations that make the change in a state.
    fn resolve(&self, state: &DbState, collection: &str) -> Result<Vec<Op>> {
        state.collection(collection)?;
        let mut preparer = Preparer::new(state);
        for step in &self.steps {
            match step {
                Step::Add(schema) => preparer.ensure(collection, schema)?,
                Step::Drop(field) => preparer.drop_field(collection, field)?,
            }
        }
        Ok(preparer.finish().ops)
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Vector,
    Text,
    Meta,
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldKind::Vector => "vector field",
            FieldKind::Text => "text field",
            FieldKind::Meta => "field",
        })
    }
}

impl CollectionState {
    /// How many segments have bytes of a field that was dropped.
    pub(crate) fn holding(&self, kind: FieldKind, name: &str) -> usize {
        let sealed = self.segments.iter().filter_map(|view| view.as_sealed());
        let holds = sealed.filter(|sealed| {
            let held = sealed.held();
            let names = match kind {
                FieldKind::Vector => &held.vectors,
                FieldKind::Text => &held.texts,
                FieldKind::Meta => &held.fields,
            };
            names.iter().any(|held| held == name)
        });
        holds.count()
    }
}

impl Collection {
    /// Changes the schema in one commit: adds fields, drops fields.
    ///
    /// A field that is dropped is gone at once: documents, searches and filters do not show what was stored
    /// in it, also when a field of its name is added again. The bytes stay in sealed segments until they are
    /// merged ([`Lumos::compact`](crate::Lumos::compact) merges all of them); as long as they are there, a
    /// field of the same name can be added again only as it was. Snapshots taken before keep the field.
    ///
    /// Dropping the default vector field also forgets the embedding model.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, FieldType, Lumos, Metric, Schema};
    /// let db = Lumos::memory()?;
    /// let docs = db.collection_with("docs", Schema::new().vector_field("image", 2, Metric::Cosine))?;
    /// docs.put(Doc::new("a").with_vector("image", [1.0, 0.0]).field("year", 2026))?;
    ///
    /// docs.alter(|schema| {
    ///     schema
    ///         .drop_field("image")
    ///         .add(Schema::new().field("year", FieldType::Int).text_field("title"))
    /// })?;
    /// let stored = docs.get("a")?.unwrap_or_default();
    /// assert!(stored.vectors.is_empty());
    ///
    /// let wider = Schema::new().vector_field("image", 3, Metric::Cosine);
    /// assert!(docs.alter(|schema| schema.add(wider.clone())).is_err()); // bytes of the old one are there
    /// db.compact()?;
    /// docs.alter(|schema| schema.add(wider))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `UnknownCollection`; `InvalidArgument` for a field that is not there or a bad name;
    /// `SchemaMismatch` and `DimensionMismatch` for one that is there otherwise; `DroppedField` for one
    /// that was dropped as another and is still in segments; `ReadOnly`, `Storage`. Nothing is changed then.
    pub fn alter(&self, change: impl FnOnce(Alter) -> Alter) -> Result<()> {
        let alter = change(Alter::default());
        let core = self.database().core();
        core.admit()?;
        if alter.resolve(&core.state(), self.name())?.is_empty() {
            return Ok(());
        }
        core.announce(alter.features())?;
        if alter.drops() {
            // What is sealed is hidden; what is in memory has to be made anew, under all locks.
            seal::flush(core)?;
        }
        alter.commit(core, self.name())
    }

    /// Fields that were dropped and of which segments still have bytes, by name, sorted.
    ///
    /// # Errors
    /// `UnknownCollection` when it was dropped.
    pub fn dropped_fields(&self) -> Result<Vec<String>> {
        let state = self.database().core().state();
        let state = state.collection(self.name())?;
        let sealed = state.segments.iter().filter_map(|view| view.as_sealed());
        let mut names: Vec<String> = sealed
            .flat_map(|sealed| sealed.held().names().map(str::to_string))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

impl Alter {
    fn commit(&self, core: &Core, collection: &str) -> Result<()> {
        let guard = core.exclusive();
        let before = core.state();
        let ops = self.resolve(&before, collection)?;
        core.commit_exclusive(&guard, ops)?;
        drop(guard);
        let after = core.state();
        core.pins.retire(&before, &after);
        let embeds = |state: &DbState| {
            let state = state.collection(collection);
            state.is_ok_and(|state| state.schema.model.is_some())
        };
        if embeds(&before) && !embeds(&after) {
            core.embedders.write().remove(collection);
        }
        Ok(())
    }
}

/// The error for a field that is added again as another than it was.
pub(crate) fn refused(collection: &str, kind: FieldKind, name: &str, segments: usize) -> Error {
    Error::DroppedField {
        collection: collection.to_string(),
        field: format!("{kind} \"{name}\""),
        segments,
    }
}
