//! The manifest: which files make up the database, and from where on the log is needed.
//!
//! `MANIFEST` is replaced as a whole. All integers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `LUMOSMAN` |
//! | 4 | format version, 1 |
//! | 4 | CRC-32 (IEEE) of the body |
//! | 8 | length of the body |
//! | the rest | the body, JSON |

use std::collections::BTreeSet;
use std::path::Path;

use lumos_wal::{Vfs, read_all, replace_file};
use serde::{Deserialize, Serialize};

use crate::recovery::io;
use crate::{Error, Result, Schema, Seqno};

/// The name of the file.
pub(crate) const MANIFEST: &str = "MANIFEST";
const MAGIC: &[u8; 8] = b"LUMOSMAN";
const VERSION: u32 = 1;
const HEADER: usize = 24;

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CollectionKind {
    /// Documents: a payload is a JSON body, indexed in every leg.
    Documents,
    /// A key-value space: a payload is the value itself.
    Kv,
}

/// A segment file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentEntry {
    pub(crate) number: u64,
    pub(crate) rows: u32,
    /// The generation of its delete file, if any row was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deletes: Option<u64>,
    /// The oldest and the newest commit among its rows.
    pub(crate) min_seqno: Seqno,
    pub(crate) max_seqno: Seqno,
    /// Length of the file.
    pub(crate) bytes: u64,
}

/// A collection or key-value space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CollectionManifest {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) kind: CollectionKind,
    #[serde(default)]
    pub(crate) schema: Schema,
    /// The commit that created it.
    pub(crate) created: Seqno,
    /// Its rows of commits up to this one are in segment files.
    pub(crate) sealed_seqno: Seqno,
    /// Oldest first.
    pub(crate) segments: Vec<SegmentEntry>,
}

/// The whole database as its files have it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) next_segment: u64,
    pub(crate) next_collection: u32,
    /// Collections were created, changed and dropped up to this commit.
    pub(crate) catalog_seqno: Seqno,
    /// The log is needed after this commit.
    pub(crate) floor: Seqno,
    pub(crate) collections: Vec<CollectionManifest>,
}

impl Manifest {
    /// Reads the manifest of a directory; `None` when it has none yet.
    ///
    /// # Errors
    /// `FormatVersion` for a later version, `Corruption` for anything that does not fit.
    pub(crate) fn read(vfs: &dyn Vfs, dir: &Path) -> Result<Option<Manifest>> {
        let path = dir.join(MANIFEST);
        if !vfs.exists(&path).map_err(|source| io("look for", &path, source))? {
            return Ok(None);
        }
        let bytes = read_all(vfs, &path).map_err(|source| io("read", &path, source))?;
        Manifest::decode(&bytes, &path).map(Some)
    }

    /// Replaces the manifest of a directory; after a crash the old or the new one is there.
    pub(crate) fn write(&self, vfs: &dyn Vfs, dir: &Path) -> Result<()> {
        let bytes = self.encode().map_err(|source| Error::Json {
            key: MANIFEST.to_string(),
            source,
        })?;
        Ok(replace_file(vfs, dir, MANIFEST, &bytes)?)
    }

    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let body = serde_json::to_vec(self)?;
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    fn decode(bytes: &[u8], path: &Path) -> Result<Manifest> {
        let damaged = |offset: u64, detail: String| Error::Corruption {
            file: path.to_path_buf(),
            offset,
            detail,
        };
        let Some((header, body)) = bytes.split_at_checked(HEADER) else {
            return Err(damaged(0, format!("it has {} bytes", bytes.len())));
        };
        if header.get(..8) != Some(MAGIC.as_slice()) {
            return Err(damaged(0, "this is no Lumos manifest".to_string()));
        }
        let u32_at = |at: usize| {
            let field = header.get(at..at + 4).and_then(|field| field.try_into().ok());
            field.map(u32::from_le_bytes).unwrap_or_default()
        };
        let version = u32_at(8);
        if version > VERSION {
            return Err(Error::FormatVersion {
                file: path.to_path_buf(),
                found: version,
                supported: VERSION,
            });
        }
        let length = u64::from(u32_at(16)) | u64::from(u32_at(20)) << 32;
        if version == 0 || length != body.len() as u64 {
            return Err(damaged(8, format!("{} bytes follow, not {length}", body.len())));
        }
        if u32_at(12) != crc32fast::hash(body) {
            return Err(damaged(HEADER as u64, "the checksum does not match".to_string()));
        }
        let manifest: Manifest = serde_json::from_slice(body)
            .map_err(|error| damaged(HEADER as u64, error.to_string()))?;
        match manifest.contradiction() {
            Some(detail) => Err(damaged(HEADER as u64, detail)),
            None => Ok(manifest),
        }
    }

    /// What no Lumos ever wrote.
    fn contradiction(&self) -> Option<String> {
        let (mut ids, mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        if self.floor > self.catalog_seqno {
            return Some(format!("the floor {} is past {}", self.floor, self.catalog_seqno));
        }
        for collection in &self.collections {
            if !ids.insert(collection.id) || collection.id >= self.next_collection {
                return Some(format!("collection {} is there twice or too new", collection.id));
            }
            if !names.insert((collection.kind, &collection.name)) {
                return Some(format!("two collections have the name \"{}\"", collection.name));
            }
            for segment in &collection.segments {
                if !numbers.insert(segment.number) || segment.number >= self.next_segment {
                    return Some(format!("segment {} is there twice or too new", segment.number));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
