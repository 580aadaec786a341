//! See `src/targets/formula_eval.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::formula_eval::run(data));
