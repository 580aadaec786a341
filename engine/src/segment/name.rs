//! Names of files in the folder of segments. They are numbers: no name of a user becomes a path.

use std::path::{Path, PathBuf};

use crate::recovery::SEGMENTS_DIR;

/// The end of the name of a file that is still being written.
pub(super) const UNFINISHED: &str = ".tmp";

/// The file of a segment in the database directory `dir`.
pub(crate) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(SEGMENTS_DIR).join(segment_name(number))
}

/// The file of one generation of a segment's deletes.
pub(crate) fn deletes_path(dir: &Path, number: u64, generation: u64) -> PathBuf {
    dir.join(SEGMENTS_DIR)
        .join(deletes_name(number, generation))
}

fn segment_name(number: u64) -> String {
    format!("{number:08}.seg")
}

pub(super) fn deletes_name(number: u64, generation: u64) -> String {
    format!("{number:08}.{generation}.del")
}

/// What a file in the folder of segments is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileName {
    Segment(u64),
    Deletes {
        number: u64,
        generation: u64,
    },
    /// A file whose writing was interrupted.
    Unfinished,
}

impl FileName {
    /// Reads a name; `None` unless it is one that this module makes.
    pub(super) fn parse(name: &str) -> Option<FileName> {
        if let Some(finished) = name.strip_suffix(UNFINISHED) {
            return match FileName::parse(finished)? {
                FileName::Unfinished => None,
                _ => Some(FileName::Unfinished),
            };
        }
        let (number, rest) = name.split_once('.')?;
        let number = number.parse().ok()?;
        let parsed = match rest.strip_suffix(".del") {
            Some(generation) => FileName::Deletes {
                number,
                generation: generation.parse().ok()?,
            },
            None => FileName::Segment(number),
        };
        // Signs, missing zeros and the like make other names of the same numbers.
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            FileName::Segment(number) => f.write_str(&segment_name(number)),
            FileName::Deletes { number, generation } => {
                f.write_str(&deletes_name(number, generation))
            }
            FileName::Unfinished => f.write_str(UNFINISHED),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every name that is made is recognised.
        #[test]
        fn names_are_read_back(number: u64, generation: u64) {
            let segment = segment_path(Path::new("db"), number);
            let name = segment.file_name().unwrap().to_str().unwrap();
            prop_assert_eq!(FileName::parse(name), Some(FileName::Segment(number)));
            let deletes = deletes_path(Path::new("db"), number, generation);
            let name = deletes.file_name().unwrap().to_str().unwrap();
            prop_assert_eq!(FileName::parse(name), Some(FileName::Deletes { number, generation }));
            let unfinished = format!("{name}{UNFINISHED}");
            prop_assert_eq!(FileName::parse(&unfinished), Some(FileName::Unfinished));
        }

        /// Other names are nobody's business, and no panic.
        #[test]
        fn other_names_are_not_ours(name in "[0-9+.]{0,12}(seg|del|tmp|txt)?") {
            if let Some(parsed) = FileName::parse(&name) {
                prop_assert!(parsed == FileName::Unfinished || parsed.to_string() == name);
            }
        }
    }

    /// A file that someone else put there stays there.
    #[test]
    fn foreign_files_are_recognised() {
        for name in [
            "",
            "seg",
            ".seg",
            "12.seg",
            "00000012.SEG",
            "+0000012.seg",
            "00000012.seg.tmp.tmp",
            "notes.tmp",
            "00000012..del",
            "00000012.03.del",
            "00000012.3.4.del",
            "000000012.seg",
        ] {
            assert_eq!(FileName::parse(name), None, "{name}");
        }
    }
}
