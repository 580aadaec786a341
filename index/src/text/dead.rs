//! What deleted rows have of a field and of a term, so that statistics are those of live rows: a merge,
//! which drops deleted rows, changes no score.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roaring::RoaringBitmap;

use super::bm25::Totals;
use super::error::TextError;

/// Terms whose deleted rows are remembered, at most.
const MOST_TERMS: usize = 4096;

/// Counts of the deleted rows of one segment, kept for the newest set of them that was asked about.
#[derive(Debug, Default)]
pub(crate) struct DeadRows(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    deletes: Arc<RoaringBitmap>,
    totals: HashMap<usize, Totals>,
    found: HashMap<(usize, Box<str>), u32>,
}

impl DeadRows {
    fn of(&self, deletes: &Arc<RoaringBitmap>) -> MutexGuard<'_, Counted> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&counted.deletes, deletes) {
            *counted = Counted {
                deletes: deletes.clone(),
                ..Counted::default()
            };
        }
        counted
    }

    /// What the deleted rows have of a field.
    pub(crate) fn totals(
        &self,
        deletes: &Arc<RoaringBitmap>,
        field: usize,
        norm: impl Fn(u32) -> u8,
    ) -> Totals {
        if let Some(totals) = self.of(deletes).totals.get(&field) {
            return *totals;
        }
        let mut totals = Totals::default();
        deletes.iter().for_each(|row| totals.add(norm(row)));
        self.of(deletes).totals.insert(field, totals);
        totals
    }

    /// The number of deleted rows that have a term.
    pub(crate) fn found(
        &self,
        deletes: &Arc<RoaringBitmap>,
        field: usize,
        term: &str,
        count: impl FnOnce() -> Result<u32, TextError>,
    ) -> Result<u32, TextError> {
        let name = (field, Box::from(term));
        if let Some(found) = self.of(deletes).found.get(&name) {
            return Ok(*found);
        }
        // Not under the lock: others search too.
        let found = count()?;
        let mut counted = self.of(deletes);
        if counted.found.len() >= MOST_TERMS {
            counted.found.clear();
        }
        counted.found.insert(name, found);
        Ok(found)
    }
}
