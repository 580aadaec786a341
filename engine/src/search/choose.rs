//! Which of the candidates are hits, when it is not simply the best.

use std::collections::BTreeMap;

use lumos_index::{Normalise, mmr};
use serde::Serialize;
use serde_json::Value;

use super::answer::Row;
use super::compared::Compared;
use super::hit::Hit;
use super::leg::Level;
use super::values::Values;
use crate::doc::DEFAULT_VECTOR_FIELD;
use crate::state::CollectionState;
use crate::{Error, Result};

/// Candidates that are diversified, at most.
pub(super) const MOST_DIVERSIFIED: usize = 1_024;

/// Documents that have the same value in a field; see [`Search::group_by`](crate::Search::group_by).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Group {
    /// The value.
    pub value: Value,
    /// The best of these documents, best first.
    pub hits: Vec<Hit>,
}

/// The rows of one group.
pub(super) struct Rows {
    pub(super) value: Value,
    pub(super) rows: Vec<Row>,
}

/// The best `count` groups by their best rows, each with its best `size`. Rows come best first; one with
/// several values is in several groups, one without a value in none.
pub(super) fn group(
    values: &Values,
    level: &Level,
    rows: &[Row],
    [count, size]: [usize; 2],
) -> Result<Vec<Rows>> {
    let mut groups: Vec<Rows> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        for scalar in values.all(level.place(row.at)?) {
            let value = scalar.to_json();
            let at = match known.get(&value.to_string()) {
                Some(at) => *at,
                None if groups.len() < count => {
                    known.insert(value.to_string(), groups.len());
                    let rows = Vec::with_capacity(size);
                    groups.push(Rows { value, rows });
                    groups.len() - 1
                }
                None => continue,
            };
            if let Some(group) = groups.get_mut(at).filter(|group| group.rows.len() < size) {
                group.rows.push(*row);
            }
        }
    }
    Ok(groups)
}

/// Orders the best rows by maximal marginal relevance, and keeps `count` of them; scores stay.
pub(super) fn diversify(
    state: &CollectionState,
    level: &Level,
    rows: &mut Vec<Row>,
    (field, lambda): (Option<&str>, f32),
    higher_is_better: bool,
    count: usize,
) -> Result<()> {
    rows.truncate(MOST_DIVERSIFIED);
    let name = field.unwrap_or(DEFAULT_VECTOR_FIELD);
    let Some(vectors) = Compared::read(state, level, rows, name)? else {
        return Err(Error::InvalidArgument {
            argument: "diversify",
            detail: format!(
                "compares vectors, and collection \"{}\" has none in \"{name}\"",
                state.name
            ),
        });
    };
    let scores: Vec<f32> = rows
        .iter()
        .map(|row| {
            if higher_is_better {
                row.score
            } else {
                -row.score
            }
        })
        .collect();
    let relevance = Normalise::MinMax.scale(&scores);
    let similarity = |a: usize, b: usize| vectors.similarity(a, b);
    let chosen = mmr(&relevance, similarity, lambda, count);
    *rows = chosen
        .iter()
        .filter_map(|(at, _)| rows.get(*at).copied())
        .collect();
    Ok(())
}
