//! Making a state durable: delete files, then the manifest that names all files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::core::Core;
use crate::manifest::{CollectionManifest, Manifest, SegmentEntry};
use crate::segment;
use crate::state::DbState;
use crate::{Result, Seqno};

/// The manifest on disk, and what is known of the files it names. Whoever holds it may seal, merge and
/// write the manifest.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    manifest: Manifest,
    entries: HashMap<u64, SegmentEntry>,
    /// The deletes last written for a segment. Holding them makes the next delete copy, so that the same
    /// pointer means the same deletes.
    written: HashMap<u64, Arc<RoaringBitmap>>,
    /// Numbers of segments that are being written, to be announced later.
    reserved: BTreeSet<u64>,
}

impl Checkpoint {
    pub(crate) fn new(manifest: Manifest) -> Self {
        let segments = manifest
            .collections
            .iter()
            .flat_map(|collection| &collection.segments);
        let entries = segments
            .map(|entry| (entry.number, entry.clone()))
            .collect();
        Checkpoint {
            manifest,
            entries,
            written: HashMap::new(),
            reserved: BTreeSet::new(),
        }
    }

    /// The manifest on disk.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Has the next manifest say that the log may use these features.
    pub(crate) fn announce(&mut self, features: u32) {
        self.manifest.features |= features;
    }

    /// Takes that back: no manifest says so for certain.
    pub(crate) fn withdraw(&mut self, features: u32) {
        self.manifest.features &= !features;
    }

    /// Takes note of a manifest that another process wrote.
    pub(crate) fn follow(&mut self, manifest: Manifest) {
        *self = Checkpoint::new(manifest);
    }

    /// The number of the next segment file.
    pub(crate) fn take_number(&mut self) -> u64 {
        let number = self.manifest.next_segment;
        self.manifest.next_segment += 1;
        number
    }

    /// Like [`Checkpoint::take_number`], for a file that is written while others seal and merge.
    pub(crate) fn reserve_number(&mut self) -> u64 {
        let number = self.take_number();
        self.reserved.insert(number);
        number
    }

    /// Says that the file of a reserved number was announced or given up.
    pub(crate) fn unreserve(&mut self, number: u64) {
        self.reserved.remove(&number);
    }

    /// Numbers of segments that are being written.
    pub(crate) fn reserved(&self) -> &BTreeSet<u64> {
        &self.reserved
    }

    /// Announces a segment file that is complete and synced.
    pub(crate) fn register(&mut self, entry: SegmentEntry) {
        self.entries.insert(entry.number, entry);
    }

    /// Whether the manifest on disk holds everything that this state holds.
    pub(crate) fn covers(&self, state: &DbState) -> bool {
        self.manifest.catalog_seqno >= state.seqno && self.manifest.floor >= state.seqno
    }

    /// Writes the deletes that changed and a manifest for `state`; returns the commit up to which the log
    /// is not needed any more. The caller has synced the log up to the state and keeps commits out.
    pub(crate) fn write(&mut self, core: &Core, dir: &Path, state: &DbState) -> Result<Seqno> {
        let mut made = Vec::new();
        let written = self.write_files(core, dir, state, &mut made);
        if written.is_err() && self.is_on_disk(core, dir) {
            // Nothing names these files and no later try will. On a full disk they would be in the way.
            for path in made {
                let _ = core.vfs.remove_file(&path);
            }
        }
        written
    }

    /// Whether the manifest on disk is known not to be a newer one.
    pub(crate) fn is_on_disk(&self, core: &Core, dir: &Path) -> bool {
        let found = Manifest::read(&*core.vfs, dir);
        found.is_ok_and(|found| {
            let found = found.unwrap_or_default();
            found.catalog_seqno == self.manifest.catalog_seqno
                && found.floor == self.manifest.floor
                && found.collections == self.manifest.collections
        })
    }

    /// Does so, and lists the files that only the new manifest names.
    fn write_files(
        &mut self,
        core: &Core,
        dir: &Path,
        state: &DbState,
        made: &mut Vec<PathBuf>,
    ) -> Result<Seqno> {
        let named = self.manifest.collections.iter();
        let named: HashSet<u64> = named
            .flat_map(|collection| &collection.segments)
            .map(|entry| entry.number)
            .collect();
        let views = state.collections.values().flat_map(|c| &c.segments);
        let numbers = views.filter_map(|view| Some(view.as_sealed()?.number()));
        let new = numbers.filter(|number| !named.contains(number));
        made.extend(new.map(|number| segment::segment_path(dir, number)));
        let mut next = Manifest {
            next_segment: self.manifest.next_segment,
            next_collection: state.next_collection,
            catalog_seqno: state.seqno,
            floor: state.seqno,
            features: self.manifest.features,
            ..Manifest::default()
        };
        let mut entries = HashMap::new();
        let mut obsolete = Vec::new();
        let mut written = HashMap::new();
        for collection in state.collections.values() {
            let sealed_seqno = collection.durable_seqno(state.seqno);
            next.floor = next.floor.min(sealed_seqno);
            let mut segments = Vec::new();
            for view in &collection.segments {
                let Some(sealed) = view.as_sealed() else {
                    continue;
                };
                let number = sealed.number();
                let Some(mut entry) = self.entries.get(&number).cloned() else {
                    continue;
                };
                let unchanged = self
                    .written
                    .get(&number)
                    .is_some_and(|written| Arc::ptr_eq(written, &view.deletes));
                if !unchanged && !view.deletes.is_empty() {
                    let generation = entry.deletes.map_or(1, |generation| generation + 1);
                    made.push(segment::deletes_path(dir, number, generation));
                    segment::write_deletes(&*core.vfs, dir, number, generation, &view.deletes)?;
                    obsolete.extend(entry.deletes.map(|old| (number, old)));
                    entry.deletes = Some(generation);
                }
                written.insert(number, view.deletes.clone());
                entries.insert(number, entry.clone());
                segments.push(entry);
            }
            next.collections.push(CollectionManifest {
                id: collection.id,
                name: collection.name.clone(),
                kind: collection.kind,
                schema: (*collection.schema).clone(),
                created: collection.created,
                sealed_seqno,
                segments,
                ingests: collection.ingests.clone(),
            });
        }
        next.write(&*core.vfs, dir)?;
        for number in self
            .entries
            .keys()
            .filter(|number| !entries.contains_key(number))
        {
            // What cannot be removed now is an orphan that the next open removes.
            let _ = core.vfs.remove_file(&segment::segment_path(dir, *number));
            let deletes = self.entries.get(number).and_then(|entry| entry.deletes);
            obsolete.extend(deletes.map(|generation| (*number, generation)));
        }
        for (number, generation) in obsolete {
            let _ = core
                .vfs
                .remove_file(&segment::deletes_path(dir, number, generation));
        }
        let floor = next.floor;
        self.manifest = next;
        self.entries = entries;
        self.written = written;
        Ok(floor)
    }
}
