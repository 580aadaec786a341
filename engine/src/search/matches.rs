//! The rows that match a filter, kept for the next search with it.

use std::sync::{Arc, OnceLock};

use lumos_index::{Analyzers, Filter, OrdinalSet};
use lumos_wal::sync::Mutex;
use roaring::RoaringBitmap;

use crate::Result;

/// Filters whose matches are kept for a segment, those used last.
const KEPT: usize = 8;

/// A filter that is asked of every segment.
#[derive(Debug)]
pub(crate) struct BoundFilter {
    pub(crate) filter: Arc<Filter>,
    /// Those of the fields whose words it asks for. Not those of a segment, which knows only the fields that it
    /// has.
    pub(crate) analyzers: Analyzers,
    /// Known once: a list of ten thousand values is not read again for every segment and entry.
    fingerprint: u64,
}

impl BoundFilter {
    pub(crate) fn new(filter: &Filter, analyzers: impl FnOnce() -> Analyzers) -> Self {
        let analyzers = match filter.text_fields().is_empty() {
            true => Analyzers::default(),
            false => analyzers(),
        };
        BoundFilter {
            analyzers,
            fingerprint: filter.fingerprint(),
            filter: Arc::new(filter.clone()),
        }
    }

    fn is(&self, entry: &Entry) -> bool {
        self.fingerprint == entry.fingerprint
            && (Arc::ptr_eq(&self.filter, &entry.filter) || self.filter == entry.filter)
    }
}

/// The live rows of a segment that match a filter.
#[derive(Debug)]
pub(crate) struct Matches {
    pub(crate) rows: RoaringBitmap,
    /// The same as vectors of the field that was searched first.
    pub(super) ordinals: OnceLock<Ordinals>,
}

/// The vectors of a field that may be found, of `count`.
#[derive(Debug)]
pub(super) struct Ordinals {
    pub(super) field: String,
    pub(super) count: usize,
    pub(super) set: Arc<OrdinalSet>,
}

impl Matches {
    pub(crate) fn new(rows: RoaringBitmap) -> Self {
        Matches {
            rows,
            ordinals: OnceLock::new(),
        }
    }
}

/// What filters matched in a sealed segment, which never changes: only its deletes do.
#[derive(Debug, Default)]
pub(crate) struct FilterCache {
    /// The one used last is the last.
    entries: Mutex<Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    filter: Arc<Filter>,
    fingerprint: u64,
    /// Held, so that no other deletes can be at its address.
    deletes: Arc<RoaringBitmap>,
    matches: Arc<Matches>,
}

impl FilterCache {
    /// The matches of a filter with some deletes, as they were found before or by `evaluate`.
    pub(crate) fn get(
        &self,
        filter: &BoundFilter,
        deletes: &Arc<RoaringBitmap>,
        evaluate: impl FnOnce() -> Result<RoaringBitmap>,
    ) -> Result<Arc<Matches>> {
        {
            let mut entries = self.entries.lock();
            let known = entries
                .iter()
                .position(|e| Arc::ptr_eq(&e.deletes, deletes) && filter.is(e));
            if let Some(at) = known {
                let entry = entries.remove(at);
                let matches = entry.matches.clone();
                entries.push(entry);
                return Ok(matches);
            }
        }
        // Not under the lock: others may search with other filters meanwhile.
        let matches = Arc::new(Matches::new(evaluate()?));
        let mut entries = self.entries.lock();
        if entries.len() == KEPT {
            entries.remove(0);
        }
        entries.push(Entry {
            filter: filter.filter.clone(),
            fingerprint: filter.fingerprint,
            deletes: deletes.clone(),
            matches: matches.clone(),
        });
        Ok(matches)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use lumos_index::field;

    use super::*;

    #[test]
    fn matches_are_kept_for_the_filter_and_the_deletes_they_were_found_with() {
        let cache = FilterCache::default();
        let (none, some) = (
            Arc::<RoaringBitmap>::default(),
            Arc::<RoaringBitmap>::default(),
        );
        let found = |row: u32| Ok(RoaringBitmap::from_iter([row]));
        let is =
            |path: &str, value: i64| BoundFilter::new(&field(path).eq(value), Analyzers::default);
        let unasked = || -> Result<RoaringBitmap> { panic!("evaluated again") };
        let first = cache.get(&is("a", 1), &none, || found(1)).unwrap();
        let again = cache.get(&is("a", 1), &none, unasked).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        // Other deletes with the same rows in them are other deletes.
        let other = cache.get(&is("a", 1), &some, || found(2)).unwrap();
        assert_eq!(other.rows, RoaringBitmap::from_iter([2]));
        for value in 2..KEPT as i64 {
            cache.get(&is("a", value), &none, || found(3)).unwrap();
            cache.get(&is("a", 1), &none, unasked).unwrap();
        }
        cache.get(&is("b", 1), &none, || found(4)).unwrap();
        cache.get(&is("a", 1), &none, unasked).unwrap();
        // The one that was used the longest ago made room.
        let gone = cache.get(&is("a", 1), &some, || found(5)).unwrap();
        assert_eq!(gone.rows, RoaringBitmap::from_iter([5]));
    }
}
