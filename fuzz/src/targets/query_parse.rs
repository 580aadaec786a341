//! Any text is a keyword query or past its limits, and its highlights lie on character boundaries. What the
//! strict language takes is written and read again as the same query, and its mistakes have a place.

use lumos_index::{Analyzer, TextQuery, TextQueryError, highlight};

pub fn run(data: &[u8]) {
    let Ok(both) = std::str::from_utf8(data) else {
        return;
    };
    let (query, text) = both.split_once('\n').unwrap_or((both, both));
    match TextQuery::parse_strict(query) {
        Ok(strict) => {
            let written = strict.to_string();
            // Written with backslashes it may be past the limit.
            if written.len() <= 4 << 10 {
                let again = TextQuery::parse_strict(&written);
                let again = again.map(|query| query.to_string());
                assert_eq!(again.as_deref(), Ok(&*written), "{query}");
            }
            show(&strict, text);
        }
        Err(TextQueryError::Syntax { span, .. }) => {
            assert!(span.start <= span.end && span.end <= query.len());
        }
        Err(_) => {}
    }
    if let Ok(query) = TextQuery::parse(query) {
        show(&query, text);
    }
}

fn show(query: &TextQuery, text: &str) {
    let mut end = 0;
    for piece in highlight(&Analyzer::default(), "text", query, text, 2, 120) {
        assert!(piece.offset >= end);
        end = piece.offset + piece.text.len();
        assert_eq!(text.get(piece.offset..end), Some(&*piece.text));
        let mut spans = piece.spans.iter();
        assert!(spans.all(|span| piece.text.get(span.clone()).is_some()));
    }
}
