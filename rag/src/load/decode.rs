//! From bytes to text: UTF-8, or UTF-16 with a byte order mark.

use std::path::Path;

use super::LoadError;

pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<String, LoadError> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return utf8(path, rest, 3);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return utf16(path, rest, "UTF-16LE", u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return utf16(path, rest, "UTF-16BE", u16::from_be_bytes);
    }
    utf8(path, bytes, 0)
}

fn utf8(path: &Path, bytes: &[u8], skipped: usize) -> Result<String, LoadError> {
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(LoadError::Binary {
            path: path.to_owned(),
            offset: offset + skipped,
        });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let valid = error.valid_up_to();
            let feeds = bytes
                .iter()
                .take(valid)
                .filter(|byte| **byte == b'\n')
                .count();
            Err(LoadError::Encoding {
                path: path.to_owned(),
                encoding: "UTF-8",
                line: u32::try_from(feeds + 1).unwrap_or(u32::MAX),
                offset: valid + skipped,
            })
        }
    }
}

fn utf16(
    path: &Path,
    bytes: &[u8],
    encoding: &'static str,
    unit: fn([u8; 2]) -> u16,
) -> Result<String, LoadError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut text = String::with_capacity(bytes.len());
    let mut offset = 2;
    let mut line = 1;
    let failed = |line, offset| LoadError::Encoding {
        path: path.to_owned(),
        encoding,
        line,
        offset,
    };
    for decoded in char::decode_utf16(units) {
        match decoded {
            Ok('\0') => {
                return Err(LoadError::Binary {
                    path: path.to_owned(),
                    offset,
                });
            }
            Ok(c) => {
                line += u32::from(c == '\n');
                offset += 2 * c.len_utf16();
                text.push(c);
            }
            Err(_) => return Err(failed(line, offset)),
        }
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(failed(line, offset))
    }
}
