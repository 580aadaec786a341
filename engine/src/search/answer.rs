//! Answers a request: legs, fusion, and what follows it.

use lumos_index::{Filter, Formula};
use rayon::prelude::*;

use super::choose::{self, Group, MOST_DIVERSIFIED};
use super::explain::{Explained, Stage, Trace};
use super::hit::{Hit, LegRank, LegScore, ScoredKey};
use super::leg::{self, Column, Level, Runner, Tree};
use super::plan::{Plan, bind_filter};
use super::request::SearchRequest;
use super::words::check_snippets;
use super::{Allowed, execute, rescore};
use crate::database::{MAX_LIMIT, check_limit};
use crate::reranker::Reranker;
use crate::state::{CollectionState, Place};
use crate::{Error, Result, Snapshot};

/// Candidates that each leg brings, at least, where something is made of them.
const DEPTH: usize = 200;
/// Candidates that a re-ranker is given, at most.
const MOST_RERANKED: usize = 1_024;

/// What a search is asked beside its request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extras<'a> {
    /// A re-ranker, and how many candidates it is given.
    pub(super) reranker: Option<(&'a dyn Reranker, usize)>,
    /// A field, and how many hits a group has.
    pub(super) group: Option<(&'a str, usize)>,
}

impl Extras<'_> {
    /// Whether the search is one or two legs by vector and by keyword, with nothing to follow.
    fn is_plain(&self, request: &SearchRequest) -> bool {
        self.reranker.is_none() && self.group.is_none() && request.is_plain()
    }
}

/// Searches one collection of a snapshot, whose `now()` are resolved.
pub(crate) fn search(state: &CollectionState, request: &SearchRequest) -> Result<Vec<Hit>> {
    search_in(state, request, request.filter.as_ref())
}

/// The same within a filter given beside the request.
pub(crate) fn search_in(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
) -> Result<Vec<Hit>> {
    hits(
        state,
        request,
        filter,
        &Extras::default(),
        &mut Trace::off(),
    )
}

/// Many searches, each with its own options, on the threads of the current rayon pool.
pub(crate) fn search_all(
    snapshot: &Snapshot,
    collection: &str,
    requests: &[SearchRequest],
) -> Result<Vec<Vec<Hit>>> {
    // The same for all of them, on whatever thread.
    let now = snapshot.now();
    let one = |request| snapshot.search_at(collection, request, || now);
    let found: Vec<Result<Vec<Hit>>> = requests.par_iter().map(one).collect();
    // The error of the first that is wrong, not of the first that ended.
    found.into_iter().collect()
}

/// Many searches with one filter and the same extras.
pub(super) fn batch(
    state: &CollectionState,
    requests: &[SearchRequest],
    filter: Option<&Filter>,
    extras: &Extras<'_>,
) -> Result<Vec<Vec<Hit>>> {
    if requests.iter().all(|request| extras.is_plain(request)) {
        return execute::search_all(state, requests, filter);
    }
    let one = |request: &SearchRequest| hits(state, request, filter, extras, &mut Trace::off());
    let found: Vec<Result<Vec<Hit>>> = requests.par_iter().map(one).collect();
    found.into_iter().collect()
}

/// The same, without reading the documents of the hits.
pub(super) fn batch_keys(
    state: &CollectionState,
    requests: &[SearchRequest],
    filter: Option<&Filter>,
    extras: &Extras<'_>,
) -> Result<Vec<Vec<ScoredKey>>> {
    if requests.iter().all(|request| extras.is_plain(request)) {
        return execute::keys_all(state, requests, filter);
    }
    let one = |request: &SearchRequest| keys(state, request, filter, extras);
    let found: Vec<Result<Vec<ScoredKey>>> = requests.par_iter().map(one).collect();
    found.into_iter().collect()
}

/// One search within a filter given beside the request, with notes.
pub(super) fn explain(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
    extras: &Extras<'_>,
    mut trace: Trace,
) -> Result<Explained> {
    let hits = hits(state, request, filter, extras, &mut trace)?;
    Ok(trace.explained(hits))
}

/// One search within a filter given beside the request.
pub(super) fn hits(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
    extras: &Extras<'_>,
    trace: &mut Trace,
) -> Result<Vec<Hit>> {
    if extras.is_plain(request) {
        return execute::hits_of(state, request, filter, trace);
    }
    let prepared = trace.start();
    let task = Task::new(state, request, extras)?;
    trace.stage(Stage::Prepare, prepared);
    let allowed = bound(state, filter, trace)?;
    let answer = task.answer(&allowed, trace)?;
    let read = trace.start();
    let rows = answer.rows.iter();
    let hits = rows.map(|row| task.hit(&answer.level, row)).collect();
    trace.stage(Stage::Read, read);
    hits
}

