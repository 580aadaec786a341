//! A walk through the graph towards a query, on vectors or on codes.

use super::HnswView;
use super::adjacency::NONE;
use super::beam::{BLOCK, Scratch, Work, beam};
use super::filtered::two_hop;
use crate::codes::{CodeScorer, CodesView, Task, Terms, Tier};
use crate::distance::Scorer;
use crate::ordinals::OrdinalSet;
use crate::vectors::Vectors;

/// Nodes that are kept on the way down. With one alone, as in the HNSW paper, a search now and then comes
/// down in another cluster, fills its pool there and finds nothing of its own; four were enough on
/// everything measured.
pub(super) const ENTRIES: usize = 8;

/// How a graph is walked.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    /// The size of the pool.
    pub(super) ef: usize,
    /// The allowed nodes, if only they may be met.
    pub(super) within: Option<&'a OrdinalSet>,
    /// Candidates farther than this need not be followed.
    pub(super) beyond: f32,
    /// A candidate that is expanded in one of the first so many places will be compared exactly,
    /// most likely: its vector is asked for at once.
    pub(super) ahead: usize,
}

/// A walk at level 0 from nodes near the query.
#[inline(always)]
pub(super) fn walk<S: Scorer>(
    view: &HnswView<'_>,
    scorer: &S,
    entries: &[(f32, u32)],
    how: How<'_>,
    scratch: &mut Scratch,
) -> (Work, bool) {
    if let Some(allowed) = how.within {
        return match entries.first() {
            Some(&near) => two_hop(view, scorer, near, (how.ef, how.beyond), allowed, scratch),
            None => (Work::default(), false),
        };
    }
    scratch.begin(view.len(), how.ef);
    scratch.pool.expand_within(how.beyond);
    for &(distance, node) in entries {
        scratch.seed(distance, node);
    }
    (beam(&view.base(), scorer, scratch), true)
}

/// A walk on codes, run on some tier.
pub(super) struct CodeWalk<'a> {
    pub(super) view: &'a HnswView<'a>,
    pub(super) codes: CodesView<'a>,
    pub(super) vectors: Vectors<'a>,
    pub(super) query: &'a [i8],
    pub(super) terms: Terms,
    pub(super) how: How<'a>,
    pub(super) scratch: &'a mut Scratch,
}

impl Task for CodeWalk<'_> {
    type Output = (Work, bool);

    #[inline(always)]
    fn run<T: Tier>(self, tier: T) -> (Work, bool) {
        let CodeWalk {
            view,
            codes,
            vectors,
            query,
            terms,
            how,
            scratch,
        } = self;
        let scorer = |table| CodeScorer {
            tier,
            table,
            query,
            terms,
            ahead: Some((vectors, how.ahead)),
        };
        let near = entry(
            &scorer(codes.entry_table()),
            codes.entry_ordinals(),
            scratch,
        );
        let scorer = scorer(codes.table());
        if how.within.is_none() {
            return walk(view, &scorer, &near, how, scratch);
        }
        // The walk within a filter wants to know how the very neighbourhood of the query is.
        let whole = How {
            ef: ENTRIES,
            within: None,
            beyond: f32::INFINITY,
            ahead: 0,
        };
        let (work, _) = walk(view, &scorer, &near, whole, scratch);
        let nearest = scratch.pool.members().next();
        let (more, trusted) = walk(view, &scorer, nearest.as_slice(), how, scratch);
        (work + more, trusted)
    }
}

/// The nearest entry of each of [`ENTRIES`] groups of them: the nearest of all is there, and some
/// that lie elsewhere, should that one be in another cluster.
#[inline(always)]
fn entry<S: Scorer>(scorer: &S, ordinals: &[u32], scratch: &mut Scratch) -> [(f32, u32); ENTRIES] {
    let mut least = [f32::INFINITY; ENTRIES];
    let mut places = [u32::MAX; ENTRIES];
    let Scratch {
        block, distances, ..
    } = scratch;
    let mut at = 0;
    while at < ordinals.len() {
        let size = BLOCK.min(ordinals.len() - at);
        for (place, number) in block.iter_mut().zip(at as u32..) {
            *place = number;
        }
        scorer.distances(&block[..size], &mut distances[..size]);
        distances[size..].fill(f32::INFINITY);
        for (group, first) in distances
            .as_chunks::<ENTRIES>()
            .0
            .iter()
            .zip((at as u32..).step_by(ENTRIES))
        {
            for lane in 0..ENTRIES {
                let nearer = group[lane] < least[lane];
                least[lane] = if nearer { group[lane] } else { least[lane] };
                places[lane] = if nearer {
                    first + lane as u32
                } else {
                    places[lane]
                };
            }
        }
        at += size;
    }
    std::array::from_fn(|lane| {
        let ordinal = ordinals.get(places[lane] as usize);
        (least[lane], ordinal.copied().unwrap_or(NONE))
    })
}
