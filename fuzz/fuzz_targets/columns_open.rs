//! See `src/targets/columns_open.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::columns_open::run(data));
