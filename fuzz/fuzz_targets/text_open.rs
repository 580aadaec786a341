//! See `src/targets/text_open.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::text_open::run(data));
