//! Opening: lock, manifest, segments, replay of the log, in this order and repeatable after a crash at
//! any step.

use std::path::Path;
use std::sync::Arc;

use lumos_wal::{Committer, Log, LogOptions, MemVfs, Vfs, WriterLock};
use parking_lot::{Mutex, RwLock};
use roaring::RoaringBitmap;

use crate::checkpoint::Checkpoint;
use crate::core::Core;
use crate::database::Handle;
use crate::manifest::{CollectionManifest, Manifest};
use crate::op::{self, Op};
use crate::publish::Publisher;
use crate::sealed::SealedSegment;
use crate::segment::{self, SegmentAccess, SegmentFile};
use crate::source::SegmentView;
use crate::state::{CollectionState, DbState};
use crate::{Durability, Error, OpenOptions, Result, Seqno};

pub(crate) const WAL_DIR: &str = "wal";
pub(crate) const SEGMENTS_DIR: &str = "segments";
pub(crate) const TMP_DIR: &str = "tmp";

/// A reader that opens while the writer replaces files starts over this often.
const READ_ONLY_ATTEMPTS: usize = 5;

/// Opens a database in memory.
pub(crate) fn memory() -> Result<Handle> {
    let publisher = Arc::new(Publisher::new(DbState::default()));
    let core = Arc::new(Core {
        dir: None,
        vfs: Arc::new(MemVfs::default()),
        access: SegmentAccess::Heap,
        durability: Durability::Buffered,
        max_wal_bytes: u64::MAX,
        committer: Some(Committer::new(None, 0, publisher.clone())),
        replayed_bytes: 0,
        publisher,
        gate: RwLock::new(()),
        maintenance: Mutex::new(Checkpoint::new(Manifest::default())),
        embedders: RwLock::default(),
        background: Mutex::default(),
        pins: Arc::default(),
        _lock: None,
    });
    Ok(Handle {
        worker: crate::worker::spawn(core.clone()),
        core,
    })
}

/// Opens a database directory.
pub(crate) fn open(dir: &Path, options: OpenOptions) -> Result<Handle> {
    if options.read_only {
        return open_read_only(dir, &options);
    }
    let vfs = options.vfs.clone();
    let exists = vfs.exists(dir).map_err(|source| io("open", dir, source))?;
    if !exists && !options.create {
        return Err(Error::NotFound {
            path: dir.to_path_buf(),
        });
    }
    create_dirs(&*vfs, dir, options.create)?;
    lumos_wal::refuse_network_file_system(dir)?;
    let lock = WriterLock::acquire(&*vfs, dir)?;
    let manifest = Manifest::read(&*vfs, dir)?.unwrap_or_default();
    segment::remove_orphans(&*vfs, dir, &manifest)?;
    let mut state = load(&*vfs, dir, &manifest, options.access)?;
    let mut log_options = LogOptions::default();
    if let Some(seed) = options.salt_seed {
        log_options = log_options.salt_seed(seed);
    }
    let wal = dir.join(WAL_DIR);
    let (log, recovery) = Log::open(
        vfs.clone(),
        &wal,
        manifest.floor,
        log_options,
        |seqno, payload| replay(&mut state, &manifest, &wal, seqno, payload),
    )?;
    let last = recovery.last_seqno.max(manifest.catalog_seqno);
    state.seqno = last;
    let publisher = Arc::new(Publisher::new(state));
    let core = Arc::new(Core {
        dir: Some(dir.to_path_buf()),
        vfs,
        access: options.access,
        durability: options.durability,
        max_wal_bytes: options.max_wal_bytes,
        committer: Some(Committer::new(Some(log), last, publisher.clone())),
        replayed_bytes: recovery.bytes,
        publisher,
        gate: RwLock::new(()),
        maintenance: Mutex::new(Checkpoint::new(manifest)),
        embedders: RwLock::default(),
        background: Mutex::default(),
        pins: Arc::default(),
        _lock: Some(lock),
    });
    let worker = options
        .background
        .then(|| crate::worker::spawn(core.clone()))
        .flatten();
    core.publisher.work().notify();
    Ok(Handle { core, worker })
}

