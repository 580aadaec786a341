//! Searches beside the definition: every row looked at, its places compared one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::query::{Bool, Expr, Kind, Leaf};
use super::*;

/// Rows of a segment, and which of them are deleted.
pub(super) type Segment = (Vec<Texts>, Vec<bool>);

/// The positions of each term of a field of a row.
type Row = BTreeMap<&'static str, BTreeMap<String, Vec<u32>>>;

pub(super) struct Naive {
    rows: Vec<Row>,
}

fn length(tokens: usize) -> f64 {
    use tantivy::fieldnorm::FieldNormReader as Norm;
    f64::from(Norm::id_to_fieldnorm(Norm::fieldnorm_to_id(tokens as u32)))
}

impl Naive {
    pub(super) fn new(rows: impl IntoIterator<Item = Texts>) -> Naive {
        let analyze = |texts: Texts| {
            let field = |(field, text): (&'static str, String)| {
                let mut terms: BTreeMap<String, Vec<u32>> = BTreeMap::new();
                for token in Analyzer::default().tokens(&text) {
                    terms.entry(token.term).or_default().push(token.position);
                }
                (field, terms)
            };
            texts.into_iter().map(field).collect()
        };
        Naive {
            rows: rows.into_iter().map(analyze).collect(),
        }
    }

    fn field(row: &Row, field: &str) -> Option<f64> {
        let tokens: usize = row.get(field)?.values().map(Vec::len).sum();
        (tokens > 0).then(|| length(tokens))
    }

    /// What a row is worth that has something so often.
    fn worth(&self, field: &str, row: usize, idf: f64, frequency: usize) -> f64 {
        let lengths: Vec<f64> = self
            .rows
            .iter()
            .filter_map(|row| Naive::field(row, field))
            .collect();
        let average = lengths.iter().sum::<f64>() / lengths.len() as f64;
        let own = Naive::field(&self.rows[row], field).unwrap();
        let frequency = frequency as f64;
        idf * frequency * 2.2 / (frequency + 1.2 * (0.25 + 0.75 * own / average))
    }

    fn idf(&self, field: &str, term: &str) -> Option<f64> {
        let rows = self
            .rows
            .iter()
            .filter(|row| Naive::field(row, field).is_some())
            .count() as f64;
        let having = |row: &&Row| row.get(field).is_some_and(|terms| terms.contains_key(term));
        let found = self.rows.iter().filter(having).count() as f64;
        (found > 0.0).then(|| (1.0 + (rows - found + 0.5) / (found + 0.5)).ln())
    }

    fn term(&self, field: &str, row: usize, term: &str) -> Option<f64> {
        let places = self.rows[row].get(field)?.get(term)?;
        Some(self.worth(field, row, self.idf(field, term)?, places.len()))
    }

    /// `None` for a row that does not match.
    pub(super) fn score(
        &self,
        expr: &Expr,
        row: usize,
        fields: &[&str],
        together: bool,
    ) -> Option<f64> {
        match expr {
            Expr::Leaf(leaf) => {
                let scores = fields
                    .iter()
                    .filter_map(|field| self.leaf(leaf, field, row, together));
                scores.reduce(|a, b| a + b)
            }
            Expr::Boost { factor, part } => {
                Some(self.score(part, row, fields, together)? * f64::from(*factor))
            }
            Expr::In { field, part, .. } => self.score(part, row, &[field.as_str()], together),
            Expr::Bool(Bool {
                must,
                should,
                not,
                at_least,
            }) => {
                let mut sum = 0.0;
                for part in must {
                    sum += self.score(part, row, fields, true)?;
                }
                if not
                    .iter()
                    .any(|part| self.score(part, row, fields, true).is_some())
                {
                    return None;
                }
                let should: Vec<f64> = should
                    .iter()
                    .filter_map(|part| self.score(part, row, fields, together))
                    .collect();
                let least = if must.is_empty() {
                    1.max(*at_least)
                } else {
                    *at_least
                };
                (should.len() >= least).then(|| sum + should.iter().sum::<f64>())
            }
        }
    }

