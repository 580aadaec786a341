//! Hostile column bytes are refused or evaluated to rows that exist.

use lumos_index::{Filter, FilterRows, SealedColumns, eval};
use ownedbytes::OwnedBytes;

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let rows = u32::from(input.u16());
    let bytes = OwnedBytes::new(input.rest().to_vec());
    let Ok(columns) = SealedColumns::open(bytes, rows) else {
        return;
    };
    for text in [
        "a = 1",
        "a.b >= 'x' OR NOT EXISTS(c)",
        "n < 2026-01-01",
        "on IN (1, 'x', true)",
        "n > 3",
    ] {
        let filter = Filter::parse(text).unwrap();
        assert!(
            eval(&filter, &FilterRows::new(&columns, rows))
                .iter()
                .all(|row| row < rows)
        );
    }
}
