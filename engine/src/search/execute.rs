//! Runs a plan and reads the documents it found.

use lumos_index::Filter;
use rayon::prelude::*;

use super::explain::{LegCost, Stage, Trace};
use super::hit::{Hit, LegRank, LegScore, ScoredKey};
use super::hybrid::hybrid;
use super::legs::{self, Found, Keywords, Nearest};
use super::plan::{Plan, VectorQuery, bind_filter};
use super::request::SearchRequest;
use super::several::{self, SeveralQuery};
use super::words::KeywordQuery;
use super::{Allowed, answer};
use crate::key_list::KeyList;
use crate::state::{CollectionState, Place};
use crate::{Error, Result};

/// Searches of a batch that one thread makes together.
const BLOCK: usize = 8;

/// A row with its scores.
#[derive(Debug)]
pub(super) struct Ranked {
    pub(super) place: Place,
    pub(super) score: f32,
    pub(super) vector: Option<LegRank>,
    pub(super) text: Option<LegRank>,
}

/// Searches one collection of a snapshot for a request of one or two legs with nothing to follow.
pub(crate) fn hits_of(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
    trace: &mut Trace,
) -> Result<Vec<Hit>> {
    let prepared = trace.start();
    let plan = Plan::new(state, request)?;
    trace.stage(Stage::Prepare, prepared);
    let allowed = answer::bound(state, filter, trace)?;
    let rows = rank(state, &plan, &allowed, request, trace)?;
    let read = trace.start();
    let hits = hits(state, request, &plan, rows);
    trace.stage(Stage::Read, read);
    hits
}

/// The same, without reading a document: keys and scores.
pub(crate) fn keys(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
) -> Result<Vec<ScoredKey>> {
    let plan = Plan::new(state, request)?;
    let allowed = bind_filter(state, filter)?;
    let rows = rank(state, &plan, &allowed, request, &mut Trace::off())?;
    scored_keys(state, rows)
}

/// Many searches with one filter on the threads of the current rayon pool, in the order of the requests.
pub(crate) fn search_all(
    state: &CollectionState,
    requests: &[SearchRequest],
    filter: Option<&Filter>,
) -> Result<Vec<Vec<Hit>>> {
    each(state, requests, filter, |request, plan, rows| {
        hits(state, request, plan, rows)
    })
}

/// The same, without reading a document.
pub(crate) fn keys_all(
    state: &CollectionState,
    requests: &[SearchRequest],
    filter: Option<&Filter>,
) -> Result<Vec<Vec<ScoredKey>>> {
    each(state, requests, filter, |_, _, rows| {
        scored_keys(state, rows)
    })
}

