//! Any text is the description of an analyzer or an error that points into it; a description prints as one
//! that means the same; and any text becomes terms that lie in it in order, by which it is found again.

use lumos_index::{Analyzer, Analyzers, MemoryPostings, TextQuery, TextSearch, TextSource};

/// Longest term, in bytes.
const MAX_TERM: usize = 128;

pub fn run(data: &[u8]) {
    let Ok(both) = std::str::from_utf8(data) else {
        return;
    };
    let (description, text) = both.split_once('\n').unwrap_or((both, both));
    let analyzer = match Analyzer::named(description) {
        Ok(analyzer) => analyzer,
        Err(error) => {
            let _ = error.caret(description);
            return;
        }
    };
    let printed = analyzer.to_string();
    assert_eq!(Analyzer::named(&printed).as_ref(), Ok(&analyzer));
    let tokens = analyzer.tokens(text);
    let mut last = (0, 0);
    for token in &tokens {
        assert!(text.get(token.span.clone()).is_some_and(|from| !from.is_empty()));
        assert!(!token.term.is_empty() && token.term.len() <= MAX_TERM);
        let here = (token.position, token.span.start);
        assert!(here.0 >= last.0 && here.1 >= last.1);
        last = here;
    }
    // A run of one character stands for all that begin with it, alone and not in a phrase.
    let word = |term: &str| term.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if printed.starts_with("ngram") || text.contains(['"', '\\']) {
        return;
    }
    if !tokens.iter().any(|token| word(&token.term)) {
        return;
    }
    let Ok(query) = TextQuery::parse(&format!("\"{text}\"")) else {
        return;
    };
    let analyzers = Analyzers::default().with("text", analyzer);
    let mut postings = MemoryPostings::new(&analyzers, &["text".to_string()]);
    postings.add(0, &[("text", text)]);
    let source = vec![Some(TextSource::memory(&postings, 1))];
    let search = TextSearch::new(&query, &analyzers, &[], source);
    assert_eq!(search.unwrap().top(1, &[None]).unwrap().len(), 1);
}
