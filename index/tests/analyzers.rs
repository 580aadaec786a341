//! What docs/search.md shows of analyzers is what they do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use lumos_index::{Analyzer, Token};

/// Terms by position: `/` between those that share one, `_` where there is none.
fn shown(tokens: &[Token]) -> String {
    let last = tokens.last().map_or(0, |token| token.position + 1);
    let places = (0..last).map(|position| {
        let here = tokens.iter().filter(|token| token.position == position);
        let terms: Vec<&str> = here.map(|token| token.term.as_str()).collect();
        match terms.is_empty() {
            true => "_".to_string(),
            false => terms.join("/"),
        }
    });
    places.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_row_of_the_table_holds() {
    let page = include_str!("../../docs/search.md");
    let table = page.split_once("| analyzer | text | terms |\n").unwrap().1;
    let rows: Vec<&str> = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() >= 15);
    let mut kinds = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [description, text, terms] = cells[..] else {
            panic!("{row}");
        };
        let description = description.trim_matches('`');
        let analyzer = Analyzer::named(description).unwrap();
        assert_eq!(shown(&analyzer.tokens(text)), terms, "{row}");
        // As a table does, it is written in its shortest form.
        assert_eq!(analyzer.to_string(), description);
        kinds.push(description.split(['(', ' ']).next().unwrap());
    }
    kinds.sort_unstable();
    kinds.dedup();
    let all = [
        "code",
        "default",
        "english",
        "keyword",
        "ngram",
        "whitespace",
    ];
    assert_eq!(kinds, all);
}

/// Forms of two words in each language that docs/search.md lists have a term each; some are in capitals that
/// are other letters elsewhere, in two scripts, or with and without the signs of vowels.
#[test]
fn forms_of_a_word_have_one_term() {
    let page = include_str!("../../docs/search.md");
    let listed = page.split_once("- `stem(...)`: ").unwrap().1;
    let listed: Vec<&str> = listed.split_once(" ([").unwrap().0.split(", ").collect();
    let lines = include_str!("words/forms.txt").lines();
    let lines: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").unwrap()).collect();
    let languages: Vec<&str> = lines.iter().map(|(language, _)| *language).collect();
    assert_eq!(languages, listed);
    for (language, words) in lines {
        let terms = |stem: &str, forms: &str| -> BTreeSet<String> {
            let analyzer = Analyzer::named(&format!("default stem({stem})")).unwrap();
            let tokens = analyzer.tokens(forms).into_iter();
            tokens.map(|token| token.term).collect()
        };
        let (one, two) = words.split_once(" | ").unwrap();
        for forms in [one, two] {
            assert_eq!(terms(language, forms).len(), 1, "{language}: {forms}");
            assert!(terms("none", forms).len() > 1, "{language}: {forms}");
        }
        assert_ne!(terms(language, one), terms(language, two), "{language}");
    }
}
