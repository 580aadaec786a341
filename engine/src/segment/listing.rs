//! The names of segment and delete files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lumos_wal::Vfs;

use crate::Result;
use crate::manifest::Manifest;
use crate::recovery::{SEGMENTS_DIR, TMP_DIR, io};

const SEGMENT: &str = ".seg";
const DELETES: &str = ".del";

/// The file of a segment.
pub(crate) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(SEGMENTS_DIR).join(format!("{number:020}{SEGMENT}"))
}

/// The file that holds the deleted rows of a segment.
pub(crate) fn deletes_path(dir: &Path, number: u64, generation: u64) -> PathBuf {
    dir.join(SEGMENTS_DIR).join(deletes_name(number, generation))
}

pub(crate) fn deletes_name(number: u64, generation: u64) -> String {
    format!("{number:020}-{generation:020}{DELETES}")
}

/// Removes what a crash left: files with names of ours that the manifest does not name.
pub(crate) fn remove_orphans(vfs: &dyn Vfs, dir: &Path, manifest: &Manifest) -> Result<()> {
    let mut named = BTreeSet::new();
    for segment in manifest.collections.iter().flat_map(|collection| &collection.segments) {
        named.insert(segment_path(dir, segment.number));
        named.extend(segment.deletes.map(|generation| deletes_path(dir, segment.number, generation)));
    }
    for (folder, ours) in [(SEGMENTS_DIR, [SEGMENT, DELETES, ".tmp"]), (TMP_DIR, ["", "", ""])] {
        let folder = dir.join(folder);
        let names = vfs.read_dir(&folder).map_err(|source| io("list", &folder, source))?;
        for name in names {
            let path = folder.join(&name);
            if ours.iter().any(|end| name.ends_with(end)) && !named.contains(&path) {
                vfs.remove_file(&path).map_err(|source| io("remove", &path, source))?;
            }
        }
    }
    Ok(())
}
