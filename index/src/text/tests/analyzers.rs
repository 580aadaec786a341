//! Fields that are analysed in different ways: the same scores however rows are kept.

use super::naive::cases;
use super::*;

const DESCRIPTIONS: [&str; 7] = [
    "default",
    "english stop(en)",
    "code",
    "code stop(\"user\")",
    "keyword",
    "whitespace(exact)",
    "ngram(2,3)",
];

fn words(most: usize) -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "getUser",
        "get_user",
        "user",
        "HTTPUser2",
        "the",
        "state",
        "States",
        "don't",
        "\u{6570}\u{636e}",
        "\u{6570}",
        "a",
    ]);
    prop::collection::vec(word, 1..most).prop_map(|words| words.join(" "))
}

fn query() -> impl Strategy<Value = String> {
    let mark = prop::sample::select(vec!["", "+", "-", "\"", "*", "~1"]);
    let clause = (mark, words(3)).prop_map(|(mark, words)| match mark {
        "\"" => format!("\"{words}\""),
        "*" | "~1" => format!("{words}{mark}"),
        mark => format!("{mark}{words}"),
    });
    prop::collection::vec(clause, 1..4).prop_map(|clauses| clauses.join(" "))
}

struct Kept {
    analyzers: Analyzers,
    rows: Vec<[String; 2]>,
}

impl Kept {
    fn texts(&self, row: usize) -> [(&str, &str); 2] {
        let [text, title] = &self.rows[row];
        [("text", text), ("title", title)]
    }

    fn memory(&self, rows: std::ops::Range<usize>) -> MemoryPostings {
        let mut postings = MemoryPostings::new(&self.analyzers, &fields());
        for (row, at) in rows.enumerate() {
            postings.add(row as u32, &self.texts(at));
        }
        postings
    }

    fn sealed(&self, rows: std::ops::Range<usize>) -> SealedText {
        let mut builder = TextBuilder::new(&self.analyzers, &fields()).unwrap();
        for at in rows {
            builder.add(self.texts(at)).unwrap();
        }
        SealedText::open(OwnedBytes::new(builder.finish().unwrap())).unwrap()
    }

    /// Scores and rows, where the rows of the second source follow those of the first.
    fn found(&self, sources: Vec<TextSource<'_>>, cut: usize, query: &str) -> Vec<(u32, usize)> {
        let query = TextQuery::parse(query).unwrap();
        let none = vec![None; sources.len()];
        let sources = sources.into_iter().map(Some).collect();
        let search = TextSearch::new(&query, &self.analyzers, &[], sources).unwrap();
        let found = search.top(usize::MAX, &none).unwrap();
        let place = |(score, segment, row): (f32, usize, u32)| {
            (score.to_bits(), row as usize + segment * cut)
        };
        found.into_iter().map(place).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn scores_are_the_same_in_memory_and_sealed(
        first in prop::sample::select(DESCRIPTIONS.to_vec()),
        second in prop::sample::select(DESCRIPTIONS.to_vec()),
        rows in prop::collection::vec([words(6), words(4)], 1..12),
        cut in 0usize..12,
        query in query(),
    ) {
        let named = |description| Analyzer::named(description).unwrap();
        let analyzers = Analyzers::default()
            .with("text", named(first))
            .with("title", named(second));
        let kept = Kept { analyzers, rows };
        let all = kept.rows.len();
        let cut = cut.min(all);
        let whole = kept.memory(0..all);
        let due = kept.found(vec![TextSource::memory(&whole, all as u32)], 0, &query);
        let sealed = kept.sealed(0..all);
        let recorded: Vec<(&str, &str)> = sealed.analyzers().collect();
        prop_assert_eq!(recorded, [("text", first), ("title", second)]);
        let found = kept.found(vec![TextSource::sealed(&sealed)], 0, &query);
        prop_assert_eq!(&found, &due);
        let (before, after) = (kept.sealed(0..cut), kept.memory(cut..all));
        let sources = vec![
            TextSource::sealed(&before),
            TextSource::memory(&after, (all - cut) as u32),
        ];
        prop_assert_eq!(kept.found(sources, cut, &query), due);
    }
}
