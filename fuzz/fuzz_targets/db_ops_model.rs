//! See `src/targets/db_ops_model.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::db_ops_model::run(data));
