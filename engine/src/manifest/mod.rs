//! Which files make up the database. Replacing the manifest is the only commit point for files.
//!
//! The fields of the header are the length of the body and its CRC-32. The body, up to the end of the
//! file, is JSON with line breaks, for `strings` and for people.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use lumos_wal::{Vfs, checksum, read_all, replace_file};
use serde::{Deserialize, Serialize};

use crate::recovery::io;
use crate::segment::Header;
use crate::{Error, Result, Schema};

/// The file in the database directory.
pub(crate) const MANIFEST: &str = "MANIFEST";
/// The feature of schemas with elements or metrics that version 1 began without.
pub(crate) const ELEMENTS: u32 = 1;
/// The feature of text fields with an analyzer other than the default one.
pub(crate) const ANALYZERS: u32 = 1 << 1;
const HEADER: Header = Header {
    magic: *b"LUMOSMAN",
    version: 1,
    features: ELEMENTS | ANALYZERS,
};

/// What a collection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CollectionKind {
    /// Documents of a collection.
    Documents,
    /// Keys and values of a key space.
    Kv,
}

/// One sealed segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentEntry {
    /// The number that its file is named by.
    pub(crate) number: u64,
    pub(crate) rows: u32,
    /// The generation of its deletes; `None` while no row is deleted.
    pub(crate) deletes: Option<u64>,
    /// The oldest commit among its rows.
    pub(crate) min_seqno: u64,
    /// The newest commit among its rows.
    pub(crate) max_seqno: u64,
    /// The length of its file.
    pub(crate) bytes: u64,
}

impl SegmentEntry {
    /// The entry of a segment whose rows are all of one commit.
    pub(crate) fn of_commit(self, seqno: u64) -> Self {
        SegmentEntry {
            min_seqno: seqno,
            max_seqno: seqno,
            ..self
        }
    }
}

/// One collection or key space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CollectionManifest {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) kind: CollectionKind,
    pub(crate) schema: Schema,
    /// The commit that created it.
    pub(crate) created: u64,
    /// Everything up to this commit is in `segments`; replay begins after it.
    pub(crate) sealed_seqno: u64,
    /// Oldest rows first.
    pub(crate) segments: Vec<SegmentEntry>,
    /// Bulk loads that are not over, by id, and how many of their documents are there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) ingests: BTreeMap<String, u64>,
}

/// The files of the database at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The number of the next segment file.
    pub(crate) next_segment: u64,
    /// The number of the next collection.
    pub(crate) next_collection: u32,
    /// The commit up to which `collections` says what exists.
    pub(crate) catalog_seqno: u64,
    /// No frame of the log up to this commit is needed.
    pub(crate) floor: u64,
    /// Features that the log may use although no schema in `collections` does.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) features: u32,
    pub(crate) collections: Vec<CollectionManifest>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "called by serde")]
fn is_zero(features: &u32) -> bool {
    *features == 0
}

impl Manifest {
    /// Reads the manifest of the database directory `dir`; `None` when there is none yet.
    ///
    /// # Errors
    /// [`Error::Corruption`] when a byte of it is not what was written, [`Error::FormatVersion`] for a
    /// version that this build does not know, [`Error::Storage`] for the file system's own.
    pub(crate) fn read(vfs: &dyn Vfs, dir: &Path) -> Result<Option<Manifest>> {
        let path = dir.join(MANIFEST);
        let bytes = match read_all(vfs, &path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io("read", &path, source)),
        };
        Manifest::decode(&path, &bytes).map(Some)
    }

    /// Replaces the manifest in one step; it is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Storage`]; when it comes from syncing the directory, either manifest may be there after a
    /// crash. [`Error::Corruption`] for one that could not be read again: nothing is written then.
    pub(crate) fn write(&self, vfs: &dyn Vfs, dir: &Path) -> Result<()> {
        let path = dir.join(MANIFEST);
        self.check().map_err(|detail| damaged(&path, 0, detail))?;
        let mut body = serde_json::to_vec_pretty(self).map_err(|source| Error::Json {
            key: MANIFEST.to_string(),
            source,
        })?;
        body.push(b'\n');
        let fields = [body.len() as u64, u64::from(checksum(&body))];
        let mut bytes = HEADER.encode_needing(self.features(), &fields).to_vec();
        bytes.extend_from_slice(&body);
        replace_file(vfs, dir, MANIFEST, &bytes)?;
        Ok(())
    }

    fn decode(path: &Path, bytes: &[u8]) -> Result<Manifest> {
        let [length, crc, ..] = HEADER.decode(path, bytes)?;
        let body = bytes.get(Header::LEN..).unwrap_or_default();
        if body.len() as u64 != length {
            return Err(damaged(
                path,
                bytes.len(),
                "the file was cut or extended".to_string(),
            ));
        }
        let bad = |detail: String| damaged(path, Header::LEN, detail);
        if u64::from(checksum(body)) != crc {
            return Err(bad(
                "the checksum of the manifest does not match".to_string()
            ));
        }
        let manifest: Manifest =
            serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
        manifest.check().map_err(bad)?;
        Ok(manifest)
    }

    /// What a build must know to read the database.
    pub(crate) fn features(&self) -> u32 {
        let schemas = self.collections.iter().map(|c| c.schema.features());
        schemas.fold(self.features, |all, one| all | one)
    }

    /// What the rest of the engine relies on.
    fn check(&self) -> Result<(), String> {
        let (mut ids, mut names, mut numbers) = (HashSet::new(), HashSet::new(), HashSet::new());
        if self.floor > self.catalog_seqno {
            return Err("the log was released past the newest commit".to_string());
        }
        if self.features & !HEADER.features != 0 {
            return Err(format!("it has features {:#x}", self.features));
        }
        for collection in &self.collections {
            let name = &collection.name;
            if !ids.insert(collection.id) || !names.insert((collection.kind, name)) {
                return Err(format!("collection \"{name}\" is there twice"));
            }
            if collection.id >= self.next_collection {
                return Err(format!(
                    "the number of collection \"{name}\" was never given"
                ));
            }
            if !(self.floor..=self.catalog_seqno).contains(&collection.sealed_seqno) {
                return Err(format!(
                    "the log of collection \"{name}\" is not where it should be"
                ));
            }
            let schema = collection.schema.check();
            schema.map_err(|detail| format!("collection \"{name}\": {detail}"))?;
            for segment in &collection.segments {
                let number = segment.number;
                if !numbers.insert(number) {
                    return Err(format!("segment {number} is there twice"));
                }
                if number >= self.next_segment {
                    return Err(format!("the number of segment {number} was never given"));
                }
                if segment.min_seqno > segment.max_seqno || segment.max_seqno > self.catalog_seqno {
                    return Err(format!("the commits of segment {number} are out of order"));
                }
            }
        }
        Ok(())
    }
}

fn damaged(path: &Path, offset: usize, detail: String) -> Error {
    Error::Corruption {
        file: path.to_path_buf(),
        offset: offset as u64,
        detail,
    }
}
