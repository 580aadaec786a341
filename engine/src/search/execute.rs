//! Runs a plan and reads the documents it found.

use lumos_index::{Filter, Metric, RRF_K, fuse_convex, fuse_rrf, highlight};
use rayon::prelude::*;

use super::Allowed;
use super::explain::SegmentSearch;
use super::hit::{Highlight, Hit, LegRank, ScoredKey};
use super::legs::{self, Found, Keywords, Nearest};
use super::plan::{KeywordQuery, Plan, VectorQuery, bind_filter};
use super::request::{Fusion, SearchRequest};
use super::several;
use crate::key_list::KeyList;
use crate::state::{CollectionState, Place};
use crate::{Doc, Error, Result};

/// Candidates each leg of a hybrid search brings, at least.
const HYBRID_DEPTH: usize = 200;
/// Searches of a batch that one thread makes together.
const BLOCK: usize = 8;
/// Longest snippet, in bytes.
const SNIPPET_BYTES: usize = 240;

/// A row with its scores.
#[derive(Debug)]
struct Ranked {
    place: Place,
    score: f32,
    vector: Option<LegRank>,
    text: Option<LegRank>,
}

/// Searches one collection of a snapshot.
pub(crate) fn search(state: &CollectionState, request: &SearchRequest) -> Result<Vec<Hit>> {
    Ok(explain(state, request, request.filter.as_ref())?.0)
}

/// The same within a filter given beside the request, and what the vector leg did in each segment.
pub(crate) fn explain(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
) -> Result<(Vec<Hit>, Vec<SegmentSearch>)> {
    let plan = Plan::new(state, request)?;
    let allowed = bind_filter(state, filter)?;
    let Ranking { rows, nearest } = rank(state, &plan, &allowed, request)?;
    let hits = hits(state, request, &plan, rows)?;
    Ok((hits, nearest.segments(&allowed)))
}

/// The same, without reading a document: keys and scores.
pub(crate) fn keys(
    state: &CollectionState,
    request: &SearchRequest,
    filter: Option<&Filter>,
) -> Result<Vec<ScoredKey>> {
    let plan = Plan::new(state, request)?;
    let allowed = bind_filter(state, filter)?;
    let ranking = rank(state, &plan, &allowed, request)?;
    scored_keys(state, ranking.rows)
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
        all.map(|((request, plan), ranking)| finish(request, plan, ranking.rows))
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
    rows.into_iter()
        .map(|ranked| {
            let key = state.key(ranked.place)?;
            let score = ranked.score;
            Ok(ScoredKey { key, score })
        })
        .collect()
}

fn hits(
    state: &CollectionState,
    request: &SearchRequest,
    plan: &Plan,
    rows: Vec<Ranked>,
) -> Result<Vec<Hit>> {
    rows.into_iter()
        .map(|ranked| hit(state, request, plan.keywords.as_ref(), ranked))
        .collect()
}

/// The rows found, best first, and how the near ones were.
#[derive(Debug, Default)]
struct Ranking {
    rows: Vec<Ranked>,
    nearest: Nearest,
}

