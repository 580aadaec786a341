//! Any text is a keyword query or past its limits, and its highlights lie on character boundaries.

use lumos_index::{Analyzer, TextQuery, highlight};

pub fn run(data: &[u8]) {
    let Ok(both) = std::str::from_utf8(data) else {
        return;
    };
    let (query, text) = both.split_once('\n').unwrap_or((both, both));
    let Ok(query) = TextQuery::parse(query) else {
        return;
    };
    if let Some(piece) = highlight(&Analyzer::default(), &query, text, 120) {
        let there = text.get(piece.offset..piece.offset + piece.text.len());
        assert_eq!(there, Some(&*piece.text));
        let mut spans = piece.spans.iter();
        assert!(spans.all(|span| piece.text.get(span.clone()).is_some()));
    }
}
