//! What keeps a database well: sealing, merging, examining, copying.

use std::io::{BufRead, Write};
use std::path::Path;

use crate::database::Lumos;
use crate::{BackupReport, Checkup, Diagnosis, ExportReport, Result, Stats};

impl Lumos {
    /// Deletes the documents whose time is over (see [`Schema::ttl`](crate::Schema::ttl)) and returns how
    /// many there were. The background does it about once a second; without a background, or for
    /// certainty, call it.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use std::time::Duration;
    /// use lumos_engine::{Lumos, Schema};
    /// let db = Lumos::memory()?;
    /// let cache = db.collection_with("cache", Schema::new().ttl(Duration::from_millis(5)))?;
    /// cache.put(("a", "short-lived"))?;
    /// std::thread::sleep(Duration::from_millis(10));
    /// db.expire()?;
    /// assert_eq!(cache.count()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `ReadOnly`, `Storage`.
    pub fn expire(&self) -> Result<u64> {
        crate::expire::expire(self.core(), crate::expire::now())
    }

    /// Seals what is in memory to files, so that the next open replays nothing.
    ///
    /// # Errors
    /// `ReadOnly`, `Storage`.
    pub fn flush(&self) -> Result<()> {
        self.core().committer()?;
        crate::seal::flush(self.core())
    }

    /// Seals, then merges every collection into one segment without deleted rows.
    ///
    /// # Errors
    /// `ReadOnly`, `Storage`, `Corruption` when a segment cannot be read.
    pub fn compact(&self) -> Result<()> {
        self.core().committer()?;
        crate::seal::flush(self.core())?;
        crate::merge::compact(self.core())
    }

    /// Sizes and counts.
    pub fn stats(&self) -> Stats {
        crate::stats::collect(self.core())
    }

    /// Writes a copy of the database into `target`, an empty or new directory, while commits go on. The copy
    /// holds a prefix of the commits that ends with the newest one at the time of the call; it is a
    /// database, to be opened as it is or brought elsewhere with [`Lumos::restore`].
    ///
    /// Segment files are linked when both directories are on one file system: that costs no space, and
    /// they never change. A read-only handle makes a backup beside the process that writes.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # let dir = tempfile::tempdir().map_err(|e| e.to_string()).unwrap();
    /// # let (path, copy, other) = (dir.path().join("db"), dir.path().join("copy"), dir.path().join("other"));
    /// use lumos_engine::Lumos;
    /// let db = Lumos::open(&path)?;
    /// db.collection("docs")?.put(("a", "text"))?;
    /// let report = db.backup(&copy)?;
    /// assert_eq!(report.seqno, db.seqno());
    /// Lumos::restore(&copy, &other)?;
    /// assert_eq!(Lumos::open(&other)?.collection("docs")?.count()?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` when the target holds something or the database is in memory; `Storage`. A copy
    /// that was interrupted has no manifest and does not open.
    pub fn backup(&self, target: impl AsRef<Path>) -> Result<BackupReport> {
        crate::backup::backup(self.core(), target.as_ref())
    }

    /// Makes a new database in `target`, an empty or new directory, from a backup. Every checksum is
    /// verified before the new database exists.
    ///
    /// # Errors
    /// `NotFound` when there is no backup, `Corruption` with the first damaged file and offset,
    /// `InvalidArgument` when the target holds something or the backup has links in it; `Storage`.
    pub fn restore(backup: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<BackupReport> {
        Lumos::options().restore(backup, target)
    }

    /// Writes everything as lines of JSON: collections with their schemas, documents with their vectors, and
    /// the key-value space, as of one commit. [`Lumos::import`] reads them, of this version and of others.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::Lumos;
    /// let db = Lumos::memory()?;
    /// db.collection("docs")?.put(("a", "text"))?;
    /// let mut lines = Vec::new();
    /// db.export(&mut lines)?;
    /// let other = Lumos::memory()?;
    /// other.import(&mut lines.as_slice())?;
    /// assert_eq!(other.collection("docs")?.count()?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Storage` when the writer fails, or when the database cannot be read.
    pub fn export(&self, out: &mut dyn Write) -> Result<ExportReport> {
        crate::export::export(&self.core().state(), out)
    }

    /// Puts what [`Lumos::export`] wrote, 1,000 documents and values a commit; what has the same key is
    /// replaced. The time of documents that end (see [`Schema::ttl`](crate::Schema::ttl)) begins anew.
    ///
    /// # Errors
    /// `ImportLine` with the first line that is wrong; the commits before it stay. Otherwise as
    /// [`Collection::put`](crate::Collection::put).
    pub fn import(&self, input: &mut dyn BufRead) -> Result<ExportReport> {
        crate::export::import(self, input)
    }

    /// Examines everything that is stored: every checksum, the manifest against the files, keys against
    /// rows, every link of every graph, keyword indexes, documents and the log; on request measures recall,
    /// and makes damaged derived parts anew.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Checkup, Lumos};
    /// let db = Lumos::memory()?;
    /// db.collection("docs")?.put(("a", "text"))?;
    /// db.flush()?;
    /// let diagnosis = db.doctor(&Checkup::new())?;
    /// assert!(diagnosis.is_healthy());
    /// assert_eq!(diagnosis.rows, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `ReadOnly` when a read-only handle is to fix something; `Storage`. What is wrong with the database
    /// is no error but a [`Finding`](crate::Finding).
    pub fn doctor(&self, checkup: &Checkup) -> Result<Diagnosis> {
        crate::doctor::examine(self.core(), checkup)
    }

    /// Verifies every checksum of every segment file.
    ///
    /// # Errors
    /// [`Error::Corruption`](crate::Error::Corruption) with the first damaged file and offset.
    pub fn verify(&self) -> Result<()> {
        for state in self.core().state().collections.values() {
            for segment in state.segments.iter().filter_map(|view| view.as_sealed()) {
                segment.verify()?;
            }
        }
        Ok(())
    }
}
