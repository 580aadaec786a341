//! See `src/targets/sparse_open.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::sparse_open::run(data));
