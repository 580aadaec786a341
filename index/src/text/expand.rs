//! The terms that the patterns of a query stand for.

use std::collections::HashMap;
use std::rc::Rc;

use super::error::{TextError, TextQueryError};
use super::frequent::frequent;
use super::pattern::Form;
use super::plan::{Numbers, Plan, Purpose};
use super::rest::{RestTerms, Terms};

/// Terms that all patterns of a query stand for, besides those that are scored one by one.
const MOST_EXPANDED: usize = 1 << 20;

/// The terms of each pattern in each field. Dictionaries are read once for it, however often it is asked for.
#[derive(Debug)]
pub(crate) struct Expansions {
    purpose: Purpose,
    known: HashMap<(usize, Form), Expansion>,
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
    pub(crate) fn new(purpose: Purpose) -> Expansions {
        Expansions {
            purpose,
            known: HashMap::new(),
            expanded: 0,
        }
    }

    /// The terms of any segment that fit: the most frequent where rows are ranked, otherwise all of them as a
    /// rest.
    pub(crate) fn terms(
        &mut self,
        plan: &mut Plan<'_>,
        numbers: &mut Numbers,
        form: Form,
        field: usize,
    ) -> Result<Expansion, TextError> {
        let key = (field, form);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let found = match self.purpose {
            Purpose::Rank => self.frequent(plan, numbers, &key.1, field)?,
            Purpose::Find | Purpose::Demand => {
                let terms = Terms::Fitting(key.1.clone());
                Expansion {
                    terms: Rc::default(),
                    rest: Some(rest(plan, field, terms, 1.0)),
                }
            }
        };
        self.known.insert(key, found.clone());
        Ok(found)
    }

    fn frequent(
        &mut self,
        plan: &mut Plan<'_>,
        numbers: &mut Numbers,
        form: &Form,
        field: usize,
    ) -> Result<Expansion, TextError> {
        let Some(planned) = plan.fields.get(field) else {
            return Ok(Expansion::default());
        };
        let found = frequent(form, &planned.parts)?;
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
        let others = !found.rest.is_empty() && least.is_finite();
        Ok(Expansion {
            terms: terms.into(),
            rest: others.then(|| rest(plan, field, Terms::Named(found.rest), least)),
        })
    }
}

/// Adds terms to the rests of a plan; gives their number.
fn rest(plan: &mut Plan<'_>, field: usize, terms: Terms, weight: f32) -> usize {
    plan.rests.push(RestTerms {
        field,
        terms,
        weight,
    });
    plan.rests.len() - 1
}
