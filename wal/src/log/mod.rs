//! The write-ahead log: a row of files, the last of which is written.
//!
//! | name | what it is |
//! |------|------------|
//! | `<number>.wal` | a log file; numbers rise, 20 decimal digits |
//! | `<number>.spare` | a file to make the next log file of; its contents mean nothing |
//!
//! A log file is made of a spare (or a new one): zeros and header are written and synced, then it takes
//! its name by a rename, then the directory is synced, and only then frames are written. A file whose
//! frames are all released becomes a spare the same way round: rename, sync of the directory, and only
//! then its bytes may change. So a name ending in `.wal` always has the header that belongs to it.
//!
//! Frames of all files together have consecutive seqnos. How many frames a file holds follows from the
//! first seqno of the next one; only in the last file the end has to be searched for (see `tail`).

mod listing;
mod recovery;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Seqno;
use crate::error::{Error, Result};
use crate::frame::{MAX_PAYLOAD, frame_len};
use crate::header::FileHeader;
use crate::options::LogOptions;
use crate::poison::Poison;
use crate::vfs::{OpenMode, Vfs};
use crate::writer::{Writer, salt};
use listing::{Listing, log_name, spare_name};
use recovery::Scan;

/// The batch buffer is kept for the next batch up to this size.
const KEEP_BUFFER: usize = 4 << 20;

/// What [`Log::open`] or [`Log::replay`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The last commit in the log, or the floor when the log ends before it.
    pub last_seqno: Seqno,
    /// How many frames were visited.
    pub frames: u64,
    /// Bytes of unacknowledged frames that a crash left behind, as far as they could be recognised.
    pub truncated_bytes: u64,
    /// How many log files there were.
    pub files: usize,
    /// The bytes of their frames.
    pub bytes: u64,
}

/// A file that is not written any more.
#[derive(Clone, Debug)]
struct ClosedFile {
    number: u64,
    /// Its last seqno, or an upper bound when it was released before this log was opened.
    last: Seqno,
    bytes: u64,
}

/// The write-ahead log of a database, open for appending.
///
/// Dropping it syncs what is not synced yet and marks the file as closed in good order.
#[derive(Debug)]
pub struct Log {
    vfs: Arc<dyn Vfs>,
    dir: PathBuf,
    options: LogOptions,
    poison: Poison,
    closed: Vec<ClosedFile>,
    /// Begun at the first append: a database that is only read makes no files.
    current: Option<Writer>,
    spares: Vec<String>,
    /// Whether names changed since the directory was synced.
    names_unsure: bool,
    next_number: u64,
    last: Seqno,
    /// No frame up to here is needed for recovery.
    released: Seqno,
    buffer: Vec<u8>,
}

impl Log {
    /// Opens the log in `dir`, creating the directory when it is missing, and replays it.
    ///
    /// Every frame with a seqno above `floor` goes through `visit`, in order. Frames up to the floor may
    /// be missing: their files may have been released. A torn tail is cut off and the cut synced.
    /// The next append starts a new file. Whatever this did before a crash, it can be done again.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a frame that was acknowledged is damaged or missing: nothing is
    /// changed then. [`Error::FormatVersion`], [`Error::Io`], and what `visit` returns.
    pub fn open<E: From<Error>>(
        vfs: Arc<dyn Vfs>,
        dir: &Path,
        floor: Seqno,
        options: LogOptions,
        visit: impl FnMut(Seqno, &[u8]) -> Result<(), E>,
    ) -> Result<(Log, Recovery), E> {
        vfs.create_dir(dir)
            .map_err(|e| Error::io("create directory", dir, e))?;
        let listing = Listing::read(&*vfs, dir)?;
        if listing.logs.is_empty() {
            // As long as there is no log file, the directory itself may not be durable.
            let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or(Path::new("."));
            vfs.sync_dir(parent)
                .map_err(|e| Error::io("sync directory", parent, e))?;
        }
        let mut scan = Scan::new(&*vfs, dir, floor, false);
        scan.run(&listing.logs, visit)?;
        scan.repair()?;
        let recovery = scan.recovery(listing.logs.len());
        let log = Log {
            closed: scan.into_files(),
            dir: dir.to_path_buf(),
            options,
            poison: Poison::default(),
            current: None,
            // Another process may have died between a rename and its sync.
            names_unsure: !listing.spares.is_empty(),
            spares: listing.spares,
            next_number: listing.next_number,
            last: recovery.last_seqno,
            released: floor,
            buffer: Vec::new(),
            vfs,
        };
        Ok((log, recovery))
    }

