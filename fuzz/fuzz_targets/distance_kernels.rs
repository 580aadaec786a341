//! See `src/targets/distance_kernels.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::distance_kernels::run(data));
