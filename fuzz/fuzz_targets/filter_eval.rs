//! See `src/targets/filter_eval.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::filter_eval::run(data));