fn rank(
    state: &CollectionState,
    plan: &Plan,
    allowed: &[Allowed<'_>],
    request: &SearchRequest,
) -> Result<Ranking> {
    if let Some(query) = &plan.several {
        let (found, nearest) = several::best(state, allowed, query, request.limit)?;
        let rows = by_score(found);
        return Ok(Ranking { rows, nearest });
    }
    match (&plan.vector, &plan.keywords) {
        (Some(vector), None) => {
            let mut nearest = legs::nearest(state, allowed, vector, request.limit)?;
            let rows = by_vector(vector, std::mem::take(&mut nearest.found));
            Ok(Ranking { rows, nearest })
        }
        (None, Some(keywords)) => {
            let rows = by_keywords(state, allowed, keywords, request.limit)?;
            let nearest = Nearest::default();
            Ok(Ranking { rows, nearest })
        }
        (Some(vector), Some(keywords)) => hybrid(state, allowed, vector, keywords, request),
        // A vector search where no vector was ever stored.
        (None, None) => Ok(Ranking::default()),
    }
}

/// [`rank`] for several requests that differ in what they search for alone.
fn rank_all(
    state: &CollectionState,
    plans: &[Plan],
    allowed: &[Allowed<'_>],
    requests: &[SearchRequest],
) -> Result<Vec<Ranking>> {
    let vectors: Option<Vec<&VectorQuery>> = plans.iter().map(Plan::vector_alone).collect();
    let limit = requests.first().map_or(0, |request| request.limit);
    let alike = requests.iter().all(|request| request.limit == limit);
    match vectors.filter(|_| alike) {
        Some(queries) => {
            let all = legs::nearest_all(state, allowed, &queries, limit)?;
            let ranked = queries.iter().zip(all).map(|(query, mut nearest)| Ranking {
                rows: by_vector(query, std::mem::take(&mut nearest.found)),
                nearest,
            });
            Ok(ranked.collect())
        }
        None => (plans.iter().zip(requests))
            .map(|(plan, request)| rank(state, plan, allowed, request))
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
    Keywords::new(state, query).run(allowed, limit, |found, _| {
        let ranked = (1..).zip(found).map(
            |(
                rank,
                Found {
                    place,
                    value: score,
                },
            )| Ranked {
                place,
                score,
                vector: None,
                text: Some(LegRank { rank, score }),
            },
        );
        ranked.collect()
    })
}

/// Both legs. What one leg found is scored exactly by the other too, so that a document is not
/// punished for lying past the depth of a leg.
fn hybrid(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    vector: &VectorQuery,
    keywords: &KeywordQuery,
    request: &SearchRequest,
) -> Result<Ranking> {
    let depth = HYBRID_DEPTH.max(request.limit.saturating_mul(4));
    let nearest = legs::nearest(state, allowed, vector, depth)?;
    let mut places: Vec<Place> = nearest.found.iter().map(|found| found.place).collect();
    let scores = Keywords::new(state, keywords).run(allowed, depth, |found, score| {
        places.extend(found.iter().map(|found| found.place));
        places.sort_unstable();
        places.dedup();
        score(&places)
    })?;
    let (places, scores): (Vec<Place>, Vec<f32>) = if keywords.query.is_strict() {
        // What must or must not be there holds for both legs.
        let matching = places.into_iter().zip(scores);
        matching.filter(|(_, score)| *score > 0.0).unzip()
    } else {
        (places, scores)
    };
    let mut near = list(&legs::distances(state, vector, &places));
    near.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut matched: Vec<(u64, f32)> = (0..)
        .zip(scores)
        .filter(|(_, score)| *score > 0.0)
        .collect();
    matched.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));

    let fused = match request.fusion {
        Fusion::Convex { vector_weight } => {
            let similar: Vec<(u64, f32)> = near
                .iter()
                .map(|(id, far)| (*id, vector.metric.similarity(*far)))
                .collect();
            fuse_convex(&similar, &matched, vector_weight)
        }
        Fusion::Rrf { k } => {
            let constant = if k == 0 { RRF_K } else { k as f32 };
            fuse_rrf(&[(1.0, &near), (1.0, &matched)], constant)
        }
    };
    let near = ranks(&near, places.len());
    let matched = ranks(&matched, places.len());
    let ranked = fused
        .into_iter()
        .take(request.limit)
        .filter_map(|(id, score)| {
            let at = id as usize;
            Some(Ranked {
                place: *places.get(at)?,
                score,
                vector: near
                    .get(at)
                    .copied()
                    .flatten()
                    .map(|leg| in_users_terms(leg, vector.metric)),
                text: matched.get(at).copied().flatten(),
            })
        });
    let rows = ranked.collect();
    Ok(Ranking { rows, nearest })
}

fn list(values: &[Option<f32>]) -> Vec<(u64, f32)> {
    (0..)
        .zip(values)
        .filter_map(|(id, value)| Some((id, (*value)?)))
        .collect()
}

fn in_users_terms(leg: LegRank, metric: Metric) -> LegRank {
    LegRank {
        score: metric.score(leg.score),
        ..leg
    }
}

/// The rank of each of `count` ids in a list that is sorted.
fn ranks(list: &[(u64, f32)], count: usize) -> Vec<Option<LegRank>> {
    let mut ranks = vec![None; count];
    for (rank, (id, score)) in (1..).zip(list) {
        if let Some(slot) = ranks.get_mut(*id as usize) {
            *slot = Some(LegRank {
                rank,
                score: *score,
            });
        }
    }
    ranks
}

fn hit(
    state: &CollectionState,
    request: &SearchRequest,
    keywords: Option<&KeywordQuery>,
    ranked: Ranked,
) -> Result<Hit> {
    let doc = state.doc(ranked.place, request.with_vectors)?;
    let highlights = match keywords {
        Some(keywords) => highlights(&doc, request, keywords),
        None => Vec::new(),
    };
    Ok(Hit {
        score: ranked.score,
        doc,
        vector_rank: ranked.vector,
        text_rank: ranked.text,
        highlights,
    })
}

fn highlights(doc: &Doc, request: &SearchRequest, keywords: &KeywordQuery) -> Vec<Highlight> {
    let pieces = request.highlight.iter().filter_map(|field| {
        let text = doc.text_field(field)?;
        let piece = highlight(&keywords.analyzer, &keywords.query, text, SNIPPET_BYTES)?;
        Some(Highlight {
            field: field.clone(),
            text: piece.text,
            spans: piece.spans,
            offset: piece.offset,
        })
    });
    pieces.collect()
}

/// The keys of all live documents that match.
pub(crate) fn matching_keys(state: &CollectionState, filter: &Filter) -> Result<KeyList> {
    let mut keys = KeyList::default();
    for allowed in bind_filter(state, Some(filter))? {
        for row in allowed.bitmap().unwrap_or_default() {
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
    Ok(allowed
        .iter()
        .filter_map(|allowed| Some(allowed.bitmap()?.len()))
        .sum())
}
