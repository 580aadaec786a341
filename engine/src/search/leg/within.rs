//! Which rows a leg may find, and which it finds however many are wanted.

use roaring::RoaringBitmap;

use super::super::Allowed;
use super::super::legs::{Keywords, demanded};
use super::super::plan::bind_filter;
use super::super::several;
use super::super::words::KeywordQuery;
use super::plan::{Job, Planned};
use crate::Result;
use crate::state::CollectionState;

impl Planned {
    /// The rows of a leg that has a filter of its own, of those that are allowed; `None` when all of them.
    pub(super) fn own<'a>(
        &self,
        state: &'a CollectionState,
        allowed: &[Allowed<'a>],
    ) -> Result<Option<Vec<Allowed<'a>>>> {
        if self.filter.is_none() {
            return Ok(None);
        }
        let own = bind_filter(state, self.filter.as_ref())?;
        let both = own.into_iter().zip(allowed);
        Ok(Some(both.map(|(own, all)| own.within(all)).collect()))
    }
}

/// The rows of each segment that are as the words of all legs demand, of those that are allowed; `None` when all of
/// them, or where a leg is alone and sees to it by itself.
pub(super) fn demanded_by<'a>(
    state: &'a CollectionState,
    allowed: &[Allowed<'a>],
    legs: &[Planned],
) -> Result<Option<Vec<Allowed<'a>>>> {
    let mut narrowed: Option<Vec<Allowed<'a>>> = None;
    for leg in legs.iter().filter(|_| legs.len() > 1) {
        if let Job::Words(query) = &leg.job {
            let so_far = narrowed.as_deref().unwrap_or(allowed);
            narrowed = demanded(state, so_far, query)?.or(narrowed);
        }
    }
    Ok(narrowed)
}

/// The rows of each segment that some leg finds when enough are wanted, whatever score it has. A leg by vector
/// finds all.
pub(crate) fn matching(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    legs: &[Planned],
) -> Result<Vec<RoaringBitmap>> {
    let narrowed = demanded_by(state, allowed, legs)?;
    let allowed = narrowed.as_deref().unwrap_or(allowed);
    let mut all = vec![RoaringBitmap::new(); allowed.len()];
    for leg in legs {
        let own = leg.own(state, allowed)?;
        let allowed = own.as_deref().unwrap_or(allowed);
        let every = || allowed.iter().map(Allowed::rows).collect::<Vec<_>>();
        let found = match &leg.job {
            Job::Words(query) => words(state, allowed, query)?,
            Job::Several(query) if query.is_sparse() => several::matching(state, query, every())?,
            Job::Prefetch { legs, .. } => matching(state, allowed, legs)?,
            Job::Near(_) | Job::Best(_) | Job::Several(_) | Job::Nothing => every(),
        };
        for (all, found) in all.iter_mut().zip(found) {
            *all |= found;
        }
    }
    Ok(all)
}

/// All rows that may be found and match a keyword query, by segment.
fn words(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    query: &KeywordQuery,
) -> Result<Vec<RoaringBitmap>> {
    let held = Keywords::new(state, query);
    let search = held.bind()?;
    let segments = allowed.iter().enumerate();
    segments
        .map(|(segment, allowed)| {
            if allowed.is_empty() {
                return Ok(RoaringBitmap::new());
            }
            let mut rows = search.matches(segment)?;
            if let Some(allowed) = allowed.bitmap() {
                rows &= &*allowed;
            }
            Ok(rows)
        })
        .collect()
}
