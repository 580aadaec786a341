//! Writing a segment file, or the same bytes into memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_wal::{OpenMode, Vfs, VfsFile};
use ownedbytes::OwnedBytes;

use super::access::{self, Room};
use super::directory::{self, Section};
use super::file::{HEADER, SegmentFile};
use super::name::{FileName, UNFINISHED};
use crate::recovery::io;
use crate::{Error, Result};

/// The path of segments that are in memory only.
const IN_MEMORY: &str = "(in memory)";

/// Bytes that are collected before they are written.
const BUFFER: usize = 1 << 20;

/// What takes the sections of a segment, in any order, each name once.
pub(crate) trait SectionSink {
    /// Begins a section; the one before is complete.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be written, [`Error::InvalidArgument`] for a name that is too
    /// long or was there before.
    fn begin(&mut self, name: &str) -> Result<()>;

    /// Adds bytes to the section that was begun last.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// The bytes of the section that was begun last, complete from now on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    fn section(&mut self) -> Result<OwnedBytes>;

    /// Adds a section.
    ///
    /// # Errors
    /// As [`SectionSink::begin`].
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.begin(name)?;
        self.write(bytes)
    }
}

/// The sections added so far, and where the next one goes.
#[derive(Debug)]
struct Layout {
    sections: Vec<Section>,
    end: u64,
    /// Of the section that was begun last.
    checksum: crc32fast::Hasher,
}

impl Layout {
    fn new() -> Self {
        Layout {
            sections: Vec::new(),
            end: super::Header::LEN as u64,
            checksum: crc32fast::Hasher::new(),
        }
    }

    /// Gives a section its place and returns the number of zeros before it.
    fn begin(&mut self, name: &str) -> Result<usize> {
        if name.len() > usize::from(u16::MAX) || self.sections.iter().any(|s| s.name == name) {
            return Err(Error::InvalidArgument {
                argument: "section",
                detail: format!("\"{name}\" is too long or is there already"),
            });
        }
        self.complete();
        let offset = directory::align(self.end);
        let gap = offset - self.end;
        self.sections.push(Section {
            name: name.to_string(),
            offset,
            length: 0,
            crc: 0,
        });
        self.end = offset;
        Ok(gap as usize)
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.checksum.update(bytes);
        self.end += bytes.len() as u64;
    }

    fn complete(&mut self) {
        let checksum = std::mem::take(&mut self.checksum);
        if let Some(last) = self.sections.last_mut() {
            last.length = self.end - last.offset;
            last.crc = checksum.finalize();
        }
    }

    /// Where the section that was begun last lies.
    fn last(&self) -> std::ops::Range<u64> {
        let start = self.sections.last().map_or(self.end, |last| last.offset);
        start..self.end
    }

    /// What follows the last section: zeros, directory, footer.
    fn finish(&mut self) -> Vec<u8> {
        self.complete();
        let offset = directory::align(self.end);
        let mut bytes = vec![0; (offset - self.end) as usize];
        bytes.extend_from_slice(&directory::encode(&self.sections, offset));
        bytes
    }
}

/// Writes a segment file section by section. Until [`SegmentWriter::finish`] it has another name; one
/// that is dropped before is removed.
#[derive(Debug)]
pub(crate) struct SegmentWriter<'a> {
    vfs: &'a dyn Vfs,
    file: Arc<dyn VfsFile>,
    path: PathBuf,
    unfinished: PathBuf,
    layout: Layout,
    /// Bytes that are not written yet, and where they go.
    buffer: Vec<u8>,
    written: u64,
    published: bool,
}

