//! Holding rows that are not sealed yet within a budget.

use std::sync::Arc;

use crate::Result;
use crate::core::Core;
use crate::memory::MemorySegment;
use crate::seal::{flush, freeze};
use crate::source::SegmentView;
use crate::state::{CollectionState, DbState};

/// Returns when the rows in memory take at most about `budget` bytes: seals early, and waits for the
/// background or, without one, seals here.
pub(crate) fn keep(core: &Core, budget: usize) -> Result<()> {
    let work = core.publisher.work();
    loop {
        let (active, all) = used(&core.state());
        if active > budget / 2 {
            freeze(core, |collection| of_active(collection) >= active / 8);
            work.notify();
        }
        if all <= budget {
            return Ok(());
        }
        if !work.wait_a_moment() {
            return flush(core);
        }
    }
}

fn memory(collection: &CollectionState) -> impl Iterator<Item = &Arc<MemorySegment>> {
    collection
        .segments
        .iter()
        .filter_map(SegmentView::as_memory)
}

fn of_active(collection: &CollectionState) -> usize {
    memory(collection).last().map_or(0, |active| active.bytes())
}

/// Bytes of the active segments, and of all that are in memory.
fn used(state: &DbState) -> (usize, usize) {
    let collections = || state.collections.values();
    let active = collections().map(|collection| of_active(collection)).sum();
    let all = collections()
        .flat_map(|collection| memory(collection))
        .map(|segment| segment.bytes())
        .sum();
    (active, all)
}
