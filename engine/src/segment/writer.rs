//! Writing segment files, section by section.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumos_wal::{OpenMode, Vfs, VfsFile};

use super::directory::{Directory, Section, header, padding};
use super::file::SegmentFile;
use crate::recovery::io;
use crate::{Error, Result};

/// Takes the sections of a segment.
pub(crate) trait SectionSink {
    /// Adds a section; names are unique.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()>;
}

/// A segment file being written.
pub(crate) struct SegmentWriter<'a> {
    vfs: &'a dyn Vfs,
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    end: u64,
    directory: Directory,
}

impl<'a> SegmentWriter<'a> {
    /// Begins a file; what is left of an earlier try is removed.
    pub(crate) fn create(vfs: &'a dyn Vfs, path: &Path) -> Result<Self> {
        let at = |op| move |source| io(op, path, source);
        if vfs.exists(path).map_err(at("look for"))? {
            vfs.remove_file(path).map_err(at("remove"))?;
        }
        let file = vfs.open(path, OpenMode::CreateNew).map_err(at("create"))?;
        let mut writer = SegmentWriter {
            vfs,
            path: path.to_path_buf(),
            file,
            end: 0,
            directory: Directory::default(),
        };
        writer.append(&header())?;
        Ok(writer)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all_at(bytes, self.end)
            .map_err(|source| io("write", &self.path, source))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Writes the directory and makes the file and its name durable; returns its length.
    pub(crate) fn finish(mut self) -> Result<u64> {
        self.append(&vec![0; padding(self.end)])?;
        self.directory.offset = self.end;
        let list = self.directory.encode();
        self.append(&list)?;
        self.file.sync_all().map_err(|source| io("sync", &self.path, source))?;
        let parent = self.path.parent().unwrap_or(Path::new("."));
        self.vfs.sync_dir(parent).map_err(|source| io("sync directory", parent, source))?;
        Ok(self.end)
    }
}

impl SectionSink for SegmentWriter<'_> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.append(&vec![0; padding(self.end)])?;
        let section = register(&mut self.directory, name, self.end, bytes)?;
        self.append(bytes)?;
        debug_assert_eq!(self.end, section.offset + section.len);
        Ok(())
    }
}

/// A segment that stays in memory.
pub(crate) struct SegmentBuffer {
    bytes: Vec<u8>,
    directory: Directory,
}

impl SegmentBuffer {
    pub(crate) fn new() -> Self {
        SegmentBuffer { bytes: header().to_vec(), directory: Directory::default() }
    }

    pub(crate) fn finish(mut self) -> Result<SegmentFile> {
        self.pad();
        self.directory.offset = self.bytes.len() as u64;
        self.bytes.extend_from_slice(&self.directory.encode());
        SegmentFile::from_bytes(Path::new("(memory)"), &self.bytes)
    }

    fn pad(&mut self) {
        let zeros = padding(self.bytes.len() as u64);
        self.bytes.resize(self.bytes.len() + zeros, 0);
    }
}

impl SectionSink for SegmentBuffer {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.pad();
        register(&mut self.directory, name, self.bytes.len() as u64, bytes)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

fn register(directory: &mut Directory, name: &str, offset: u64, bytes: &[u8]) -> Result<Section> {
    let section = Section { offset, len: bytes.len() as u64, crc: crc32fast::hash(bytes) };
    let taken = directory.sections.insert(name.to_string(), section).is_some();
    if taken || name.len() > usize::from(u16::MAX) {
        return Err(Error::InvalidArgument {
            argument: "section",
            detail: format!("\"{name}\" cannot be added twice or is too long"),
        });
    }
    Ok(section)
}
