//! See `src/targets/deletes_open.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::deletes_open::run(data));
