//! A state of the whole database that later commits do not change.

use std::sync::Arc;

use crate::manifest::CollectionKind;
use crate::pins::{Pin, Pins};
use crate::search::answer;
use crate::state::DbState;
use crate::{Doc, Hit, Result, Scan, SearchRequest, Seqno};

/// See [`Lumos::snapshot`](crate::Lumos::snapshot). Cheap to take. It holds the files and the memory it
/// reads, also after they were merged away or their collection was dropped;
/// [`Stats::pinned`](crate::Stats::pinned) says how much that is.
///
/// ```
/// # fn main() -> lumos_engine::Result<()> {
/// # let db = lumos_engine::Lumos::memory()?;
/// let docs = db.collection("docs")?;
/// docs.put(("a", "one"))?;
/// let before = db.snapshot();
/// docs.delete("a")?;
/// assert_eq!(before.count("docs"), 1);
/// assert_eq!(db.snapshot().count("docs"), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Snapshot {
    state: Arc<DbState>,
    _pin: Arc<Pin>,
}

impl Snapshot {
    pub(crate) fn new(state: Arc<DbState>, pins: &Arc<Pins>) -> Self {
        let pin = Arc::new(pins.pin(state.seqno));
        Snapshot { state, _pin: pin }
    }

    /// The last commit it holds.
    pub fn seqno(&self) -> Seqno {
        self.state.seqno
    }

    /// Number of documents; 0 when there is no such collection.
    pub fn count(&self, collection: &str) -> u64 {
        self.state
            .named(CollectionKind::Documents, collection)
            .map_or(0, |state| state.live())
    }

    /// The document of a key, with its vectors as stored.
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn get(&self, collection: &str, key: &str) -> Result<Option<Doc>> {
        match self.state.named(CollectionKind::Documents, collection) {
            Some(state) => state.get(key),
            None => Ok(None),
        }
    }

    /// Documents in key order; none when there is no such collection.
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn scan(&self, collection: &str, scan: &Scan) -> Result<Vec<Doc>> {
        let Some(state) = self.state.named(CollectionKind::Documents, collection) else {
            return Ok(Vec::new());
        };
        let keys = state.keys(&scan.prefix, scan.after.as_deref(), scan.limit)?;
        keys.into_iter()
            .map(|(_, place)| state.doc(place, scan.vectors))
            .collect()
    }

    /// Ranked search.
    ///
    /// # Errors
    /// `UnknownCollection`, `DimensionMismatch`, `Vector`, `Filter`, `Query`, `InvalidArgument`.
    pub fn search(&self, collection: &str, request: &SearchRequest) -> Result<Vec<Hit>> {
        answer::search(self.state.collection(collection)?, request)
    }

    pub(crate) fn state(&self) -> &DbState {
        &self.state
    }
}
