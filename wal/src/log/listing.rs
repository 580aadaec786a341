//! The names in the directory of a log.

use std::path::Path;

use crate::error::{Error, Result};
use crate::vfs::Vfs;

const LOG: &str = ".wal";
const SPARE: &str = ".spare";
const DIGITS: usize = 20;

pub(super) fn log_name(number: u64) -> String {
    format!("{number:020}{LOG}")
}

pub(super) fn spare_name(number: u64) -> String {
    format!("{number:020}{SPARE}")
}

pub(super) fn exhausted(dir: &Path) -> Error {
    Error::corruption(dir, 0, "a file has the largest possible number")
}

/// The log files by number and the spares; other names are not ours and are left alone.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) logs: Vec<u64>,
    pub(super) spares: Vec<String>,
    pub(super) next_number: u64,
}

impl Listing {
    pub(super) fn read(vfs: &dyn Vfs, dir: &Path) -> Result<Listing> {
        let names = vfs.read_dir(dir).map_err(|e| Error::io("list", dir, e))?;
        let (mut logs, mut spares, mut highest) = (Vec::new(), Vec::new(), 0);
        for name in names {
            if let Some(number) = number(&name, LOG) {
                logs.push(number);
                highest = highest.max(number);
            } else if let Some(number) = number(&name, SPARE) {
                spares.push(name);
                highest = highest.max(number);
            }
        }
        logs.sort_unstable();
        let next_number = highest.checked_add(1).ok_or_else(|| exhausted(dir))?;
        Ok(Listing {
            logs,
            spares,
            next_number,
        })
    }
}

fn number(name: &str, extension: &str) -> Option<u64> {
    let digits = name.strip_suffix(extension)?;
    let all = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if all { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::{MemVfs, OpenMode};

    /// Only our names count, and no number is given out twice while anything bears it.
    #[test]
    fn foreign_names_are_left_alone() {
        let vfs = MemVfs::new();
        for name in [
            "00000000000000000007.wal",
            "00000000000000000012.wal",
            "00000000000000000020.spare",
            "7.wal",
            "0000000000000000000x.wal",
            "+0000000000000000001.wal",
            "99999999999999999999.wal",
            "notes.txt",
        ] {
            vfs.open(Path::new(name), OpenMode::CreateNew).unwrap();
        }
        let listing = Listing::read(&vfs, Path::new("/")).unwrap();
        assert_eq!(listing.logs, [7, 12]);
        assert_eq!(listing.spares, ["00000000000000000020.spare"]);
        assert_eq!(listing.next_number, 21);
        vfs.open(Path::new("18446744073709551615.wal"), OpenMode::CreateNew)
            .unwrap();
        assert!(Listing::read(&vfs, Path::new("/")).is_err());
    }
}
