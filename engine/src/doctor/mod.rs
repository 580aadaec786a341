//! A full examination of a database, and the mending of what can be made anew.

mod examine;
mod recall;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::checkpoint::Checkpoint;
use crate::core::Core;
use crate::manifest::Manifest;
use crate::merge::rewrite;
use crate::recovery::{SEGMENTS_DIR, WAL_DIR, io};
use crate::segment::{deletes_path, leftovers, remove_orphans, segment_path};
use crate::{Error, Result};

pub use recall::RecallReport;

/// What [`Lumos::doctor`](crate::Lumos::doctor) does.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Checkup {
    fix: bool,
    recall_sample: usize,
}

impl Checkup {
    /// Looks at everything and changes nothing.
    pub fn new() -> Self {
        Checkup::default()
    }

    /// Makes damaged derived parts anew and removes leftovers (default no).
    pub fn fix(mut self, fix: bool) -> Self {
        self.fix = fix;
        self
    }

    /// Measures recall@10 of vector search against exact search, with this many stored vectors of each
    /// field as queries (default 0: does not).
    pub fn recall(mut self, sample: usize) -> Self {
        self.recall_sample = sample;
        self
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Documents are affected: restore a backup.
    Damage,
    /// A graph, keyword index or column is affected: it can be made anew, and nothing is lost.
    Derived,
    /// A file that belongs to nothing: it takes space.
    Leftover,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file it is in.
    pub file: PathBuf,
    /// What is wrong.
    pub detail: String,
    /// Whether it was mended.
    pub fixed: bool,
}

/// The result of an examination.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What is not as it should be; empty for a sound database.
    pub findings: Vec<Finding>,
    /// Segment files that were read from end to end.
    pub segments: u64,
    /// Rows whose keys, documents and vectors were looked at.
    pub rows: u64,
    /// Graphs whose every link was followed.
    pub graphs: u64,
    /// Measured recall by collection and vector field, when asked for.
    pub recall: Vec<RecallReport>,
}

impl Diagnosis {
    /// Whether nothing is wrong, or all of it was mended.
    pub fn is_healthy(&self) -> bool {
        self.findings.iter().all(|finding| finding.fixed)
    }

    fn add(&mut self, severity: Severity, file: &Path, detail: impl Into<String>) {
        self.findings.push(Finding {
            severity,
            file: file.to_path_buf(),
            detail: detail.into(),
            fixed: false,
        });
    }

    /// Notes an error that says which file it is about.
    fn add_error(&mut self, severity: Severity, file: &Path, error: &Error) {
        match error {
            Error::Corruption {
                file,
                offset,
                detail,
            }
            | Error::Storage(lumos_wal::Error::Corruption {
                file,
                offset,
                detail,
            }) => {
                self.add(severity, file, format!("at offset {offset}: {detail}"));
            }
            other => self.add(severity, file, other.to_string()),
        }
    }
}

/// Examines a database.
pub(crate) fn examine(core: &Core, checkup: &Checkup) -> Result<Diagnosis> {
    if checkup.fix {
        core.committer()?;
    }
    let mut diagnosis = Diagnosis::default();
    look(core, &mut diagnosis)?;
    if checkup.fix && !diagnosis.findings.is_empty() {
        fix(core, &mut diagnosis)?;
    }
    if checkup.recall_sample > 0 {
        diagnosis.recall = recall::measure(&core.state(), checkup.recall_sample)?;
    }
    Ok(diagnosis)
}

fn look(core: &Core, diagnosis: &mut Diagnosis) -> Result<()> {
    // Held so that files and state stay what they are; commits go on.
    let checkpoint = core.maintenance.lock();
    let state = core.state();
    for collection in state.collections.values() {
        examine::collection(collection, diagnosis)?;
    }
    if let Some(dir) = &core.dir {
        files(core, dir, &checkpoint, diagnosis)?;
    }
    Ok(())
}

/// Compares the manifest with the one on disk and with the files.
fn files(
    core: &Core,
    dir: &Path,
    checkpoint: &Checkpoint,
    diagnosis: &mut Diagnosis,
) -> Result<()> {
    let (vfs, manifest) = (&*core.vfs, checkpoint.manifest());
    let path = dir.join("MANIFEST");
    match Manifest::read(vfs, dir) {
        // A reader may be behind the writer.
        Ok(_) if core.committer.is_none() => {}
        // A database that never sealed has none.
        Ok(None) if *manifest == Manifest::default() => {}
        Ok(Some(stored)) if stored.collections == manifest.collections => {}
        Ok(_) => {
            let detail = "is not the one this process wrote: something else changed it";
            diagnosis.add(Severity::Damage, &path, detail);
        }
        Err(error) => diagnosis.add_error(Severity::Damage, &path, &error),
    }
    if core.committer.is_some() {
        let entries = manifest.collections.iter().flat_map(|c| &c.segments);
        for entry in entries {
            let deletes = entry.deletes.map(|g| deletes_path(dir, entry.number, g));
            for path in [Some(segment_path(dir, entry.number)), deletes]
                .into_iter()
                .flatten()
            {
                if !vfs.exists(&path).map_err(|e| io("look for", &path, e))? {
                    diagnosis.add(
                        Severity::Damage,
                        &path,
                        "is named by the manifest and missing",
                    );
                }
            }
        }
        for name in leftovers(vfs, dir, manifest, checkpoint.reserved())? {
            let path = dir.join(SEGMENTS_DIR).join(name);
            diagnosis.add(Severity::Leftover, &path, "is not named by the manifest");
        }
    }
    // The files of the log are whole as far as a replay reads them.
    let wal = dir.join(WAL_DIR);
    let log = lumos_wal::Log::replay(vfs, &wal, manifest.floor, |_, payload| {
        let decoded = crate::op::decode(payload).map(|_| ());
        decoded.map_err(|(offset, detail)| Error::Corruption {
            file: wal.clone(),
            offset: offset as u64,
            detail,
        })
    });
    match log {
        Ok(_) | Err(Error::Storage(lumos_wal::Error::LogMoved { .. })) => {}
        Err(error) => diagnosis.add_error(Severity::Damage, &wal, &error),
    }
    Ok(())
}

/// Writes segments with damaged derived parts anew, removes leftovers, and looks again.
fn fix(core: &Core, diagnosis: &mut Diagnosis) -> Result<()> {
    let concerned = |severity: Severity| {
        let findings = diagnosis.findings.iter();
        findings
            .filter(move |finding| finding.severity == severity)
            .map(|finding| finding.file.clone())
    };
    let damaged: HashSet<PathBuf> = concerned(Severity::Damage).collect();
    let derived: HashSet<PathBuf> = concerned(Severity::Derived)
        .filter(|file| !damaged.contains(file))
        .collect();
    if !derived.is_empty() {
        rewrite(core, |segment| derived.contains(segment.path()))?;
    }
    if let Some(dir) = &core.dir {
        let checkpoint = core.maintenance.lock();
        remove_orphans(
            &*core.vfs,
            dir,
            checkpoint.manifest(),
            checkpoint.reserved(),
        )?;
    }
    let mut after = Diagnosis::default();
    look(core, &mut after)?;
    for finding in &mut diagnosis.findings {
        finding.fixed = !after
            .findings
            .iter()
            .any(|still| still.file == finding.file);
    }
    for still in after.findings {
        if !diagnosis.findings.contains(&still) {
            diagnosis.findings.push(still);
        }
    }
    Ok(())
}
