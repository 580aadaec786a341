//! The terms that the patterns of a query stand for.

use std::collections::HashMap;
use std::rc::Rc;

use roaring::RoaringBitmap;

use super::error::{TextError, TextQueryError};
use super::frequent::{MOST_TERMS, frequent};
use super::pattern::Form;
use super::plan::{Numbers, Plan};
use super::rest::RestTerms;
use super::source::SourceField;

/// Terms that all patterns of a query stand for, besides those that are scored one by one.
const MOST_EXPANDED: usize = 1 << 20;

/// The terms of each pattern in each field. Dictionaries are read once for it, however often it is asked for.
#[derive(Debug)]
pub(crate) struct Expansions {
    /// Whether rows are ranked, or found only.
    pub(crate) ranked: bool,
    terms: HashMap<(usize, Form), Expansion>,
    rows: HashMap<(usize, Form), usize>,
    expanded: usize,
}

/// The terms that a pattern stands for, by their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expansion {
    /// Those that are scored one by one.
    pub(crate) terms: Rc<[usize]>,
    /// The others, by their number among the rests.
    pub(crate) rest: Option<usize>,
}

impl Expansions {
    pub(crate) fn new(ranked: bool) -> Expansions {
        Expansions {
            ranked,
            terms: HashMap::new(),
            rows: HashMap::new(),
            expanded: 0,
        }
    }

    /// The terms of any segment that fit: the most frequent where rows are ranked, otherwise all of them.
    pub(crate) fn terms(
        &mut self,
        plan: &mut Plan<'_>,
        numbers: &mut Numbers,
        form: Form,
        field: usize,
    ) -> Result<Expansion, TextError> {
        let key = (field, form);
        if let Some(known) = self.terms.get(&key) {
            return Ok(known.clone());
        }
        let Some(planned) = plan.fields.get(field) else {
            return Ok(Expansion::default());
        };
        let most = if self.ranked { MOST_TERMS } else { usize::MAX };
        let found = frequent(&key.1, &planned.parts, most)?;
        self.expanded = self.expanded.saturating_add(found.rest.len());
        if self.expanded > MOST_EXPANDED {
            let limit = MOST_EXPANDED;
            return Err(TextQueryError::TooManyTerms { limit }.into());
        }
        let mut terms = Vec::with_capacity(found.scored.len());
        let mut least = f32::INFINITY;
        for term in &found.scored {
            let term = plan.term(field, term, numbers)?;
            let weight = plan.terms.get(term).map_or(0.0, |term| term.weight);
            if weight > 0.0 {
                least = least.min(weight);
            }
            terms.push(term);
        }
        let mut rest = None;
        if !found.rest.is_empty() && least.is_finite() {
            rest = Some(plan.rests.len());
            plan.rests.push(RestTerms {
                field,
                terms: found.rest,
                weight: least,
                rows: Vec::new(),
            });
        }
        let terms = terms.into();
        let found = Expansion { terms, rest };
        self.terms.insert(key, found.clone());
        Ok(found)
    }

    /// The rows of all terms that fit, however many, by their number among the rests.
    pub(crate) fn rows(
        &mut self,
        plan: &mut Plan<'_>,
        form: Form,
        field: usize,
    ) -> Result<usize, TextError> {
        let key = (field, form);
        if let Some(known) = self.rows.get(&key) {
            return Ok(*known);
        }
        let parts = plan.fields.get(field).map(|planned| &planned.parts[..]);
        let parts = parts.unwrap_or_default().iter();
        let rows = parts.map(|part| match part {
            Some(part) => rows_of(&key.1, part),
            None => Ok(RoaringBitmap::new()),
        });
        let rows = rows.collect::<Result<Vec<RoaringBitmap>, TextError>>()?;
        let rest = plan.rests.len();
        plan.rests.push(RestTerms {
            field,
            terms: Vec::new(),
            weight: 1.0,
            rows,
        });
        self.rows.insert(key, rest);
        Ok(rest)
    }
}

/// The rows of a segment that have a term which fits.
fn rows_of(form: &Form, part: &SourceField<'_>) -> Result<RoaringBitmap, TextError> {
    let mut rows = RoaringBitmap::new();
    let mut failed = None;
    form.each_term(part, &mut |term, _| {
        let added = part.find(term).and_then(|found| match found {
            Some(found) => part.add_rows(&found, &mut rows),
            None => Ok(()),
        });
        if let Err(error) = added {
            failed.get_or_insert(error);
        }
    })?;
    failed.map_or(Ok(rows), Err)
}