    /// Replays the log like [`Log::open`] but changes nothing: for processes that only read.
    ///
    /// The writer may be at work. A torn tail is where its latest write stands, and the replay ends
    /// there. A missing directory is an empty log.
    ///
    /// # Errors
    /// [`Error::LogMoved`] when the writer released files meanwhile: read the manifest again, forget
    /// what was visited and start over. Otherwise as [`Log::open`].
    pub fn replay<E: From<Error>>(
        vfs: &dyn Vfs,
        dir: &Path,
        floor: Seqno,
        visit: impl FnMut(Seqno, &[u8]) -> Result<(), E>,
    ) -> Result<Recovery, E> {
        if !vfs.exists(dir).map_err(|e| Error::io("look for", dir, e))? {
            return Ok(Recovery {
                last_seqno: floor,
                ..Recovery::default()
            });
        }
        let listing = Listing::read(vfs, dir)?;
        let mut scan = Scan::new(vfs, dir, floor, true);
        scan.run(&listing.logs, visit)?;
        Ok(scan.recovery(listing.logs.len()))
    }

    /// The first commit that the files in `dir` hold, `None` when there are none. A writer may be at work.
    ///
    /// # Errors
    /// [`Error::LogMoved`] when the writer released the file meanwhile, otherwise as [`Log::replay`].
    pub fn oldest(vfs: &dyn Vfs, dir: &Path) -> Result<Option<Seqno>> {
        let listing = Listing::read(vfs, dir)?;
        let Some(number) = listing.logs.first() else {
            return Ok(None);
        };
        Scan::new(vfs, dir, 0, true).first_of(*number).map(Some)
    }

