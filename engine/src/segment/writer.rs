//! Writing a segment file, or the same bytes into memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_wal::{OpenMode, Vfs, VfsFile, checksum};

use super::directory::{self, Section};
use super::file::{HEADER, SegmentFile};
use super::name::{FileName, UNFINISHED};
use crate::recovery::io;
use crate::{Error, Result};

/// The path of segments that are in memory only.
const IN_MEMORY: &str = "(in memory)";

/// What takes the sections of a segment, in any order, each name once.
pub(crate) trait SectionSink {
    /// Adds a section.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be written, [`Error::InvalidArgument`] for a name that is too
    /// long or was there before.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()>;
}

/// The sections added so far, and where the next one goes.
#[derive(Debug)]
struct Layout {
    sections: Vec<Section>,
    end: u64,
}

impl Layout {
    fn new() -> Self {
        Layout {
            sections: Vec::new(),
            end: super::Header::LEN as u64,
        }
    }

    /// Gives a section its place and returns the number of zeros before it.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<usize> {
        if name.len() > usize::from(u16::MAX) || self.sections.iter().any(|s| s.name == name) {
            return Err(Error::InvalidArgument {
                argument: "section",
                detail: format!("\"{name}\" is too long or is there already"),
            });
        }
        let offset = directory::align(self.end);
        let gap = offset - self.end;
        self.sections.push(Section {
            name: name.to_string(),
            offset,
            length: bytes.len() as u64,
            crc: checksum(bytes),
        });
        self.end = offset + bytes.len() as u64;
        Ok(gap as usize)
    }

    /// What follows the last section: zeros, directory, footer.
    fn finish(&self) -> Vec<u8> {
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
        let writer = SegmentWriter {
            vfs,
            file,
            path: path.to_path_buf(),
            unfinished,
            layout: Layout::new(),
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
        writer.write(&HEADER.encode(&[number]), 0)?;
        Ok(writer)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.file
            .write_all_at(bytes, offset)
            .map_err(|source| io("write", &self.unfinished, source))
    }

    /// Completes the file and returns its length. It is on disk under its name when this returns.
    ///
    /// # Errors
    /// [`Error::Storage`]; when it comes from syncing the directory, the file may be there after a crash.
    pub(crate) fn finish(mut self) -> Result<u64> {
        let end = self.layout.finish();
        self.write(&end, self.layout.end)?;
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
        Ok(self.layout.end + end.len() as u64)
    }
}

impl SectionSink for SegmentWriter<'_> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let end = self.layout.end;
        let gap = self.layout.add(name, bytes)?;
        self.write(&vec![0; gap], end)?;
        self.write(bytes, end + gap as u64)
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
    bytes: Vec<u8>,
    layout: Layout,
}

impl SegmentBuffer {
    pub(crate) fn new() -> Self {
        SegmentBuffer {
            bytes: HEADER.encode(&[]).to_vec(),
            layout: Layout::new(),
        }
    }

    /// The segment, as if read from a file.
    ///
    /// # Errors
    /// [`Error::Storage`] when memory does not suffice.
    pub(crate) fn finish(mut self) -> Result<SegmentFile> {
        self.bytes.extend_from_slice(&self.layout.finish());
        SegmentFile::from_bytes(&self.bytes, IN_MEMORY)
    }
}

impl SectionSink for SegmentBuffer {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let gap = self.layout.add(name, bytes)?;
        self.bytes.resize(self.bytes.len() + gap, 0);
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}
