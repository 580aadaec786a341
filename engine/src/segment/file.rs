//! An open segment file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lumos_index::HnswView;
use lumos_wal::{OpenMode, Vfs, checksum};
use ownedbytes::OwnedBytes;

use super::access::{self, SegmentAccess};
use super::corruption;
use super::directory::{self, Section};
use super::header::Header;
use super::name::FileName;
use crate::recovery::io;
use crate::{Error, Result};

/// The header of segment files. Its first field is the number of the segment.
pub(super) const HEADER: Header = Header {
    magic: *b"LUMOSSEG",
    version: 1,
    features: 0,
};

/// Sections that need not be read at opening when the file is mapped and they are large. Blocks of
/// payloads have their own checksums. No vector, graph or code can lead a reader astray: damage makes an answer
/// worse until `verify` finds it.
const DEFERRED: [&str; 4] = ["vec.", "graph.", "codes.", "payload"];

/// Sections that can be made anew from the others: their damage is no loss.
fn is_derived(name: &str) -> bool {
    let of_a_field = ["graph.", "codes.", "widths.", "sparse."];
    name == "col" || name == "text" || of_a_field.iter().any(|kind| name.starts_with(kind))
}

/// Larger ones of them are left to `verify`.
const LARGE: u64 = 16 << 20;

/// A segment file: named, immutable sections. Clones share the bytes.
#[derive(Clone)]
pub(crate) struct SegmentFile {
    path: PathBuf,
    bytes: OwnedBytes,
    sections: BTreeMap<String, Section>,
    /// Derived sections whose checksum does not match.
    damaged: BTreeSet<String>,
    /// Derived sections that are not read although their checksum matches.
    distrusted: BTreeSet<String>,
}

