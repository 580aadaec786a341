//! What can go wrong with durable files.

use std::io;
use std::path::{Path, PathBuf};

/// The result of an operation on durable files.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the storage below the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused an operation.
    #[error("cannot {op} {}: {source}", .path.display())]
    Io {
        /// What was attempted, as a verb phrase: "write", "sync directory".
        op: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Bytes on disk are not what was written, or a file is missing.
    #[error("{} is damaged at byte {offset}: {detail}", .file.display())]
    Corruption {
        /// The damaged file, or the directory of a missing one.
        file: PathBuf,
        /// Where the damage begins, in bytes.
        offset: u64,
        /// What was found.
        detail: String,
    },
    /// Another process, or another handle of this one, has the database open for writing.
    #[error("{} is held by {}", .path.display(), holder(.pid, .name))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The process that holds it, when it could be read.
        pid: Option<u32>,
        /// The program of that process, when it could be read.
        name: Option<String>,
    },
    /// An earlier write or sync failed; nothing is written until the database is opened again.
    #[error(
        "writing stopped after an earlier failure ({detail}); open the database again to write"
    )]
    Poisoned {
        /// The failure that stopped writing.
        detail: String,
    },
    /// A file has a format that this build does not know.
    #[error("{} has format version {found}, this build reads up to {supported}", .file.display())]
    FormatVersion {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this build reads.
        supported: u32,
    },
    /// A file uses what this build does not know.
    #[error("{} needs features that this build does not have (bits {features:#x})", .file.display())]
    UnknownFeatures {
        /// The file.
        file: PathBuf,
        /// The bits of the features.
        features: u32,
    },
    /// The file system cannot hold a database safely.
    #[error("{} is on a {kind} file system, whose locks and syncs cannot be relied on", .path.display())]
    UnsupportedFileSystem {
        /// The directory of the database.
        path: PathBuf,
        /// The type of the file system.
        kind: String,
    },
    /// A transaction is larger than a frame of the log may be.
    #[error("a transaction of {bytes} bytes exceeds the limit of {limit} bytes")]
    TooLarge {
        /// The encoded size.
        bytes: u64,
        /// The largest size.
        limit: u64,
    },
    /// Frames were appended out of order: a mistake of the caller.
    #[error("the log expects commit {expected}, not {got}")]
    OutOfOrder {
        /// The next sequence number.
        expected: u64,
        /// The one that was given.
        got: u64,
    },
    /// Files of the log were released while a reader without the lock was reading them.
    #[error("the log in {} moved on while it was being read; read the manifest again", .dir.display())]
    LogMoved {
        /// The directory of the log.
        dir: PathBuf,
    },
}

fn holder(pid: &Option<u32>, name: &Option<String>) -> String {
    match (pid, name) {
        (Some(pid), Some(name)) => format!("process {pid} ({name})"),
        (Some(pid), None) => format!("process {pid}"),
        _ => "another process".to_string(),
    }
}

impl Error {
    pub(crate) fn io(op: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io {
            op,
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn corruption(file: &Path, offset: u64, detail: impl Into<String>) -> Self {
        Error::Corruption {
            file: file.to_path_buf(),
            offset,
            detail: detail.into(),
        }
    }

    /// Whether the disk, the quota or the size that a file may have is used up.
    pub(crate) fn is_out_of_space(&self) -> bool {
        match self {
            Error::Io { source, .. } => {
                matches!(
                    source.kind(),
                    io::ErrorKind::StorageFull
                        | io::ErrorKind::QuotaExceeded
                        | io::ErrorKind::FileTooLarge
                )
            }
            _ => false,
        }
    }

    /// The same error once more: every commit of a failed batch is told the cause.
    pub(crate) fn duplicate(&self) -> Error {
        match self {
            Error::Io { op, path, source } => Error::Io {
                op,
                path: path.clone(),
                source: match source.raw_os_error() {
                    Some(code) => io::Error::from_raw_os_error(code),
                    None => io::Error::new(source.kind(), source.to_string()),
                },
            },
            Error::OutOfOrder { expected, got } => Error::OutOfOrder {
                expected: *expected,
                got: *got,
            },
            Error::TooLarge { bytes, limit } => Error::TooLarge {
                bytes: *bytes,
                limit: *limit,
            },
            Error::Poisoned { detail } => Error::Poisoned {
                detail: detail.clone(),
            },
            other => Error::Poisoned {
                detail: other.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A caller reads these on a terminal: they are sentences with the path and the offset.
    #[test]
    fn errors_are_sentences_with_path_and_offset() {
        let error = Error::corruption(Path::new("db/wal/1.wal"), 4096, "the header is invalid");
        assert_eq!(
            error.to_string(),
            "db/wal/1.wal is damaged at byte 4096: the header is invalid"
        );
        let error = Error::Locked {
            path: "db/LOCK".into(),
            pid: Some(7),
            name: Some("lumos".into()),
        };
        assert_eq!(error.to_string(), "db/LOCK is held by process 7 (lumos)");
    }

    /// Each follower of a failed batch sees the operating system's error, not a summary of it.
    #[test]
    fn a_duplicate_keeps_the_kind_and_the_code() {
        let source = io::Error::from_raw_os_error(5);
        let kind = source.kind();
        let copy = Error::io("sync", Path::new("a"), source).duplicate();
        match copy {
            Error::Io { source, .. } => {
                assert_eq!(source.raw_os_error(), Some(5));
                assert_eq!(source.kind(), kind);
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}
