//! `lumos add`: indexes files and folders; again adds only what changed.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use lumos::rag::{self, AddReport, Phase, Progress, Rag, WalkOptions};

use crate::context::{self, Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome};
use crate::{interrupt, model, progress, snippet};

/// Index files and folders: text, Markdown, HTML, source code, JSON lines.
///
/// Again: only what changed; what has vanished from the folders is removed. Each file is one
/// commit, so it may be interrupted at any point and run again.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The collection, created when missing
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
    /// Index words only, without the embedding model: faster, and found by keyword alone
    #[arg(long)]
    keywords: bool,
    /// Also files and folders whose name starts with a dot
    #[arg(long)]
    hidden: bool,
    /// Also what .gitignore and .ignore name
    #[arg(long)]
    no_ignore: bool,
}

impl Add {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        for path in &self.paths {
            // Before anything is created: a wrong name costs nothing.
            std::fs::metadata(path).map_err(|source| Failure::read(path, source))?;
        }
        let db = context.writable()?;
        let rag = Rag::new(&db).collection(self.collection.as_str());
        let rag = if self.keywords {
            rag.keywords_only()
        } else {
            rag.embedder(model::embedder()?)
        };
        let rag = rag.open()?;
        let directory = context.directory().to_path_buf();
        let report = context::block_on(async {
            let mut bars = Bars::default();
            let add = rag
                .add_all(&self.paths)
                .files(
                    WalkOptions::default()
                        .hidden(self.hidden)
                        .gitignore(!self.no_ignore),
                )
                .exclude(directory)
                .cancel(interrupt::flag())
                .progress(move |progress| bars.show(progress));
            Ok(add.await?)
        })?;
        print(&report, context)?;
        if report.cancelled {
            return Err(Failure::Interrupted);
        }
        Context::settle(&db)?;
        self.refuse_skipped(&report)
    }

    /// A file that was named and could not be added is an error; in a folder it is only reported.
    fn refuse_skipped(&self, report: &AddReport) -> Outcome {
        let named = |skipped: &Path| self.paths.iter().any(|path| is_same_file(path, skipped));
        for (path, _) in report.skipped.iter().filter(|(path, _)| named(path)) {
            let bytes = std::fs::read(path).map_err(|source| Failure::read(path, source))?;
            rag::load(path, &bytes).map_err(rag::Error::from)?;
        }
        Ok(())
    }
}

fn is_same_file(named: &Path, skipped: &Path) -> bool {
    named.is_file() && std::fs::canonicalize(named).is_ok_and(|path| path == skipped)
}

fn print(report: &AddReport, context: &mut Context) -> Outcome {
    if context.out.is_json() {
        return context.out.json(report);
    }
    context.out.line(report.to_string())?;
    for (_, reason) in &report.skipped {
        context
            .out
            .line(format!("skipped: {}", snippet::plain(reason)))?;
    }
    context.out.finish()
}

/// One bar for each part of the work.
#[derive(Default)]
struct Bars {
    current: Option<(Phase, ProgressBar)>,
}

impl Bars {
    fn show(&mut self, progress: Progress) {
        let bar = match &self.current {
            Some((phase, bar)) if *phase == progress.phase => bar,
            _ => {
                let what = match progress.phase {
                    Phase::Vectors => "embedding",
                    _ => "indexing",
                };
                let bar = progress::bar(Some(progress.total as u64), what);
                &self.current.insert((progress.phase, bar)).1
            }
        };
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Some((_, bar)) = self.current.take() {
            bar.finish_and_clear();
        }
    }
}
