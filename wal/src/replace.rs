//! Replacing a small file in one step.

use std::path::Path;

use crate::error::{Error, Result};
use crate::vfs::{OpenMode, Vfs};

/// Replaces (or creates) the file `name` in `dir`: after a crash it holds the old bytes or the new.
///
/// The new bytes go to `<name>.tmp`, are synced, take the name by a rename, and the directory is
/// synced. A `<name>.tmp` left by a crash is replaced.
///
/// # Errors
/// [`Error::Io`]; when the error comes from syncing the directory, either version may survive a crash.
pub fn replace_file(vfs: &dyn Vfs, dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(name);
    let temporary = dir.join(format!("{name}.tmp"));
    if let Err(error) = write_new(vfs, &temporary, bytes) {
        // What is left of it is in nobody's way; the error that matters is the first one.
        let _leftover = vfs.remove_file(&temporary);
        return Err(error);
    }
    vfs.rename(&temporary, &path)
        .map_err(|e| Error::io("rename to", &path, e))?;
    vfs.sync_dir(dir)
        .map_err(|e| Error::io("sync directory", dir, e))
}

fn write_new(vfs: &dyn Vfs, path: &Path, bytes: &[u8]) -> Result<()> {
    let io = |op| move |error| Error::io(op, path, error);
    if vfs.exists(path).map_err(io("look for"))? {
        vfs.remove_file(path).map_err(io("remove"))?;
    }
    let file = vfs.open(path, OpenMode::CreateNew).map_err(io("create"))?;
    file.write_all_at(bytes, 0).map_err(io("write"))?;
    file.sync_all().map_err(io("sync"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::{Fault, FaultVfs, MemVfs, SimVfs, read_all};
    use std::sync::Arc;

    const OLD: &[u8] = &[1; 1500];
    const NEW: &[u8] = &[2; 2500];

    /// A manifest that is half old and half new loses the database: at every crash point the file
    /// is one or the other, and the new one once the call has returned.
    #[test]
    fn a_power_loss_leaves_the_old_bytes_or_the_new() {
        let sim = SimVfs::new(7);
        let dir = Path::new("db");
        sim.create_dir(dir).unwrap();
        sim.sync_dir(Path::new("/")).unwrap();
        replace_file(&sim, dir, "MANIFEST", OLD).unwrap();
        let before = sim.operations();
        replace_file(&sim, dir, "MANIFEST", NEW).unwrap();
        let (mut olds, mut news) = (0, 0);
        for crash in before..=sim.operations() {
            for image in 0..200 {
                let found =
                    read_all(&sim.crash_image(crash, image), &dir.join("MANIFEST")).unwrap();
                assert!(found == OLD || found == NEW, "crash {crash} image {image}");
                assert!(crash < sim.operations() || found == NEW, "image {image}");
                if found == OLD { olds += 1 } else { news += 1 }
            }
        }
        assert!(
            olds > 100 && news > 100,
            "the images must show both: {olds} {news}"
        );
    }

    /// Whatever fails on the way, the old file is whole and the next attempt works.
    #[test]
    fn an_error_at_any_step_leaves_a_whole_file() {
        for n in 1.. {
            let vfs = FaultVfs::new(Arc::new(MemVfs::new()));
            replace_file(&vfs, Path::new("/"), "MANIFEST", OLD).unwrap();
            vfs.inject(Fault::nth(n).short_write());
            let result = replace_file(&vfs, Path::new("/"), "MANIFEST", NEW);
            if vfs.fired() == 0 {
                result.unwrap();
                break;
            }
            vfs.clear();
            result.unwrap_err();
            let found = read_all(&vfs, Path::new("MANIFEST")).unwrap();
            assert!(found == OLD || found == NEW);
            replace_file(&vfs, Path::new("/"), "MANIFEST", NEW).unwrap();
            assert_eq!(vfs.read_dir(Path::new("/")).unwrap(), ["MANIFEST"]);
        }
    }
}
