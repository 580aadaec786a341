//! See `src/targets/formula_parse.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::formula_parse::run(data));
