//! See `src/targets/text_eval.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::text_eval::run(data));