/// The same, without reading the documents of the hits.
pub(super) fn keys(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
    extras: &Extras<'_>,
) -> Result<Vec<ScoredKey>> {
    if extras.is_plain(request) {
        return execute::keys(state, request, filter);
    }
    let task = Task::new(state, request, extras)?;
    let allowed = bind_filter(state, filter)?;
    let answer = task.answer(&allowed, &mut Trace::off())?;
    let rows = answer.rows.iter();
    rows.map(|row| {
        Ok(ScoredKey {
            key: state.key(answer.level.place(row.at)?)?,
            score: row.score,
        })
    })
    .collect()
}

/// The groups of a search.
pub(super) fn groups(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
    extras: &Extras<'_>,
) -> Result<Vec<Group>> {
    let task = Task::new(state, request, extras)?;
    let allowed = bind_filter(state, filter)?;
    let answer = task.answer(&allowed, &mut Trace::off())?;
    let groups = answer.groups.into_iter();
    groups
        .map(|group| {
            let rows = group.rows.iter();
            let hits: Result<Vec<Hit>> = rows.map(|row| task.hit(&answer.level, row)).collect();
            Ok(Group {
                value: group.value,
                hits: hits?,
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
    /// The same in groups, when the search asks for them.
    groups: Vec<choose::Rows>,
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
    extras: &'a Extras<'a>,
    tree: Tree,
    formula: Option<rescore::Bound<'a>>,
}

impl<'a> Task<'a> {
    fn new(
        state: &'a CollectionState,
        request: &'a SearchRequest,
        extras: &'a Extras<'a>,
    ) -> Result<Self> {
        check_limit(request.limit)?;
        check_snippets(request)?;
        let thresholds = [request.score_at_least, request.score_at_most];
        if thresholds.iter().flatten().any(|score| score.is_nan()) {
            return Err(invalid(
                "score",
                "must be compared with a number, it is NaN",
            ));
        }
        check_extras(request, extras)?;
        let tree = if request.legs.is_empty() {
            leg::single(Plan::new(state, request)?, request.fusion)
        } else if request.within.is_some() {
            return Err(invalid(
                "within",
                "needs a search by vector alone; legs have thresholds of their own",
            ));
        } else {
            leg::plan(state, request)?
        };
        let formula = match &request.score {
            Some(formula) => {
                check_legs(formula, &tree)?;
                Some(rescore::Bound::new(state, formula)?)
            }
            None => None,
        };
        Ok(Task {
            state,
            request,
            extras,
            tree,
            formula,
        })
    }

    /// Candidates of a leg that does not say how many, to begin with.
    fn depth(&self) -> usize {
        let limit = self.request.limit;
        let alone = self.tree.is_plain()
            && self.formula.is_none()
            && self.request.diversify.is_none()
            && self.extras.reranker.is_none()
            && self.extras.group.is_none();
        if alone {
            return limit;
        }
        let size = self.extras.group.map_or(1, |(_, size)| size);
        let hits = limit.saturating_mul(size).saturating_mul(4);
        let reranked = self.extras.reranker.map_or(0, |(_, depth)| depth);
        DEPTH.max(hits).max(reranked).min(MAX_LIMIT)
    }

    fn answer(&self, allowed: &[Allowed<'_>], trace: &mut Trace) -> Result<Answer> {
        let mut runner = Runner {
            state: self.state,
            allowed,
            excluded: &self.tree.excluded,
            depth: self.depth(),
        };
        let groups_by = self.extras.group.map(|(field, _)| self.state.values(field));
        loop {
            let level = if self.tree.legs.is_empty() {
                Level::default()
            } else {
                runner.level(&self.tree.legs, self.tree.fusion, trace)?
            };
            let (mut rows, higher_is_better) = self.scored(&level, trace)?;
            let in_the_way = self.cut(&mut rows, higher_is_better) || level.in_the_way;
            let limit = self.request.limit;
            let chosen = trace.start();
            let mut groups = Vec::new();
            let mut wanting = rows.len() < limit && in_the_way;
            if let (Some(values), Some((_, size))) = (&groups_by, self.extras.group) {
                groups = choose::group(values, &level, &rows, [limit, size])?;
                wanting = groups.len() < limit || groups.iter().any(|g| g.rows.len() < size);
            }
            // A re-ranker has seen as many candidates as it was to see.
            if wanting && level.more && self.extras.reranker.is_none() {
                runner.depth = runner.depth.saturating_mul(4).min(MAX_LIMIT);
                continue;
            }
            if let Some(lambda) = self.request.diversify {
                let how = (self.tree.vector_field(), lambda);
                choose::diversify(self.state, &level, &mut rows, how, higher_is_better, limit)?;
            }
            if groups_by.is_some() || self.request.diversify.is_some() {
                trace.stage(Stage::Choose, chosen);
            }
            rows.truncate(limit);
            return Ok(Answer {
                level,
                rows,
                groups,
            });
        }
    }

    /// The candidates with their scores, best first, and whether more is better.
    fn scored(&self, level: &Level, trace: &mut Trace) -> Result<(Vec<Row>, bool)> {
        let fused = level.fused.iter();
        let mut rows: Vec<Row> = fused.map(|&(at, score)| Row { at, score }).collect();
        let mut higher_is_better = level.figure.higher_is_better();
        if let Some(formula) = &self.formula {
            let started = trace.start();
            formula.rescore(level, &mut rows)?;
            higher_is_better = true;
            trace.stage(Stage::Score, started);
        }
        if let Some(reranker) = self.extras.reranker {
            let started = trace.start();
            let query = self.request.words();
            rescore::rerank(
                self.state,
                reranker,
                &query,
                level,
                higher_is_better,
                &mut rows,
            )?;
            higher_is_better = true;
            trace.stage(Stage::Rerank, started);
        }
        Ok((rows, higher_is_better))
    }

    /// Takes out what is past the thresholds; whether some of it is better than it may be, so that what it
    /// stood in the way of is still to be found.
    fn cut(&self, rows: &mut Vec<Row>, higher_is_better: bool) -> bool {
        let better = |score: f32, than: f32| match higher_is_better {
            true => score > than,
            false => score < than,
        };
        let [worst, best] = match higher_is_better {
            true => [self.request.score_at_least, self.request.score_at_most],
            false => [self.request.score_at_most, self.request.score_at_least],
        };
        let too_good = |row: &Row| best.is_some_and(|best| better(row.score, best));
        let too_bad = |row: &Row| worst.is_some_and(|worst| better(worst, row.score));
        let in_the_way = rows.iter().any(too_good);
        rows.retain(|row| !too_good(row) && !too_bad(row));
        in_the_way
    }

    fn hit(&self, level: &Level, row: &Row) -> Result<Hit> {
        let doc = self
            .state
            .doc(level.place(row.at)?, self.request.with_vectors)?;
        let highlights = match self.tree.words() {
            Some(words) => words.highlights(&doc, self.request),
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

fn invalid(argument: &'static str, detail: impl Into<String>) -> Error {
    Error::InvalidArgument {
        argument,
        detail: detail.into(),
    }
}

fn check_extras(request: &SearchRequest, extras: &Extras<'_>) -> Result<()> {
    if let Some(lambda) = request.diversify {
        if !(0.0..=1.0).contains(&lambda) {
            return Err(invalid(
                "diversify",
                format!("must be 0 to 1, it is {lambda}"),
            ));
        }
        if request.limit > MOST_DIVERSIFIED {
            let detail = format!("needs a limit of at most {MOST_DIVERSIFIED}");
            return Err(invalid("diversify", detail));
        }
        if extras.group.is_some() {
            return Err(invalid("diversify", "cannot be combined with groups"));
        }
    }
    if let Some((_, depth)) = extras.reranker
        && !(request.limit..=MOST_RERANKED).contains(&depth)
    {
        let limit = request.limit;
        let detail =
            format!("must have a depth of the limit, {limit}, to {MOST_RERANKED}, it is {depth}");
        return Err(invalid("rerank", detail));
    }
    if let Some((_, size)) = extras.group
        && (size == 0 || request.limit.saturating_mul(size) > MAX_LIMIT)
    {
        let limit = request.limit;
        let detail =
            format!("must give 1 to {MAX_LIMIT} hits in all, {limit} groups of {size} are not");
        return Err(invalid("group_by", detail));
    }
    Ok(())
}

fn check_legs(formula: &Formula, tree: &Tree) -> Result<()> {
    let known: Vec<&str> = tree.legs.iter().map(|leg| leg.name.as_str()).collect();
    // A collection without vectors has no leg by vector yet, and no hits.
    if known.is_empty() {
        return Ok(());
    }
    match formula.legs().into_iter().find(|leg| !known.contains(leg)) {
        Some(leg) => Err(Error::Formula {
            input: formula.text().to_string(),
            source: formula.unknown_leg(leg, &known),
        }),
        None => Ok(()),
    }
}
