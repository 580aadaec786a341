//! The log file that is being written.
//!
//! A file is filled with zeros, and these are synced, before frames are written over them: a sync of
//! an overwrite does not wait for the journal of the file system, and a full disk shows itself before
//! a frame is begun.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Seqno;
use crate::error::{Error, Result};
use crate::frame::{self, FRAME_HEADER, FileState};
use crate::header::{FRAMES_START, FileHeader};
use crate::options::LogOptions;
use crate::poison::Poison;
use crate::vfs::VfsFile;

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

#[derive(Debug)]
pub(crate) struct Writer {
    file: Arc<dyn VfsFile>,
    pub(crate) path: PathBuf,
    pub(crate) header: FileHeader,
    /// Where the next frame goes.
    pub(crate) end: u64,
    /// Everything below was synced.
    synced: u64,
    /// The file holds its own zeros or old bytes up to here, all of them synced. Beyond `end` there
    /// is always room for a frame header: the one that says that the file grew must not be cut off
    /// with what it says has grown.
    pub(crate) allocated: u64,
    /// By how much it grows next.
    step: u64,
    limit: u64,
    poison: Poison,
}

impl Writer {
    /// Turns a file without frames into a log file, under the name that it has: zeros, header, sync.
    pub(crate) fn prepare(
        file: Arc<dyn VfsFile>,
        path: &Path,
        mut header: FileHeader,
        options: &LogOptions,
        poison: &Poison,
    ) -> Result<Writer> {
        let len = file
            .len()
            .map_err(|e| Error::io("read the length of", path, e))?;
        let allocated = len
            .max(options.preallocate_bytes)
            .next_multiple_of(FRAMES_START);
        header.length = allocated;
        zero(&*file, path, len, allocated)?;
        file.write_all_at(&header.encode(), 0)
            .map_err(|e| Error::io("write", path, e))?;
        file.sync_all()
            .map_err(|e| poison.because(Error::io("sync", path, e)))?;
        Ok(Writer {
            file,
            path: path.to_path_buf(),
            header,
            end: FRAMES_START,
            synced: FRAMES_START,
            allocated,
            step: options.preallocate_bytes.saturating_mul(4),
            limit: options.rotate_bytes,
            poison: poison.clone(),
        })
    }

    pub(crate) fn has_frames(&self) -> bool {
        self.end > FRAMES_START
    }

    /// Makes room for a write of this many bytes.
    ///
    /// A full disk is an error that changes nothing; any other one poisons.
    pub(crate) fn reserve(&mut self, bytes: u64) -> Result<()> {
        // With room for the end marker, which must not be what meets a full disk.
        let needed = self.end + bytes + FRAME_HEADER as u64;
        if needed <= self.allocated {
            return Ok(());
        }
        let wanted = (self.allocated + self.step).min(self.limit).max(needed);
        let wanted = wanted.next_multiple_of(FRAMES_START);
        let least = needed.next_multiple_of(FRAMES_START);
        let target = match self.extend(wanted) {
            Err(error) if error.is_out_of_space() && least < wanted => {
                // The disk may still have room for this write, if not for those that follow.
                self.step = FRAMES_START;
                self.extend(least)?;
                least
            }
            outcome => outcome.map(|()| wanted)?,
        };
        self.sync_file()?;
        self.step = self.step.saturating_mul(4).min(16 << 20).max(self.step);
        self.allocated = target;
        Ok(())
    }

    /// Fills the file with zeros up to `target`; on a full disk gives back what that took before it
    /// failed, so that it is not in the way of those who could make room.
    fn extend(&mut self, target: u64) -> Result<()> {
        zero(&*self.file, &self.path, self.allocated, target).map_err(|error| {
            if !error.is_out_of_space() {
                return self.poison.because(error);
            }
            // Frames attest a length up to `allocated` only. Where the cut fails the zeros stay, and
            // are written over next time.
            let _cut = self.file.set_len(self.allocated);
            error
        })
    }

    /// Writes the frames of consecutive transactions with one call.
    pub(crate) fn write(
        &mut self,
        buffer: &mut Vec<u8>,
        first: Seqno,
        payloads: &[Vec<u8>],
    ) -> Result<()> {
        buffer.clear();
        let state = self.state();
        for (seqno, payload) in (first..).zip(payloads) {
            frame::encode(buffer, seqno, state, payload);
        }
        let written = self.file.write_all_at(buffer, self.end);
        written.map_err(|e| self.poison.because(Error::io("write", &self.path, e)))?;
        self.end += buffer.len() as u64;
        Ok(())
    }

    fn state(&self) -> FileState {
        FileState {
            salt: self.header.salt,
            synced: self.synced,
            length: self.allocated,
        }
    }

    /// Makes all frames durable; nothing to do when they are.
    pub(crate) fn sync(&mut self) -> Result<()> {
        if self.synced < self.end {
            self.sync_file()
        } else {
            Ok(())
        }
    }

    fn sync_file(&mut self) -> Result<()> {
        let synced = self.file.sync_data();
        synced.map_err(|e| self.poison.because(Error::io("sync", &self.path, e)))?;
        self.synced = self.end;
        Ok(())
    }

    /// Syncs, and marks the end so that damage before it will be recognised as such.
    pub(crate) fn finish(&mut self, last: Seqno) -> Result<()> {
        self.sync()?;
        let marker = frame::encode_end(last, self.state());
        let written = self.file.write_all_at(&marker, self.end);
        written.map_err(|e| self.poison.because(Error::io("write", &self.path, e)))
    }

    /// Gives back the room that was never used, after [`Writer::finish`]. A file may be that short
    /// only when its end marker is durable; whether the cut itself is does not matter.
    pub(crate) fn trim(&mut self) -> Result<()> {
        self.sync_file()?;
        let cut = self.file.set_len(self.end + FRAME_HEADER as u64);
        cut.map_err(|e| Error::io("cut", &self.path, e))
    }
}

fn zero(file: &dyn VfsFile, path: &Path, from: u64, to: u64) -> Result<()> {
    let mut at = from;
    while at < to {
        let n = usize::try_from(to - at)
            .unwrap_or(usize::MAX)
            .min(ZEROS.len());
        let zeros = ZEROS.get(..n).unwrap_or(&ZEROS);
        file.write_all_at(zeros, at)
            .map_err(|e| Error::io("write", path, e))?;
        at += n as u64;
    }
    Ok(())
}

/// A number that no earlier file of this database has.
pub(crate) fn salt(options: &LogOptions, number: u64) -> u64 {
    let Some(seed) = options.salt_seed else {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(number);
        hasher.write_u128(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos(),
        );
        return hasher.finish();
    };
    // The finaliser of splitmix64: distinct for each number, well spread.
    let mut x = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
