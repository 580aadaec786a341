//! What is remembered of every file, and of texts that wait for their embedding.
//!
//! Three key spaces, whose keys begin with a hash of the collection's name:
//!
//! | space | key | value |
//! |---|---|---|
//! | `rag.files` | collection `.` file | [`FileRecord`] |
//! | `rag.pending` | collection `.` file `.` generation `.` page | [`Pending`] |
//! | `rag.lines` | collection `.` file `.` generation `.` page | [`Line`]s, for a corpus |
//!
//! Each is written in the same batch as the documents that it is about.

use std::path::Path;

use lumos_engine::{Scan, Store};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Error, Result};

/// The key space of file records.
pub(crate) const FILES: &str = "rag.files";
/// The key space of texts that wait for their embedding.
pub(crate) const PENDING: &str = "rag.pending";
/// The key space of the documents of a corpus.
pub(crate) const LINES: &str = "rag.lines";
/// Records read at once.
const PAGE: usize = 500;

/// A file as it was last added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    /// The absolute path.
    pub(crate) source: String,
    /// The hash of its bytes and of how they were cut.
    pub(crate) hash: String,
    /// Number of its chunks, or of the documents of a corpus.
    pub(crate) chunks: usize,
    /// The generation of its lines, for a corpus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<u64>,
}

/// Documents that wait for their embedding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The hash of the file that they come from, so that a later version is told apart.
    pub(crate) hash: String,
    /// The keys of the documents.
    pub(crate) keys: Vec<String>,
}

/// A document of a corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The key of the document.
    pub(crate) key: String,
    /// The hash of its line.
    pub(crate) hash: String,
    /// The number of its line, from 1.
    pub(crate) number: usize,
}

/// The place of a file's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileKey(String);

/// What the keys of a collection's records begin with.
pub(crate) fn collection_prefix(collection: &str) -> String {
    format!("{}.", short_hash(collection, 16))
}

impl FileKey {
    pub(crate) fn new(collection: &str, source: &str) -> Self {
        FileKey(format!(
            "{}{}",
            collection_prefix(collection),
            short_hash(source, 32)
        ))
    }

    pub(crate) fn record(&self) -> &str {
        &self.0
    }

    /// The key of a page: of the lines of a corpus, or of what waits for its embedding. Generations
    /// sort by number.
    pub(crate) fn page(&self, generation: u64, page: usize) -> String {
        format!("{}.{generation:016x}.{page:08}", self.0)
    }

    /// The generation that a page's key tells.
    pub(crate) fn generation(&self, page: &str) -> Option<u64> {
        let rest = page.strip_prefix(&self.0)?.strip_prefix('.')?;
        u64::from_str_radix(rest.split('.').next()?, 16).ok()
    }

    /// What the keys of all pages begin with.
    pub(crate) fn pages(&self) -> String {
        format!("{}.", self.0)
    }
}

fn short_hash(text: &str, digits: usize) -> String {
    let mut hex = blake3::hash(text.as_bytes()).to_hex().to_string();
    hex.truncate(digits);
    hex
}

/// The record of a file, with its bytes as stored.
pub(crate) fn file_record(
    store: &dyn Store,
    key: &FileKey,
) -> Result<Option<(FileRecord, Vec<u8>)>> {
    match store.kv_get(FILES, key.record())? {
        Some(bytes) => Ok(Some((decode(key.record(), &bytes)?, bytes))),
        None => Ok(None),
    }
}

/// The records of all files of a collection that lie at or under one of the roots.
pub(crate) fn files_under(
    store: &dyn Store,
    collection: &str,
    roots: &[&Path],
) -> Result<Vec<FileRecord>> {
    let mut files = Vec::new();
    each(
        store,
        FILES,
        &collection_prefix(collection),
        |key, bytes| {
            let record: FileRecord = decode(&key, &bytes)?;
            if roots
                .iter()
                .any(|root| Path::new(&record.source).starts_with(root))
            {
                files.push(record);
            }
            Ok(())
        },
    )?;
    Ok(files)
}

/// Calls back for every key with this prefix, in order. What is called back for may be changed meanwhile.
pub(crate) fn each(
    store: &dyn Store,
    space: &str,
    prefix: &str,
    mut visit: impl FnMut(String, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let mut scan = Scan::all().prefix(prefix).limit(PAGE);
    loop {
        let pairs = store.kv_scan(space, &scan)?;
        let Some((last, _)) = pairs.last() else {
            return Ok(());
        };
        let full = pairs.len() == PAGE;
        scan = scan.after(last.clone());
        for (key, value) in pairs {
            visit(key, value)?;
        }
        if !full {
            return Ok(());
        }
    }
}

/// The keys with this prefix.
pub(crate) fn keys(store: &dyn Store, space: &str, prefix: &str) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    each(store, space, prefix, |key, _| {
        keys.push(key);
        Ok(())
    })?;
    Ok(keys)
}

pub(crate) fn encode(key: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|source| unreadable(key, &source))
}

pub(crate) fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| unreadable(key, &source))
}

fn unreadable(key: &str, source: &serde_json::Error) -> Error {
    Error::Record {
        key: key.to_string(),
        detail: source.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn records_of_two_collections_and_two_files_are_apart() {
        let one = FileKey::new("docs", "/a");
        assert_ne!(one, FileKey::new("docs", "/b"));
        assert_ne!(one, FileKey::new("notes", "/a"));
        assert!(one.record().starts_with(&collection_prefix("docs")));
        assert!(one.page(0, 0).starts_with(&one.pages()));
        assert!(one.page(16, 0) > one.page(9, 99_999));
        assert_eq!(one.generation(&one.page(16, 3)), Some(16));
    }

    #[test]
    fn a_damaged_record_is_an_error_that_names_it() {
        let error = decode::<FileRecord>("k", b"{").unwrap_err();
        assert_eq!(error.code(), "E3106");
    }
}
