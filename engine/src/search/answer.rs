//! Answers a request: legs, fusion, and what follows it.

use lumos_index::Filter;

use super::explain::{Explained, Stage, Trace};
use super::hit::{Hit, LegRank, LegScore, ScoredKey};
use super::leg::{self, Column, Level, Runner, Tree};
use super::plan::{Plan, bind_filter};
use super::request::SearchRequest;
use super::{Allowed, execute};
use crate::database::{MAX_LIMIT, check_limit};
use crate::state::{CollectionState, Place};
use crate::{Error, Result};

/// Candidates that each leg brings, at least, where something is made of them.
const DEPTH: usize = 200;

/// Searches one collection of a snapshot.
pub(crate) fn search(state: &CollectionState, request: &SearchRequest) -> Result<Vec<Hit>> {
    hits(state, request, request.filter.as_ref(), &mut Trace::off())
}

/// Many searches, each with its own options, on the threads of the current rayon pool.
pub(crate) fn search_all(
    state: &CollectionState,
    requests: &[SearchRequest],
) -> Result<Vec<Vec<Hit>>> {
    use rayon::prelude::*;
    let found: Vec<Result<Vec<Hit>>> = requests
        .par_iter()
        .map(|request| search(state, request))
        .collect();
    // The error of the first that is wrong, not of the first that ended.
    found.into_iter().collect()
}

/// The same with notes.
pub(crate) fn explain(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
    mut trace: Trace,
) -> Result<Explained> {
    let hits = hits(state, request, filter, &mut trace)?;
    Ok(trace.explained(hits))
}

/// Searches within a filter given beside the request.
pub(crate) fn hits(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
    trace: &mut Trace,
) -> Result<Vec<Hit>> {
    if request.is_plain() {
        return execute::hits_of(state, request, filter, trace);
    }
    let prepared = trace.start();
    let task = Task::new(state, request)?;
    trace.stage(Stage::Prepare, prepared);
    let allowed = bound(state, filter, trace)?;
    let answer = task.answer(&allowed, filter, trace)?;
    let read = trace.start();
    let hits = answer.rows.iter().map(|row| task.hit(&answer.level, row));
    let hits = hits.collect();
    trace.stage(Stage::Read, read);
    hits
}

/// The same, without reading the documents of the hits.
pub(crate) fn keys(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
) -> Result<Vec<ScoredKey>> {
    if request.is_plain() {
        return execute::keys(state, request, filter);
    }
    let task = Task::new(state, request)?;
    let allowed = bind_filter(state, filter)?;
    let answer = task.answer(&allowed, filter, &mut Trace::off())?;
    let rows = answer.rows.iter();
    rows.map(|row| {
        Ok(ScoredKey {
            key: state.key(answer.level.place(row.at)?)?,
            score: row.score,
        })
    })
    .collect()
}

/// The rows that may be found.
pub(super) fn bound<'a>(
    state: &'a CollectionState,
    filter: Option<&Filter>,
    trace: &mut Trace,
) -> Result<Vec<Allowed<'a>>> {
    let started = trace.start();
    let allowed = bind_filter(state, filter)?;
    if filter.is_some() {
        trace.filter(&allowed, started);
    }
    Ok(allowed)
}

/// A candidate by its number in its level, with the score it has so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) at: usize,
    pub(super) score: f32,
}

/// The candidates, and those of them that are hits, best first.
struct Answer {
    level: Level,
    rows: Vec<Row>,
}

impl Level {
    /// The place of a candidate.
    pub(super) fn place(&self, at: usize) -> Result<Place> {
        let place = self.places.get(at).copied();
        place.ok_or_else(|| Error::InvalidArgument {
            argument: "candidate",
            detail: "is not there".to_string(),
        })
    }

    fn rank(&self, at: usize, is: impl Fn(&Column) -> bool) -> Option<LegRank> {
        let column = self.columns.iter().find(|column| is(column))?;
        column.ranks.get(at).copied().flatten()
    }
}

