//! Opening: lock, manifest, segments, replay of the log, in this order and repeatable after a crash at
//! any step.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use lumos_wal::sync::Mutex;
use lumos_wal::{Committer, Log, LogOptions, MemVfs, Vfs, WriterLock};

use crate::checkpoint::Checkpoint;
use crate::core::Core;
use crate::database::Handle;
use crate::load::Loader;
use crate::manifest::Manifest;
use crate::publish::Publisher;
use crate::segment::{self, SegmentAccess};
use crate::state::DbState;
use crate::{Durability, Error, OpenOptions, Result};

pub(crate) const WAL_DIR: &str = "wal";
pub(crate) const SEGMENTS_DIR: &str = "segments";
pub(crate) const TMP_DIR: &str = "tmp";

/// A reader that opens while the writer replaces files starts over this often.
pub(crate) const READ_ONLY_ATTEMPTS: usize = 20;

/// Opens a database in memory.
pub(crate) fn memory() -> Result<Handle> {
    let options = OpenOptions::default()
        .vfs(Arc::new(MemVfs::default()))
        .durability(Durability::Buffered)
        .segment_access(SegmentAccess::Heap)
        .max_wal_bytes(u64::MAX);
    let publisher = Arc::new(Publisher::new(DbState::default()));
    let core = Arc::new(Core {
        committer: Some(Committer::new(None, 0, publisher.clone())),
        ..Core::new(options, publisher)
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
    crate::backup::refuse_incomplete(&*vfs, dir)?;
    create_dirs(&*vfs, dir, options.create)?;
    lumos_wal::refuse_network_file_system(dir)?;
    let lock = WriterLock::acquire(&*vfs, dir)?;
    let manifest = Manifest::read(&*vfs, dir)?.unwrap_or_default();
    segment::remove_orphans(&*vfs, dir, &manifest, &BTreeSet::new())?;
    let loader = Loader::new(&*vfs, dir, &options);
    let mut state = loader.load(&manifest)?;
    let mut log_options = LogOptions::default().retain_bytes(options.keep_changes);
    if let Some(seed) = options.salt_seed {
        log_options = log_options.salt_seed(seed);
    }
    let wal = dir.join(WAL_DIR);
    let (log, recovery) = Log::open(
        vfs.clone(),
        &wal,
        manifest.floor,
        log_options,
        |seqno, payload| loader.replay(&mut state, &manifest, seqno, payload),
    )?;
    let last = recovery.last_seqno.max(manifest.catalog_seqno);
    state.seqno = last;
    let publisher = Arc::new(Publisher::new(state));
    let background = options.background;
    let announced = manifest.features();
    let core = Arc::new(Core {
        dir: Some(dir.to_path_buf()),
        announced: announced.into(),
        committer: Some(Committer::new(Some(log), last, publisher.clone())),
        replayed_bytes: recovery.bytes.into(),
        maintenance: Mutex::new(Checkpoint::new(manifest)),
        _lock: Some(lock),
        ..Core::new(options, publisher)
    });
    let worker = background
        .then(|| crate::worker::spawn(core.clone()))
        .flatten();
    core.publisher.work().notify();
    Ok(Handle { core, worker })
}

fn open_read_only(dir: &Path, options: &OpenOptions) -> Result<Handle> {
    let vfs = options.vfs.clone();
    crate::backup::refuse_incomplete(&*vfs, dir)?;
    let mut attempt = 0;
    let (manifest, state, replayed_bytes) = loop {
        attempt += 1;
        match Loader::new(&*vfs, dir, options).read() {
            Ok(read) => break read,
            // The writer may have replaced files between the manifest and the log; look again.
            Err(Error::Storage(_) | Error::Corruption { .. }) if attempt < READ_ONLY_ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    };
    let publisher = Arc::new(Publisher::new(state));
    let core = Core {
        dir: Some(dir.to_path_buf()),
        replayed_bytes: replayed_bytes.into(),
        maintenance: Mutex::new(Checkpoint::new(manifest)),
        ..Core::new(options.clone(), publisher)
    };
    Ok(Handle {
        core: Arc::new(core),
        worker: None,
    })
}

pub(crate) fn create_dirs(vfs: &dyn Vfs, dir: &Path, create: bool) -> Result<()> {
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
