//! Statistics of all segments, gathered once for a query: with them a score does not depend on how the
//! rows are spread over segments.

use std::collections::{BTreeMap, BTreeSet};

use tantivy::fieldnorm::FieldNormReader;

use super::analyzer::Analyzers;
use super::compile::{Compiled, Group, Pattern, Wanted};
use super::error::TextError;
use super::query::{Occur, TextQuery};
use super::source::TextSource;

/// Parameters of BM25 (Robertson et al. 1994), the usual ones.
pub(crate) const K1: f32 = 1.2;
const B: f32 = 0.75;
/// Terms that a prefix or a fuzzy word stands for, at most: those of the most rows.
const MAX_EXPANSIONS: usize = 64;

/// A query bound to the statistics of all segments that it will be run on.
#[derive(Clone, Debug)]
pub struct TextStats {
    pub(crate) fields: Vec<FieldStats>,
    pub(crate) terms: Vec<String>,
    pub(crate) groups: Vec<Bound>,
}

/// One field: what BM25 adds for the length of a row, and the weight of each term.
#[derive(Clone, Debug)]
pub(crate) struct FieldStats {
    pub(crate) name: String,
    /// `k1 * (1 - b + b * length / average)`, by stored length.
    pub(crate) lengths: Vec<f32>,
    /// The inverse document frequency of each term, 0 where no row has it.
    pub(crate) weights: Vec<f32>,
}

/// A group of terms, by their numbers.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) occur: Occur,
    pub(crate) wanted: BoundWanted,
}

#[derive(Clone, Debug)]
pub(crate) enum BoundWanted {
    All(Vec<usize>),
    Phrase(Vec<(u32, usize)>),
    Any(Vec<usize>),
}

impl TextStats {
    /// Gathers what a query needs from all segments; `fields` are those searched, all when empty.
    ///
    /// # Errors
    /// A sealed index that cannot be read.
    pub fn gather(
        query: &TextQuery,
        analyzers: &Analyzers,
        fields: &[String],
        sources: &[TextSource<'_>],
    ) -> Result<TextStats, TextError> {
        let names: BTreeSet<&str> = sources
            .iter()
            .flat_map(TextSource::field_names)
            .filter(|name| fields.is_empty() || fields.iter().any(|field| field == name))
            .collect();
        // One list of terms for all fields: only a field that is searched alone has its own.
        let alone = names.iter().next().filter(|_| names.len() == 1);
        let analyzer = analyzers.of(alone.copied().unwrap_or_default());
        let mut terms = Terms::default();
        let mut groups = Vec::new();
        for Group { occur, wanted } in Compiled::new(query, analyzer).groups {
            let wanted = match wanted {
                Wanted::All(all) => {
                    BoundWanted::All(all.into_iter().map(|term| terms.number(term)).collect())
                }
                Wanted::Phrase(all) => BoundWanted::Phrase(
                    all.into_iter()
                        .map(|(at, term)| (at, terms.number(term)))
                        .collect(),
                ),
                Wanted::Any(pattern) => BoundWanted::Any(
                    expand(&pattern, &names, sources)?
                        .into_iter()
                        .map(|term| terms.number(term))
                        .collect(),
                ),
            };
            groups.push(Bound { occur, wanted });
        }
        let mut stats = TextStats {
            fields: Vec::new(),
            terms: terms.list,
            groups,
        };
        for name in names {
            let (mut tokens, mut rows) = (0u64, 0u64);
            for source in sources {
                let (more, some) = source.totals(name);
                tokens += more;
                rows += u64::from(some);
            }
            if rows == 0 {
                continue;
            }
            let average = tokens as f64 / rows as f64;
            let length = |id: u8| {
                let tokens = f64::from(FieldNormReader::id_to_fieldnorm(id));
                (f64::from(K1) * (1.0 - f64::from(B) + f64::from(B) * tokens / average)) as f32
            };
            let mut weights = Vec::with_capacity(stats.terms.len());
            for term in &stats.terms {
                let mut found = 0u64;
                for source in sources {
                    found += u64::from(source.doc_freq(name, term)?);
                }
                weights.push(weight(rows, found));
            }
            stats.fields.push(FieldStats {
                name: name.to_string(),
                lengths: (0..=u8::MAX).map(length).collect(),
                weights,
            });
        }
        Ok(stats)
    }
}

/// The inverse document frequency of BM25, never negative.
fn weight(rows: u64, found: u64) -> f32 {
    if found == 0 {
        return 0.0;
    }
    let (rows, found) = (rows as f64, found as f64);
    (1.0 + (rows - found + 0.5).max(0.0) / (found + 0.5)).ln() as f32
}

/// The terms of a query by number, each once.
#[derive(Default)]
struct Terms {
    list: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Terms {
    fn number(&mut self, term: String) -> usize {
        let next = self.list.len();
        let number = *self.numbers.entry(term.clone()).or_insert(next);
        if number == next {
            self.list.push(term);
        }
        number
    }
}

/// The terms of any segment that fit a pattern, the most frequent ones if there are many.
fn expand(
    pattern: &Pattern,
    fields: &BTreeSet<&str>,
    sources: &[TextSource<'_>],
) -> Result<Vec<String>, TextError> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for source in sources {
        for field in fields {
            let mut collect = |term: &str, rows: u32| {
                if pattern.fits(term) {
                    match found.get_mut(term) {
                        Some(count) => *count += u64::from(rows),
                        None => {
                            found.insert(term.to_string(), u64::from(rows));
                        }
                    }
                }
            };
            source.each_term(field, &pattern.prefix, &mut collect)?;
            // The stem of a word may be no prefix of it.
            if let Some(stem) = pattern
                .stem
                .as_ref()
                .filter(|stem| !stem.starts_with(&pattern.prefix))
            {
                let rows = source.doc_freq(field, stem)?;
                if rows > 0 {
                    collect(stem, rows);
                }
            }
        }
    }
    let mut found: Vec<(u64, String)> =
        found.into_iter().map(|(term, rows)| (rows, term)).collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.truncate(MAX_EXPANSIONS);
    Ok(found.into_iter().map(|(_, term)| term).collect())
}
