//! The files under a folder that can be loaded.

use std::io;
use std::path::{Path, PathBuf};

use super::{LoadError, is_supported};

/// Which files [`walk`] yields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct WalkOptions {
    hidden: bool,
    gitignore: bool,
    unknown: bool,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self {
            hidden: false,
            gitignore: true,
            unknown: false,
        }
    }
}

impl WalkOptions {
    /// Also yields files and enters folders whose name starts with a dot (default: no).
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// Leaves out what `.gitignore` and `.ignore` files name (default: yes).
    pub fn gitignore(mut self, gitignore: bool) -> Self {
        self.gitignore = gitignore;
        self
    }

    /// Also yields files that [`is_supported`] does not know (default: no).
    pub fn unknown(mut self, unknown: bool) -> Self {
        self.unknown = unknown;
        self
    }
}

/// The files under a folder, in the order of their names, depth first; see [`walk`].
pub struct Walk {
    inner: ignore::Walk,
    root: PathBuf,
    unknown: bool,
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// The loadable files under `root`, sorted by name; a `root` that is a file is yielded itself,
/// whatever its name. Links are not followed.
///
/// The iterator yields [`LoadError::Io`] for what cannot be read, and goes on.
pub fn walk(root: &Path, options: &WalkOptions) -> Walk {
    let inner = ignore::WalkBuilder::new(root)
        .hidden(!options.hidden)
        .ignore(options.gitignore)
        .git_ignore(options.gitignore)
        .git_exclude(options.gitignore)
        .parents(options.gitignore)
        .git_global(false)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(Ord::cmp)
        .build();
    Walk {
        inner,
        root: root.to_owned(),
        unknown: options.unknown,
    }
}

impl Iterator for Walk {
    type Item = Result<PathBuf, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = match self.inner.next()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(self.failed(error))),
            };
            // At depth 0 a link to a file is followed: it was named on purpose.
            let wanted = if entry.depth() == 0 {
                entry.path().is_file()
            } else {
                entry.file_type().is_some_and(|kind| kind.is_file())
                    && (self.unknown || is_supported(entry.path()))
            };
            if wanted {
                return Some(Ok(entry.into_path()));
            }
        }
    }
}

impl Walk {
    fn failed(&self, error: ignore::Error) -> LoadError {
        let path = path_of(&error).unwrap_or_else(|| self.root.clone());
        let text = error.to_string();
        let source = error
            .into_io_error()
            .unwrap_or_else(|| io::Error::other(text));
        LoadError::Io { path, source }
    }
}

fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}
