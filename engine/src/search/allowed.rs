//! Which rows of a segment may be found.

use std::borrow::Cow;
use std::sync::Arc;

use lumos_index::{Demands, OrdinalSet};
use roaring::RoaringBitmap;

use super::matches::{BoundFilter, Matches, Ordinals};
use crate::Result;
use crate::source::{SegmentView, Source};

/// The rows of one segment that a search may return.
#[derive(Debug)]
pub(crate) struct Allowed<'a> {
    view: &'a SegmentView,
    /// The live rows that match the filter; all live rows when `None`.
    matching: Option<Arc<Matches>>,
    /// Whether they were known from a search before.
    cached: bool,
}

impl<'a> Allowed<'a> {
    /// All live rows.
    pub(crate) fn all(view: &'a SegmentView) -> Self {
        Allowed {
            view,
            matching: None,
            cached: false,
        }
    }

    /// The live rows that match a filter.
    pub(crate) fn matching_filter(view: &'a SegmentView, filter: &BoundFilter) -> Result<Self> {
        let mut cached = false;
        let matching = match &view.source {
            Source::Sealed(segment) => {
                cached = true;
                let found = || {
                    cached = false;
                    view.matches(filter)
                };
                segment.filters().get(filter, &view.deletes, found)?
            }
            Source::Memory(_) => Arc::new(Matches::new(view.matches(filter)?)),
        };
        Ok(Allowed {
            view,
            matching: Some(matching),
            cached,
        })
    }

    /// The same, of which only those are left that are as keywords demand.
    pub(crate) fn narrowed(&self, demands: &Demands) -> Allowed<'a> {
        let mut rows = self.rows();
        demands.narrow(&mut rows);
        self.with(rows)
    }

    /// Those of them that others allow too.
    pub(crate) fn within(self, others: &Allowed<'_>) -> Allowed<'a> {
        match &others.matching {
            Some(others) => self.with(self.rows() & &others.rows),
            None => self,
        }
    }

    fn with(&self, rows: RoaringBitmap) -> Allowed<'a> {
        Allowed {
            view: self.view,
            matching: Some(Arc::new(Matches::new(rows))),
            cached: self.cached,
        }
    }

    /// The rows.
    pub(crate) fn rows(&self) -> RoaringBitmap {
        match &self.matching {
            Some(matching) => matching.rows.clone(),
            None => self.view.live_rows(),
        }
    }

    /// Whether what the filter matches was known from a search before.
    pub(crate) fn is_cached(&self) -> bool {
        self.cached
    }

    pub(crate) fn view(&self) -> &'a SegmentView {
        self.view
    }

    /// Whether no row may be found.
    pub(crate) fn is_empty(&self) -> bool {
        self.matching
            .as_ref()
            .map_or(self.view.live() == 0, |matching| matching.rows.is_empty())
    }

    #[inline]
    pub(crate) fn permits(&self, row: u32) -> bool {
        match &self.matching {
            Some(matching) => matching.rows.contains(row),
            None => self.view.is_live(row),
        }
    }

    /// The rows as a bitmap, `None` when every row of the segment may be found.
    pub(crate) fn bitmap(&self) -> Option<Cow<'_, RoaringBitmap>> {
        match &self.matching {
            Some(matching) => Some(Cow::Borrowed(&matching.rows)),
            None if self.view.deletes.is_empty() => None,
            None => Some(Cow::Owned(self.view.live_rows())),
        }
    }

    /// The live rows that match the filter, `None` without one.
    pub(crate) fn matching(&self) -> Option<&RoaringBitmap> {
        self.matching.as_ref().map(|matching| &matching.rows)
    }

    /// Rows that may be found.
    pub(crate) fn len(&self) -> u64 {
        self.matching
            .as_ref()
            .map_or_else(|| self.view.live(), |matching| matching.rows.len())
    }

    /// The vectors of a field that may be found, of `count` whose rows ascend; `None` when all of them may.
    ///
    /// `visible` is the number of vectors whose row belongs to the snapshot.
    pub(crate) fn ordinals(
        &self,
        field: &str,
        [count, visible]: [usize; 2],
        ordinal_of: impl Fn(u32) -> Option<u32>,
    ) -> Option<Arc<OrdinalSet>> {
        let Some(matching) = &self.matching else {
            return self
                .live_ordinals([count, visible], ordinal_of)
                .map(Arc::new);
        };
        let collect = || {
            let ordinals = matching.rows.iter().filter_map(&ordinal_of);
            Arc::new(OrdinalSet::collect(count, ordinals))
        };
        let first = matching.ordinals.get_or_init(|| Ordinals {
            field: field.to_string(),
            count,
            set: collect(),
        });
        // Another field, or the graph of a segment in memory that has grown between the searches of a batch.
        if first.count == count && first.field == field {
            Some(first.set.clone())
        } else {
            Some(collect())
        }
    }

    fn live_ordinals(
        &self,
        [count, visible]: [usize; 2],
        ordinal_of: impl Fn(u32) -> Option<u32>,
    ) -> Option<OrdinalSet> {
        if visible == count && self.view.deletes.is_empty() {
            return None;
        }
        let mut ordinals = OrdinalSet::full(count);
        for ordinal in visible..count {
            ordinals.remove(ordinal as u32);
        }
        for ordinal in self.view.deletes.iter().filter_map(ordinal_of) {
            ordinals.remove(ordinal);
        }
        Some(ordinals)
    }
}
