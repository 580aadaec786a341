//! A search by a vector and by words at once.

use lumos_index::{RRF_K, fuse_convex, fuse_dbsf, fuse_rrf, fuse_sum};

use super::Allowed;
use super::execute::{Ranked, by_nearest};
use super::explain::{LegCost, Trace};
use super::hit::LegRank;
use super::legs::{self, Found, KeywordSearch, Keywords};
use super::plan::VectorQuery;
use super::request::{Fusion, SearchRequest};
use super::words::KeywordQuery;
use crate::Result;
use crate::state::{CollectionState, Place};

/// Candidates each leg brings, at least.
const DEPTH: usize = 200;

/// A row that one leg found, and what each says of it.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    place: Place,
    /// Its distance; `None` when it has no vector.
    far: Option<f32>,
    /// What its words are worth; `None` when they do not match.
    score: Option<f32>,
}

/// Both legs. What one leg found is scored exactly by the other too, so that a document is not
/// punished for lying past the depth of a leg.
pub(super) fn hybrid(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    vector: &VectorQuery,
    keywords: &KeywordQuery,
    request: &SearchRequest,
    trace: &mut Trace,
) -> Result<Vec<Ranked>> {
    let depth = DEPTH.max(request.limit.saturating_mul(4));
    let near_started = trace.start();
    // What must or must not be there holds for both legs.
    let demanded = legs::demanded(state, allowed, keywords)?;
    let near_allowed = demanded.as_deref().unwrap_or(allowed);
    let nearest = legs::nearest(state, near_allowed, vector, depth)?;
    if near_started.is_some() {
        let cost = by_nearest("vector", &nearest, near_allowed, depth);
        trace.leg(cost, near_started);
    }
    let mut words = LegCost::new("text", "keywords", depth);
    let words_started = trace.start();
    let mut candidates = {
        // The rows in memory are held no longer: to measure them is to take them again, and a write that
        // waits in between would stop both.
        let held = Keywords::new(state, keywords);
        let search = held.bind()?;
        let found = search.top(allowed, depth)?;
        words.found = found.len();
        let mut candidates = of_both(&nearest.found, &found);
        score(&mut candidates, &search)?;
        candidates
    };
    trace.leg(words, words_started);
    let fuse_started = trace.start();
    measure(&mut candidates, state, vector);

    let mut near = list(&candidates, |candidate| candidate.far);
    near.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut matched = list(&candidates, |candidate| candidate.score);
    matched.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let similar = || -> Vec<(u64, f32)> {
        let near = near.iter();
        near.map(|(id, far)| (*id, vector.metric.similarity(*far)))
            .collect()
    };
    let fused = match request.fusion {
        Fusion::Convex { vector_weight } => fuse_convex(&similar(), &matched, vector_weight),
        Fusion::Rrf { k } => {
            let constant = if k == 0 { RRF_K } else { k as f32 };
            fuse_rrf(&[(1.0, &near), (1.0, &matched)], constant)
        }
        Fusion::Sum { normalise } => fuse_sum(&[(1.0, &similar()), (1.0, &matched)], normalise),
        Fusion::Dbsf => fuse_dbsf(&[(1.0, &similar()), (1.0, &matched)]),
    };
    trace.fused(candidates.len(), fuse_started);
    let near = ranks(&near, candidates.len());
    let matched = ranks(&matched, candidates.len());
    let best = fused.into_iter().take(request.limit);
    let ranked = best.filter_map(|(id, score)| {
        let at = id as usize;
        Some(Ranked {
            place: candidates.get(at)?.place,
            score,
            vector: near.get(at).copied().flatten().map(|leg| LegRank {
                score: vector.metric.score(leg.score),
                ..leg
            }),
            text: matched.get(at).copied().flatten(),
        })
    });
    Ok(ranked.collect())
}

/// What two legs found, in order of place, each once.
fn of_both(nearest: &[Found], matching: &[Found]) -> Vec<Candidate> {
    let near = nearest.iter().map(|found| Candidate {
        place: found.place,
        far: Some(found.value),
        score: None,
    });
    let matching = matching.iter().map(|found| Candidate {
        place: found.place,
        far: None,
        score: Some(found.value),
    });
    let mut all: Vec<Candidate> = near.chain(matching).collect();
    all.sort_unstable_by_key(|candidate| candidate.place);
    all.dedup_by(|later, first| {
        let same = later.place == first.place;
        if same {
            first.far = first.far.or(later.far);
            first.score = first.score.or(later.score);
        }
        same
    });
    all
}

/// Scores the words of those that the leg by words did not find.
fn score(candidates: &mut [Candidate], search: &KeywordSearch<'_>) -> Result<()> {
    let unknown = |candidate: &&mut Candidate| candidate.score.is_none();
    let missing = candidates.iter().filter(|c| c.score.is_none());
    let places: Vec<Place> = missing.map(|candidate| candidate.place).collect();
    let scores = search.scores(&places)?;
    for (candidate, score) in candidates.iter_mut().filter(unknown).zip(scores) {
        candidate.score = (score > 0.0).then_some(score);
    }
    Ok(())
}

/// Measures the distances of those that the leg by vector did not find. Those that it found it has
/// measured at full precision, with the same figures.
fn measure(candidates: &mut [Candidate], state: &CollectionState, vector: &VectorQuery) {
    let missing = candidates.iter().filter(|c| c.far.is_none());
    let places: Vec<Place> = missing.map(|candidate| candidate.place).collect();
    let distances = legs::distances(state, vector, &places);
    let unknown = |candidate: &&mut Candidate| candidate.far.is_none();
    for (candidate, far) in candidates.iter_mut().filter(unknown).zip(distances) {
        candidate.far = far;
    }
}

/// What one leg says of the candidates, by their numbers.
fn list(candidates: &[Candidate], value: impl Fn(&Candidate) -> Option<f32>) -> Vec<(u64, f32)> {
    let numbered = (0..).zip(candidates);
    numbered
        .filter_map(|(id, candidate)| Some((id, value(candidate)?)))
        .collect()
}

/// The rank of each of `count` candidates in a list that is sorted.
fn ranks(list: &[(u64, f32)], count: usize) -> Vec<Option<LegRank>> {
    let mut ranks = vec![None; count];
    for (rank, &(id, score)) in (1..).zip(list) {
        if let Some(slot) = ranks.get_mut(id as usize) {
            *slot = Some(LegRank { rank, score });
        }
    }
    ranks
}
