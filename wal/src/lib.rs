//! Durable files for Lumos: a virtual file system, a write-ahead log and group commit.
//!
//! The crate knows nothing of documents or vectors. It stores frames of bytes, one for each
//! transaction, and gives back after any crash a prefix of them that holds every acknowledged one.
//!
//! - [`Vfs`] is the only way to files: [`OsVfs`], [`MemVfs`], [`SimVfs`] (loses power) and
//!   [`FaultVfs`] (fails on request).
//! - [`WriterLock`] keeps a second writer out.
//! - [`Log`] appends, syncs, rotates, recycles and recovers log files.
//! - [`Committer`] lets many threads share one write and one sync.
//!
//! What it is not: a database. Nothing here interprets a payload, and nothing here is asynchronous.
//!
//! ```
//! use std::path::Path;
//! use std::sync::Arc;
//! use lumos_wal::{Error, Log, LogOptions, MemVfs};
//!
//! let vfs = Arc::new(MemVfs::new());
//! let dir = Path::new("wal");
//! let options = LogOptions::default();
//! let (mut log, _) = Log::open(vfs.clone(), dir, 0, options.clone(), |_, _| Ok::<_, Error>(()))?;
//! log.append(1, &[b"first".to_vec(), b"second".to_vec()])?;
//! log.sync()?;
//! drop(log);
//!
//! let mut found = Vec::new();
//! let (_, recovery) = Log::open(vfs, dir, 1, options, |seqno, payload| {
//!     found.push((seqno, payload.to_vec()));
//!     Ok::<_, Error>(())
//! })?;
//! assert_eq!(recovery.last_seqno, 2);
//! assert_eq!(found, [(2, b"second".to_vec())]);
//! # Ok::<(), Error>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod checksum;
mod error;
mod frame;
mod group;
mod header;
mod lock;
mod log;
mod options;
mod poison;
mod reader;
mod replace;
pub mod sync;
mod tail;
mod vfs;
mod writer;

pub use checksum::checksum;
pub use error::{Error, Result};
pub use frame::MAX_PAYLOAD;
pub use group::{Apply, Committer, Durability};
pub use header::LOG_FORMAT_VERSION;
pub use lock::WriterLock;
pub use log::{Log, Recovery};
pub use options::LogOptions;
pub use replace::replace_file;
pub use vfs::fault::{Fault, FaultVfs, OpKind};
pub use vfs::mem::MemVfs;
pub use vfs::os::{OsVfs, refuse_network_file_system};
pub use vfs::sim::SimVfs;
pub use vfs::{LockKind, OpenMode, Vfs, VfsFile, VfsLock, read_all};

/// The number of a commit: 1 for the first one, without gaps.
pub type Seqno = u64;
