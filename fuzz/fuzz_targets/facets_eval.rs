//! See `src/targets/facets_eval.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::facets_eval::run(data));
