//! Deleting documents whose time is over.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::core::Core;
use crate::key_list::KeyList;
use crate::op::Op;
use crate::state::CollectionState;

/// Documents deleted in one commit: others must not wait long.
const BATCH: usize = 10_000;

/// The time now, in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// The moment this many milliseconds from now.
pub(crate) fn after(ttl_ms: u64) -> u64 {
    now().saturating_add(ttl_ms).max(1)
}

/// Deletes what has ended by `now`; returns how many documents that were.
pub(crate) fn expire(core: &Core, now: u64) -> Result<u64> {
    core.committer()?;
    let ids: Vec<u32> = core.state().collections.keys().copied().collect();
    let mut count = 0;
    for id in ids {
        loop {
            // What is deleted is decided and logged under one guard: nobody puts a document again in
            // between.
            let guard = core.exclusive();
            let state = core.state();
            let Some(collection) = state.collections.get(&id) else {
                break;
            };
            let ended = ended(collection, now)?;
            let found = ended.len();
            if found > 0 {
                core.commit_exclusive(&guard, vec![Op::DeleteMany { id, keys: ended }])?;
            }
            count += found as u64;
            if found < BATCH {
                for view in due(collection, now) {
                    view.expired(now);
                }
                break;
            }
        }
    }
    Ok(count)
}

fn due(
    collection: &CollectionState,
    now: u64,
) -> impl Iterator<Item = &crate::source::SegmentView> {
    let views = collection.segments.iter();
    views.filter(move |view| view.first_expiry().is_some_and(|at| at <= now))
}

/// The keys of live documents that have ended, at most [`BATCH`].
fn ended(collection: &CollectionState, now: u64) -> Result<KeyList> {
    let mut keys = KeyList::default();
    for view in due(collection, now) {
        for row in view.live_rows() {
            if keys.len() == BATCH {
                return Ok(keys);
            }
            if (1..=now).contains(&view.expires(row)) && !keys.push(&view.key(row)?) {
                return Ok(keys);
            }
        }
    }
    Ok(keys)
}
