//! A hostile section of keys, its checksums right.

use super::segment_open::replace_section;

pub fn run(data: &[u8]) {
    replace_section("keys", data, false);
}
