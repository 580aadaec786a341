//! See `src/targets/manifest_open.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::manifest_open::run(data));
