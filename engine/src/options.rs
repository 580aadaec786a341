//! How a database is opened.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use lumos_wal::{Durability, OsVfs, Vfs};

use crate::clock::Clock;
use crate::segment::SegmentAccess;
use crate::{BackupReport, Lumos, Result};

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
    pub(crate) keep_changes: u64,
    pub(crate) untrusted: bool,
    pub(crate) memory_limit: Option<usize>,
    pub(crate) salt_seed: Option<u64>,
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) clock: Clock,
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
            keep_changes: 0,
            untrusted: false,
            memory_limit: None,
            salt_seed: None,
            vfs: Arc::new(OsVfs),
            clock: Clock::default(),
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

    /// Log, in bytes, that is kept after recovery does not need it any more, so that
    /// [`Lumos::changes`] reaches further back (default 0).
    pub fn keep_changes(mut self, bytes: u64) -> Self {
        self.keep_changes = bytes;
        self
    }

    /// For a directory that comes from someone else: nothing is mapped, every checksum and every link of
    /// every graph is verified at opening, and keyword indexes and columns are made anew from the
    /// documents (default false).
    ///
    /// Opening then reads the whole database into memory, and takes as long as indexing its text.
    pub fn untrusted(mut self, untrusted: bool) -> Self {
        self.untrusted = untrusted;
        if untrusted {
            self.access = SegmentAccess::Heap;
        }
        self
    }

    /// Bytes of memory that rows which are not sealed yet, and the making of segments in the background,
    /// may take together, about (default unlimited; at least 1 MiB).
    ///
    /// Half of it is for rows: active segments are sealed earlier, and writers wait when the background
    /// cannot keep up. A quarter is for one merge: segments too large for it are left as they are, by
    /// [`Lumos::compact`] too. Mapped segment files are the page cache's and do not count.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = Some(bytes.max(1 << 20));
        self
    }

    /// Makes the salts of log files repeatable, for simulation (default random).
    pub fn salt_seed(mut self, seed: u64) -> Self {
        self.salt_seed = Some(seed);
        self
    }

    /// What time it is for `now()` in filters (default the system's clock). When documents end
    /// ([`Schema::ttl`](crate::Schema::ttl)) is told by the system's clock always.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use lumos_engine::{Doc, Lumos};
    /// # let dir = tempfile::tempdir().map_err(|e| e.to_string()).unwrap();
    /// # let path = dir.path().join("data");
    /// let new_year = UNIX_EPOCH + Duration::from_secs(1_767_225_600); // 2026-01-01
    /// let db = Lumos::options().clock(move || new_year).open(&path)?;
    /// let docs = db.collection("docs")?;
    /// docs.put(Doc::new("a").field("created", "2025-12-30"))?;
    /// assert_eq!(docs.count_matching("created > now() - 7d")?, 1);
    /// assert_eq!(docs.count_matching("created > now() - 1d")?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// The file system (default the operating system's).
    pub fn vfs(mut self, vfs: Arc<dyn Vfs>) -> Self {
        self.vfs = vfs;
        self
    }

    /// See [`Lumos::restore`].
    ///
    /// # Errors
    /// As there.
    pub fn restore(
        self,
        backup: impl AsRef<Path>,
        target: impl AsRef<Path>,
    ) -> Result<BackupReport> {
        crate::backup::restore(&self.vfs, backup.as_ref(), target.as_ref())
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
