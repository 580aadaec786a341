//! Why a file cannot become a document.

use std::io;
use std::path::PathBuf;

use super::MAX_FILE_BYTES;

/// Why a file cannot become a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are not text.
    #[error("{} is not text: it has a NUL byte at offset {offset}", path.display())]
    Binary {
        /// The file.
        path: PathBuf,
        /// Where the first NUL byte is.
        offset: usize,
    },
    /// The bytes are text in an encoding that is not read.
    #[error(
        "{} is not {encoding}: line {line} has an invalid sequence at byte {offset}; convert the file to UTF-8",
        path.display()
    )]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The encoding that was tried.
        encoding: &'static str,
        /// The line that does not decode, from 1.
        line: u32,
        /// Where in the file, in bytes.
        offset: usize,
    },
    /// The file is above [`MAX_FILE_BYTES`].
    #[error("{} has {bytes} bytes, the limit is {MAX_FILE_BYTES}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// A format that no loader reads.
    #[error("no loader for {extension} files: {}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The file name's extension, lower case.
        extension: String,
    },
    /// Markup nested so deep that it cannot be meant to be read.
    #[error("{} has elements nested more than {limit} deep", path.display())]
    TooDeep {
        /// The file.
        path: PathBuf,
        /// The deepest nesting that is read.
        limit: usize,
    },
    /// A folder or file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
