//! A query bound to the segments that it will be run on: which terms, how they belong together, and what
//! each is worth by the statistics of all segments.

use std::borrow::Cow;
use std::collections::HashMap;

use super::analyzer::Analyzers;
use super::bm25::{Saturation, Scale, Totals, inverse_frequency};
use super::error::TextError;
use super::lower::Lowering;
use super::query::TextQuery;
use super::rest::RestTerms;
use super::source::{Found, SourceField, TextSource};

/// What a query is planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The best rows: of what a pattern stands for the most frequent terms.
    Rank,
    /// All rows that match, which must not depend on what else is in the segment.
    Find,
    /// The rows that may be found by other means: what cannot be checked is not demanded.
    Demand,
}

/// A query as trees of terms.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) fields: Vec<PlannedField<'a>>,
    pub(crate) terms: Vec<Term<'a>>,
    pub(crate) rests: Vec<RestTerms>,
    pub(crate) root: Node,
    /// Whether the query has nothing but words that no field keeps.
    pub(crate) passed_over: bool,
    pub(crate) scale: Scale,
}

/// A field that is searched.
pub(crate) struct PlannedField<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) boost: f32,
    pub(crate) saturation: Saturation,
    totals: Totals,
    /// The field in each source.
    pub(crate) parts: Vec<Option<SourceField<'a>>>,
}

impl std::fmt::Debug for PlannedField<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// A term of a field.
#[derive(Debug)]
pub(crate) struct Term<'a> {
    pub(crate) field: usize,
    pub(crate) text: String,
    /// What a row that is full of it is worth; 0 when no row has it.
    pub(crate) weight: f32,
    /// Its postings in each source.
    pub(crate) found: Vec<Option<Found<'a>>>,
}

/// A place of a phrase.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// How far it is from the first.
    pub(crate) offset: u32,
    /// The terms that may stand there.
    pub(crate) terms: Vec<usize>,
    /// More of them, by their number among the rests: those of a pattern that has many.
    pub(crate) rest: Option<usize>,
}

/// A part of a query. Terms are by number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// No row.
    Nothing,
    Term {
        term: usize,
        boost: f32,
    },
    Rest {
        rest: usize,
        boost: f32,
    },
    Phrase {
        field: usize,
        places: Vec<Place>,
        slop: u32,
        weight: f32,
    },
    Any {
        parts: Vec<Node>,
        at_least: usize,
    },
    All {
        must: Vec<Node>,
        should: Vec<Node>,
        not: Vec<Node>,
    },
}

/// The numbers of terms. The first few are looked for one by one, as most queries have no more.
#[derive(Debug, Default)]
pub(crate) struct Numbers(HashMap<(usize, String), usize>);

/// Terms that are looked for one by one.
const FEW: usize = 16;

impl Numbers {
    fn find(&self, terms: &[Term<'_>], field: usize, text: &str) -> Option<usize> {
        let mut few = terms.iter().take(FEW);
        let found = few.position(|term| term.field == field && term.text == text);
        if found.is_some() || self.0.is_empty() {
            return found;
        }
        self.0.get(&(field, text.to_string())).copied()
    }

    fn add(&mut self, number: usize, term: &Term<'_>) {
        if number >= FEW {
            self.0.insert((term.field, term.text.clone()), number);
        }
    }
}

impl<'a> Plan<'a> {
    /// Plans a query; `fields` are those searched with what they are worth, all when empty.
    pub(crate) fn new(
        query: &TextQuery,
        analyzers: &Analyzers,
        fields: &[(String, f32)],
        sources: &[Option<TextSource<'a>>],
        purpose: Purpose,
    ) -> Result<Plan<'a>, TextError> {
        let mut names: Vec<Cow<'a, str>> = Vec::new();
        for source in sources.iter().flatten() {
            source.each_field_name(|name| names.push(Cow::Borrowed(name)));
        }
        // Fields without a row have no words, but stop words as others: what is passed over in one segment is
        // in all.
        let named = fields
            .iter()
            .map(|(name, _)| name.as_str())
            .chain(query.fields());
        for name in named {
            if !names.iter().any(|known| known == name) {
                names.push(Cow::Owned(name.to_string()));
            }
        }
        names.sort_unstable();
        names.dedup();
        let planned = names.into_iter().filter_map(|name| {
            let asked = fields.iter().find(|(field, _)| *field == name);
            // A query may name a field that is not searched otherwise.
            let boost = match asked {
                Some((_, boost)) => *boost,
                None if fields.is_empty() => 1.0,
                None => 0.0,
            };
            let named = asked.is_some() || query.fields().any(|field| field == name);
            let parts: Vec<Option<SourceField<'_>>> = sources
                .iter()
                .map(|source| source.as_ref()?.field(&name))
                .collect();
            let totals = parts.iter().flatten().map(SourceField::totals);
            let totals = totals.fold(Totals::default(), Totals::and);
            let searched = named || (fields.is_empty() && totals.rows > 0);
            searched.then(|| PlannedField {
                name,
                boost,
                saturation: Saturation::new(totals),
                totals,
                parts,
            })
        });
        let mut plan = Plan {
            fields: planned.collect(),
            terms: Vec::new(),
            rests: Vec::new(),
            root: Node::Nothing,
            passed_over: false,
            scale: Scale::new(1.0),
        };
        let searched: Vec<usize> = (0..)
            .zip(&plan.fields)
            .filter(|(_, field)| {
                fields.is_empty() || fields.iter().any(|(name, _)| *name == field.name)
            })
            .map(|(number, _)| number)
            .collect();
        let root = Lowering::new(&mut plan, analyzers, purpose).lower(&query.expr, &searched)?;
        plan.passed_over = root.is_none();
        plan.root = root.unwrap_or(Node::Nothing);
        plan.scale = Scale::new(plan.most(&plan.root));
        Ok(plan)
    }

    /// The number of a term of a field; its statistics are read once.
    pub(crate) fn term(
        &mut self,
        field: usize,
        text: &str,
        numbers: &mut Numbers,
    ) -> Result<usize, TextError> {
        if let Some(number) = numbers.find(&self.terms, field, text) {
            return Ok(number);
        }
        let mut term = Term {
            field,
            text: text.to_string(),
            weight: 0.0,
            found: Vec::new(),
        };
        if let Some(planned) = self.fields.get(field) {
            let mut rows = 0;
            for part in &planned.parts {
                let found = match part {
                    Some(part) => part.find(text)?,
                    None => None,
                };
                if let (Some(part), Some(found)) = (part, &found) {
                    rows += u64::from(part.live_rows(text, found)?);
                }
                term.found.push(found);
            }
            term.weight = inverse_frequency(planned.totals.rows, rows);
        }
        let number = self.terms.len();
        numbers.add(number, &term);
        self.terms.push(term);
        Ok(number)
    }

    /// What a row can be worth at most.
    fn most(&self, node: &Node) -> f32 {
        match node {
            Node::Nothing => 0.0,
            Node::Term { term, boost } => {
                self.terms.get(*term).map_or(0.0, |term| term.weight) * boost
            }
            Node::Rest { rest, boost } => {
                self.rests.get(*rest).map_or(0.0, |rest| rest.weight) * boost
            }
            Node::Phrase { weight, .. } => *weight,
            Node::Any { parts, .. } => parts.iter().map(|part| self.most(part)).sum(),
            Node::All { must, should, .. } => {
                let parts = must.iter().chain(should);
                parts.map(|part| self.most(part)).sum()
            }
        }
    }
}
