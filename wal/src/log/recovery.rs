//! Replaying the files of a log, and repairing what a crash left.

use std::io;
use std::path::{Path, PathBuf};

use super::listing::{Listing, log_name};
use super::{ClosedFile, Recovery};
use crate::Seqno;
use crate::error::{Error, Result};
use crate::frame::{FileState, FrameKind, encode_end};
use crate::header::{FRAMES_START, FileHeader, HEADER_LEN, MAX_SEQNO};
use crate::reader::{FrameReader, Step};
use crate::tail::{Tail, classify};
use crate::vfs::{OpenMode, Vfs};

const CHUNK: usize = 1 << 20;
/// How often a reader looks again at a place where the writer may be at work.
const ATTEMPTS: u32 = 10;

pub(super) struct Scan<'a> {
    vfs: &'a dyn Vfs,
    dir: &'a Path,
    floor: Seqno,
    /// Whether a writer may be at work on these files.
    live: bool,
    files: Vec<ClosedFile>,
    /// The numbers of the files that must not disappear while they are read.
    needed: Vec<u64>,
    next: Seqno,
    frames: u64,
    torn: u64,
    end: Option<LastFile>,
}

/// Where the frames of the last file end.
struct LastFile {
    path: PathBuf,
    salt: u64,
    /// The seqno of its last frame.
    last: Seqno,
    len: u64,
    /// Where its transactions end.
    end: u64,
    /// Everything below was durable before the latest frame was written.
    attested: u64,
    /// Whether the end is marked.
    finished: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(vfs: &'a dyn Vfs, dir: &'a Path, floor: Seqno, live: bool) -> Self {
        Scan {
            vfs,
            dir,
            floor,
            live,
            files: Vec::new(),
            needed: Vec::new(),
            next: floor.saturating_add(1),
            frames: 0,
            torn: 0,
            end: None,
        }
    }

