//! See `src/targets/vectors_open.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::vectors_open::run(data));