    /// Appends the frames of consecutive transactions, beginning with seqno `first`, in one write.
    ///
    /// They survive a killed process when this returns, and a power loss after [`Log::sync`].
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] and [`Error::TooLarge`] change nothing. Neither does a full disk that shows
    /// itself while room is made: [`Error::Io`] with `StorageFull`. Any other failure poisons the log:
    /// it is unknown whether the transactions are in it, and every later call is [`Error::Poisoned`].
    pub fn append(&mut self, first: Seqno, payloads: &[Vec<u8>]) -> Result<()> {
        self.poison.check()?;
        if first != self.last + 1 {
            return Err(Error::OutOfOrder {
                expected: self.last + 1,
                got: first,
            });
        }
        let mut bytes = 0;
        for payload in payloads {
            check_size(payload)?;
            bytes += frame_len(payload.len());
        }
        if payloads.is_empty() {
            return Ok(());
        }
        let full = |file: &Writer| {
            file.has_frames() && file.end.saturating_add(bytes) > self.options.rotate_bytes
        };
        if self.current.as_ref().is_some_and(full) {
            self.finish_file()?;
        }
        let mut file = match self.current.take() {
            Some(file) => file,
            None => self.start_file(first).map_err(|error| {
                if error.is_out_of_space() {
                    error
                } else {
                    self.poison.because(error)
                }
            })?,
        };
        let written = file
            .reserve(bytes)
            .and_then(|()| file.write(&mut self.buffer, first, payloads));
        self.current = Some(file);
        if self.buffer.capacity() > KEEP_BUFFER {
            self.buffer = Vec::new();
        }
        written?;
        self.last += payloads.len() as u64;
        Ok(())
    }

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// [`Error::Io`], which poisons the log; [`Error::Poisoned`].
    pub fn sync(&mut self) -> Result<()> {
        self.poison.check()?;
        self.current.as_mut().map_or(Ok(()), Writer::sync)
    }

    /// The seqno of the last frame.
    pub fn last_seqno(&self) -> Seqno {
        self.last
    }

    /// The bytes of frames in files that are not released.
    pub fn live_bytes(&self) -> u64 {
        let closed: u64 = self.needed().map(|file| file.bytes).sum();
        closed + self.current.as_ref().map_or(0, |file| file.end)
    }

    /// The closed files that recovery would read.
    fn needed(&self) -> impl Iterator<Item = &ClosedFile> {
        let released = self.released;
        self.closed.iter().filter(move |file| file.last > released)
    }

    /// The bytes that the files of the log take, with spares and without what is only retained. Files of
    /// unknown length count as empty.
    pub fn disk_bytes(&self) -> u64 {
        let closed = self.needed().map(|file| log_name(file.number));
        let names = closed.chain(self.spares.iter().cloned());
        let others: u64 = names
            .filter_map(|name| {
                let file = self.vfs.open(&self.dir.join(name), OpenMode::Read);
                file.ok()?.len().ok()
            })
            .sum();
        others + self.current.as_ref().map_or(0, |file| file.allocated)
    }

    /// Gives up the files whose frames all have seqnos up to `upto`; some are kept for reuse.
    ///
    /// Call it only when a durable manifest says that a replay starts above `upto`.
    ///
    /// # Errors
    /// [`Error::Io`]: the log stays usable and the rest is released next time, unless it was a sync
    /// that failed, which poisons the log. [`Error::Poisoned`].
    pub fn release(&mut self, upto: Seqno) -> Result<()> {
        self.poison.check()?;
        if self.last <= upto && self.current.as_ref().is_some_and(Writer::has_frames) {
            self.finish_file()?;
        }
        self.released = self.released.max(upto);
        let mut count = self.closed.partition_point(|file| file.last <= upto);
        let mut retained = 0;
        while let Some(file) = count.checked_sub(1).and_then(|at| self.closed.get(at)) {
            if retained >= self.options.retain_bytes {
                break;
            }
            retained += file.bytes;
            count -= 1;
        }
        if count == 0 {
            return Ok(());
        }
        self.names_unsure = true;
        for _ in 0..count {
            // Taken off the list only when done, so that a failure leaves the rest for next time.
            let Some(file) = self.closed.first() else {
                break;
            };
            let path = self.dir.join(log_name(file.number));
            if self.spares.len() < self.options.recycle_files
                && file.bytes <= self.options.rotate_bytes.saturating_mul(2)
            {
                let name = spare_name(file.number);
                let spare = self.dir.join(&name);
                self.vfs
                    .rename(&path, &spare)
                    .map_err(|e| Error::io("rename", &path, e))?;
                self.spares.push(name);
            } else {
                self.vfs
                    .remove_file(&path)
                    .map_err(|e| Error::io("remove", &path, e))?;
            }
            self.closed.remove(0);
        }
        self.sync_names()
    }

    /// Unlinks the spares: they save work while commits go on, and are only in the way when none come.
    ///
    /// # Errors
    /// As [`Log::release`].
    pub fn trim(&mut self) -> Result<()> {
        self.poison.check()?;
        if self.spares.is_empty() {
            return Ok(());
        }
        while let Some(name) = self.spares.last() {
            let spare = self.dir.join(name);
            self.vfs
                .remove_file(&spare)
                .map_err(|e| Error::io("remove", &spare, e))?;
            self.spares.pop();
        }
        self.sync_names()
    }

    pub(crate) fn poison(&self) -> Poison {
        self.poison.clone()
    }

    fn sync_names(&mut self) -> Result<()> {
        let synced = self.vfs.sync_dir(&self.dir);
        synced.map_err(|e| {
            self.poison
                .because(Error::io("sync directory", &self.dir, e))
        })?;
        self.names_unsure = false;
        Ok(())
    }

    /// Closes the current file; the next append begins another.
    fn finish_file(&mut self) -> Result<()> {
        if let Some(file) = &mut self.current {
            file.finish(self.last)?;
            let (number, bytes) = (file.header.number, file.end);
            self.closed.push(ClosedFile {
                number,
                last: self.last,
                bytes,
            });
            self.current = None;
        }
        Ok(())
    }

    /// Makes the file that frames from `first` on are written to.
    fn start_file(&mut self, first: Seqno) -> Result<Writer> {
        // A spare may still have its old name on disk: its bytes must not change before that is over.
        if self.names_unsure {
            self.sync_names()?;
        }
        let number = self.next_number;
        let header = FileHeader {
            number,
            first,
            salt: salt(&self.options, number),
            // Set when the room is made.
            length: 0,
        };
        let (name, mode) = match self.spares.last() {
            Some(name) => (name.clone(), OpenMode::ReadWrite),
            None => (spare_name(number), OpenMode::CreateNew),
        };
        let spare = self.dir.join(&name);
        let file = self
            .vfs
            .open(&spare, mode)
            .map_err(|e| Error::io("open", &spare, e))?;
        if mode == OpenMode::CreateNew {
            // From here on it is a spare: if the rest fails for want of room, the next try takes it.
            self.spares.push(name);
        }
        let mut writer = Writer::prepare(file, &spare, header, &self.options, &self.poison)?;
        let path = self.dir.join(log_name(number));
        let renamed = self
            .vfs
            .rename(&spare, &path)
            .map_err(|e| Error::io("rename", &spare, e));
        renamed.map_err(|error| self.poison.because(error))?;
        self.sync_names()?;
        self.spares.pop();
        self.next_number = number
            .checked_add(1)
            .ok_or_else(|| listing::exhausted(&self.dir))?;
        writer.path = path;
        Ok(writer)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if !self.poison.is_set() {
            // Whoever wants to hear of a failure calls sync first.
            let _closed = self.current.as_mut().map(|file| {
                file.finish(self.last)?;
                file.trim()
            });
        }
    }
}

/// Refuses a payload that no frame can hold.
pub(crate) fn check_size(payload: &[u8]) -> Result<()> {
    if payload.len() > MAX_PAYLOAD {
        return Err(Error::TooLarge {
            bytes: payload.len() as u64,
            limit: MAX_PAYLOAD as u64,
        });
    }
    Ok(())
}
