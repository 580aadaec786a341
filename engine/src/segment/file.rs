//! An open segment file, mapped or in memory.

use std::path::{Path, PathBuf};

use lumos_wal::{OpenMode, Vfs, VfsFile};
use memmap2::Mmap;
use ownedbytes::OwnedBytes;

use super::directory::{Directory, Refused};
use super::{ALIGN, HEADER, VERSION};
use crate::recovery::io;
use crate::{Error, Result};

/// How sealed segments are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SegmentAccess {
    /// Memory-mapped: opens at once, and takes the memory that the system has to spare. Nobody else may
    /// change or cut the files meanwhile.
    #[default]
    Mmap,
    /// Read into memory as a whole and verified: for directories from elsewhere, and file systems that
    /// cannot map.
    Heap,
}

/// An open segment file.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    path: PathBuf,
    bytes: OwnedBytes,
    directory: Directory,
}

impl SegmentFile {
    /// Opens a file and checks its header, footer and directory; the sections' checksums too when it is
    /// read into memory.
    pub(crate) fn open(vfs: &dyn Vfs, path: &Path, access: SegmentAccess) -> Result<SegmentFile> {
        let file = vfs.open(path, OpenMode::Read).map_err(|source| io("open", path, source))?;
        let mapped = match (access, file.as_std()) {
            (SegmentAccess::Mmap, Some(file)) => {
                Some(map(file).map_err(|source| io("map", path, source))?)
            }
            _ => None,
        };
        match mapped {
            Some(map) => SegmentFile::new(path, OwnedBytes::new(map)),
            None => {
                let bytes = read(&*file).map_err(|source| io("read", path, source))?;
                let file = SegmentFile::new(path, bytes)?;
                file.verify()?;
                Ok(file)
            }
        }
    }

    /// A segment that is no file; `name` stands in errors.
    pub(crate) fn from_bytes(name: &Path, bytes: &[u8]) -> Result<SegmentFile> {
        SegmentFile::new(name, aligned(bytes.len(), |into| into.copy_from_slice(bytes)))
    }

    fn new(path: &Path, bytes: OwnedBytes) -> Result<SegmentFile> {
        match Directory::decode(&bytes) {
            Ok(directory) => Ok(SegmentFile { path: path.to_path_buf(), bytes, directory }),
            Err(Refused::Version(found)) => Err(Error::FormatVersion {
                file: path.to_path_buf(),
                found,
                supported: VERSION,
            }),
            Err(Refused::Damaged { offset, detail }) => {
                Err(Error::Corruption { file: path.to_path_buf(), offset, detail })
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes of a section, at an address that is a multiple of 64.
    pub(crate) fn section(&self, name: &str) -> Option<OwnedBytes> {
        let section = self.directory.sections.get(name)?;
        let start = usize::try_from(section.offset).ok()?;
        let end = start.checked_add(usize::try_from(section.len).ok()?)?;
        (end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }

    /// The names of the sections, sorted.
    pub(crate) fn sections(&self) -> impl Iterator<Item = String> + '_ {
        self.directory.sections.keys().cloned()
    }

    /// Verifies the checksum of one section, for readers that rely on it.
    pub(crate) fn verify_section(&self, name: &str) -> Result<()> {
        let Some(section) = self.directory.sections.get(name) else { return Ok(()) };
        let crc = self.section(name).map(|bytes| crc32fast::hash(&bytes));
        if crc != Some(section.crc) {
            return Err(self.damaged(
                section.offset,
                format!("the checksum of section \"{name}\" does not match"),
            ));
        }
        Ok(())
    }

    /// Verifies every byte of the file.
    pub(crate) fn verify(&self) -> Result<()> {
        for name in self.directory.sections.keys() {
            self.verify_section(name)?;
        }
        let mut spans: Vec<(u64, u64)> = self
            .directory
            .sections
            .values()
            .map(|section| (section.offset, section.offset + section.len))
            .collect();
        spans.push((self.directory.offset, self.directory.offset));
        spans.sort_unstable();
        let mut end = HEADER as u64;
        for (start, next) in spans {
            let gap = usize::try_from(end).ok().zip(usize::try_from(start).ok());
            let gap = gap.and_then(|(from, to)| self.bytes.get(from..to));
            if gap.is_none_or(|gap| gap.iter().any(|byte| *byte != 0)) {
                return Err(self.damaged(end, "the gap between sections is not zeros".to_string()));
            }
            end = next;
        }
        Ok(())
    }

    fn damaged(&self, offset: u64, detail: String) -> Error {
        Error::Corruption { file: self.path.clone(), offset, detail }
    }
}

/// Maps a segment file.
#[allow(unsafe_code)]
fn map(file: &std::fs::File) -> std::io::Result<Mmap> {
    // SAFETY: a segment file is never written again once its name is in the manifest, and only files
    // that are named there, or that this process has just finished, are opened; the directory lock keeps
    // other Lumos writers out, and merged files are unlinked, which leaves maps intact. Another program
    // that cuts the file is outside of the contract that `SegmentAccess::Mmap` states.
    unsafe { Mmap::map(file) }
}

fn read(file: &dyn VfsFile) -> std::io::Result<OwnedBytes> {
    let len = usize::try_from(file.len()?).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
    let mut outcome = Ok(len);
    let bytes = aligned(len, |into| outcome = file.read_full_at(into, 0));
    match outcome? {
        read if read == len => Ok(bytes),
        _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Bytes in memory at an address that is a multiple of 64, as in a map.
fn aligned(len: usize, fill: impl FnOnce(&mut [u8])) -> OwnedBytes {
    let mut bytes = vec![0u8; len + ALIGN];
    let skip = bytes.as_ptr().align_offset(ALIGN).min(ALIGN);
    if let Some(into) = bytes.get_mut(skip..skip + len) {
        fill(into);
    }
    OwnedBytes::new(bytes).slice(skip..skip + len)
}
