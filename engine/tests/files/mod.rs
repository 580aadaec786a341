//! Files of a database from outside, as docs/format.md describes them; every test takes the part it needs.
#![allow(dead_code)]

pub(crate) mod headed;
pub(crate) mod log;

use std::ops::Range;
use std::path::{Path, PathBuf};

use lumos_wal::{OpenMode, Vfs, checksum, read_all};

const HEADER: usize = 64;
const FOOTER: usize = 48;

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*field))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*field))
}

/// Writes over what is at a place, as far as there is room.
pub(crate) fn set(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at.saturating_add(field.len())) {
        place.copy_from_slice(field);
    }
}

/// Where the directory of a segment file is.
fn directory(bytes: &[u8]) -> Option<Range<usize>> {
    let footer = bytes.len().checked_sub(FOOTER)?;
    let start = u64_at(bytes, footer)? as usize;
    let end = start.checked_add(u64_at(bytes, footer + 8)? as usize)?;
    (start <= end && end <= bytes.len()).then_some(start..end)
}

/// Where the entries of the directory of a segment file begin, and the sections they describe; ends where
/// something does not fit.
fn entries(bytes: &[u8]) -> Vec<(usize, String, Range<usize>)> {
    let mut entries = Vec::new();
    let Some(directory) = directory(bytes) else {
        return entries;
    };
    let mut at = directory.start;
    let entry = |at: usize| {
        let (offset, size) = (u64_at(bytes, at)? as usize, u64_at(bytes, at + 8)? as usize);
        let name = usize::from(u16::from_le_bytes(*bytes.get(at + 20..)?.first_chunk()?));
        let text = String::from_utf8(bytes.get(at + 22..at + 22 + name)?.to_vec()).ok()?;
        let end = offset.checked_add(size)?;
        (end <= bytes.len()).then_some((text, offset..end, at + 22 + name))
    };
    while at < directory.end
        && let Some((name, range, next)) = entry(at)
    {
        entries.push((at, name, range));
        at = next;
    }
    entries
}

/// The sections of a segment file.
pub(crate) fn sections(bytes: &[u8]) -> Vec<(String, Range<usize>)> {
    let entries = entries(bytes).into_iter();
    entries.map(|(_, name, range)| (name, range)).collect()
}

/// Makes all checksums of a segment file fit its bytes, those inside of its payloads too.
pub(crate) fn reseal(bytes: &mut [u8]) {
    for (at, name, range) in entries(bytes) {
        if name == "payload" {
            reseal_payload(&mut bytes[range.clone()]);
        }
        let crc = checksum(&bytes[range]);
        set(bytes, at + 16, &crc.to_le_bytes());
    }
    let Some(footer) = bytes.len().checked_sub(FOOTER) else {
        return;
    };
    if let Some(directory) = directory(bytes) {
        let crc = checksum(&bytes[directory]);
        set(bytes, footer + 28, &crc.to_le_bytes());
    }
    let crc = checksum(&bytes[footer..footer + 44]);
    set(bytes, footer + 44, &crc.to_le_bytes());
    headed::reseal_header(bytes);
}

/// Makes the checksums of the blocks and of the index of a section of payloads fit.
fn reseal_payload(section: &mut [u8]) {
    let Some(trailer) = section.len().checked_sub(12) else {
        return;
    };
    let count = |at| u32_at(section, trailer + at).unwrap_or_default() as usize;
    let (rows, blocks) = (count(0), count(4));
    let Some(table) = trailer.checked_sub(blocks.saturating_mul(24)) else {
        return;
    };
    let Some(data) = table.checked_sub(rows.saturating_mul(4)) else {
        return;
    };
    for entry in (table..trailer).step_by(24) {
        let start = u64_at(section, entry).unwrap_or_default() as usize;
        let stored = u32_at(section, entry + 8).unwrap_or_default() as usize;
        if let Some(block) = section.get(start..start.saturating_add(stored)) {
            let crc = checksum(block);
            set(section, entry + 20, &crc.to_le_bytes());
        }
    }
    let crc = checksum(&section[data..trailer + 8]);
    set(section, trailer + 8, &crc.to_le_bytes());
}

/// A segment file with the header of another one and these sections, every checksum right.
pub(crate) fn assemble(header: &[u8], sections: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = header[..HEADER].to_vec();
    let mut directory = Vec::new();
    for (name, section) in sections {
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        directory.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        directory.extend_from_slice(&(section.len() as u64).to_le_bytes());
        directory.extend_from_slice(&[0; 4]);
        directory.extend_from_slice(&(name.len() as u16).to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(section);
    }
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    let start = bytes.len();
    bytes.extend_from_slice(&directory);
    let length = bytes.len() + FOOTER;
    for field in [start, directory.len(), length] {
        bytes.extend_from_slice(&(field as u64).to_le_bytes());
    }
    bytes.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(b"LUMOSEND");
    bytes.extend_from_slice(&[0; 8]);
    reseal(&mut bytes);
    bytes
}

/// Makes all checksums of a file of any kind fit its bytes.
pub(crate) fn reseal_any(bytes: &mut [u8]) {
    match bytes.get(..8) {
        Some(b"LUMOSSEG") => reseal(bytes),
        Some(b"LUMOSWAL") => log::reseal(bytes),
        _ => headed::reseal(bytes),
    }
}

/// The segment files of a database.
pub(crate) fn segments(vfs: &dyn Vfs, dir: &str) -> Vec<PathBuf> {
    let folder = Path::new(dir).join("segments");
    let names = vfs.read_dir(&folder).unwrap().into_iter();
    let segments = names.filter(|name| name.ends_with(".seg"));
    segments.map(|name| folder.join(name)).collect()
}

/// Replaces a file by what `change` makes of it.
pub(crate) fn change(vfs: &dyn Vfs, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = read_all(vfs, path).unwrap();
    change(&mut bytes);
    vfs.remove_file(path).unwrap();
    let file = vfs.open(path, OpenMode::CreateNew).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
}
