//! Merging sealed segments: fewer files to search, and no deleted rows.
//!
//! Size-tiered: a run of neighbouring segments of about one size becomes a segment of the next. Rows and
//! vectors are read and written where they lie; keys, metadata columns and the keyword index of the new
//! segment are held in memory while they are made.

mod rows;

use std::ops::Range;
use std::sync::Arc;

use lumos_wal::sync::MutexGuard;
use roaring::RoaringBitmap;

use crate::Result;
use crate::core::Core;
use crate::seal::{Reserved, died, publish, write_file};
use crate::sealed::SealedSegment;
use crate::source::SegmentView;
use crate::state::{CollectionState, DbState};
use rows::MergedRows;

/// Neighbours of one size that are merged.
const RUN: usize = 8;
/// A segment of one tier is up to this much larger than one of the tier below.
const TIER_FACTOR: u64 = 8;
/// Rows that all go into the lowest tier.
const SMALL_ROWS: u64 = 4_096;
/// Rows of the largest segment that the background makes.
const MAX_BACKGROUND_ROWS: u64 = 1_000_000;

/// Merges every collection into one segment without deleted rows.
pub(crate) fn compact(core: &Core) -> Result<()> {
    let merging = core.merging.lock();
    let ids: Vec<u32> = core.state().collections.keys().copied().collect();
    for id in ids {
        let state = core.state();
        let Some(collection) = state.collections.get(&id) else {
            continue;
        };
        let budget = budget(core);
        let worth = |view: &SegmentView| {
            let damaged = view
                .as_sealed()
                .is_some_and(|sealed| sealed.needs_mending() || !sealed.held().is_empty());
            !view.deletes.is_empty() || damaged || awaits_graph(view)
        };
        // From the end, so that a merge does not move what is still to be merged.
        let mut end = collection.sealed_count();
        while let Some(run) = run_before(collection, end, budget) {
            end = run.start;
            let views = collection.segments.get(run.clone()).unwrap_or_default();
            if views.len() > 1 || views.iter().any(worth) {
                merge(core, &merging, &core.state(), id, run)?;
            }
        }
    }
    Ok(core.committer()?.trim()?)
}

/// Writes the segments that are picked anew, one by one, and what is derived from their rows with them.
pub(crate) fn rewrite(core: &Core, pick: impl Fn(&SealedSegment) -> bool) -> Result<()> {
    let merging = core.merging.lock();
    let ids: Vec<u32> = core.state().collections.keys().copied().collect();
    for id in ids {
        for at in 0.. {
            let state = core.state();
            let collection = state.collections.get(&id);
            let view = collection.and_then(|collection| collection.segments.get(at));
            let Some(sealed) = view.and_then(SegmentView::as_sealed) else {
                break;
            };
            if pick(sealed) {
                merge(core, &merging, &state, id, at..at + 1)?;
            }
        }
    }
    Ok(())
}

/// Whether there is time to merge what could wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eager {
    No,
    Yes,
}

impl Eager {
    /// Deleted rows of a segment, in percent, from which it is written anew.
    fn dead_percent(self) -> u64 {
        match self {
            Eager::No => 50,
            Eager::Yes => 20,
        }
    }
}

/// Bytes of memory that one merge may take.
fn budget(core: &Core) -> u64 {
    let limit = core.options.memory_limit;
    limit.map_or(u64::MAX, |limit| limit as u64 / 4)
}

/// Memory that the merge of a segment takes, about: only its live rows are held. A segment that is too
/// large comes due when enough of it is deleted.
fn merge_bytes(view: &SegmentView) -> u64 {
    let all = view.as_sealed().map_or(0, |sealed| sealed.merge_bytes());
    all.saturating_mul(view.live()) / u64::from(view.rows.max(1))
}

/// The longest run of segments before `end` that fits into a budget; one that alone does not is left out.
fn run_before(collection: &CollectionState, end: usize, budget: u64) -> Option<Range<usize>> {
    let sealed = collection.segments.get(..end)?;
    let fits = |view: &SegmentView| merge_bytes(view) <= budget;
    let end = sealed.iter().rposition(fits)? + 1;
    let mut total = 0;
    let run = sealed.get(..end)?.iter().rev().take_while(|view| {
        total += merge_bytes(view);
        total <= budget
    });
    Some(end - run.count()..end)
}

