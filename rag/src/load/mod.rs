//! From files to documents: which files, in what encoding, in which format.

mod decode;
mod error;
mod format;
mod html;
pub(crate) mod markdown;
mod walk;

use std::path::Path;

use crate::document::{Document, Format};

pub use error::LoadError;
pub use format::is_supported;
pub use walk::{Walk, WalkOptions, walk};

/// Files above this many bytes (64 MiB) are refused.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// Turns the bytes of a file into a document; `path` tells the format and is named in errors.
///
/// Text must be UTF-8, or UTF-16 with a byte order mark. An empty file is an empty document. A file
/// of an unknown kind is taken as plain text when its bytes are text.
///
/// # Errors
/// [`LoadError::TooLarge`], [`LoadError::Unsupported`] for formats known not to be text,
/// [`LoadError::Binary`], [`LoadError::Encoding`], and [`LoadError::TooDeep`] for HTML.
pub fn load(path: &Path, bytes: &[u8]) -> Result<Document, LoadError> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(LoadError::TooLarge {
            path: path.to_owned(),
            bytes: bytes.len() as u64,
        });
    }
    let format = match format::of_path(path) {
        format::Kind::Text(format) => format,
        format::Kind::Unknown => Format::Text,
        format::Kind::Binary(extension) => {
            return Err(LoadError::Unsupported {
                path: path.to_owned(),
                extension,
            });
        }
    };
    let text = decode::decode(path, bytes)?;
    Ok(match format {
        Format::Html => html::extract(&text).ok_or_else(|| LoadError::TooDeep {
            path: path.to_owned(),
            limit: html::MAX_DEPTH,
        })?,
        format => Document::new(text, format),
    })
}

#[cfg(test)]
mod tests;
