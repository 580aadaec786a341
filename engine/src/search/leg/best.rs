//! The best-score strategy of recommendations.

use std::collections::BTreeSet;

use super::super::Allowed;
use super::super::legs::{self, Nearest};
use super::super::plan::VectorQuery;
use crate::Result;
use crate::state::{CollectionState, Place};

/// Examples as queries of one field.
#[derive(Debug)]
pub(crate) struct Best {
    pub(super) positive: Vec<VectorQuery>,
    pub(super) negative: Vec<VectorQuery>,
}

impl Best {
    /// The nearest `depth` of each positive example, whether there may be more, and how they were found.
    pub(super) fn find(
        &self,
        state: &CollectionState,
        allowed: &[Allowed<'_>],
        depth: usize,
    ) -> Result<(Vec<Place>, bool, Vec<Nearest>)> {
        let mut places = BTreeSet::new();
        let mut ways = Vec::new();
        let mut more = false;
        for query in &self.positive {
            let nearest = legs::nearest(state, allowed, query, depth)?;
            more |= nearest.found.len() >= depth;
            places.extend(nearest.found.iter().map(|found| found.place));
            ways.push(nearest);
        }
        Ok((places.into_iter().collect(), more, ways))
    }

    /// The score of each place, `None` where a row has no vector.
    pub(super) fn scores(&self, state: &CollectionState, places: &[Place]) -> Vec<Option<f32>> {
        let nearest = |queries: &[VectorQuery]| {
            let mut best: Vec<Option<f32>> = vec![None; places.len()];
            for query in queries {
                let far = legs::distances(state, query, places);
                for (best, far) in best.iter_mut().zip(far) {
                    let near = far.map(|far| query.metric.similarity(far));
                    *best = match (*best, near) {
                        (Some(a), Some(b)) => Some(a.max(b)),
                        (one, other) => one.or(other),
                    };
                }
            }
            best
        };
        let (liked, disliked) = (nearest(&self.positive), nearest(&self.negative));
        let both = liked.into_iter().zip(disliked);
        both.map(|(liked, disliked)| {
            let liked = liked?;
            Some(match disliked {
                Some(disliked) if disliked >= liked => -squashed(disliked),
                _ => squashed(liked),
            })
        })
        .collect()
    }
}

/// From any similarity to between 0 and 1, in the same order.
fn squashed(similarity: f32) -> f32 {
    0.5 * (1.0 + similarity / (1.0 + similarity.abs()))
}