impl<'a> SegmentWriter<'a> {
    /// Begins the segment file `path`, whose name is that of [`segment_path`](super::segment_path).
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(crate) fn create(vfs: &'a dyn Vfs, path: &Path) -> Result<SegmentWriter<'a>> {
        let mut unfinished = path.as_os_str().to_os_string();
        unfinished.push(UNFINISHED);
        let unfinished = PathBuf::from(unfinished);
        let failed = |op| {
            let path = unfinished.clone();
            move |source| io(op, &path, source)
        };
        if vfs.exists(&unfinished).map_err(failed("look for"))? {
            vfs.remove_file(&unfinished).map_err(failed("remove"))?;
        }
        let file = vfs
            .open(&unfinished, OpenMode::CreateNew)
            .map_err(failed("create"))?;
        let mut writer = SegmentWriter {
            vfs,
            file,
            path: path.to_path_buf(),
            unfinished,
            layout: Layout::new(),
            buffer: Vec::new(),
            written: 0,
            published: false,
        };
        let number = match path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(FileName::parse)
        {
            Some(FileName::Segment(number)) => number,
            _ => 0,
        };
        writer.append(&HEADER.encode(&[number]))?;
        Ok(writer)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if bytes.len() < BUFFER {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        self.put(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let outcome = self.put(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        outcome
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.file
            .write_all_at(bytes, self.written)
            .map_err(|source| io("write", &self.unfinished, source))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Completes the file and returns its length. It is on disk under its name when this returns.
    ///
    /// # Errors
    /// [`Error::Storage`]; when it comes from syncing the directory, the file may be there after a crash.
    pub(crate) fn finish(mut self) -> Result<u64> {
        let end = self.layout.finish();
        self.append(&end)?;
        self.flush()?;
        self.file
            .sync_all()
            .map_err(|source| io("sync", &self.unfinished, source))?;
        self.vfs
            .rename(&self.unfinished, &self.path)
            .map_err(|source| io("rename to", &self.path, source))?;
        self.published = true;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        self.vfs
            .sync_dir(dir)
            .map_err(|source| io("sync directory", dir, source))?;
        Ok(self.written)
    }
}

impl SectionSink for SegmentWriter<'_> {
    fn begin(&mut self, name: &str) -> Result<()> {
        let gap = self.layout.begin(name)?;
        self.append(&vec![0; gap])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.layout.extend(bytes);
        self.append(bytes)
    }

    fn section(&mut self) -> Result<OwnedBytes> {
        self.flush()?;
        access::load_written(&*self.file, self.layout.last())
            .map_err(|source| io("read", &self.unfinished, source))
    }
}

impl Drop for SegmentWriter<'_> {
    fn drop(&mut self) {
        if !self.published {
            // What stays behind is removed when the database is opened next.
            let _leftover = self.vfs.remove_file(&self.unfinished);
        }
    }
}

/// Collects the sections of a segment that has no file.
#[derive(Debug)]
pub(crate) struct SegmentBuffer {
    room: Room,
    layout: Layout,
}

/// What failed is memory.
fn no_room(source: std::io::Error) -> Error {
    io("reserve memory for", Path::new(IN_MEMORY), source)
}

impl SegmentBuffer {
    /// A buffer with room for a segment of about this many bytes.
    ///
    /// # Errors
    /// [`Error::Storage`] when memory does not suffice; so for all that adds to it.
    pub(crate) fn new(bytes: usize) -> Result<Self> {
        let mut room = Room::new(bytes).map_err(no_room)?;
        room.extend(&HEADER.encode(&[])).map_err(no_room)?;
        Ok(SegmentBuffer {
            room,
            layout: Layout::new(),
        })
    }

    /// The segment, as if read from a file.
    ///
    /// # Errors
    /// As [`SegmentBuffer::new`].
    pub(crate) fn finish(mut self) -> Result<SegmentFile> {
        self.room.extend(&self.layout.finish()).map_err(no_room)?;
        let bytes = self.room.finish().map_err(no_room)?;
        SegmentFile::of_built(bytes, IN_MEMORY)
    }
}

impl SectionSink for SegmentBuffer {
    fn begin(&mut self, name: &str) -> Result<()> {
        let gap = self.layout.begin(name)?;
        self.room.skip(gap).map_err(no_room)?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.layout.extend(bytes);
        self.room.extend(bytes).map_err(no_room)
    }

    fn section(&mut self) -> Result<OwnedBytes> {
        let range = self.layout.last();
        let bytes = self
            .room
            .as_slice()
            .get(range.start as usize..range.end as usize);
        access::copy(bytes.unwrap_or_default()).map_err(no_room)
    }
}
