//! The background thread: grows graphs, seals what is frozen, merges, keeps the log short.

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::Result;
use crate::core::Core;
use crate::memory::GRAPH_MIN_ROWS;
use crate::merge::merge_next;
use crate::seal::{freeze, seal_next};
use crate::source::SegmentView;

/// Starts the thread; `None` when the machine has none to give, and work is done by `flush` only.
pub(crate) fn spawn(core: Arc<Core>) -> Option<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("lumos-worker".to_string());
    thread
        .spawn(move || {
            let work = core.publisher.work();
            work.attend(true);
            while work.wait() {
                let outcome = round(&core);
                work.attend(outcome.is_ok());
                *core.background_error.lock() = outcome.err().map(|error| error.to_string());
            }
        })
        .ok()
}

/// Does everything that is due.
fn round(core: &Core) -> Result<()> {
    grow_graphs(core);
    let mut checkpoint = core.maintenance.lock();
    if core.committer()?.live_bytes() > core.max_wal_bytes {
        freeze(core, |_| true);
    }
    let stopping = || core.publisher.work().stopping();
    while !stopping() && seal_next(core, &mut checkpoint)? {}
    while !stopping() && merge_next(core, &mut checkpoint)? {}
    Ok(())
}

/// Links the new vectors of the active segments, where there are enough to be worth it.
fn grow_graphs(core: &Core) {
    let state = core.state();
    let active = state.collections.values().filter_map(|collection| {
        collection
            .segments
            .last()
            .and_then(SegmentView::as_memory)
            .cloned()
    });
    for segment in active {
        if core.publisher.work().stopping() {
            return;
        }
        segment.grow_graphs(GRAPH_MIN_ROWS, GRAPH_MIN_ROWS);
    }
}