    fn leaf(&self, leaf: &Leaf, field: &str, row: usize, together: bool) -> Option<f64> {
        let analyzer = Analyzer::default();
        if let Some(form) = pattern::form(&analyzer, leaf) {
            let terms = self.rows[row]
                .get(field)?
                .keys()
                .filter(|term| form.fits(term));
            return terms
                .filter_map(|term| self.term(field, row, term))
                .reduce(|a, b| a + b);
        }
        let words: Vec<String> = analyzer
            .tokens(&leaf.text)
            .into_iter()
            .map(|token| token.term)
            .collect();
        let slop = match leaf.kind {
            Kind::Words if !together || words.len() == 1 => {
                let scores = words.iter().filter_map(|word| self.term(field, row, word));
                return scores.reduce(|a, b| a + b);
            }
            Kind::Phrase { slop, .. } => slop,
            _ => 0,
        };
        let mut idf = 0.0;
        for word in &words {
            idf += self.idf(field, word)?;
        }
        let terms = self.rows[row].get(field)?;
        let places: Vec<&Vec<u32>> = words
            .iter()
            .map(|word| terms.get(word))
            .collect::<Option<_>>()?;
        if words.len() == 1 {
            return self.term(field, row, &words[0]);
        }
        // Starts from which every word is found within the slack, one of them at the start.
        let ends = terms.values().flatten().max().unwrap() + 1;
        let starts = -(words.len() as i64)..i64::from(ends);
        let frequency = starts
            .filter(|start| {
                let near = |(offset, places): (usize, &&Vec<u32>)| -> Vec<i64> {
                    let far = places
                        .iter()
                        .map(|place| i64::from(*place) - offset as i64 - start);
                    far.filter(|far| (0..=i64::from(slop)).contains(far))
                        .collect()
                };
                let near: Vec<Vec<i64>> = places.iter().enumerate().map(near).collect();
                near.iter().all(|near| !near.is_empty())
                    && near.iter().any(|near| near.contains(&0))
            })
            .count();
        (frequency > 0).then(|| self.worth(field, row, idf, frequency))
    }
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "wal", "segment", "graph", "lock", "page", "pages", "vector", "a", "abcd", "abce",
    ])
    .prop_map(String::from)
}

fn leaf() -> impl Strategy<Value = Expr> {
    let different = || {
        prop::collection::hash_set(
            prop::sample::select(vec!["wal", "segment", "graph", "lock"]),
            2..4,
        )
    };
    prop_oneof![
        4 => word().prop_map(|word| Expr::leaf(Kind::Words, word)),
        2 => (different(), 0u32..4).prop_map(|(words, slop)| {
            let words: Vec<&str> = words.into_iter().collect();
            Expr::leaf(Kind::Phrase { slop, open: false }, words.join(" "))
        }),
        1 => word().prop_map(|word| Expr::leaf(Kind::Prefix, &word[..1])),
        1 => (word(), 1u8..3).prop_map(|(word, edits)| Expr::leaf(Kind::Fuzzy(edits), word)),
        1 => prop::sample::select(vec!["*a*", "??a*", "*k", "ab?e"]).prop_map(|p| Expr::leaf(Kind::Wildcard, p)),
        1 => prop::sample::select(vec!["[a-l].*", "page|wal"]).prop_map(|p| Expr::leaf(Kind::Regex, p)),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        let some = |least| prop::collection::vec(inner.clone(), least..4);
        prop_oneof![
            2 => some(1).prop_map(|should| Expr::Bool(Bool { should, ..Bool::default() })),
            3 => (some(0), some(0), some(0), 0usize..3).prop_map(|(must, should, not, at_least)| {
                let at_least = at_least.min(should.len());
                Expr::Bool(Bool { must, should, not, at_least })
            }),
            1 => (inner.clone(), 0.5f32..4.0)
                .prop_map(|(part, factor)| Expr::Boost { factor, part: Box::new(part) }),
            1 => (inner.clone(), prop::sample::select(vec!["text", "title"])).prop_map(|(part, field)| {
                Expr::In { field: field.to_string(), span: 0..0, part: Box::new(part) }
            }),
        ]
    })
}

fn texts() -> impl Strategy<Value = Texts> {
    let text = || prop::collection::vec(word(), 0..14).prop_map(|words| words.join(" "));
    (prop::option::of(text()), prop::option::of(text())).prop_map(|(text, title)| {
        let text = text.map(|text| ("text", text));
        text.into_iter()
            .chain(title.map(|title| ("title", title)))
            .collect()
    })
}

fn segments() -> impl Strategy<Value = Vec<Segment>> {
    let segment = prop::collection::vec((texts(), prop::bool::weighted(0.2)), 0..14);
    prop::collection::vec(segment.prop_map(|rows| rows.into_iter().unzip()), 1..4)
}

/// Segments in memory and sealed.
pub(super) struct Segments {
    rows: Vec<Segment>,
    deletes: Vec<Arc<RoaringBitmap>>,
    memories: Vec<MemoryPostings>,
    sealeds: Vec<SealedText>,
}

impl Segments {
    pub(super) fn new(segments: Vec<Segment>) -> Segments {
        let deletes = segments.iter().map(|(_, deleted)| {
            let rows = (0u32..).zip(deleted).filter(|(_, deleted)| **deleted);
            Arc::new(rows.map(|(row, _)| row).collect())
        });
        Segments {
            deletes: deletes.collect(),
            memories: segments.iter().map(|(rows, _)| memory(rows)).collect(),
            sealeds: segments.iter().map(|(rows, _)| sealed(rows)).collect(),
            rows: segments,
        }
    }

    pub(super) fn live(&self) -> Vec<(usize, u32, Texts)> {
        let mut live = Vec::new();
        for (segment, (rows, deleted)) in self.rows.iter().enumerate() {
            for ((row, texts), _) in (0u32..)
                .zip(rows)
                .zip(deleted)
                .filter(|(_, deleted)| !**deleted)
            {
                live.push((segment, row, texts.clone()));
            }
        }
        live
    }