    pub(super) fn run<E: From<Error>>(
        &mut self,
        numbers: &[u64],
        mut visit: impl FnMut(Seqno, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.floor > MAX_SEQNO {
            let detail = "the floor is no number of a commit";
            return Err(Error::corruption(self.dir, 0, detail).into());
        }
        let headers = self.headers(numbers).map_err(|error| self.explain(error))?;
        for (n, header) in headers.iter().enumerate() {
            let until = headers.get(n + 1).map(|following| following.first);
            self.check_start(n, header)
                .map_err(|error| self.explain(error))?;
            self.read_file(header, until, &mut visit)?;
        }
        if self.live && self.moved()? {
            // What looked like the end may have been a file that was written over.
            return Err(self.log_moved().into());
        }
        Ok(())
    }

    /// Reads the headers of the files that are needed, and lists those that are not.
    fn headers(&mut self, numbers: &[u64]) -> Result<Vec<FileHeader>> {
        self.needed = numbers.to_vec();
        let mut headers: Vec<FileHeader> = Vec::new();
        for (n, number) in numbers.iter().enumerate().rev() {
            // Everything before the frame after the floor is released, whether it is there or not.
            if let Some(following) = headers.last()
                && following.first - 1 <= self.floor
            {
                let last = following.first - 1;
                self.needed.drain(..=n);
                for number in numbers.iter().take(n + 1) {
                    // For a reader they do not matter, and may be gone by now.
                    let bytes = if self.live {
                        0
                    } else {
                        self.file_len(*number)?
                    };
                    self.files.push(ClosedFile {
                        number: *number,
                        last,
                        bytes,
                    });
                }
                break;
            }
            headers.push(self.header(*number)?);
        }
        headers.reverse();
        Ok(headers)
    }

    /// The first seqno of a file.
    pub(super) fn first_of(&mut self, number: u64) -> Result<Seqno> {
        self.needed = vec![number];
        let header = self.header(number).map_err(|error| self.explain(error))?;
        Ok(header.first)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(log_name(number))
    }

    fn file_len(&self, number: u64) -> Result<u64> {
        let path = self.path(number);
        let file = self
            .vfs
            .open(&path, OpenMode::Read)
            .map_err(|e| Error::io("open", &path, e))?;
        file.len()
            .map_err(|e| Error::io("read the length of", &path, e))
    }

    fn header(&self, number: u64) -> Result<FileHeader> {
        let path = self.path(number);
        let file = self
            .vfs
            .open(&path, OpenMode::Read)
            .map_err(|e| Error::io("open", &path, e))?;
        let mut bytes = [0; HEADER_LEN];
        let read = file
            .read_full_at(&mut bytes, 0)
            .map_err(|e| Error::io("read", &path, e))?;
        FileHeader::decode(&path, number, bytes.get(..read).unwrap_or_default())
    }

    /// Refuses a gap before a file, unless all that is missing lies below the floor.
    fn check_start(&mut self, n: usize, header: &FileHeader) -> Result<()> {
        let after_floor = self.floor.saturating_add(1);
        let gap = if n == 0 {
            header.first > after_floor
        } else {
            header.first != self.next
        };
        if gap && n == 0 && self.live {
            // Released after the reader had read its manifest.
            return Err(self.log_moved());
        }
        if gap && header.first > after_floor {
            let detail = match header.first > self.next {
                true => format!("commits {} to {} are missing", self.next, header.first - 1),
                false => format!("its first commit should be {}", self.next),
            };
            return Err(Error::corruption(&self.path(header.number), 24, detail));
        }
        self.next = header.first;
        Ok(())
    }

    /// Reads a file up to the frame before `until`, or the last file as far as it goes.
    fn read_file<E: From<Error>>(
        &mut self,
        header: &FileHeader,
        until: Option<Seqno>,
        visit: &mut impl FnMut(Seqno, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path(header.number);
        let file = self.vfs.open(&path, OpenMode::Read);
        let file = file.map_err(|e| self.explain(Error::io("open", &path, e)))?;
        let reader = FrameReader::new(&*file, &path, header);
        let mut reader = reader.map_err(|error| self.explain(error))?;
        let (mut attested, mut finished, mut attempts) = (FRAMES_START, false, 0);
        let mut end = FRAMES_START;
        while until != Some(self.next) {
            let at = reader.offset();
            let invalid = match reader.next().map_err(|error| self.explain(error))? {
                Step::Frame {
                    header: frame,
                    payload,
                } if frame.kind == FrameKind::Transaction => {
                    if frame.seqno != self.next {
                        let detail =
                            format!("commit {} stands where {} belongs", frame.seqno, self.next);
                        return Err(self.explain(Error::corruption(&path, at, detail)).into());
                    }
                    if frame.seqno > self.floor {
                        visit(frame.seqno, payload)?;
                        self.frames += 1;
                    }
                    attested = attested.max(frame.synced.min(at));
                    self.next += 1;
                    end = reader.offset();
                    continue;
                }
                Step::Frame { header: frame, .. } if frame.seqno != self.next - 1 => {
                    "the end is marked with another commit"
                }
                Step::Frame { header: frame, .. } => {
                    attested = attested.max(frame.synced.min(at));
                    finished = true;
                    "the file ends"
                }
                Step::Invalid(reason) => reason,
            };
            if let Some(until) = until {
                let detail = format!(
                    "{invalid} where commit {} of {} belongs",
                    self.next,
                    until - 1
                );
                return Err(self.explain(Error::corruption(&path, at, detail)).into());
            }
            if finished {
                break;
            }
            let (len, length) = (reader.file_len(), reader.attested_len());
            let (place, detail) = if len < length {
                (
                    len,
                    format!("the file was cut short, it had {length} bytes"),
                )
            } else {
                let tail = classify(&*file, &path, header.salt, at, self.next - 1);
                match tail.map_err(|error| self.explain(error))? {
                    Tail::Torn { bytes } => {
                        self.torn = bytes;
                        break;
                    }
                    Tail::Damaged { proof } => {
                        let commit = self.next;
                        let detail = format!(
                            "{invalid}, although the frame at byte {proof} was written when this \
                             place was durable: commit {commit} was acknowledged and is lost"
                        );
                        (at, detail)
                    }
                }
            };
            if self.live && attempts < ATTEMPTS {
                // Read while the writer wrote it: it is whole by now.
                attempts += 1;
                reader.refresh(at).map_err(|error| self.explain(error))?;
            } else {
                return Err(self.explain(Error::corruption(&path, place, detail)).into());
            }
        }
        let (len, last) = (reader.file_len(), self.next - 1);
        self.files.push(ClosedFile {
            number: header.number,
            last,
            bytes: end,
        });
        if until.is_none() {
            let salt = header.salt;
            self.end = Some(LastFile {
                path,
                salt,
                last,
                len,
                end,
                attested,
                finished,
            });
        }
        Ok(())
    }

    /// Makes what was replayed durable and cuts what was not.
    ///
    /// The latest frames may have been written by a process that died before its sync, or whose sync
    /// failed: the system may then have dropped them and still show them. They are written again.
    pub(super) fn repair(&mut self) -> Result<()> {
        let Some(last) = &self.end else { return Ok(()) };
        let state = FileState {
            salt: last.salt,
            synced: last.end,
            length: last.len,
        };
        let marker = encode_end(last.last, state);
        let marked_end = last.end + marker.len() as u64;
        if last.finished && last.attested == last.end && last.len <= marked_end {
            return Ok(());
        }
        let path = &last.path;
        let io = |op| move |error: io::Error| Error::io(op, path, error);
        let file = self
            .vfs
            .open(path, OpenMode::ReadWrite)
            .map_err(io("open"))?;
        let mut at = last.attested.min(last.end);
        let mut chunk = Vec::new();
        while at < last.end {
            let n = usize::try_from(last.end - at).unwrap_or(CHUNK).min(CHUNK);
            chunk.resize(n, 0);
            if file.read_full_at(&mut chunk, at).map_err(io("read"))? < n {
                return Err(Error::corruption(path, at, "the file became shorter"));
            }
            file.write_all_at(&chunk, at).map_err(io("write"))?;
            at += n as u64;
        }
        file.sync_all().map_err(io("sync"))?;
        self.vfs
            .sync_dir(self.dir)
            .map_err(|e| Error::io("sync directory", self.dir, e))?;
        if !last.finished {
            // Only now: the marker says that everything before it is durable. It also takes the
            // place of the first torn frame, and no frame behind it is ever read again.
            file.write_all_at(&marker, last.end).map_err(io("write"))?;
            file.sync_data().map_err(io("sync"))?;
        }
        if last.len > marked_end {
            file.set_len(marked_end).map_err(io("cut"))?;
        }
        Ok(())
    }

    /// A reader without the lock may find files gone, or reused under its hands.
    fn explain(&self, error: Error) -> Error {
        if !self.live {
            return error;
        }
        let suspicious = match &error {
            Error::Corruption { .. } | Error::FormatVersion { .. } => true,
            Error::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        match self.moved() {
            Ok(true) if suspicious => self.log_moved(),
            _ => error,
        }
    }

    fn log_moved(&self) -> Error {
        Error::LogMoved {
            dir: self.dir.to_path_buf(),
        }
    }

    /// Whether needed files are gone, or the listing missed one that was renamed meanwhile.
    fn moved(&self) -> Result<bool> {
        let now = Listing::read(self.vfs, self.dir)?;
        let (Some(first), Some(last)) = (self.needed.first(), self.needed.last()) else {
            return Ok(false);
        };
        let between = now.logs.iter().filter(|n| (first..=last).contains(n));
        Ok(!between.eq(self.needed.iter()))
    }

    pub(super) fn recovery(&self, files: usize) -> Recovery {
        Recovery {
            last_seqno: (self.next - 1).max(self.floor),
            frames: self.frames,
            truncated_bytes: self.torn,
            files,
            bytes: self.files.iter().map(|file| file.bytes).sum(),
        }
    }

    pub(super) fn into_files(mut self) -> Vec<ClosedFile> {
        self.files.sort_unstable_by_key(|file| file.number);
        self.files
    }
}