fn open_read_only(dir: &Path, options: &OpenOptions) -> Result<Handle> {
    let vfs = options.vfs.clone();
    let mut attempt = 0;
    let (manifest, state, replayed_bytes) = loop {
        attempt += 1;
        match read_state(&*vfs, dir, options.access) {
            Ok(read) => break read,
            // The writer may have replaced files between the manifest and the log; look again.
            Err(Error::Storage(_) | Error::Corruption { .. }) if attempt < READ_ONLY_ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    };
    let publisher = Arc::new(Publisher::new(state));
    let core = Arc::new(Core {
        dir: Some(dir.to_path_buf()),
        vfs,
        access: options.access,
        durability: options.durability,
        max_wal_bytes: options.max_wal_bytes,
        committer: None,
        replayed_bytes,
        publisher,
        gate: RwLock::new(()),
        maintenance: Mutex::new(Checkpoint::new(manifest)),
        embedders: RwLock::default(),
        background: Mutex::default(),
        pins: Arc::default(),
        _lock: None,
    });
    Ok(Handle { core, worker: None })
}

fn read_state(
    vfs: &dyn Vfs,
    dir: &Path,
    access: SegmentAccess,
) -> Result<(Manifest, DbState, u64)> {
    let wal = dir.join(WAL_DIR);
    let there = vfs
        .exists(&wal)
        .map_err(|source| io("open", &wal, source))?;
    if !there {
        return Err(Error::NotFound {
            path: dir.to_path_buf(),
        });
    }
    let manifest = Manifest::read(vfs, dir)?.unwrap_or_default();
    let mut state = load(vfs, dir, &manifest, access)?;
    let recovery = Log::replay(vfs, &wal, manifest.floor, |seqno, payload| {
        replay(&mut state, &manifest, &wal, seqno, payload)
    })?;
    state.seqno = recovery.last_seqno.max(manifest.catalog_seqno);
    Ok((manifest, state, recovery.bytes))
}

fn create_dirs(vfs: &dyn Vfs, dir: &Path, create: bool) -> Result<()> {
    let exists = |path: &Path| vfs.exists(path).map_err(|source| io("open", path, source));
    if create && !exists(dir)? {
        let mut missing = vec![dir];
        while let Some(parent) = missing.last().and_then(|path| path.parent()) {
            if parent.as_os_str().is_empty() || exists(parent)? {
                break;
            }
            missing.push(parent);
        }
        for path in missing.into_iter().rev() {
            create_dir(vfs, path)?;
        }
    }
    for name in [WAL_DIR, SEGMENTS_DIR, TMP_DIR] {
        let path = dir.join(name);
        if !exists(&path)? {
            create_dir(vfs, &path)?;
        }
    }
    Ok(())
}

/// Creates a directory and makes its name durable.
fn create_dir(vfs: &dyn Vfs, path: &Path) -> Result<()> {
    vfs.create_dir(path)
        .map_err(|source| io("create directory", path, source))?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    vfs.sync_dir(parent)
        .map_err(|source| io("sync directory", parent, source))
}

pub(crate) fn io(op: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Storage(lumos_wal::Error::Io {
        op,
        path: path.to_path_buf(),
        source,
    })
}

/// The state that the manifest describes, before replay.
fn load(vfs: &dyn Vfs, dir: &Path, manifest: &Manifest, access: SegmentAccess) -> Result<DbState> {
    let mut state = DbState {
        seqno: manifest.catalog_seqno,
        next_collection: manifest.next_collection,
        ..DbState::default()
    };
    for stored in &manifest.collections {
        let collection = load_collection(vfs, dir, stored, access)?;
        state.collections.insert(stored.id, Arc::new(collection));
    }
    Ok(state)
}

fn load_collection(
    vfs: &dyn Vfs,
    dir: &Path,
    stored: &CollectionManifest,
    access: SegmentAccess,
) -> Result<CollectionState> {
    let mut state = CollectionState::new(
        stored.id,
        stored.name.clone(),
        stored.kind,
        stored.schema.clone(),
        stored.created,
    );
    state.sealed_seqno = stored.sealed_seqno;
    let texts: Vec<String> = stored.schema.texts.keys().cloned().collect();
    let mut views = Vec::with_capacity(stored.segments.len() + 1);
    for entry in &stored.segments {
        let path = segment::segment_path(dir, entry.number);
        let file = SegmentFile::open(vfs, &path, access)?;
        let sealed = SealedSegment::open(file, entry.number, entry.rows, &texts)?;
        let deletes = match entry.deletes {
            Some(generation) => {
                segment::read_deletes(vfs, dir, entry.number, generation, entry.rows)?
            }
            None => RoaringBitmap::new(),
        };
        views.push(SegmentView::sealed(Arc::new(sealed), Arc::new(deletes)));
    }
    views.append(&mut state.segments);
    state.segments = views;
    Ok(state)
}

/// Applies one frame: operations that the manifest already holds are left out, nothing else is.
fn replay(
    state: &mut DbState,
    manifest: &Manifest,
    wal: &Path,
    seqno: Seqno,
    payload: &[u8],
) -> Result<()> {
    let damaged = |offset: usize, detail: String| Error::Corruption {
        file: wal.to_path_buf(),
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