fn each<T: Send>(
    state: &CollectionState,
    requests: &[SearchRequest],
    filter: Option<&Filter>,
    finish: impl Fn(&SearchRequest, &Plan, Vec<Ranked>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let allowed = bind_filter(state, filter)?;
    // Plans are made block by block: all of them at once would be read from far memory again.
    let blocks = requests.par_chunks(BLOCK).map(|requests| {
        let plans: Result<Vec<Plan>> = requests.iter().map(|r| Plan::new(state, r)).collect();
        let plans = plans?;
        let rankings = rank_all(state, &plans, &allowed, requests)?;
        let all = requests.iter().zip(&plans).zip(rankings);
        all.map(|((request, plan), rows)| finish(request, plan, rows))
            .collect()
    });
    let found: Vec<Result<Vec<T>>> = blocks.collect();
    let mut all = Vec::with_capacity(requests.len());
    for block in found {
        all.extend(block?);
    }
    Ok(all)
}

fn scored_keys(state: &CollectionState, rows: Vec<Ranked>) -> Result<Vec<ScoredKey>> {
    state.prefetch_keys(rows.iter().map(|ranked| ranked.place));
    let mut keys = Vec::with_capacity(rows.len());
    for Ranked { place, score, .. } in rows {
        let key = state.key(place)?;
        keys.push(ScoredKey { key, score });
    }
    Ok(keys)
}

fn hits(
    state: &CollectionState,
    request: &SearchRequest,
    plan: &Plan,
    rows: Vec<Ranked>,
) -> Result<Vec<Hit>> {
    rows.into_iter()
        .map(|ranked| hit(state, request, plan, ranked))
        .collect()
}

/// The rows found, best first.
fn rank(
    state: &CollectionState,
    plan: &Plan,
    allowed: &[Allowed<'_>],
    request: &SearchRequest,
    trace: &mut Trace,
) -> Result<Vec<Ranked>> {
    let started = trace.start();
    if let Some(query) = &plan.several {
        let nearest = several::best(state, allowed, query, request.limit)?;
        if started.is_some() {
            let cost = by_nearest(query.kind(), &nearest, allowed, request.limit);
            trace.leg(cost, started);
        }
        trace.found(nearest.found.len());
        return Ok(by_score(nearest.found));
    }
    let rows = match (&plan.vector, &plan.keywords) {
        (Some(vector), None) => {
            let nearest = legs::nearest(state, allowed, vector, request.limit)?;
            if started.is_some() {
                let cost = by_nearest("vector", &nearest, allowed, request.limit);
                trace.leg(cost, started);
            }
            by_vector(vector, nearest.found)
        }
        (None, Some(keywords)) => {
            let rows = by_keywords(state, allowed, keywords, request.limit)?;
            let mut cost = LegCost::new("text", "keywords", request.limit);
            cost.found = rows.len();
            trace.leg(cost, started);
            rows
        }
        (Some(vector), Some(keywords)) => {
            return hybrid(state, allowed, vector, keywords, request, trace);
        }
        // A vector search where no vector was ever stored.
        (None, None) => Vec::new(),
    };
    trace.found(rows.len());
    Ok(rows)
}

/// What a leg by vector, or by another kind of them, took.
pub(super) fn by_nearest(
    kind: &str,
    nearest: &Nearest,
    allowed: &[Allowed<'_>],
    depth: usize,
) -> LegCost {
    let mut cost = LegCost::new(kind, kind, depth);
    cost.found = nearest.found.len();
    cost.segments = nearest.segments(allowed);
    cost
}

/// [`rank`] for several requests that differ in what they search for alone.
fn rank_all(
    state: &CollectionState,
    plans: &[Plan],
    allowed: &[Allowed<'_>],
    requests: &[SearchRequest],
) -> Result<Vec<Vec<Ranked>>> {
    let vectors: Option<Vec<&VectorQuery>> = plans.iter().map(Plan::vector_alone).collect();
    let limit = requests.first().map_or(0, |request| request.limit);
    let alike = requests.iter().all(|request| request.limit == limit);
    match vectors.filter(|_| alike) {
        Some(queries) => {
            let all = legs::nearest_all(state, allowed, &queries, limit)?;
            let found = queries.iter().zip(all);
            let ranked = found.map(|(query, nearest)| by_vector(query, nearest.found));
            Ok(ranked.collect())
        }
        None => (plans.iter().zip(requests))
            .map(|(plan, request)| rank(state, plan, allowed, request, &mut Trace::off()))
            .collect(),
    }
}

fn by_vector(query: &VectorQuery, found: Vec<Found>) -> Vec<Ranked> {
    let ranked = (1..).zip(found).map(|(rank, found)| {
        let score = query.metric.score(found.value);
        Ranked {
            place: found.place,
            score,
            vector: Some(LegRank { rank, score }),
            text: None,
        }
    });
    ranked.collect()
}

fn by_score(found: Vec<Found>) -> Vec<Ranked> {
    let ranked = (1..).zip(found).map(|(rank, found)| {
        let score = found.value;
        Ranked {
            place: found.place,
            score,
            vector: Some(LegRank { rank, score }),
            text: None,
        }
    });
    ranked.collect()
}

fn by_keywords(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    query: &KeywordQuery,
    limit: usize,
) -> Result<Vec<Ranked>> {
    let found = Keywords::new(state, query).bind()?.top(allowed, limit)?;
    let ranked = (1..).zip(found).map(|(rank, found)| {
        let (place, score) = (found.place, found.value);
        Ranked {
            place,
            score,
            vector: None,
            text: Some(LegRank { rank, score }),
        }
    });
    Ok(ranked.collect())
}

fn hit(
    state: &CollectionState,
    request: &SearchRequest,
    plan: &Plan,
    ranked: Ranked,
) -> Result<Hit> {
    let doc = state.doc(ranked.place, request.with_vectors)?;
    let highlights = match plan.keywords.as_ref().or(plan.shown.as_ref()) {
        Some(keywords) => keywords.highlights(&doc, request),
        None => Vec::new(),
    };
    let vector = plan.several.as_ref().map_or("vector", SeveralQuery::kind);
    let legs = [(vector, ranked.vector), ("text", ranked.text)];
    let legs = legs
        .into_iter()
        .filter_map(|(name, at)| Some(LegScore::new(name, at?)));
    Ok(Hit {
        score: ranked.score,
        doc,
        vector_rank: ranked.vector,
        text_rank: ranked.text,
        legs: legs.collect(),
        highlights,
    })
}

/// The keys of all live documents that match.
pub(crate) fn matching_keys(state: &CollectionState, filter: &Filter) -> Result<KeyList> {
    let mut keys = KeyList::default();
    for allowed in bind_filter(state, Some(filter))? {
        for row in allowed.bitmap().iter().flat_map(|rows| rows.iter()) {
            if !keys.push(&allowed.view().key(row)?) {
                return Err(Error::InvalidArgument {
                    argument: "filter",
                    detail: "matches more keys than one commit can hold (4 GiB)".to_string(),
                });
            }
        }
    }
    Ok(keys)
}

/// The number of live documents that match.
pub(crate) fn count(state: &CollectionState, filter: &Filter) -> Result<u64> {
    let allowed = bind_filter(state, Some(filter))?;
    Ok(allowed.iter().map(Allowed::len).sum())
}
