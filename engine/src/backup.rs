//! A copy of a database while it is written, and the way back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_wal::{Log, LogOptions, OpenMode, Vfs, VfsFile};

use crate::core::Core;
use crate::manifest::{MANIFEST, Manifest};
use crate::op;
use crate::recovery::{READ_ONLY_ATTEMPTS, SEGMENTS_DIR, WAL_DIR, create_dirs, io};
use crate::sealed::{SealedSegment, TEXT};
use crate::segment::{SegmentFile, deletes_path, read_deletes, segment_path};
use crate::{Error, Result, SegmentAccess, Seqno};

/// Bytes that are copied at a time.
const CHUNK: usize = 1 << 20;
/// Bytes of frames that are written to the log of a backup at a time.
const FRAMES: usize = 8 << 20;

/// The name of an empty file in a copy that is not complete. What there is of its log would open as a
/// database with a part of the documents.
const INCOMPLETE: &str = "INCOMPLETE";

/// What a backup or a restored database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// The last commit in it.
    pub seqno: Seqno,
    /// Segment files and files of deletes.
    pub files: u64,
    /// Those of them that share their bytes with the original.
    pub linked: u64,
    /// Bytes of these files, shared ones included, and of the commits in the log.
    pub bytes: u64,
}

/// A file that is to be copied, open so that it stays readable when it is unlinked.
struct Source {
    file: Arc<dyn VfsFile>,
    from: PathBuf,
    to: PathBuf,
    linked: bool,
}

/// Writes a backup of an open database into `target`.
pub(crate) fn backup(core: &Core, target: &Path) -> Result<BackupReport> {
    let Some(dir) = &core.dir else {
        return Err(Error::InvalidArgument {
            argument: "backup",
            detail: "of a database in memory is not possible: export it instead".to_string(),
        });
    };
    prepare_target(&*core.vfs, target, "backup")?;
    let taken = copy(core, dir, target);
    clean_up(&*core.vfs, target, taken)
}

fn copy(core: &Core, dir: &Path, target: &Path) -> Result<BackupReport> {
    let vfs = &core.vfs;
    let copied = match &core.committer {
        Some(committer) => {
            // Files are removed and log is released under this lock only; commits go on.
            let checkpoint = core.maintenance.lock();
            committer.sync()?;
            take(
                vfs,
                dir,
                target,
                checkpoint.manifest().clone(),
                core.state().seqno,
            )?
        }
        None => follow(vfs, dir, target)?,
    };
    copied.finish(&**vfs, target)
}

/// The same beside a writer in another process, which may replace files at any moment.
fn follow(vfs: &Arc<dyn Vfs>, dir: &Path, target: &Path) -> Result<Copied> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let manifest = Manifest::read(&**vfs, dir)?.unwrap_or_default();
        match take(vfs, dir, target, manifest, Seqno::MAX) {
            // Segments that were linked for nothing are orphans that opening removes.
            Err(Error::Storage(_) | Error::Corruption { .. }) if attempt < READ_ONLY_ATTEMPTS => {
                empty(&**vfs, &target.join(WAL_DIR))?;
            }
            outcome => return outcome,
        }
    }
}

/// Makes a new database in `target` from a backup, after every byte of it was verified.
pub(crate) fn restore(vfs: &Arc<dyn Vfs>, from: &Path, target: &Path) -> Result<BackupReport> {
    refuse_links(&**vfs, from)?;
    let Some(manifest) = Manifest::read(&**vfs, from)? else {
        return Err(Error::NotFound {
            path: from.to_path_buf(),
        });
    };
    prepare_target(&**vfs, target, "restore")?;
    let restored = bring(vfs, from, target, manifest);
    clean_up(&**vfs, target, restored)
}

/// Gives back what a copy took that failed. It stays marked as incomplete, whatever cannot be removed.
fn clean_up(vfs: &dyn Vfs, target: &Path, outcome: Result<BackupReport>) -> Result<BackupReport> {
    if outcome.is_err() {
        let _ = empty(vfs, &target.join(WAL_DIR));
        let _ = empty(vfs, &target.join(SEGMENTS_DIR));
    }
    outcome
}

/// Refuses a directory that a copy was begun in and not finished.
pub(crate) fn refuse_incomplete(vfs: &dyn Vfs, dir: &Path) -> Result<()> {
    let exists = |name: &str| {
        let path = dir.join(name);
        vfs.exists(&path).map_err(|e| io("look for", &path, e))
    };
    if exists(INCOMPLETE)? && !exists(MANIFEST)? {
        return Err(Error::InvalidArgument {
            argument: "directory",
            detail: format!(
                "{} holds a copy that was interrupted: remove it and make it anew",
                dir.display()
            ),
        });
    }
    Ok(())
}

