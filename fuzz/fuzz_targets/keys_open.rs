//! See `src/targets/keys_open.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::keys_open::run(data));
