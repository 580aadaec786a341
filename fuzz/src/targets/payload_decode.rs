//! A hostile section of payloads, its checksums right: those of its blocks and of its index too.

use super::segment_open::replace_section;

pub fn run(data: &[u8]) {
    replace_section("payload", data, false);
}
