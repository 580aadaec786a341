//! Reading the frames of one log file, in order, through a window of bounded size.

use std::path::Path;

use crate::checksum::checksum;
use crate::error::{Error, Result};
use crate::frame::{FRAME_HEADER, FrameHeader};
use crate::header::{FRAMES_START, FileHeader};
use crate::vfs::VfsFile;

const WINDOW: usize = 256 << 10;

/// What stands at the reader's position.
pub(crate) enum Step<'a> {
    Frame {
        header: FrameHeader,
        payload: &'a [u8],
    },
    /// No valid frame, with what is wrong with it.
    Invalid(&'static str),
}

pub(crate) struct FrameReader<'a> {
    window: Window<'a>,
    salt: u64,
    offset: u64,
    attested_len: u64,
}

impl<'a> FrameReader<'a> {
    pub(crate) fn new(file: &'a dyn VfsFile, path: &'a Path, header: &FileHeader) -> Result<Self> {
        Ok(FrameReader {
            window: Window::new(file, path)?,
            salt: header.salt,
            offset: FRAMES_START,
            attested_len: header.length,
        })
    }

    /// Where the next frame begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The length of the file.
    pub(crate) fn file_len(&self) -> u64 {
        self.window.file_len
    }

    /// The length that the file had, durably, when the latest of the frames seen so far was written.
    pub(crate) fn attested_len(&self) -> u64 {
        self.attested_len
    }

    /// Goes to an offset and forgets what was read ahead: another process may have written since.
    pub(crate) fn refresh(&mut self, offset: u64) -> Result<()> {
        self.window = Window::new(self.window.file, self.window.path)?;
        self.offset = offset;
        Ok(())
    }

    /// Reads the frame at the position, and moves past it when it is valid.
    pub(crate) fn next(&mut self) -> Result<Step<'_>> {
        let start = self.offset;
        let bytes = self.window.bytes(start, FRAME_HEADER)?;
        let Some(header) = FrameHeader::decode(bytes, self.salt) else {
            return Ok(Step::Invalid("there is no valid frame header"));
        };
        // True also when the rest of the frame is torn or cut off.
        self.attested_len = self.attested_len.max(header.length);
        let end = start.saturating_add(header.frame_len());
        if end > self.window.file_len {
            return Ok(Step::Invalid("the frame reaches past the end of the file"));
        }
        // Within the file, so the length is bounded by what is really there.
        let len = header.payload_len as usize;
        let frame = self.window.bytes(start, FRAME_HEADER + len)?;
        let payload = frame.get(FRAME_HEADER..FRAME_HEADER + len);
        match payload.filter(|payload| checksum(payload) == header.payload_crc) {
            Some(payload) => {
                self.offset = end;
                Ok(Step::Frame { header, payload })
            }
            None => Ok(Step::Invalid("the checksum of the payload does not match")),
        }
    }
}

/// A part of a file in memory.
pub(crate) struct Window<'a> {
    file: &'a dyn VfsFile,
    path: &'a Path,
    file_len: u64,
    buf: Vec<u8>,
    at: u64,
}

impl<'a> Window<'a> {
    pub(crate) fn new(file: &'a dyn VfsFile, path: &'a Path) -> Result<Self> {
        let file_len = file
            .len()
            .map_err(|e| Error::io("read the length of", path, e))?;
        Ok(Window {
            file,
            path,
            file_len,
            buf: Vec::new(),
            at: 0,
        })
    }

    pub(crate) fn file_len(&self) -> u64 {
        self.file_len
    }

    /// At least `len` bytes at an offset, fewer only at the end of the file.
    pub(crate) fn bytes(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let available = usize::try_from(self.file_len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let want = len.min(available);
        let end = self.at + self.buf.len() as u64;
        if offset < self.at || offset + want as u64 > end {
            let fill = len.max(WINDOW).min(available);
            self.buf.clear();
            self.buf.try_reserve(fill).map_err(|_| {
                Error::io("read", self.path, std::io::ErrorKind::OutOfMemory.into())
            })?;
            self.buf.resize(fill, 0);
            let read = self.file.read_full_at(&mut self.buf, offset);
            let read = read.map_err(|e| Error::io("read", self.path, e))?;
            self.buf.truncate(read);
            self.at = offset;
        }
        let start = usize::try_from(offset - self.at).unwrap_or(usize::MAX);
        Ok(self.buf.get(start..).unwrap_or_default())
    }
}
