//! See `src/targets/analyze.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::analyze::run(data));
