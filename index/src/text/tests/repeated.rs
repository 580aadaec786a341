//! Phrases of one word over and over.

use super::*;

#[test]
fn a_phrase_of_one_word_over_and_over_takes_no_more_than_its_places() {
    let text = "a ".repeat(20_000);
    let rows: Vec<Texts> = [text.as_str(), "a b a b", &text[..300]]
        .map(|text| vec![("text", text.to_string())])
        .to_vec();
    let query = format!("\"{}\"~1", ["a"; 256].join(" "));
    let query = TextQuery::parse_strict(&query).unwrap();
    let sealed = sealed(&rows);
    let found = search(&[TextSource::sealed(&sealed)], &query, 9);
    let found: Vec<u32> = found.into_iter().map(|(_, _, row)| row).collect();
    assert_eq!(found, [0]);
    let piece = highlight(&Analyzer::default(), "text", &query, &text, 1, 99).remove(0);
    assert!(piece.spans.len() > 40, "{piece:?}");
    assert_eq!(
        highlight(&Analyzer::default(), "text", &query, "a b a", 1, 99),
        []
    );
}

#[test]
fn of_a_long_row_of_characters_the_first_pairs_are_looked_for() {
    let characters = |count: usize, end: &str| "\u{6570}".repeat(count) + end;
    let query = format!("+{}", characters(1_300, "\u{636e}"));
    // Pairs after the first 256 are not asked for; the row must have these.
    let texts = [characters(257, "\u{5e93}"), characters(256, "\u{5e93}")];
    assert_eq!(find(&[&texts[0], &texts[1]], &query), [0]);
    let query = TextQuery::parse(&query).unwrap();
    let pieces = highlight(&Analyzer::default(), "text", &query, &texts[0], 1, 2_000);
    assert_eq!(pieces[0].spans, std::slice::from_ref(&(0..257 * 3)));
    assert_eq!(
        highlight(&Analyzer::default(), "text", &query, &texts[1], 1, 99),
        []
    );
}

/// A table is made for the slack of words that repeat: four thousand million places of it would be no table.
#[test]
fn a_phrase_takes_no_more_slack_than_the_language_allows() {
    let most = TextQuery::phrase("a a", u32::MAX).unwrap();
    assert_eq!(most, TextQuery::phrase("a a", 64).unwrap());
    assert_eq!(most, TextQuery::parse_strict("\"a a\"~64").unwrap());
}
