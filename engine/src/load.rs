//! From files to a state: the segments that a manifest names, and the log after them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_wal::{Log, Vfs};
use roaring::RoaringBitmap;

use crate::manifest::{CollectionManifest, Manifest, SegmentEntry};
use crate::op::{self, Op};
use crate::recovery::{WAL_DIR, io};
use crate::sealed::SealedSegment;
use crate::segment::{self, SegmentFile};
use crate::source::SegmentView;
use crate::state::{CollectionState, DbState};
use crate::{Error, OpenOptions, Result, Seqno};

/// Reads a database directory.
pub(crate) struct Loader<'a> {
    vfs: &'a dyn Vfs,
    dir: &'a Path,
    wal: PathBuf,
    options: &'a OpenOptions,
    /// Segments that are open already.
    known: Option<&'a DbState>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(vfs: &'a dyn Vfs, dir: &'a Path, options: &'a OpenOptions) -> Self {
        Loader {
            vfs,
            dir,
            wal: dir.join(WAL_DIR),
            options,
            known: None,
        }
    }

    /// Takes segments from an earlier state of the same directory instead of opening them again.
    pub(crate) fn knowing(mut self, known: &'a DbState) -> Self {
        self.known = Some(known);
        self
    }

    /// The state on disk, without changing anything: the manifest, its segments, and the log as far as it
    /// goes; with the bytes of log that were read.
    pub(crate) fn read(&self) -> Result<(Manifest, DbState, u64)> {
        let there = self
            .vfs
            .exists(&self.wal)
            .map_err(|source| io("open", &self.wal, source))?;
        if !there {
            return Err(Error::NotFound {
                path: self.dir.to_path_buf(),
            });
        }
        let manifest = Manifest::read(self.vfs, self.dir)?.unwrap_or_default();
        let mut state = self.load(&manifest)?;
        let recovery = Log::replay(self.vfs, &self.wal, manifest.floor, |seqno, payload| {
            self.replay(&mut state, &manifest, seqno, payload)
        })?;
        state.seqno = recovery.last_seqno.max(manifest.catalog_seqno);
        Ok((manifest, state, recovery.bytes))
    }

    /// The state that the manifest describes, before replay.
    pub(crate) fn load(&self, manifest: &Manifest) -> Result<DbState> {
        let mut state = DbState {
            seqno: manifest.catalog_seqno,
            next_collection: manifest.next_collection,
            ..DbState::default()
        };
        for stored in &manifest.collections {
            let collection = self.collection(stored)?;
            state.collections.insert(stored.id, Arc::new(collection));
        }
        Ok(state)
    }

    fn collection(&self, stored: &CollectionManifest) -> Result<CollectionState> {
        let mut state = CollectionState::new(
            stored.id,
            stored.name.clone(),
            stored.kind,
            stored.schema.clone(),
            stored.created,
        );
        state.sealed_seqno = stored.sealed_seqno;
        state.ingests = stored.ingests.clone();
        let mut views = Vec::with_capacity(stored.segments.len() + 1);
        for entry in &stored.segments {
            let sealed = match self.open_already(stored.id, entry.number) {
                Some(sealed) => sealed,
                None => self.open(stored, entry)?,
            };
            let deletes = match entry.deletes {
                Some(generation) => {
                    let number = entry.number;
                    segment::read_deletes(self.vfs, self.dir, number, generation, entry.rows)?
                }
                None => RoaringBitmap::new(),
            };
            views.push(SegmentView::sealed(sealed, Arc::new(deletes)));
        }
        views.append(&mut state.segments);
        state.segments = views;
        Ok(state)
    }

    fn open_already(&self, id: u32, number: u64) -> Option<Arc<SealedSegment>> {
        let collection = self.known?.collections.get(&id)?;
        let mut sealed = collection.segments.iter().filter_map(|v| v.as_sealed());
        sealed.find(|sealed| sealed.number() == number).cloned()
    }

    fn open(
        &self,
        stored: &CollectionManifest,
        entry: &SegmentEntry,
    ) -> Result<Arc<SealedSegment>> {
        let path = segment::segment_path(self.dir, entry.number);
        let mut file = SegmentFile::open(self.vfs, &path, self.options.access)?;
        if file.len() != entry.bytes {
            let (found, named) = (file.len(), entry.bytes);
            return Err(Error::Corruption {
                file: path,
                offset: 0,
                detail: format!("the file has {found} bytes, the manifest says {named}"),
            });
        }
        if self.options.untrusted {
            file.distrust();
        }
        let sealed = SealedSegment::open(file, entry, &stored.schema.texts)?;
        sealed.prepare(&stored.schema.indexes)?;
        Ok(Arc::new(sealed))
    }

    /// Applies one frame: operations that the manifest already holds are left out, nothing else is.
    pub(crate) fn replay(
        &self,
        state: &mut DbState,
        manifest: &Manifest,
        seqno: Seqno,
        payload: &[u8],
    ) -> Result<()> {
        let damaged = |offset: usize, detail: String| Error::Corruption {
            file: self.wal.clone(),
            offset: offset as u64,
            detail: format!("commit {seqno}: {detail}"),
        };
        let ops = op::decode(payload).map_err(|(offset, detail)| damaged(offset, detail))?;
        let in_catalog = seqno <= manifest.catalog_seqno;
        let mut due = Vec::with_capacity(ops.len());
        for op in ops {
            let keep = match (&op, state.collections.get(&op.collection())) {
                (Op::Create { .. }, _) => !in_catalog,
                (Op::SetSchema { .. } | Op::Drop { .. }, known) => !in_catalog && known.is_some(),
                (Op::Ingest { .. }, _) => false,
                (_, Some(known)) => seqno > known.sealed_seqno,
                // Dropped before the manifest was written, or by this very replay.
                (_, None) => {
                    let created_here = due.iter().any(|earlier: &Op| {
                        matches!(earlier, Op::Create { id, .. } if *id == op.collection())
                    });
                    if !in_catalog && !created_here && op.collection() >= state.next_collection {
                        let detail = format!("collection {} was never created", op.collection());
                        return Err(damaged(0, detail));
                    }
                    created_here
                }
            };
            if keep {
                due.push(op);
            }
        }
        state.apply(seqno, due)?;
        state.freeze_full();
        Ok(())
    }
}
