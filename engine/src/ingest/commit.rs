//! Committing a segment that was written past the log.
//!
//! The file is written while commits go on. Then, with commits kept out, the log gets a frame that says so
//! and gives the rows their number, and the manifest that names the segment commits them.

use std::path::PathBuf;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::database::Lumos;
use crate::manifest::CollectionKind;
use crate::op::Op;
use crate::seal::{Reserved, publish, publish_under, write_file};
use crate::sealed::{Rows, SealedSegment};
use crate::source::SegmentView;
use crate::state::CollectionState;
use crate::{Error, Result, Seqno};

/// Writes and commits one segment of `count` rows; under an id also notes that they are there.
pub(super) fn commit(
    db: &Lumos,
    name: &str,
    id: Option<&str>,
    rows: &dyn Rows,
    count: usize,
) -> Result<Seqno> {
    let core = db.core();
    core.admit()?;
    let reserved = Reserved::new(core);
    let number = reserved.number;
    let written = write_file(core, number, rows)?;
    let collection = core.state().collection(name)?.clone();
    written.segment.prepare(&collection.schema.indexes)?;
    let known: Vec<(SegmentView, RoaringBitmap)> = collection
        .segments
        .iter()
        .map(|view| Ok((view.clone(), replaced(view, &written.segment)?)))
        .collect::<Result<_>>()?;
    let mut checkpoint = core.maintenance.lock();
    let gate = core.exclusive();
    let state = core.state();
    let now = state.named(CollectionKind::Documents, name);
    let now = now.filter(|now| now.id == collection.id);
    let Some(now) = now else {
        state.collection(name)?;
        return Err(Error::Conflict {
            key: name.to_string(),
            detail: "the collection was dropped and made anew meanwhile".to_string(),
        });
    };
    for (field, written_with) in rows.text_fields() {
        let analyzer = now.schema.texts.get(&field);
        if analyzer.is_some_and(|analyzer| *analyzer != written_with) {
            return Err(Error::Conflict {
                key: name.to_string(),
                detail: format!("the analyzer of text field \"{field}\" was changed meanwhile"),
            });
        }
    }
    // What other commits have added since is looked at now, while no more can come.
    let mut dying = Vec::with_capacity(now.segments.len());
    for view in &now.segments {
        let same = |(known, _): &&(SegmentView, RoaringBitmap)| {
            known.is_same(view) && known.rows == view.rows
        };
        dying.push(match known.iter().find(same) {
            Some((_, rows)) => rows.clone(),
            None => replaced(view, &written.segment)?,
        });
    }
    let op = Op::Ingest {
        id: collection.id,
        rows: count as u32,
    };
    let seqno = core.commit_exclusive(&gate, vec![op])?;
    let entry = written.entry.of_commit(seqno);
    let segment = Arc::new(written.segment.of_commit(seqno));
    let view = SegmentView::sealed(segment, Arc::new(written.older));
    checkpoint.register(entry);
    let published = publish_under(&gate, core, &mut checkpoint, |state| {
        let collection = state.collections.get_mut(&collection.id);
        let Some(collection) = collection.map(Arc::make_mut) else {
            return false;
        };
        for (view, rows) in collection.segments.iter_mut().zip(dying) {
            if !rows.is_empty() {
                *Arc::make_mut(&mut view.deletes) |= rows;
            }
        }
        // Sealed segments come before those in memory.
        let at = collection.sealed_count();
        collection.segments.insert(at, view);
        if let Some(id) = id {
            *collection.ingests.entry(id.to_string()).or_default() += count as u64;
        }
        true
    });
    if let Err(error) = published {
        // A manifest that names the segment may be there after a crash, although its directory could not
        // be synced: nothing may be acknowledged that does not know of these rows.
        let shown = core
            .state()
            .collections
            .get(&collection.id)
            .is_some_and(|collection| {
                collection
                    .segments
                    .iter()
                    .any(|view| is_number(view, number))
            });
        let safe = |dir: &PathBuf| checkpoint.is_on_disk(core, dir);
        if !shown && !core.dir.as_ref().is_none_or(safe) {
            core.publisher.fail(&error);
        }
        return Err(error);
    }
    core.publisher.work().notify();
    Ok(seqno)
}

fn is_number(view: &SegmentView, number: u64) -> bool {
    let sealed = view.as_sealed();
    sealed.is_some_and(|sealed| sealed.number() == number)
}

/// Forgets how far a load was.
pub(super) fn finish(db: &Lumos, name: &str, id: &str) -> Result<()> {
    let core = db.core();
    let noted = |collection: &CollectionState| collection.ingests.contains_key(id);
    let state = core.state();
    let collection = state.named(CollectionKind::Documents, name);
    let Some(collection) = collection.filter(|collection| noted(collection)) else {
        return Ok(());
    };
    let mut checkpoint = core.maintenance.lock();
    publish(core, &mut checkpoint, |state| {
        let collection = state.collections.get_mut(&collection.id);
        let removed = collection.map(|collection| Arc::make_mut(collection).ingests.remove(id));
        removed.is_some()
    })
}

/// The live rows of a segment whose keys a new segment has too.
fn replaced(view: &SegmentView, new: &SealedSegment) -> Result<RoaringBitmap> {
    let mut rows = RoaringBitmap::new();
    let Some((least, greatest)) = new.key_range()? else {
        return Ok(rows);
    };
    if view.live() == 0 || !view.may_have_key_in(least, greatest)? {
        return Ok(rows);
    }
    if view.live() <= u64::from(new.rows()) {
        for row in view.live_rows() {
            if new.find(&view.key(row)?, |_| true)?.is_some() {
                rows.insert(row);
            }
        }
    } else {
        for row in 0..new.rows() {
            rows.extend(view.find(new.key(row)?)?);
        }
    }
    Ok(rows)
}
