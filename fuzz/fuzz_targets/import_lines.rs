//! See `src/targets/import_lines.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::import_lines::run(data));
