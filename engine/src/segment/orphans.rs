//! Removing what an interrupted seal, merge or checkpoint left behind.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use lumos_wal::Vfs;

use super::name::{FileName, UNFINISHED};
use crate::Result;
use crate::manifest::Manifest;
use crate::recovery::{SEGMENTS_DIR, io};

/// Removes unfinished files, and segments and deletes that the manifest does not name. Only files with
/// names that the engine gives are touched, but not those of the segments in `reserved`, which are being
/// written. The caller holds the lock of the directory.
///
/// When there is no manifest yet, finished segments stay: they are remains of a first seal, whose numbers
/// will be used again, or the manifest was lost and they are all there is.
///
/// # Errors
/// [`Error::Storage`](crate::Error::Storage).
pub(crate) fn remove_orphans(
    vfs: &dyn Vfs,
    dir: &Path,
    manifest: &Manifest,
    reserved: &BTreeSet<u64>,
) -> Result<()> {
    for name in leftovers(vfs, dir, manifest, reserved)? {
        let path = dir.join(SEGMENTS_DIR).join(name);
        vfs.remove_file(&path)
            .map_err(|source| io("remove", &path, source))?;
    }
    Ok(())
}

/// The names of the files that [`remove_orphans`] removes.
///
/// # Errors
/// [`Error::Storage`](crate::Error::Storage).
pub(crate) fn leftovers(
    vfs: &dyn Vfs,
    dir: &Path,
    manifest: &Manifest,
    reserved: &BTreeSet<u64>,
) -> Result<Vec<String>> {
    let segments = dir.join(SEGMENTS_DIR);
    if !vfs
        .exists(&segments)
        .map_err(|source| io("open", &segments, source))?
    {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let all = manifest
        .collections
        .iter()
        .flat_map(|collection| &collection.segments);
    let named: HashMap<u64, Option<u64>> = all.map(|entry| (entry.number, entry.deletes)).collect();
    for name in vfs
        .read_dir(&segments)
        .map_err(|source| io("read", &segments, source))?
    {
        let needed = match FileName::parse(&name) {
            None => true,
            Some(FileName::Unfinished) => {
                let finished = name.strip_suffix(UNFINISHED).and_then(FileName::parse);
                matches!(finished, Some(FileName::Segment(number)) if reserved.contains(&number))
            }
            Some(_) if manifest.next_segment == 0 => true,
            Some(FileName::Segment(number)) => {
                named.contains_key(&number) || reserved.contains(&number)
            }
            Some(FileName::Deletes { number, generation }) => {
                named.get(&number) == Some(&Some(generation))
            }
        };
        if !needed {
            found.push(name);
        }
    }
    Ok(found)
}
