//! See `src/targets/wal_decode.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::wal_decode::run(data));
