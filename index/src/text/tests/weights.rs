//! What parts weigh: sums hold whatever is asked for.

use super::*;

fn rows(texts: &[String]) -> Vec<Texts> {
    let row = |text: &String| vec![("text", text.clone())];
    texts.iter().map(row).collect()
}

fn on(rows: &[Texts], query: &TextQuery) -> Vec<(f32, u32)> {
    let memory = memory(rows);
    let sealed = sealed(rows);
    let found = search(&[TextSource::memory(&memory, rows.len() as u32)], query, 50);
    assert_eq!(search(&[TextSource::sealed(&sealed)], query, 50), found);
    found
        .into_iter()
        .map(|(score, _, row)| (score, row))
        .collect()
}

#[test]
fn a_row_with_many_words_that_must_not_be_there_is_taken_away() {
    // What is looked for is everywhere and worth little; what is taken away is rare, and much in one row.
    let others: Vec<String> = (0..40).map(|number| format!("s{number}")).collect();
    let mut texts = vec![format!("wal{}", " page".repeat(40)); 20];
    texts.push(format!("wal {}", others.join(" ")));
    let rows = rows(&texts);
    for query in [
        "wal -s*",
        "page OR (wal -s*)",
        "(wal page -s*)@1",
        "+wal -s* -s1",
    ] {
        let found = on(&rows, &TextQuery::parse_strict(query).unwrap());
        assert_eq!(found.len(), 20, "{query}");
        assert!(found.iter().all(|(_, row)| *row < 20), "{query}");
    }
}

#[test]
fn boosts_of_boosts_stay_finite_and_lose_no_row() {
    let texts = ["wal log", "wal", "log", "wal page", "page page wal log"];
    let rows = rows(&texts.map(String::from));
    for factor in [1000.0, 0.001, 0.0] {
        let boosted = |word: &str| {
            let word = TextQuery::words(word).unwrap();
            (0..13).fold(word, |part, _| part.boost(factor))
        };
        let query = TextQuery::any([boosted("wal"), boosted("log"), boosted("page")]);
        let found = on(&rows, &query);
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|(score, _)| score.is_finite()));
        let all = TextQuery::all([boosted("wal"), boosted("log")]);
        let mut both: Vec<u32> = on(&rows, &all).into_iter().map(|(_, row)| row).collect();
        both.sort_unstable();
        assert_eq!(both, [0, 4]);
    }
    let memory = memory(&rows);
    let source = [Some(TextSource::memory(&memory, 5))];
    let fields = [("text".to_string(), f32::INFINITY)];
    let query = TextQuery::words("wal log").unwrap();
    let search = TextSearch::new(&query, &Analyzers::default(), &fields, source.to_vec()).unwrap();
    let found = search.top(9, &[None]).unwrap();
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|(score, ..)| score.is_finite()));
}
