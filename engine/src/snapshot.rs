//! A state of the whole database that later commits do not change.

use std::cell::LazyCell;
use std::sync::Arc;

use crate::clock::Clock;
use crate::manifest::CollectionKind;
use crate::pins::{Pin, Pins};
use crate::search::{answer, moment};
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
    clock: Clock,
    _pin: Arc<Pin>,
}

impl Snapshot {
    pub(crate) fn new(state: Arc<DbState>, clock: Clock, pins: &Arc<Pins>) -> Self {
        let pin = Arc::new(pins.pin(state.seqno));
        Snapshot {
            state,
            clock,
            _pin: pin,
        }
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
        let now = LazyCell::new(|| self.now());
        self.search_at(collection, request, || *now)
    }

    /// The same at a moment, in nanoseconds since 1970.
    pub(crate) fn search_at(
        &self,
        collection: &str,
        request: &SearchRequest,
        now: impl Fn() -> i128,
    ) -> Result<Vec<Hit>> {
        let state = self.state.collection(collection)?;
        let filter = request.filter.as_ref();
        let filter = filter.map(|filter| moment::of_filter(filter, &now));
        let request = moment::resolved(request, now);
        answer::search_in(state, &request, filter.as_deref())
    }

    /// What `now()` is, for everything in one call, in nanoseconds since 1970.
    pub(crate) fn now(&self) -> i128 {
        self.clock.now()
    }

    pub(crate) fn state(&self) -> &DbState {
        &self.state
    }
}