/// Merges one run of segments if one is due; returns whether there was one.
pub(crate) fn merge_next(core: &Core, eager: Eager) -> Result<bool> {
    let merging = core.merging.lock();
    let state = core.state();
    for collection in state.collections.values() {
        if let Some(run) = due(collection, eager, budget(core)) {
            merge(core, &merging, &state, collection.id, run)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn tier(view: &SegmentView) -> u32 {
    let (mut rows, mut tier) = (view.live() / SMALL_ROWS, 0);
    while rows > 0 {
        rows /= TIER_FACTOR;
        tier += 1;
    }
    tier
}

fn awaits_graph(view: &SegmentView) -> bool {
    let sealed = view.as_sealed();
    sealed.is_some_and(|sealed| sealed.awaits_graph())
}

/// The longest run from `start` on of segments for which `pick` holds and that fit into one merge.
fn run_from(
    sealed: &[SegmentView],
    start: usize,
    budget: u64,
    pick: impl Fn(&SegmentView) -> bool,
) -> Range<usize> {
    let (mut rows, mut bytes) = (0, 0);
    let run = sealed.iter().skip(start).take_while(|view| {
        rows += view.live();
        bytes += merge_bytes(view);
        pick(view) && rows <= MAX_BACKGROUND_ROWS && bytes <= budget
    });
    start..start + run.count()
}

/// The first run of neighbours whose merge is worth it: [`RUN`] of one tier, those that wait for a graph,
/// or one of whose rows many are deleted.
fn due(collection: &CollectionState, eager: Eager, budget: u64) -> Option<Range<usize>> {
    let sealed = collection.segments.get(..collection.sealed_count())?;
    let dying = |view: &SegmentView| {
        let rows = u64::from(view.rows);
        (rows - view.live()) * 100 > rows * eager.dead_percent() && merge_bytes(view) <= budget
    };
    if let Some(at) = sealed.iter().position(dying) {
        return Some(at..at + 1);
    }
    // What is loaded with its graph to come is best given one graph when the load is over.
    let mut runs = (0..sealed.len()).map(|at| run_from(sealed, at, budget, awaits_graph));
    if let Some(run) = runs.find(|run| !run.is_empty())
        && (eager == Eager::Yes || sealed.get(run.end).is_some_and(awaits_graph))
    {
        return Some(run);
    }
    let mut start = 0;
    while start < sealed.len() {
        let first = sealed.get(start).map(tier)?;
        let same = sealed
            .iter()
            .skip(start)
            .take_while(|view| tier(view) <= first && !awaits_graph(view))
            .count();
        let run = start..start + same;
        let rows: u64 = sealed.get(run.clone())?.iter().map(SegmentView::live).sum();
        let bytes: u64 = sealed.get(run.clone())?.iter().map(merge_bytes).sum();
        if same >= RUN && rows <= MAX_BACKGROUND_ROWS && bytes <= budget {
            return Some(run);
        }
        start = run.end.max(start + 1);
    }
    None
}

/// Writes the live rows of a run of segments as one, while seals and bulk loads go on: neither moves the
/// segments before it.
fn merge(
    core: &Core,
    _merging: &MutexGuard<'_, ()>,
    state: &DbState,
    id: u32,
    run: Range<usize>,
) -> Result<()> {
    let Some(collection) = state.collections.get(&id) else {
        return Ok(());
    };
    let Some(views) = collection.segments.get(run.clone()) else {
        return Ok(());
    };
    let rows = MergedRows::new(collection, views)?;
    let reserved = Reserved::new(core);
    let written = match rows.is_empty() {
        true => None,
        false => Some(write_file(core, reserved.number, &rows)?),
    };
    if let Some(written) = &written {
        written.segment.prepare(&collection.schema.indexes)?;
    }
    let mut checkpoint = core.maintenance.lock();
    let sealed = written.map(|written| {
        checkpoint.register(written.entry);
        Arc::new(written.segment)
    });
    publish(core, &mut checkpoint, |state| {
        let Some(collection) = state.collections.get_mut(&id).map(Arc::make_mut) else {
            return false;
        };
        let Some(now) = collection.segments.get(run.clone()) else {
            return false;
        };
        let same = views.iter().zip(now).all(|(before, now)| {
            matches!((before.as_sealed(), now.as_sealed()), (Some(a), Some(b)) if Arc::ptr_eq(a, b))
        });
        if !same {
            return false;
        }
        // Rows that were deleted while the merge ran.
        let mut deletes = RoaringBitmap::new();
        for ((before, now), part) in views.iter().zip(now).zip(&rows.parts) {
            for row in died(before, now) {
                deletes.insert(part.start + part.live.rank(row) as u32 - 1);
            }
        }
        let merged = sealed
            .as_ref()
            .map(|sealed| SegmentView::sealed(sealed.clone(), Arc::new(deletes)));
        collection.segments.splice(run.clone(), merged);
        true
    })
}
