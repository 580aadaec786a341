//! Files with the common header and one body: the manifest and deletes.

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