impl std::fmt::Debug for SegmentFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SegmentFile")
            .field("path", &self.path)
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl SegmentFile {
    /// Opens the file at `path`.
    ///
    /// Every byte is checked; when the file is mapped, large vectors, graphs and payloads are left to
    /// [`SegmentFile::verify`]. A derived section that is damaged is left out, see
    /// [`SegmentFile::is_damaged`].
    ///
    /// # Errors
    /// [`Error::Corruption`], [`Error::FormatVersion`], and [`Error::Storage`] for the file system's own.
    pub(crate) fn open(vfs: &dyn Vfs, path: &Path, access: SegmentAccess) -> Result<SegmentFile> {
        let file = vfs
            .open(path, OpenMode::Read)
            .map_err(|source| io("open", path, source))?;
        let bytes = access::load(&*file, access).map_err(|source| io("read", path, source))?;
        SegmentFile::new(path, bytes, access)
    }

    /// A file that was built in memory just now; no checksum is verified. `name` stands for its path in
    /// errors.
    ///
    /// # Errors
    /// As for [`SegmentFile::open`].
    pub(super) fn of_built(bytes: OwnedBytes, name: &str) -> Result<SegmentFile> {
        let path = Path::new(name);
        let sections = read_directory(path, &bytes)?;
        Ok(SegmentFile::with_sections(path, bytes, sections))
    }

    fn with_sections(
        path: &Path,
        bytes: OwnedBytes,
        sections: BTreeMap<String, Section>,
    ) -> SegmentFile {
        SegmentFile {
            path: path.to_path_buf(),
            bytes,
            sections,
            damaged: BTreeSet::new(),
            distrusted: BTreeSet::new(),
        }
    }

    /// The same for bytes that were read already.
    pub(super) fn new(
        path: &Path,
        bytes: OwnedBytes,
        access: SegmentAccess,
    ) -> Result<SegmentFile> {
        let sections = read_directory(path, &bytes)?;
        let mut file = SegmentFile::with_sections(path, bytes, sections);
        let mut damaged = BTreeSet::new();
        file.check(&file.sections, |section| {
            let now = access == SegmentAccess::Heap
                || section.length <= LARGE
                || !DEFERRED.iter().any(|name| section.name.starts_with(name));
            if !now {
                return Ok(());
            }
            match file.check_section(section) {
                Err(_) if is_derived(&section.name) => {
                    damaged.insert(section.name.clone());
                    Ok(())
                }
                outcome => outcome,
            }
        })?;
        file.damaged = damaged;
        Ok(file)
    }

    /// Leaves out what another library reads without checking, and graphs whose links lead astray: they
    /// are made anew, or done without, like damaged ones.
    pub(crate) fn distrust(&mut self) {
        let names = self.sections.keys().filter(|name| is_derived(name));
        let derived: Vec<String> = names.cloned().collect();
        for name in derived {
            if name.starts_with("codes.") || name.starts_with("widths.") {
                // They lead nowhere: what they find is compared by the vectors.
                continue;
            }
            if !name.starts_with("graph.") {
                self.distrusted.insert(name);
            } else if !self.has_sound_graph(&name) {
                self.damaged.insert(name);
            }
        }
    }

    /// Behaves as if a section were not there.
    pub(crate) fn forget(&mut self, name: &str) {
        self.sections.remove(name);
    }

    fn has_sound_graph(&self, name: &str) -> bool {
        let Some(bytes) = self.section(name) else {
            return false;
        };
        // Word 3 of a graph is the number of its nodes; opening the segment compares it.
        let nodes = super::u32_at(&bytes, 12).unwrap_or_default() as usize;
        HnswView::decode(&bytes, nodes).is_ok_and(|graph| graph.check().is_ok())
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of the file.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes of a section, aligned to 64, without a copy; `None` when it is damaged.
    pub(crate) fn section(&self, name: &str) -> Option<OwnedBytes> {
        let section = self.sections.get(name)?;
        let sound = !self.damaged.contains(name) && !self.distrusted.contains(name);
        sound.then(|| self.slice(section)).flatten()
    }

    /// Whether there is a section of this name, damaged or not.
    pub(crate) fn has_section(&self, name: &str) -> bool {
        self.sections.contains_key(name)
    }

    /// The bytes of a section; 0 when there is none.
    pub(crate) fn section_len(&self, name: &str) -> u64 {
        self.sections.get(name).map_or(0, |section| section.length)
    }

    /// The names of the sections, sorted, damaged ones included.
    pub(crate) fn sections(&self) -> impl Iterator<Item = String> {
        self.sections.keys().cloned()
    }

    /// Whether a section is left out although it may be sound.
    pub(crate) fn is_distrusted(&self, name: &str) -> bool {
        self.distrusted.contains(name)
    }

    /// Whether a derived section was found damaged at opening.
    pub(crate) fn is_damaged(&self) -> bool {
        !self.damaged.is_empty()
    }

    /// Reads the whole file and checks every byte of it.
    ///
    /// # Errors
    /// [`Error::Corruption`] with the offset of the damaged part.
    pub(crate) fn verify(&self) -> Result<()> {
        let sections = read_directory(&self.path, &self.bytes)?;
        self.check(&sections, |section| self.check_section(section))
    }

    /// Every checksum that does not match: whether it is that of a derived section, and the error.
    pub(crate) fn faults(&self) -> Vec<(bool, Error)> {
        let mut faults = Vec::new();
        let all = self.check(&self.sections, |section| {
            if let Err(error) = self.check_section(section) {
                faults.push((is_derived(&section.name), error));
            }
            Ok(())
        });
        faults.extend(all.err().map(|error| (false, error)));
        let directory = read_directory(&self.path, &self.bytes);
        faults.extend(directory.err().map(|error| (false, error)));
        faults
    }

    /// Whether a section is there and its checksum matches.
    pub(crate) fn verify_section(&self, name: &str) -> bool {
        let section = self.sections.get(name);
        section.is_some_and(|section| self.check_section(section).is_ok())
    }

    /// Checks all sections but the derived ones.
    ///
    /// # Errors
    /// As [`SegmentFile::verify`].
    pub(crate) fn verify_data(&self) -> Result<()> {
        self.check(&self.sections, |section| {
            if is_derived(&section.name) {
                return Ok(());
            }
            self.check_section(section)
        })
    }

    /// Checks what lies between the sections, and hands each of them over.
    fn check(
        &self,
        sections: &BTreeMap<String, Section>,
        mut visit: impl FnMut(&Section) -> Result<()>,
    ) -> Result<()> {
        let mut sections: Vec<&Section> = sections.values().collect();
        // An empty section begins where the next one begins.
        sections.sort_unstable_by_key(|section| (section.offset, section.length));
        let mut end = Header::LEN as u64;
        for section in sections {
            self.check_gap(end, section.offset)?;
            visit(section)?;
            end = section.offset + section.length;
        }
        self.check_gap(end, directory::align(end))
    }

    fn check_section(&self, section: &Section) -> Result<()> {
        match self.slice(section) {
            Some(bytes) if checksum(&bytes) == section.crc => Ok(()),
            _ => Err(corruption(
                &self.path,
                section.offset,
                format!(
                    "the checksum of section \"{}\" does not match",
                    section.name
                ),
            )),
        }
    }

    fn check_gap(&self, from: u64, to: u64) -> Result<()> {
        match self.bytes.get(from as usize..to as usize) {
            Some(gap) if gap.iter().all(|byte| *byte == 0) => Ok(()),
            _ => Err(corruption(
                &self.path,
                from,
                "the bytes between two sections are not zero",
            )),
        }
    }

    fn slice(&self, section: &Section) -> Option<OwnedBytes> {
        let start = usize::try_from(section.offset).ok()?;
        let end = start.checked_add(usize::try_from(section.length).ok()?)?;
        (end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }
}

fn read_directory(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, Section>, Error> {
    let [number, ..] = HEADER.decode(path, bytes)?;
    let name = path.file_name().and_then(|name| name.to_str());
    if let Some(FileName::Segment(named)) = name.and_then(FileName::parse)
        && named != number
    {
        return Err(corruption(
            path,
            16,
            format!("the file is that of segment {number}"),
        ));
    }
    let found = directory::decode(bytes).map_err(|(at, detail)| corruption(path, at, detail))?;
    let mut sections = BTreeMap::new();
    for section in found {
        let at = section.offset;
        if let Some(twice) = sections.insert(section.name.clone(), section) {
            return Err(corruption(
                path,
                at,
                format!("section \"{}\" is there twice", twice.name),
            ));
        }
    }
    Ok(sections)
}
