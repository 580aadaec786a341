//! Scores after fusion: those of a formula, and those of a re-ranker.

use std::collections::BTreeMap;

use lumos_index::{Filter, Formula, FormulaFault, FormulaRow, Scalar, places};

use super::Allowed;
use super::answer::Row;
use super::leg::Level;
use super::plan::bind_filter;
use super::values::Values;
use crate::reranker::{Candidate, Reranker};
use crate::state::{CollectionState, Place};
use crate::{Error, Result};

/// A formula bound to a state.
pub(super) struct Bound<'a> {
    state: &'a CollectionState,
    formula: &'a Formula,
    values: BTreeMap<String, Values>,
    /// What the filter of each boost leaves.
    boosted: Vec<Vec<Allowed<'a>>>,
}

impl<'a> Bound<'a> {
    pub(super) fn new(state: &'a CollectionState, formula: &'a Formula) -> Result<Self> {
        let bind = |filter: &Filter| bind_filter(state, Some(filter));
        let boosted: Result<_> = formula.filters().iter().map(bind).collect();
        let paths = formula.paths().into_iter();
        Ok(Bound {
            state,
            formula,
            values: paths
                .map(|path| (path.clone(), state.values(&path)))
                .collect(),
            boosted: boosted?,
        })
    }

    /// Gives each row the score of the formula, and puts the best first.
    pub(super) fn rescore(&self, level: &Level, rows: &mut [Row]) -> Result<()> {
        for row in rows.iter_mut() {
            let place = level.place(row.at)?;
            let told = Told {
                bound: self,
                level,
                row: *row,
                place,
            };
            row.score = self
                .formula
                .eval(&told)
                .map_err(|fault| self.wrong(place, fault))?;
        }
        sort(rows);
        Ok(())
    }

    fn wrong(&self, place: Place, fault: FormulaFault) -> Error {
        match self.state.key(place) {
            Ok(key) => Error::Score {
                key,
                input: self.formula.text().to_string(),
                source: fault.into_error(),
            },
            Err(error) => error,
        }
    }
}

/// Best first, ties by place.
fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.at.cmp(&b.at)));
}

/// One candidate, as a formula sees it.
struct Told<'a> {
    bound: &'a Bound<'a>,
    level: &'a Level,
    row: Row,
    place: Place,
}

impl FormulaRow for Told<'_> {
    fn score(&self) -> f64 {
        f64::from(self.row.score)
    }

    fn leg(&self, name: &str) -> Option<f64> {
        let column = self
            .level
            .columns
            .iter()
            .find(|column| column.name == name)?;
        match column.ranks.get(self.row.at).copied().flatten() {
            Some(at) => Some(f64::from(at.score)),
            // No match is nothing; no distance is not near.
            None => column.higher_is_better.then_some(0.0),
        }
    }

    fn number(&self, path: &str) -> Option<f64> {
        let values = self.bound.values.get(path)?;
        values
            .number(self.place)
            .or_else(|| values.seconds(self.place))
            .or_else(|| match values.scalar(self.place) {
                Some(Scalar::Bool(value)) => Some(f64::from(u8::from(value))),
                _ => None,
            })
    }

    fn places(&self, path: &str) -> Vec<(f64, f64)> {
        let values = |key| self.bound.values.get(&format!("{path}.{key}"));
        let [lat, lon] = ["lat", "lon"].map(values);
        let several = |values: &Values| values.all(self.place).nth(1).is_some();
        if [lat, lon].into_iter().flatten().any(several) {
            // Which latitude goes with which longitude only the document says.
            let doc = self.bound.state.doc(self.place, false);
            return doc.map_or_else(|_| Vec::new(), |doc| places(&doc.meta, path));
        }
        let number = |values: Option<&Values>| values?.number(self.place);
        number(lat).zip(number(lon)).into_iter().collect()
    }

    fn matches(&self, filter: usize) -> bool {
        let allowed = self.bound.boosted.get(filter);
        let allowed = allowed.and_then(|allowed| allowed.get(self.place.segment));
        allowed.is_some_and(|allowed| allowed.permits(self.place.row))
    }
}

/// Gives the best `depth` rows the scores of a re-ranker, and puts the best first; the others go.
pub(super) fn rerank(
    state: &CollectionState,
    (reranker, depth): (&dyn Reranker, usize),
    query: &str,
    level: &Level,
    higher_is_better: bool,
    rows: &mut Vec<Row>,
) -> Result<()> {
    rows.truncate(depth);
    let candidates: Result<Vec<Candidate>> = rows
        .iter()
        .map(|row| {
            let doc = state.doc(level.place(row.at)?, reranker.wants_vectors())?;
            let score = if higher_is_better {
                row.score
            } else {
                -row.score
            };
            Ok(Candidate::new(doc, score))
        })
        .collect();
    let candidates = candidates?;
    let scores = reranker.rerank(query, &candidates)?;
    let wrong = |detail: String| {
        Err(Error::Reranker {
            name: reranker.name().to_string(),
            detail,
        })
    };
    if scores.len() != candidates.len() {
        let (got, asked) = (scores.len(), candidates.len());
        return wrong(format!("it gave {got} scores for {asked} documents"));
    }
    for (candidate, score) in candidates.iter().zip(&scores) {
        if !score.is_finite() {
            return wrong(format!("it scored \"{}\" {score}", candidate.doc.key));
        }
    }
    for (row, score) in rows.iter_mut().zip(scores) {
        row.score = score;
    }
    // Stable: those of equal score stay as they were.
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(())
}
