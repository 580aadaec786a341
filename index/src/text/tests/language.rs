//! What the keyword languages promise, where they did not keep it.

use super::*;

/// The rows that a query finds, by number, in memory and sealed, with one analyzer.
fn rows_of(analyzer: &str, texts: &[&str], query: &TextQuery) -> Vec<u32> {
    let analyzers = Analyzers::default().with("text", Analyzer::named(analyzer).unwrap());
    let fields = ["text".to_string()];
    let mut memory = MemoryPostings::new(&analyzers, &fields);
    let mut builder = TextBuilder::new(&analyzers, &fields).unwrap();
    for (row, text) in (0..).zip(texts) {
        memory.add(row, &[("text", text)]);
        builder.add([("text", *text)]).unwrap();
    }
    let sealed = SealedText::open(OwnedBytes::new(builder.finish().unwrap())).unwrap();
    let found = |source: TextSource<'_>| {
        let search = TextSearch::new(query, &analyzers, &[], vec![Some(source)]).unwrap();
        let mut found = search.top(usize::MAX, &[None]).unwrap();
        found.sort_by_key(|(_, _, row)| *row);
        let rows: Vec<u32> = found.iter().map(|(_, _, row)| *row).collect();
        assert_eq!(search.matches(0).unwrap(), rows.iter().copied().collect());
        found
    };
    let expected = found(TextSource::memory(&memory, texts.len() as u32));
    assert_eq!(found(TextSource::sealed(&sealed)), expected);
    expected.into_iter().map(|(_, _, row)| row).collect()
}

/// What stood behind a `~` that is no number of edits was dropped: `http://host/~alice` found every page of
/// the host, and none by its name.
#[test]
fn a_tilde_inside_of_a_word_does_not_cut_it() {
    let texts = ["http host bob", "alice", "a and b", "a b"];
    let rows = |query| rows_of("default", &texts, &TextQuery::parse(query).unwrap());
    assert_eq!(rows("http://host/~alice"), [0, 1]);
    assert_eq!(rows("+a~b"), [3], "as any word that is cut");
    assert_eq!(rows("alcie~1"), [1]);
    assert_eq!(rows("alice~0"), [1], "no edits, as in the strict language");
}
