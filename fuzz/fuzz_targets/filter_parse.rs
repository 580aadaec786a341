//! See `src/targets/filter_parse.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::filter_parse::run(data));
