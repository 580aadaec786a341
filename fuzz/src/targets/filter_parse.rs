//! Any text is a filter or an error that points into it; a filter prints as text that means the same.

use lumos_index::Filter;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Filter::parse(text) {
        Ok(filter) => {
            let again = Filter::parse(&filter.to_string());
            assert_eq!(again.ok().as_ref(), Some(&filter));
        }
        Err(error) => {
            let _ = error.caret(text);
        }
    }
}
