//! Segment files from outside, as docs/format.md describes them; every test takes the part it needs.
#![allow(dead_code)]

use std::ops::Range;
use std::path::{Path, PathBuf};

use lumos_wal::{OpenMode, Vfs, checksum, read_all};

const FOOTER: usize = 48;

fn number(bytes: &[u8], at: usize) -> usize {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
}

/// Where the entries of the directory of a segment file begin, and the sections they describe.
fn entries(bytes: &[u8]) -> Vec<(usize, String, Range<usize>)> {
    let footer = bytes.len() - FOOTER;
    let (start, length) = (number(bytes, footer), number(bytes, footer + 8));
    let (mut at, mut entries) = (start, Vec::new());
    while at < start + length {
        let (offset, size) = (number(bytes, at), number(bytes, at + 8));
        let name = usize::from(u16::from_le_bytes([bytes[at + 20], bytes[at + 21]]));
        let text = String::from_utf8(bytes[at + 22..at + 22 + name].to_vec()).unwrap();
        entries.push((at, text, offset..offset + size));
        at += 22 + name;
    }
    entries
}

/// The sections of a segment file.
pub(crate) fn sections(bytes: &[u8]) -> Vec<(String, Range<usize>)> {
    let entries = entries(bytes).into_iter();
    entries.map(|(_, name, range)| (name, range)).collect()
}

/// Makes all checksums of a segment file fit its bytes.
pub(crate) fn reseal(bytes: &mut [u8]) {
    for (at, _, range) in entries(bytes) {
        let crc = checksum(&bytes[range]);
        bytes[at + 16..at + 20].copy_from_slice(&crc.to_le_bytes());
    }
    let footer = bytes.len() - FOOTER;
    let (start, length) = (number(bytes, footer), number(bytes, footer + 8));
    let crc = checksum(&bytes[start..start + length]);
    bytes[footer + 28..footer + 32].copy_from_slice(&crc.to_le_bytes());
    let crc = checksum(&bytes[footer..footer + 44]);
    bytes[footer + 44..footer + 48].copy_from_slice(&crc.to_le_bytes());
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
