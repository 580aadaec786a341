//! Searches begin with what the rows of a term are known to reach.

use super::*;
use crate::text::top::TopRows;

/// Rows that have a word so often, among others.
fn rows(count: u32) -> Vec<Texts> {
    let row = |row: u32| {
        let often = "wal ".repeat(1 + (row * 7919 % 13) as usize);
        let others = "segment ".repeat((row % 5) as usize);
        vec![("text", format!("{often}{others}"))]
    };
    (0..count).map(row).collect()
}

#[test]
fn a_segment_of_which_nothing_may_be_found_does_not_hide_what_another_reaches() {
    let (large, other) = (sealed(&rows(700)), sealed(&rows(600)));
    let empty = memory(&[]);
    let sources = vec![
        Some(TextSource::sealed(&large)),
        Some(TextSource::memory(&empty, 0)),
        Some(TextSource::sealed(&other)),
    ];
    let (none, few) = (RoaringBitmap::new(), RoaringBitmap::from_iter([7, 12, 599]));
    let accept = [None, Some(&none), Some(&few)];
    for query in ["wal", "wal segment"] {
        let query = TextQuery::parse(query).unwrap();
        let search = TextSearch::new(&query, &Analyzers::default(), &[], sources.clone()).unwrap();
        let mut top = TopRows::new(10);
        search.raise(10, &accept, &mut top).unwrap();
        assert!(top.floor() > 0);

        let mut all: Vec<(f32, usize, u32)> = Vec::new();
        for (segment, rows) in [
            (0, (0..700).collect()),
            (2, few.iter().collect::<Vec<u32>>()),
        ] {
            let scores = search.scores(segment, &rows).unwrap();
            all.extend(
                scores
                    .into_iter()
                    .zip(rows)
                    .map(|(score, row)| (score, segment, row)),
            );
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for k in [1, 9, 10, 64, 65, 200, 703] {
            let top = search.top(k, &accept).unwrap();
            assert_eq!(top, all.get(..k).unwrap(), "{k} best");
        }
        // Where all are filtered, nothing is known.
        let mut top = TopRows::new(10);
        search
            .raise(10, &[Some(&few), Some(&none), Some(&few)], &mut top)
            .unwrap();
        assert_eq!(top.floor(), 0);
    }
}
