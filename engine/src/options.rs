//! How a database is opened.

use std::path::Path;
use std::sync::Arc;

use lumos_wal::{Durability, OsVfs, Vfs};

use crate::segment::SegmentAccess;
use crate::{Lumos, Result};

/// Options of [`Lumos::open`]; every setter states its default.
///
/// ```
/// # fn main() -> lumos_engine::Result<()> {
/// # let dir = tempfile::tempdir().map_err(|e| e.to_string()).unwrap();
/// # let path = dir.path().join("data");
/// use lumos_engine::{Durability, Lumos};
/// let db = Lumos::options().durability(Durability::Buffered).open(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct OpenOptions {
    pub(crate) read_only: bool,
    pub(crate) create: bool,
    pub(crate) durability: Durability,
    pub(crate) access: SegmentAccess,
    pub(crate) background: bool,
    pub(crate) max_wal_bytes: u64,
    pub(crate) salt_seed: Option<u64>,
    pub(crate) vfs: Arc<dyn Vfs>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            read_only: false,
            create: true,
            durability: Durability::Sync,
            access: SegmentAccess::default(),
            background: true,
            max_wal_bytes: 256 << 20,
            salt_seed: None,
            vfs: Arc::new(OsVfs),
        }
    }
}

impl OpenOptions {
    /// Opens without the writer lock; writes fail with `ReadOnly` (default false).
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Creates the directory when there is no database (default true).
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// What a commit waits for (default [`Durability::Sync`]).
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How sealed segments are read (default memory-mapped).
    pub fn segment_access(mut self, access: SegmentAccess) -> Self {
        self.access = access;
        self
    }

    /// Whether a thread builds graphs, seals and merges (default true). Without it, call
    /// [`Lumos::flush`] and [`Lumos::compact`].
    pub fn background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// Log size, in bytes, past which active segments are sealed so that replay stays short
    /// (default 256 MiB).
    pub fn max_wal_bytes(mut self, bytes: u64) -> Self {
        self.max_wal_bytes = bytes;
        self
    }

    /// Makes the salts of log files repeatable, for simulation (default random).
    pub fn salt_seed(mut self, seed: u64) -> Self {
        self.salt_seed = Some(seed);
        self
    }

    /// The file system (default the operating system's).
    pub fn vfs(mut self, vfs: Arc<dyn Vfs>) -> Self {
        self.vfs = vfs;
        self
    }

    /// Opens the database in this directory.
    ///
    /// # Errors
    /// `Locked` when another process writes it, `NotFound` when it may not be created, `Corruption` and
    /// `FormatVersion` when its files cannot be read, `Storage` for the file system's own errors.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Lumos> {
        Lumos::open_with(path.as_ref(), self)
    }
}
