//! What docs/search.md shows of analyzers is what they do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

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
