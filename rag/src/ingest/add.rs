//! Adding files: what is asked for, and the order in which it is done.

use std::collections::BTreeSet;
use std::future::{Future, IntoFuture};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lumos_engine::{DEFAULT_VECTOR_FIELD, Schema};

use super::layout::TITLE_FIELD;
use super::report::{AddReport, Phase, Progress, Watch};
use super::texts::Texts;
use super::{record, vectors};
use crate::rag::{Rag, blocking};
use crate::{LoadError, Result, WalkOptions, walk};

/// Files about to be added: await it, or call [`Add::run`] from synchronous code.
#[derive(Debug)]
#[must_use = "nothing is added until this is awaited or run"]
pub struct Add {
    rag: Rag,
    roots: Vec<PathBuf>,
    exclude: Vec<PathBuf>,
    walk: WalkOptions,
    watch: Watch,
}

impl Add {
    pub(crate) fn new(rag: Rag, roots: Vec<PathBuf>) -> Self {
        let watch = Watch {
            progress: None,
            cancel: None,
        };
        Add {
            rag,
            roots,
            exclude: Vec::new(),
            walk: WalkOptions::default(),
            watch,
        }
    }

    /// Which files are taken from folders (default: those with a loader that `.gitignore` does not name).
    pub fn files(mut self, options: WalkOptions) -> Self {
        self.walk = options;
        self
    }

    /// Leaves out what lies here, such as the database itself; may be called again.
    pub fn exclude(mut self, path: impl AsRef<Path>) -> Self {
        self.exclude.push(path.as_ref().to_path_buf());
        self
    }

    /// Calls back as work is done, from the thread that does it.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'static) -> Self {
        self.watch.progress = Some(Box::new(progress));
        self
    }

    /// Stops at the next commit once the flag is set; what is committed stays, and adding again goes on.
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.watch.cancel = Some(flag);
        self
    }

    /// Adds the files; blocks until it is done.
    ///
    /// # Errors
    /// [`Error::Load`](crate::Error::Load) when a place to add does not exist,
    /// [`Error::Engine`](crate::Error::Engine) when the store or the embedder fails, `E2001` when the
    /// collection was embedded with another model. A file that cannot be read or is not text is no
    /// error: it stands in [`AddReport::skipped`].
    pub fn run(self) -> Result<AddReport> {
        let Add {
            rag,
            roots,
            exclude,
            walk: options,
            mut watch,
        } = self;
        let _one_at_a_time = rag.writing();
        let roots = roots
            .iter()
            .map(|root| canonical(root))
            .collect::<Result<Vec<PathBuf>>>()?;
        // What does not exist holds nothing to leave out.
        let exclude: Vec<PathBuf> = exclude
            .iter()
            .filter_map(|path| canonical(path).ok())
            .collect();

        let embedder = rag.embedder()?;
        let mut schema = Schema::new().text().text_field(TITLE_FIELD);
        if let Some(embedder) = &embedder {
            let stored = rag.store().schema(rag.collection())?.unwrap_or_default();
            schema = schema
                .vector_with(DEFAULT_VECTOR_FIELD, stored.embedded(embedder.dimension()))
                .model(embedder.name());
        }
        rag.store().ensure_collection(rag.collection(), &schema)?;

        let mut report = AddReport::default();
        let files = list(&roots, &exclude, &options, &mut report);
        let mut texts = Texts::new(&rag, embedder.as_deref(), &mut report);
        texts.add(&files.found, &mut watch)?;
        if !watch.is_cancelled() {
            let roots: Vec<&Path> = roots.iter().map(PathBuf::as_path).collect();
            for record in record::files_under(rag.store(), rag.collection(), &roots)? {
                let path = Path::new(&record.source);
                if !files.found.contains(path) && files.has_lost(path) {
                    texts.remove(&record)?;
                }
            }
        }
        if let Some(embedder) = &embedder
            && !watch.is_cancelled()
        {
            vectors::embed_pending(&rag, embedder.as_ref(), &mut report, &mut watch)?;
        }
        report.cancelled = watch.is_cancelled();
        Ok(report)
    }
}

impl IntoFuture for Add {
    type Output = Result<AddReport>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// Adds the files on a blocking thread.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(blocking(move || self.run()))
    }
}

/// The files under the roots.
struct Files {
    found: BTreeSet<PathBuf>,
    /// Folders that could not be read: nothing is known of what lies in them.
    unread: Vec<PathBuf>,
}

impl Files {
    /// Whether a file that was not found is gone, rather than out of sight.
    fn has_lost(&self, path: &Path) -> bool {
        use std::io::ErrorKind::{NotADirectory, NotFound};
        if self.unread.iter().any(|folder| path.starts_with(folder)) {
            return false;
        }
        match std::fs::symlink_metadata(path) {
            // It is there, and no longer among what is to be added.
            Ok(_) => true,
            Err(error) => matches!(error.kind(), NotFound | NotADirectory),
        }
    }
}

fn list(
    roots: &[PathBuf],
    exclude: &[PathBuf],
    options: &WalkOptions,
    report: &mut AddReport,
) -> Files {
    let mut files = Files {
        found: BTreeSet::new(),
        unread: Vec::new(),
    };
    for root in roots {
        for entry in walk(root, options) {
            match entry {
                Ok(path) if exclude.iter().any(|place| path.starts_with(place)) => {}
                Ok(path) => {
                    files.found.insert(path);
                }
                Err(error) => {
                    let path = match &error {
                        LoadError::Io { path, .. } => path.clone(),
                        _ => root.clone(),
                    };
                    files.unread.push(path.clone());
                    report.skipped.push((path, error.to_string()));
                }
            }
        }
    }
    files
}

fn canonical(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|source| {
        LoadError::Io {
            path: path.to_path_buf(),
            source,
        }
        .into()
    })
}

/// Tells how many of the files are done.
pub(super) fn tell(watch: &mut Watch, phase: Phase, done: usize, total: usize) {
    watch.at(phase, done.min(total), total);
}