fn bring(
    vfs: &Arc<dyn Vfs>,
    from: &Path,
    target: &Path,
    manifest: Manifest,
) -> Result<BackupReport> {
    let sources = open_all(&**vfs, from, target, &manifest)?;
    let log = copy_log(vfs, from, target, &manifest, Seqno::MAX)?;
    let copied = Copied {
        manifest,
        log,
        sources,
    };
    copied.copy_files(&**vfs, target)?;
    copied.verify(&**vfs, target)?;
    copied.complete(&**vfs, target)
}

/// Refuses what could make a copy read or write outside of the two directories. The names of files are
/// numbers out of the manifest, so no path in a backup can lead elsewhere.
fn refuse_links(vfs: &dyn Vfs, from: &Path) -> Result<()> {
    for dir in [
        from.to_path_buf(),
        from.join(WAL_DIR),
        from.join(SEGMENTS_DIR),
    ] {
        for name in vfs.read_dir(&dir).map_err(|e| io("read", &dir, e))? {
            let path = dir.join(name);
            if vfs.is_special(&path).map_err(|e| io("look at", &path, e))? {
                return Err(Error::InvalidArgument {
                    argument: "restore",
                    detail: format!("takes files only; {} is a link or a device", path.display()),
                });
            }
        }
    }
    Ok(())
}

fn prepare_target(vfs: &dyn Vfs, target: &Path, argument: &'static str) -> Result<()> {
    let exists = vfs.exists(target).map_err(|e| io("open", target, e))?;
    let used = exists
        && !vfs
            .read_dir(target)
            .map_err(|e| io("read", target, e))?
            .is_empty();
    if used {
        return Err(Error::InvalidArgument {
            argument,
            detail: format!("goes into an empty directory; {} is not", target.display()),
        });
    }
    create_dirs(vfs, target, true)?;
    let mark = target.join(INCOMPLETE);
    vfs.open(&mark, OpenMode::CreateNew)
        .map_err(|e| io("create", &mark, e))?;
    vfs.sync_dir(target)
        .map_err(|e| io("sync directory", target, e))
}

fn empty(vfs: &dyn Vfs, dir: &Path) -> Result<()> {
    for name in vfs.read_dir(dir).map_err(|e| io("read", dir, e))? {
        let path = dir.join(name);
        vfs.remove_file(&path).map_err(|e| io("remove", &path, e))?;
    }
    Ok(())
}

/// Opens and links the files of a manifest, and copies the log up to `upto`.
fn take(
    vfs: &Arc<dyn Vfs>,
    dir: &Path,
    target: &Path,
    manifest: Manifest,
    upto: Seqno,
) -> Result<Copied> {
    let mut sources = open_all(&**vfs, dir, target, &manifest)?;
    for source in &mut sources {
        source.linked = match vfs.hard_link(&source.from, &source.to) {
            Ok(()) => true,
            // From an earlier attempt: files of one name are the same.
            Err(error) => error.kind() == std::io::ErrorKind::AlreadyExists,
        };
    }
    let log = copy_log(vfs, dir, target, &manifest, upto)?;
    Ok(Copied {
        manifest,
        log,
        sources,
    })
}

fn open_all(vfs: &dyn Vfs, dir: &Path, target: &Path, manifest: &Manifest) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let collections = manifest.collections.iter();
    for entry in collections.flat_map(|collection| &collection.segments) {
        let number = entry.number;
        let mut paths = vec![(segment_path(dir, number), segment_path(target, number))];
        if let Some(generation) = entry.deletes {
            paths.push((
                deletes_path(dir, number, generation),
                deletes_path(target, number, generation),
            ));
        }
        for (from, to) in paths {
            let file = vfs.open(&from, OpenMode::Read);
            let file = file.map_err(|e| io("open", &from, e))?;
            sources.push(Source {
                file,
                from,
                to,
                linked: false,
            });
        }
    }
    Ok(sources)
}

/// What was copied of a log.
struct CopiedLog {
    /// The last commit in it, or in the files.
    seqno: Seqno,
    bytes: u64,
}

