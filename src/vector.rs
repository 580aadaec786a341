//! The store by itself, from asynchronous code.
//!
//! The engine is synchronous; opening may read files, so these run it on a blocking thread.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> lumos::Result<()> {
//! let db = lumos::vector::memory().await?;
//! db.collection("docs")?.put(("a1", "Rust is fast"))?;
//! assert_eq!(db.collection("docs")?.count()?, 1);
//! # Ok(())
//! # }
//! ```

use std::future::{Future, IntoFuture};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use lumos_engine::{Lumos, OpenOptions};

use crate::Result;

/// A database in memory, gone when the last handle is dropped.
pub fn memory() -> Opening {
    Opening {
        path: None,
        options: Lumos::options(),
    }
}

/// The database in a directory, created when missing.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> lumos::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("data");
/// let db = lumos::vector::open(&path).await?;
/// # drop(db);
/// let reader = lumos::vector::open(&path).read_only(true).await?;
/// assert!(reader.is_read_only());
/// # Ok(())
/// # }
/// ```
pub fn open(path: impl AsRef<Path>) -> Opening {
    Opening {
        path: Some(path.as_ref().to_path_buf()),
        options: Lumos::options(),
    }
}

/// A database about to be opened: await it, or call [`Opening::run`] from synchronous code.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened until this is awaited"]
pub struct Opening {
    path: Option<PathBuf>,
    options: OpenOptions,
}

impl Opening {
    /// Opens without the writer lock (default false); of no meaning in memory.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.options = self.options.read_only(read_only);
        self
    }

    /// Opens it on this thread.
    ///
    /// # Errors
    /// See [`OpenOptions::open`].
    pub fn run(self) -> Result<Lumos> {
        Ok(match self.path {
            Some(path) => self.options.open(path)?,
            None => Lumos::memory()?,
        })
    }
}

impl IntoFuture for Opening {
    type Output = Result<Lumos>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || self.run()).await {
                Ok(opened) => opened,
                // The task is never cancelled, so it panicked: go on with that.
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => std::future::pending().await,
                },
            }
        })
    }
}
