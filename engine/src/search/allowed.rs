//! Which rows of a segment may be found.

use std::sync::{Arc, OnceLock};

use lumos_index::OrdinalSet;
use roaring::RoaringBitmap;

use crate::Result;
use crate::source::SegmentView;

/// The rows of one segment that a search may return.
#[derive(Debug)]
pub(crate) struct Allowed<'a> {
    view: &'a SegmentView,
    /// The live rows that match the filter; all live rows when `None`.
    matching: Option<RoaringBitmap>,
    /// What [`Allowed::ordinals`] gave first: the searches of a batch share it.
    ordinals: OnceLock<Ordinals>,
}

/// The vectors that may be found, of how many; `None` when all of them may.
#[derive(Debug)]
struct Ordinals {
    count: usize,
    set: Option<Arc<OrdinalSet>>,
}

impl<'a> Allowed<'a> {
    pub(crate) fn new(view: &'a SegmentView, filter: Option<&lumos_index::Filter>) -> Result<Self> {
        let matching = filter.map(|filter| view.matches(filter)).transpose()?;
        Ok(Allowed {
            view,
            matching,
            ordinals: OnceLock::new(),
        })
    }

    pub(crate) fn view(&self) -> &'a SegmentView {
        self.view
    }

    /// Whether no row may be found.
    pub(crate) fn is_empty(&self) -> bool {
        self.matching
            .as_ref()
            .map_or(self.view.live() == 0, RoaringBitmap::is_empty)
    }

    #[inline]
    pub(crate) fn permits(&self, row: u32) -> bool {
        match &self.matching {
            Some(matching) => matching.contains(row),
            None => self.view.is_live(row),
        }
    }

    /// The rows as a bitmap, `None` when every row of the segment may be found.
    pub(crate) fn bitmap(&self) -> Option<RoaringBitmap> {
        match &self.matching {
            Some(matching) => Some(matching.clone()),
            None if self.view.deletes.is_empty() => None,
            None => Some(self.view.live_rows()),
        }
    }

    /// Rows that may be found.
    pub(crate) fn len(&self) -> u64 {
        self.matching
            .as_ref()
            .map_or_else(|| self.view.live(), RoaringBitmap::len)
    }

    /// The vectors of the one field searched that may be found, of `count` whose rows ascend; `None` when all
    /// of them may.
    ///
    /// `visible` is the number of vectors whose row belongs to the snapshot.
    pub(crate) fn ordinals(
        &self,
        count: usize,
        visible: usize,
        ordinal_of: impl Fn(u32) -> Option<u32>,
    ) -> Option<Arc<OrdinalSet>> {
        let collect = || Ordinals {
            count,
            set: self.collect(count, visible, &ordinal_of).map(Arc::new),
        };
        let first = self.ordinals.get_or_init(collect);
        // The graph of a segment in memory grows between the searches of a batch.
        if first.count == count {
            first.set.clone()
        } else {
            collect().set
        }
    }

    fn collect(
        &self,
        count: usize,
        visible: usize,
        ordinal_of: &impl Fn(u32) -> Option<u32>,
    ) -> Option<OrdinalSet> {
        if let Some(matching) = &self.matching {
            let ordinals = matching.iter().filter_map(ordinal_of);
            return Some(OrdinalSet::collect(count, ordinals));
        }
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
