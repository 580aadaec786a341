//! Any text is a keyword query or past its limits, and its highlights lie on character boundaries.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumos_index::{Analyzer, TextQuery, highlight};

fuzz_target!(|input: (&str, &str)| {
    let (query, text) = input;
    let Ok(query) = TextQuery::parse(query) else { return };
    if let Some(piece) = highlight(&Analyzer::default(), &query, text, 120) {
        assert_eq!(text.get(piece.offset..piece.offset + piece.text.len()), Some(&*piece.text));
        assert!(piece.spans.iter().all(|span| piece.text.get(span.clone()).is_some()));
    }
});
