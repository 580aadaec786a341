//! Any text is a formula or an error that points into it; a formula prints as text that means the same.

use lumos_index::Formula;

/// Longest text of a formula.
const MAX_BYTES: usize = 4 << 10;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Formula::parse(text) {
        Ok(formula) => {
            let printed = formula.to_string();
            if printed.len() <= MAX_BYTES {
                assert_eq!(Formula::parse(&printed).ok(), Some(formula), "{printed}");
            }
        }
        Err(error) => {
            assert!(error.span().end <= text.len());
            let _ = error.caret(text);
        }
    }
}
