//! The header, the list of sections and the footer of a segment file.

use std::collections::BTreeMap;

use super::{ALIGN, END_MAGIC, FOOTER, HEADER, MAGIC, VERSION};

/// Where a section lies, and its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) crc: u32,
}

/// The sections of a file by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) sections: BTreeMap<String, Section>,
    /// Where the list itself begins.
    pub(crate) offset: u64,
}

/// Why a file is no segment of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Version(u32),
    Damaged { offset: u64, detail: String },
}

/// The first bytes of every file.
pub(crate) fn header() -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// Zeros up to the next place where a section may begin.
pub(crate) fn padding(offset: u64) -> usize {
    (offset.next_multiple_of(ALIGN as u64) - offset) as usize
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_le_bytes)
}

impl Directory {
    /// The list and the footer.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, section) in &self.sections {
            bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&section.offset.to_le_bytes());
            bytes.extend_from_slice(&section.len.to_le_bytes());
            bytes.extend_from_slice(&section.crc.to_le_bytes());
        }
        let mut footer = Vec::with_capacity(FOOTER);
        footer.extend_from_slice(&self.offset.to_le_bytes());
        footer.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        footer.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        footer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
        footer.extend_from_slice(END_MAGIC);
        bytes.extend_from_slice(&footer);
        bytes
    }

    /// Reads header, footer and list of a whole file.
    pub(crate) fn decode(file: &[u8]) -> Result<Directory, Refused> {
        let damaged =
            |offset: usize, detail: &str| Refused::Damaged { offset: offset as u64, detail: detail.to_string() };
        if file.get(..8) != Some(MAGIC.as_slice()) {
            return Err(damaged(0, "this is no Lumos segment"));
        }
        let version = u32_at(file, 8).unwrap_or_default();
        if version > VERSION {
            return Err(Refused::Version(version));
        }
        if file.get(..HEADER) != Some(header().as_slice()) {
            return Err(damaged(8, "the header does not match"));
        }
        let end = file.len();
        let footer_at = end.checked_sub(FOOTER).filter(|at| *at >= HEADER);
        let footer_at = footer_at.ok_or_else(|| damaged(end, "the file was cut short"))?;
        let footer = file.get(footer_at..).unwrap_or_default();
        let crc = footer.get(..20).map(crc32fast::hash);
        if footer.get(24..) != Some(END_MAGIC.as_slice()) || crc != u32_at(footer, 20) {
            return Err(damaged(footer_at, "the footer does not match, the file may be cut short"));
        }
        let list_at = u64_at(footer, 0).and_then(|at| usize::try_from(at).ok());
        let list_len = u64_at(footer, 8).and_then(|len| usize::try_from(len).ok());
        let list = list_at.zip(list_len).and_then(|(at, len)| {
            (at >= HEADER && at.checked_add(len)? == footer_at).then_some(at)
        });
        let list_at = list.ok_or_else(|| damaged(footer_at, "the directory is not before the footer"))?;
        let list = file.get(list_at..footer_at).unwrap_or_default();
        if Some(crc32fast::hash(list)) != u32_at(footer, 16) {
            return Err(damaged(list_at, "the checksum of the directory does not match"));
        }
        let mut directory = Directory { sections: BTreeMap::new(), offset: list_at as u64 };
        let mut at = 0;
        while at < list.len() {
            let (name, section, next) = entry(list, at, list_at)
                .ok_or_else(|| damaged(list_at + at, "a section does not lie in the file"))?;
            if directory.sections.insert(name, section).is_some() {
                return Err(damaged(list_at + at, "two sections have one name"));
            }
            at = next;
        }
        Ok(directory)
    }
}

/// One entry of the list, and where the next begins.
fn entry(list: &[u8], at: usize, end: usize) -> Option<(String, Section, usize)> {
    let length = list.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)? as usize;
    let rest = at + 2 + length;
    let name = std::str::from_utf8(list.get(at + 2..rest)?).ok()?.to_string();
    let section = Section {
        offset: u64_at(list, rest)?,
        len: u64_at(list, rest + 8)?,
        crc: u32_at(list, rest + 16)?,
    };
    let fits = section.offset >= HEADER as u64
        && section.offset % ALIGN as u64 == 0
        && section.offset.checked_add(section.len)? <= end as u64;
    fits.then_some((name, section, rest + 20))
}
