//! Turning frozen segments into files, and publishing what has become durable.

use std::sync::Arc;

use lumos_wal::sync::RwLockWriteGuard;
use roaring::RoaringBitmap;

use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::core::Core;
use crate::manifest::SegmentEntry;
use crate::memory::MemorySegment;
use crate::sealed::{self, GoOn, Rows, SealedSegment};
use crate::segment::{SegmentBuffer, SegmentFile, SegmentWriter, segment_path};
use crate::source::SegmentView;
use crate::state::{CollectionState, DbState};

/// Freezes and seals everything in memory, and writes a manifest that needs no log.
pub(crate) fn flush(core: &Core) -> Result<()> {
    let mut checkpoint = core.maintenance.lock();
    freeze(core, |_| true);
    while seal_next(core, &mut checkpoint)? {}
    if !checkpoint.covers(&core.state()) {
        publish(core, &mut checkpoint, |_| true)?;
    }
    Ok(())
}

/// Freezes the active segments of the collections that are picked.
pub(crate) fn freeze(core: &Core, pick: impl Fn(&CollectionState) -> bool) {
    let turn = core.publisher.turn();
    let mut state = (*turn.current()).clone();
    for collection in state.collections.values_mut() {
        if pick(collection) {
            Arc::make_mut(collection).freeze(|_| true);
        }
    }
    turn.publish(state);
}

/// Seals the oldest frozen segment of some collection; returns whether there was one.
pub(crate) fn seal_next(core: &Core, checkpoint: &mut Checkpoint) -> Result<bool> {
    let state = core.state();
    let Some((id, frozen)) = oldest_frozen(&state) else {
        return Ok(false);
    };
    let written = write_file(core, checkpoint.take_number(), &*frozen)?;
    if let Some(collection) = state.collections.get(&id) {
        written.segment.prepare(&collection.schema.indexes)?;
    }
    checkpoint.register(written.entry);
    let sealed = Arc::new(written.segment);
    publish(core, checkpoint, |state| {
        let Some(collection) = state.collections.get_mut(&id).map(Arc::make_mut) else {
            return false;
        };
        let at = collection.segments.iter().position(|view| {
            view.as_memory()
                .is_some_and(|memory| Arc::ptr_eq(memory, &frozen))
        });
        match at.and_then(|at| collection.segments.get_mut(at)) {
            Some(view) => {
                *view = SegmentView::sealed(sealed.clone(), view.deletes.clone());
                true
            }
            // Dropped meanwhile, or replaced by another schema: the file is an orphan.
            None => false,
        }
    })?;
    Ok(true)
}

/// The first frozen segment of any collection: those before the active one, oldest first.
fn oldest_frozen(state: &DbState) -> Option<(u32, Arc<MemorySegment>)> {
    state.collections.values().find_map(|collection| {
        let (_, frozen) = collection.segments.split_last()?;
        let segment = frozen.iter().find_map(SegmentView::as_memory)?;
        Some((collection.id, segment.clone()))
    })
}

/// The number of a segment that is written while others seal: its file is no leftover as long as this is
/// held.
pub(crate) struct Reserved<'a> {
    core: &'a Core,
    pub(crate) number: u64,
}

impl<'a> Reserved<'a> {
    pub(crate) fn new(core: &'a Core) -> Self {
        let number = core.maintenance.lock().reserve_number();
        Reserved { core, number }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.core.maintenance.lock().unreserve(self.number);
    }
}

/// A segment that no manifest names yet.
pub(crate) struct WrittenSegment {
    pub(crate) segment: SealedSegment,
    pub(crate) entry: SegmentEntry,
    /// Rows whose keys later rows have too.
    pub(crate) older: RoaringBitmap,
}

/// Writes a segment file, or a buffer for a database in memory, and opens it.
pub(crate) fn write_file(core: &Core, number: u64, rows: &dyn Rows) -> Result<WrittenSegment> {
    let go_on: GoOn<'_> = &|| !core.publisher.work().stopping();
    let (file, written) = match &core.dir {
        Some(dir) => {
            let path = segment_path(dir, number);
            let mut writer = SegmentWriter::create(&*core.vfs, &path)?;
            let written = sealed::write(rows, &mut writer, go_on)?;
            writer.finish()?;
            (
                SegmentFile::open(&*core.vfs, &path, core.options.access)?,
                written,
            )
        }
        None => {
            let mut buffer = SegmentBuffer::new(rows.bytes())?;
            let written = sealed::write(rows, &mut buffer, go_on)?;
            (buffer.finish()?, written)
        }
    };
    let entry = SegmentEntry {
        number,
        rows: written.rows,
        deletes: None,
        min_seqno: written.min_seqno,
        max_seqno: written.max_seqno,
        bytes: file.len(),
    };
    let segment = SealedSegment::open(file, &entry, &rows.text_fields())?;
    if segment.needs_mending() {
        // The log still has everything: it must not go before the file is whole.
        segment.verify()?;
    }
    Ok(WrittenSegment {
        segment,
        entry,
        older: written.older,
    })
}

/// Derives the next state by `change`, makes it durable and publishes it, in this order and with every
/// commit kept out; a change that returns false is dropped.
pub(crate) fn publish(
    core: &Core,
    checkpoint: &mut Checkpoint,
    change: impl FnOnce(&mut DbState) -> bool,
) -> Result<()> {
    let gate = core.exclusive();
    publish_under(&gate, core, checkpoint, change)
}

/// The same for whoever keeps commits out already.
pub(crate) fn publish_under(
    _gate: &RwLockWriteGuard<'_, ()>,
    core: &Core,
    checkpoint: &mut Checkpoint,
    change: impl FnOnce(&mut DbState) -> bool,
) -> Result<()> {
    // Rows of a commit that could not be applied are in memory, past what the state shows.
    core.publisher.check()?;
    // The manifest must not be ahead of the log: what a lost buffered commit wrote to one collection
    // would be there, and what it wrote to another would not.
    core.committer()?.sync()?;
    let turn = core.publisher.turn();
    let mut state = (*turn.current()).clone();
    if !change(&mut state) {
        return Ok(());
    }
    let Some(dir) = &core.dir else {
        let before = turn.current();
        turn.publish(state);
        core.pins.retire(&before, &core.state());
        return Ok(());
    };
    let floor = checkpoint.write(core, dir, &state)?;
    for collection in state.collections.values_mut() {
        let sealed_seqno = collection.durable_seqno(state.seqno);
        Arc::make_mut(collection).sealed_seqno = sealed_seqno;
    }
    let before = turn.current();
    turn.publish(state);
    core.pins.retire(&before, &core.state());
    core.committer()?.release(floor)?;
    Ok(())
}

/// The rows of a segment that were live in `before` and are not in `after`.
pub(crate) fn died(before: &SegmentView, after: &SegmentView) -> RoaringBitmap {
    &*after.deletes - &*before.deletes
}