    /// Runs a query on segments alternately sealed and in memory.
    pub(super) fn found(&self, query: &TextQuery, k: usize) -> Vec<(f32, usize, u32)> {
        let sources = |first: usize| -> Vec<TextSource<'_>> {
            let source = |number: usize| {
                let source = match (number + first) % 2 {
                    0 => {
                        TextSource::memory(&self.memories[number], self.rows[number].0.len() as u32)
                    }
                    _ => TextSource::sealed(&self.sealeds[number]),
                };
                source.without(&self.deletes[number])
            };
            (0..self.rows.len()).map(source).collect()
        };
        let one = search(&sources(0), query, k);
        assert_eq!(
            search(&sources(1), query, k),
            one,
            "sealed differs from memory"
        );
        one
    }
}

pub(super) fn cases() -> u32 {
    let cases = std::env::var("LUMOS_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(500)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases().div_ceil(10)))]

    /// Every query finds the rows of the definition with its scores, in memory and sealed, whatever is
    /// deleted; a merge that drops what is deleted changes no bit of them.
    #[test]
    fn queries_are_answered_as_defined(
        segments in segments(), exprs in prop::collection::vec(expr(), 10), k in 1usize..50,
    ) {
        let segments = Segments::new(segments);
        let live: Vec<(usize, u32, Texts)> = segments.live();
        let naive = Naive::new(live.iter().map(|(_, _, texts)| texts.clone()));
        let rows: Vec<Texts> = live.iter().map(|(_, _, texts)| texts.clone()).collect();
        let kept = vec![false; rows.len()];
        let merged = Segments::new(vec![(rows, kept)]);
        for expr in exprs {
            let query = TextQuery { expr };
            let found = segments.found(&query, k);
            let mut expected: Vec<(f64, usize, u32)> = live
                .iter()
                .enumerate()
                .filter_map(|(at, (segment, row, _))| {
                    Some((naive.score(&query.expr, at, &["text", "title"], false)?, *segment, *row))
                })
                .collect();
            expected.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            prop_assert_eq!(found.len(), expected.len().min(k), "{}", query);
            for (at, (score, segment, row)) in found.iter().enumerate() {
                let own = expected.iter().find(|(_, s, r)| s == segment && r == row);
                let own = own.map(|(score, ..)| *score);
                let near = |own: f64| (own - f64::from(*score)).abs() <= 1e-4 * own.abs().max(1.0);
                prop_assert!(own.is_some_and(near), "{}: {} beside {:?}", query, score, own);
                prop_assert!(near(expected[at].0), "{}: rank {}", query, at);
            }
            let place = |row: u32| (live[row as usize].0, live[row as usize].1);
            let merged = merged.found(&query, k).into_iter();
            let merged: Vec<_> = merged.map(|(score, _, row)| (score, place(row))).collect();
            let found = found.into_iter();
            let before: Vec<_> = found.map(|(score, segment, row)| (score, (segment, row))).collect();
            prop_assert_eq!(merged, before);
        }
    }
}

/// Many rows, so that blocks have bounds: the best of every query are those of all scores sorted.
#[test]
fn blocks_are_passed_over_without_losing_a_row() {
    let mut state = 7u64;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let words = ["wal", "segment", "graph", "lock", "page", "vector", "abcd"];
    let rows: Vec<Texts> = (0..20_000u64)
        .map(|row| {
            // Long rows first: average lengths of the parts differ, and bounds made for one are asked
            // about another.
            let longest = if row < 10_000 { 60 } else { 8 };
            let count = 1 + random(longest);
            let word = |_| words[(random(49) as f64).sqrt() as usize];
            let text: Vec<&str> = (0..count).map(word).collect();
            vec![("text", text.join(" "))]
        })
        .collect();
    let one = sealed(&rows);
    let (front, back) = (sealed(&rows[..10_000]), sealed(&rows[10_000..]));
    let memory = memory(&rows);
    let deletes: Arc<RoaringBitmap> = Arc::new((0..10_000).step_by(2).collect());
    for query in [
        "wal",
        "graph",
        "abcd wal",
        "wal segment graph lock page vector abcd",
        "+wal +abcd graph",
        "\"wal wal\"",
        "\"graph lock\" wal",
        "wal -graph",
        "seg* +page",
    ] {
        let query = TextQuery::parse(query).unwrap();
        for k in [1, 10, 200] {
            let expected = search(&[TextSource::memory(&memory, 20_000)], &query, k);
            // Searched first with its own averages, then as part of the whole.
            search(&[TextSource::sealed(&front)], &query, k);
            let parts = search(
                &[TextSource::sealed(&front), TextSource::sealed(&back)],
                &query,
                k,
            );
            let flat = parts
                .into_iter()
                .map(|(score, part, row)| (score, 0, row + 10_000 * part as u32));
            assert_eq!(flat.collect::<Vec<_>>(), expected, "{query} {k}");
            assert_eq!(
                search(&[TextSource::sealed(&one)], &query, k),
                expected,
                "{query} {k}"
            );
            let less = search(&[TextSource::sealed(&one).without(&deletes)], &query, k);
            let live = search(
                &[TextSource::memory(&memory, 20_000).without(&deletes)],
                &query,
                k,
            );
            assert_eq!(less, live, "{query} {k}");
        }
    }
}
