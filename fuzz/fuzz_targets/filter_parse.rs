//! Any text is a filter or an error that points into it; a filter prints as text that means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumos_index::Filter;

fuzz_target!(|text: &str| {
    match Filter::parse(text) {
        Ok(filter) => {
            assert_eq!(Filter::parse(&filter.to_string()).ok().as_ref(), Some(&filter));
        }
        Err(error) => {
            let _ = error.caret(text);
        }
    }
});
