//! The background thread: grows graphs, seals what is frozen, merges, keeps the log short, deletes what
//! has ended, and gives disk and memory back when nothing is going on.

use lumos_wal::sync::thread::JoinHandle;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::core::Core;
use crate::memory::GRAPH_MIN_ROWS;
use crate::merge::{Eager, merge_next};
use crate::publish::Wake;
use crate::seal::{freeze, seal_next};
use crate::source::SegmentView;
use crate::state::CollectionState;
use crate::{Error, Result};

/// Log, in bytes on disk, that an idle database keeps however little it holds.
const IDLE_LOG_BYTES: u64 = 512 << 10;
/// Rows of an active segment that are not worth sealing however many of them are deleted.
const IDLE_ROWS: u64 = 1_024;

/// Starts the thread; `None` when the machine has none to give, and work is done by `flush` only.
pub(crate) fn spawn(core: Arc<Core>) -> Option<JoinHandle<()>> {
    let thread = lumos_wal::sync::thread::Builder::new().name("lumos-worker".to_string());
    thread
        .spawn(move || {
            let work = core.publisher.work();
            work.attend(true);
            loop {
                let wake = work.wait();
                if wake == Wake::Stop {
                    return;
                }
                // Locks are not poisoned by a panic, and every change is published as a whole or not.
                let outcome = catch_unwind(AssertUnwindSafe(|| round(&core, wake)));
                let outcome = outcome.unwrap_or_else(|panic| Err(panicked(&*panic)));
                work.attend(outcome.is_ok());
                core.background.lock().note(outcome);
            }
        })
        .ok()
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::Background {
        detail: format!("it panicked: {}", text.unwrap_or("no reason given")),
    }
}

/// Does everything that is due.
fn round(core: &Core, wake: Wake) -> Result<()> {
    if core.state().has_ttl() {
        crate::expire::expire(core, crate::expire::now())?;
    }
    if wake == Wake::Tick {
        return Ok(());
    }
    grow_graphs(core);
    let stopping = || core.publisher.work().stopping();
    let committer = core.committer()?;
    let idle = wake == Wake::Idle;
    if committer.live_bytes() > core.options.max_wal_bytes || (idle && log_outweighs_data(core)?) {
        freeze(core, |_| true);
    } else if idle {
        freeze(core, mostly_deleted);
    }
    seal_frozen(core)?;
    let eager = if idle { Eager::Yes } else { Eager::No };
    while !stopping() && merge_next(core, eager)? {
        // Writers wait for seals, and nobody for merges.
        seal_frozen(core)?;
    }
    if idle && log_outweighs_data(core)? {
        committer.trim()?;
    }
    Ok(())
}

fn seal_frozen(core: &Core) -> Result<()> {
    let mut checkpoint = core.maintenance.lock();
    while !core.publisher.work().stopping() && seal_next(core, &mut checkpoint)? {}
    Ok(())
}

/// Whether the log takes more room than what it protects is worth.
fn log_outweighs_data(core: &Core) -> Result<bool> {
    let state = core.state();
    let views = state.collections.values().flat_map(|c| &c.segments);
    let sealed: u64 = views
        .filter_map(|view| Some(view.as_sealed()?.bytes()))
        .sum();
    let log = core.committer()?.disk_bytes();
    Ok(log > IDLE_LOG_BYTES.max(sealed / 2))
}

/// Whether the active segment holds on to memory for rows that are gone.
fn mostly_deleted(collection: &CollectionState) -> bool {
    collection.segments.last().is_some_and(|view| {
        let rows = u64::from(view.rows);
        rows >= IDLE_ROWS && view.live() * 2 < rows
    })
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
        let go_on = || !core.publisher.work().stopping();
        segment.grow_graphs(GRAPH_MIN_ROWS, GRAPH_MIN_ROWS, &go_on);
    }
}
