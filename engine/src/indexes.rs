//! Indexes that are made before they are needed.

use std::collections::{BTreeMap, BTreeSet};

use lumos_index::{SideKey, SideKind};
use serde::{Deserialize, Serialize};

use crate::op::Op;
use crate::sealed::SealedSegment;
use crate::{Collection, Error, Result, Schema};

/// Indexes of one collection at most.
const MAX_INDEXES: usize = 64;

/// What is made beside the index that every metadata path has: its distinct values in order with their
/// documents, for comparisons, lists and patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum IndexKind {
    /// The elements of arrays, for `ANY`, `ALL` and `NONE`.
    Elements,
    /// The lengths of arrays, for `LENGTH`.
    Lengths,
    /// Places, for `WITHIN`, `BOX` and `POLYGON`.
    Points,
    /// The values of each document, for facets, orders and formulas.
    Values,
}

impl IndexKind {
    /// The kind of a name: `elements`, `lengths`, `points`, `values`.
    #[must_use]
    pub fn named(name: &str) -> Option<IndexKind> {
        Some(match name {
            "elements" => IndexKind::Elements,
            "lengths" => IndexKind::Lengths,
            "points" => IndexKind::Points,
            "values" => IndexKind::Values,
            _ => return None,
        })
    }
}

/// The indexes of a collection: kinds by metadata path.
pub(crate) type Indexes = BTreeMap<String, BTreeSet<IndexKind>>;

impl Collection {
    /// Declares that an index is made in advance. Without it, it is made for each sealed segment when a filter or a
    /// facet first needs it, which reads every document of the segment, and kept, in memory, while others do not
    /// need the room (256 MiB a segment).
    ///
    /// It is made now for segments that are sealed, later for each segment when it is written, and for those on
    /// disk when the database is opened. It is not stored. The declaration is: it is a part of the schema.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, IndexKind, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").field("tags", vec!["x", "y"]))?;
    /// docs.index("tags", IndexKind::Elements)?;
    /// assert_eq!(docs.indexes()?, [("tags".to_string(), IndexKind::Elements)]);
    /// assert_eq!(docs.count_matching("tags ALL (IN ('x', 'y'))")?, 1);
    /// assert!(docs.drop_index("tags", IndexKind::Elements)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` past 64 of them, `ReadOnly`, `Storage`.
    pub fn index(&self, path: &str, kind: IndexKind) -> Result<()> {
        let schema = Schema::new().index(path, kind);
        self.database().core().ensure(self.name(), &schema)?;
        let state = self.database().core().state();
        for view in &state.collection(self.name())?.segments {
            if let Some(segment) = view.as_sealed() {
                segment.prepare(&schema.indexes)?;
            }
        }
        Ok(())
    }

    /// The indexes that were declared, by path.
    ///
    /// # Errors
    /// `UnknownCollection` when it was dropped.
    pub fn indexes(&self) -> Result<Vec<(String, IndexKind)>> {
        let schema = self.schema()?;
        let indexes = schema.indexes.into_iter();
        let pairs = indexes
            .flat_map(|(path, kinds)| kinds.into_iter().map(move |kind| (path.clone(), kind)));
        Ok(pairs.collect())
    }

    /// Takes a declaration back; returns whether there was one. Filters and facets work as before.
    ///
    /// # Errors
    /// `UnknownCollection`, `ReadOnly`, `Storage`.
    pub fn drop_index(&self, path: &str, kind: IndexKind) -> Result<bool> {
        let core = self.database().core();
        core.admit()?;
        let guard = core.exclusive();
        let state = core.state();
        let state = state.collection(self.name())?;
        let mut schema = (*state.schema).clone();
        let path = lumos_index::metadata_path(path);
        let Some(kinds) = schema.indexes.get_mut(&path) else {
            return Ok(false);
        };
        if !kinds.remove(&kind) {
            return Ok(false);
        }
        schema.indexes.retain(|_, kinds| !kinds.is_empty());
        let id = state.id;
        core.commit_exclusive(&guard, vec![Op::SetSchema { id, schema }])?;
        Ok(true)
    }
}

impl Schema {
    /// Declares an index that is made in advance; see [`Collection::index`].
    #[must_use]
    pub fn index(mut self, path: &str, kind: IndexKind) -> Self {
        let path = lumos_index::metadata_path(path);
        self.indexes.entry(path).or_default().insert(kind);
        self
    }
}

/// The indexes that are wanted and not declared yet, with those that are.
pub(crate) fn joined(stored: &Indexes, wanted: &Indexes) -> Result<Option<Indexes>> {
    let mut all = stored.clone();
    for (path, kinds) in wanted {
        all.entry(path.clone()).or_default().extend(kinds);
    }
    let count: usize = all.values().map(BTreeSet::len).sum();
    if count > MAX_INDEXES {
        return Err(Error::InvalidArgument {
            argument: "index",
            detail: format!("would be number {count}, a collection has {MAX_INDEXES} at most"),
        });
    }
    Ok((all != *stored).then_some(all))
}

impl SealedSegment {
    /// Makes what was declared.
    pub(crate) fn prepare(&self, indexes: &Indexes) -> Result<()> {
        let mut sides = Vec::new();
        for (path, kinds) in indexes {
            for kind in kinds {
                sides.push(SideKey::new(
                    path,
                    match kind {
                        IndexKind::Elements => SideKind::Elements,
                        IndexKind::Lengths => SideKind::Lengths,
                        IndexKind::Points => SideKind::Points,
                        IndexKind::Values => {
                            self.row_values(path);
                            continue;
                        }
                    },
                ));
            }
        }
        self.derived(&sides).map(drop)
    }
}
