//! Hostile column bytes are refused or evaluated to rows that exist.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumos_index::{Filter, SealedColumns, eval};
use ownedbytes::OwnedBytes;

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (rows, bytes) = input;
    let rows = u32::from(rows);
    let Ok(columns) = SealedColumns::open(OwnedBytes::new(bytes), rows) else { return };
    for text in ["a = 1", "a.b >= 'x' OR NOT EXISTS(c)", "a < 2026-01-01", "a IN (1, 'x', true)"] {
        if let Ok(filter) = Filter::parse(text) {
            assert!(eval(&filter, &columns, rows).iter().all(|row| row < rows));
        }
    }
});
