//! See `src/targets/backup_restore.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lumos_fuzz::targets::backup_restore::run(data));
