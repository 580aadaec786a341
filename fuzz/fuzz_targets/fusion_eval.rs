//! See `src/targets/fusion_eval.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::fusion_eval::run(data));