/// A request that was checked.
struct Task<'a> {
    state: &'a CollectionState,
    request: &'a SearchRequest,
    tree: Tree,
}

impl<'a> Task<'a> {
    fn new(state: &'a CollectionState, request: &'a SearchRequest) -> Result<Self> {
        check_limit(request.limit)?;
        let thresholds = [request.score_at_least, request.score_at_most];
        if thresholds.iter().flatten().any(|score| score.is_nan()) {
            return Err(invalid(
                "score",
                "must be compared with a number, it is NaN",
            ));
        }
        let tree = if request.legs.is_empty() {
            let Plan { vector, keywords } = Plan::new(state, request)?;
            leg::single(vector, keywords, request.fusion)?
        } else if request.within.is_some() {
            return Err(invalid(
                "within",
                "needs a search by vector alone; legs have thresholds of their own",
            ));
        } else {
            leg::plan(state, request)?
        };
        Ok(Task {
            state,
            request,
            tree,
        })
    }

    /// Candidates of a leg that does not say how many, to begin with.
    fn depth(&self) -> usize {
        let limit = self.request.limit;
        match self.tree.legs.len() {
            1 => limit,
            _ => DEPTH.max(limit.saturating_mul(4)).min(MAX_LIMIT),
        }
    }

    fn answer(
        &self,
        allowed: &[Allowed<'_>],
        filter: Option<&Filter>,
        trace: &mut Trace,
    ) -> Result<Answer> {
        let mut runner = Runner {
            state: self.state,
            allowed,
            filter,
            excluded: &self.tree.excluded,
            depth: self.depth(),
        };
        loop {
            let level = if self.tree.legs.is_empty() {
                Level::default()
            } else {
                runner.level(&self.tree.legs, self.tree.fusion, trace)?
            };
            let all: Vec<Row> = level
                .fused
                .iter()
                .map(|&(at, score)| Row { at, score })
                .collect();
            let better = if level.figure.higher_is_better() {
                |score: f32, than: f32| score > than
            } else {
                |score: f32, than: f32| score < than
            };
            // What is better than it may be stands in the way of what is not.
            let [bad, good] = if level.figure.higher_is_better() {
                [self.request.score_at_least, self.request.score_at_most]
            } else {
                [self.request.score_at_most, self.request.score_at_least]
            };
            let too_good = |row: &Row| good.is_some_and(|good| better(row.score, good));
            let too_bad = |row: &Row| bad.is_some_and(|bad| better(bad, row.score));
            let in_the_way = all.iter().any(&too_good);
            let mut rows: Vec<Row> = all
                .into_iter()
                .filter(|row| !too_good(row) && !too_bad(row))
                .collect();
            let wanting = rows.len() < self.request.limit && in_the_way;
            if wanting && level.more {
                runner.depth = runner.depth.saturating_mul(4).min(MAX_LIMIT);
                continue;
            }
            rows.truncate(self.request.limit);
            return Ok(Answer { level, rows });
        }
    }

    fn hit(&self, level: &Level, row: &Row) -> Result<Hit> {
        let doc = self
            .state
            .doc(level.place(row.at)?, self.request.with_vectors)?;
        let highlights = match self.tree.words() {
            Some(words) => execute::highlights(&doc, self.request, words),
            None => Vec::new(),
        };
        let legs = level.columns.iter().filter_map(|column| {
            let at = column.ranks.get(row.at).copied().flatten()?;
            Some(LegScore::new(&column.name, at))
        });
        Ok(Hit {
            score: row.score,
            vector_rank: level.rank(row.at, |column| column.is_vector),
            text_rank: level.rank(row.at, |column| column.is_text),
            legs: legs.collect(),
            doc,
            highlights,
        })
    }
}

fn invalid(argument: &'static str, detail: &str) -> Error {
    Error::InvalidArgument {
        argument,
        detail: detail.to_string(),
    }
}
