//! See `src/targets/query_parse.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::query_parse::run(data));