/// Writes the frames after the manifest, up to `upto`, into the log of `target`.
fn copy_log(
    vfs: &Arc<dyn Vfs>,
    dir: &Path,
    target: &Path,
    manifest: &Manifest,
    upto: Seqno,
) -> Result<CopiedLog> {
    let (wal, options) = (target.join(WAL_DIR), LogOptions::default());
    let nothing = |_: Seqno, _: &[u8]| Ok::<_, Error>(());
    let (mut log, _) = Log::open(vfs.clone(), &wal, manifest.floor, options, nothing)?;
    let (mut frames, mut bytes, mut written) = (Vec::new(), 0, 0);
    Log::replay(
        &**vfs,
        &dir.join(WAL_DIR),
        manifest.floor,
        |seqno, payload| {
            if seqno > upto {
                return Ok(());
            }
            bytes += payload.len();
            frames.push(payload.to_vec());
            if bytes >= FRAMES {
                log.append(log.last_seqno() + 1, &frames)?;
                written += bytes;
                (frames, bytes) = (Vec::new(), 0);
            }
            Ok::<_, Error>(())
        },
    )?;
    log.append(log.last_seqno() + 1, &frames)?;
    log.sync()?;
    Ok(CopiedLog {
        seqno: log.last_seqno().max(manifest.catalog_seqno),
        bytes: (written + bytes) as u64,
    })
}

/// A copy whose manifest is not written yet: until it is, the directory holds no database.
struct Copied {
    manifest: Manifest,
    log: CopiedLog,
    sources: Vec<Source>,
}

impl Copied {
    fn finish(self, vfs: &dyn Vfs, target: &Path) -> Result<BackupReport> {
        self.copy_files(vfs, target)?;
        self.complete(vfs, target)
    }

    /// Copies what is not linked, and makes all names durable.
    fn copy_files(&self, vfs: &dyn Vfs, target: &Path) -> Result<()> {
        let mut buffer = vec![0; CHUNK];
        for source in self.sources.iter().filter(|source| !source.linked) {
            let to = vfs.open(&source.to, OpenMode::CreateNew);
            let to = to.map_err(|e| io("create", &source.to, e))?;
            let mut at = 0;
            loop {
                let read = source.file.read_full_at(&mut buffer, at);
                let read = read.map_err(|e| io("read", &source.from, e))?;
                if read == 0 {
                    break;
                }
                to.write_all_at(buffer.get(..read).unwrap_or_default(), at)
                    .map_err(|e| io("write", &source.to, e))?;
                at += read as u64;
            }
            to.sync_all().map_err(|e| io("sync", &source.to, e))?;
        }
        let segments = target.join(SEGMENTS_DIR);
        vfs.sync_dir(&segments)
            .map_err(|e| io("sync directory", &segments, e))
    }

    /// Verifies every checksum, a file at a time.
    fn verify(&self, vfs: &dyn Vfs, target: &Path) -> Result<()> {
        for collection in &self.manifest.collections {
            for entry in &collection.segments {
                let path = segment_path(target, entry.number);
                let mut file = SegmentFile::open(vfs, &path, SegmentAccess::Heap)?;
                file.verify()?;
                // Another library would read it, which nobody needs who copies.
                file.forget(TEXT);
                SealedSegment::open(file, entry, &collection.schema.texts)?;
                if let Some(generation) = entry.deletes {
                    read_deletes(vfs, target, entry.number, generation, entry.rows)?;
                }
            }
        }
        let wal = target.join(WAL_DIR);
        Log::replay(vfs, &wal, self.manifest.floor, |seqno, payload| {
            let decoded = op::decode(payload).map(|_| ());
            decoded.map_err(|(offset, detail)| Error::Corruption {
                file: wal.clone(),
                offset: offset as u64,
                detail: format!("commit {seqno}: {detail}"),
            })
        })?;
        Ok(())
    }

    /// Makes the copy a database.
    fn complete(self, vfs: &dyn Vfs, target: &Path) -> Result<BackupReport> {
        self.manifest.write(vfs, target)?;
        // With a manifest it does not matter any more.
        let _ = vfs.remove_file(&target.join(INCOMPLETE));
        let mut report = BackupReport {
            seqno: self.log.seqno,
            files: self.sources.len() as u64,
            linked: 0,
            bytes: self.log.bytes,
        };
        for source in &self.sources {
            report.linked += u64::from(source.linked);
            let length = source.file.len();
            report.bytes += length.map_err(|e| io("read the length of", &source.from, e))?;
        }
        Ok(report)
    }
}
