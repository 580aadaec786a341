//! What adding did, and how far it is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Serialize, Serializer};

/// What adding files did. A document is a file, or a line of a corpus.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct AddReport {
    /// Documents that were not there before.
    pub added: usize,
    /// Documents whose contents have changed.
    pub changed: usize,
    /// Documents that are as they were.
    pub unchanged: usize,
    /// Documents that are gone from the added places.
    pub removed: usize,
    /// What was not added, and why: files, and lines of a corpus.
    #[serde(serialize_with = "readable")]
    pub skipped: Vec<(PathBuf, String)>,
    /// Chunks written.
    pub chunks: usize,
    /// Texts that the model embedded.
    pub embedded: usize,
    /// Texts whose embedding was known already.
    pub cached: usize,
    /// Whether it was cancelled; adding again goes on where it stopped.
    pub cancelled: bool,
}

/// Paths as text, also those whose name is not UTF-8.
fn readable<S: Serializer>(
    skipped: &[(PathBuf, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        skipped
            .iter()
            .map(|(path, why)| (path.to_string_lossy(), why)),
    )
}

impl fmt::Display for AddReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} added, {} changed, {} unchanged, {} removed, {} skipped",
            self.added,
            self.changed,
            self.unchanged,
            self.removed,
            self.skipped.len()
        )?;
        if self.cancelled {
            formatter.write_str("; cancelled")?;
        }
        Ok(())
    }
}

/// The two parts of adding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Files are read and their text is committed; keyword search finds it from then on. Counted in
    /// files.
    Texts,
    /// Texts are embedded. Counted in texts.
    Vectors,
}

/// How far adding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The part that is under way.
    pub phase: Phase,
    /// What is done of it.
    pub done: usize,
    /// All there is to do of it.
    pub total: usize,
}

/// Reports progress and asks whether to stop.
pub(crate) struct Watch {
    pub(crate) progress: Option<Box<dyn FnMut(Progress) + Send>>,
    pub(crate) cancel: Option<Arc<AtomicBool>>,
}

impl Watch {
    pub(crate) fn at(&mut self, phase: Phase, done: usize, total: usize) {
        if let Some(progress) = &mut self.progress {
            progress(Progress { phase, done, total });
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel
            .as_ref()
            .is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Watch")
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_displays_as_its_counts() {
        let report = AddReport {
            added: 42,
            changed: 3,
            unchanged: 120,
            removed: 1,
            skipped: vec![(PathBuf::from("a.png"), "is not text".to_string())],
            ..AddReport::default()
        };
        assert_eq!(
            report.to_string(),
            "42 added, 3 changed, 120 unchanged, 1 removed, 1 skipped"
        );
    }
}
