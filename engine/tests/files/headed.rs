//! Files with the common header and one body: the manifest and deletes.

use std::path::Path;

use lumos_wal::checksum;

use super::{HEADER, set};

/// Makes the checksum of a header fit its bytes.
pub(crate) fn reseal_header(bytes: &mut [u8]) {
    if let Some(header) = bytes.get(..60) {
        let crc = checksum(header);
        set(bytes, 60, &crc.to_le_bytes());
    }
}

/// Makes length and checksum of the body of a manifest or of deletes fit, and that of the header.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let Some(body) = bytes.get(HEADER..) else {
        return;
    };
    let (length, crc) = (body.len() as u64, u64::from(checksum(body)));
    let at = match bytes.starts_with(b"LUMOSDEL") {
        true => 32,
        false => 16,
    };
    set(bytes, at, &length.to_le_bytes());
    set(bytes, at + 8, &crc.to_le_bytes());
    reseal_header(bytes);
}

/// A file with the header of another one of its kind and this body.
pub(crate) fn with_body(header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = header[..HEADER].to_vec();
    bytes.extend_from_slice(body);
    reseal(&mut bytes);
    bytes
}

/// A manifest that says that a segment file has another length.
pub(crate) fn with_length(manifest: &[u8], segment: &Path, length: usize) -> Vec<u8> {
    let name = segment.file_stem().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.parse::<u64>().ok());
    let Some((number, body)) = number.zip(manifest.get(HEADER..)) else {
        return manifest.to_vec();
    };
    let body = String::from_utf8_lossy(body).into_owned();
    let marks = [format!("\"number\": {number},"), "\"bytes\": ".to_string()];
    let mut at = 0;
    for mark in marks {
        let Some(found) = body[at..].find(&mark) else {
            return manifest.to_vec();
        };
        at += found + mark.len();
    }
    let rest = body[at..].trim_start_matches(|digit: char| digit.is_ascii_digit());
    with_body(
        manifest,
        format!("{}{length}{rest}", &body[..at]).as_bytes(),
    )
}
