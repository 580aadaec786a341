//! Merging sealed segments: fewer files to search, and no deleted rows.
//!
//! Size-tiered: a run of neighbouring segments of about one size becomes a segment of the next. The
//! rows of a merge are held in memory while it runs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::checkpoint::Checkpoint;
use crate::core::Core;
use crate::seal::{died, publish, write};
use crate::sealed::{Draft, DraftRow, DraftVectors};
use crate::source::SegmentView;
use crate::state::{CollectionState, DbState};
use crate::{Error, Result};

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
    let mut checkpoint = core.maintenance.lock();
    let ids: Vec<u32> = core.state().collections.keys().copied().collect();
    for id in ids {
        let state = core.state();
        let Some(collection) = state.collections.get(&id) else {
            continue;
        };
        let sealed = sealed_count(collection);
        let worth = |view: &SegmentView| {
            let damaged = view
                .as_sealed()
                .is_some_and(|sealed| sealed.needs_mending());
            !view.deletes.is_empty() || damaged
        };
        if sealed > 1 || collection.segments.iter().take(sealed).any(worth) {
            merge(core, &mut checkpoint, &state, id, 0..sealed)?;
        }
    }
    Ok(core.committer()?.trim()?)
}

/// Merges one run of segments if one is due; returns whether there was one.
pub(crate) fn merge_next(core: &Core, checkpoint: &mut Checkpoint) -> Result<bool> {
    let state = core.state();
    for collection in state.collections.values() {
        if let Some(run) = due(collection) {
            merge(core, checkpoint, &state, collection.id, run)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sealed segments come first in a collection.
fn sealed_count(collection: &CollectionState) -> usize {
    collection
        .segments
        .iter()
        .take_while(|view| view.as_sealed().is_some())
        .count()
}

fn tier(view: &SegmentView) -> u32 {
    let (mut rows, mut tier) = (view.live() / SMALL_ROWS, 0);
    while rows > 0 {
        rows /= TIER_FACTOR;
        tier += 1;
    }
    tier
}

/// The first run of neighbours whose merge is worth it: [`RUN`] of one tier, or one that is mostly
/// deleted.
fn due(collection: &CollectionState) -> Option<Range<usize>> {
    let sealed = collection.segments.get(..sealed_count(collection))?;
    let half_dead = |view: &SegmentView| view.live() * 2 < u64::from(view.rows);
    if let Some(at) = sealed.iter().position(half_dead) {
        return Some(at..at + 1);
    }
    let mut start = 0;
    while start < sealed.len() {
        let first = sealed.get(start).map(tier)?;
        let same = sealed
            .iter()
            .skip(start)
            .take_while(|view| tier(view) <= first)
            .count();
        let run = start..start + same;
        let rows: u64 = sealed.get(run.clone())?.iter().map(SegmentView::live).sum();
        if same >= RUN && rows <= MAX_BACKGROUND_ROWS {
            return Some(run);
        }
        start = run.end;
    }
    None
}

fn merge(
    core: &Core,
    checkpoint: &mut Checkpoint,
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
    let (draft, starts) = draft(collection, views)?;
    let sealed = match draft.rows.is_empty() {
        true => None,
        false => Some(write(core, checkpoint, &draft)?),
    };
    publish(core, checkpoint, |state| {
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
        for ((before, now), start) in views.iter().zip(now).zip(&starts) {
            for row in died(before, now) {
                let rank = before.live_rows().rank(row) as u32;
                deletes.insert(start + rank - 1);
            }
        }
        let merged = sealed
            .as_ref()
            .map(|sealed| SegmentView::sealed(sealed.clone(), Arc::new(deletes)));
        collection.segments.splice(run.clone(), merged);
        true
    })
}

/// The live rows of some segments, in their order, and the new row of each segment's first.
fn draft(collection: &CollectionState, views: &[SegmentView]) -> Result<(Draft, Vec<u32>)> {
    let mut draft = Draft {
        kind: collection.kind,
        text_fields: collection.schema.texts.keys().cloned().collect(),
        rows: Vec::new(),
        vectors: BTreeMap::new(),
    };
    let mut starts = Vec::with_capacity(views.len());
    for view in views {
        starts.push(draft.rows.len() as u32);
        let Some(sealed) = view.as_sealed() else {
            continue;
        };
        // Damage must not be copied into a file with a fresh checksum.
        sealed.verify_data()?;
        for row in view.live_rows() {
            let new = draft.rows.len() as u32;
            draft.rows.push(DraftRow {
                key: sealed.key(row)?,
                payload: sealed.payload(row)?,
                seqno: sealed.seqno(row)?,
            });
            for (name, vectors) in sealed.vectors() {
                let Some(vector) = vectors.vector(row) else {
                    continue;
                };
                let field = vectors.field;
                let column = draft
                    .vectors
                    .entry(name.clone())
                    .or_insert_with(|| DraftVectors {
                        field,
                        data: Vec::new(),
                        rows: Vec::new(),
                        graph: None,
                    });
                if column.field != field {
                    return Err(Error::SchemaMismatch {
                        collection: collection.name.clone(),
                        detail: format!("vectors of field \"{name}\" differ between segments"),
                    });
                }
                column.data.extend_from_slice(vector);
                column.rows.push(new);
            }
        }
    }
    Ok((draft, starts))
}
