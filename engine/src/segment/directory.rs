//! Where the sections of a segment file are: the directory before its end, and the footer at its end.
//!
//! The directory holds, for each section in file order, `u64 offset`, `u64 length`, `u32 CRC-32`,
//! `u16 length of the name`, and the name in UTF-8. The footer:
//!
//! | offset | size | field |
//! |-------:|-----:|-------|
//! | 0  | 8 | offset of the directory |
//! | 8  | 8 | length of the directory |
//! | 16 | 8 | length of the file |
//! | 24 | 4 | number of sections |
//! | 28 | 4 | CRC-32 of the directory |
//! | 32 | 8 | magic `LUMOSEND` |
//! | 40 | 4 | zero |
//! | 44 | 4 | CRC-32 of bytes 0 to 44 |
//!
//! Sections begin at the next multiple of 64 after the header or the section before, the directory at
//! the next one after the last section; zeros fill the gaps. Nothing else is in the file.

use lumos_wal::checksum;

use super::access::ALIGN;
use super::header::Header;
use super::{u32_at, u64_at};

const FOOTER_LEN: usize = 48;
const FOOTER_MAGIC: [u8; 8] = *b"LUMOSEND";
const ENTRY_LEN: usize = 22;

/// One section of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) crc: u32,
}

impl Section {
    fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.length)
    }
}

/// The first multiple of the alignment at or after `end`.
pub(super) fn align(end: u64) -> u64 {
    end.next_multiple_of(ALIGN as u64)
}

/// Directory and footer for a file whose sections end before `offset`.
pub(super) fn encode(sections: &[Section], offset: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for section in sections {
        bytes.extend_from_slice(&section.offset.to_le_bytes());
        bytes.extend_from_slice(&section.length.to_le_bytes());
        bytes.extend_from_slice(&section.crc.to_le_bytes());
        bytes.extend_from_slice(&(section.name.len() as u16).to_le_bytes());
        bytes.extend_from_slice(section.name.as_bytes());
    }
    let length = bytes.len() as u64;
    let crc = checksum(&bytes);
    let footer = bytes.len();
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&(offset + length + FOOTER_LEN as u64).to_le_bytes());
    bytes.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(&FOOTER_MAGIC);
    bytes.extend_from_slice(&[0; 4]);
    let crc = checksum(bytes.get(footer..).unwrap_or_default());
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads directory and footer of a file; on failure, where and what does not fit.
///
/// The sections of the result lie in the file one after the other, and nothing but zeros should lie
/// between them; contents are not checked here.
pub(super) fn decode(file: &[u8]) -> Result<Vec<Section>, (u64, String)> {
    let len = file.len() as u64;
    let Some((rest, footer)) = file.split_last_chunk::<FOOTER_LEN>() else {
        return Err((len, "the file ends inside its header".to_string()));
    };
    let at = rest.len() as u64;
    let bad = |detail: &str| (at, detail.to_string());
    if footer[32..40] != FOOTER_MAGIC {
        return Err(bad(
            "the file does not end with a footer: it was cut or extended",
        ));
    }
    if u32_at(footer, 44) != Some(checksum(&footer[..44])) {
        return Err(bad("the checksum of the footer does not match"));
    }
    let field = |at| u64_at(footer, at).unwrap_or_default();
    let (offset, length, count) = (field(0), field(8), u32_at(footer, 24).unwrap_or_default());
    if field(16) != len || offset.checked_add(length) != Some(at) {
        return Err(bad("the footer belongs to a file of another length"));
    }
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let directory = rest
        .get(start..)
        .ok_or_else(|| bad("the directory is outside the file"))?;
    if u32_at(footer, 28) != Some(checksum(directory)) {
        return Err((
            offset,
            "the checksum of the directory does not match".to_string(),
        ));
    }
    let sections =
        entries(directory, count).ok_or((offset, "the directory is malformed".to_string()))?;
    let mut end = Header::LEN as u64;
    for section in &sections {
        if section.offset != align(end) {
            return Err((offset, format!("section \"{}\" is misplaced", section.name)));
        }
        end = section
            .end()
            .filter(|end| *end <= offset)
            .ok_or((offset, format!("section \"{}\" does not fit", section.name)))?;
    }
    if offset != align(end) {
        return Err((offset, "the directory is misplaced".to_string()));
    }
    Ok(sections)
}

fn entries(mut bytes: &[u8], count: u32) -> Option<Vec<Section>> {
    let count = count as usize;
    // The capacity is bounded by the bytes that are there.
    let mut sections = Vec::with_capacity(count.min(bytes.len() / ENTRY_LEN));
    for _ in 0..count {
        let length_of_name = u32::from(
            bytes
                .get(20..)?
                .first_chunk()
                .map(|b| u16::from_le_bytes(*b))?,
        );
        let end = ENTRY_LEN + length_of_name as usize;
        sections.push(Section {
            offset: u64_at(bytes, 0)?,
            length: u64_at(bytes, 8)?,
            crc: u32_at(bytes, 16)?,
            name: std::str::from_utf8(bytes.get(ENTRY_LEN..end)?)
                .ok()?
                .to_string(),
        });
        bytes = bytes.get(end..)?;
    }
    bytes.is_empty().then_some(sections)
}
