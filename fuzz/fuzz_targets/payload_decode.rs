//! See `src/targets/payload_decode.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::payload_decode::run(data));
