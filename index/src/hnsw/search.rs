//! Search in a finished graph.

use super::adjacency::Layer;
use super::beam::{Scratch, Work, beam};
use super::filtered::{BRIDGE_ROOM, two_hop};
use super::view::Upper;
use super::{HnswView, Route};
use crate::distance::Exact;
use crate::error::VectorError;
use crate::flat::scan;
use crate::metric::Metric;
use crate::ordinals::OrdinalSet;
use crate::topk::Neighbor;
use crate::vectors::Vectors;

/// How a search went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchStats {
    /// Nodes whose links were followed.
    pub visited: usize,
    /// Distances computed.
    pub distances: usize,
    /// The way that led to the result.
    pub route: Route,
}

/// Nodes that are kept on the way down. With one alone, as in the HNSW paper, a search now and then comes
/// down in another cluster, fills its pool there and finds nothing of its own; four were enough on
/// everything measured.
const ENTRIES: usize = 8;

/// Without a filter: a graph of this many nodes a place of the pool would be walked as a whole.
const SMALL: usize = 4;

impl HnswView<'_> {
    /// The `k` nearest of the allowed vectors, nearest first, ties by ordinal.
    ///
    /// `vectors` are those the graph was built over, or more: only the first
    /// [`HnswView::len`] are searched. `query` must have been prepared by `metric`. `ef` (at
    /// least `k`, 64 to 200 usually) trades time for recall. `allowed` should have the universe
    /// `len()`; `None` allows all. The result has `k` entries whenever that many are allowed.
    ///
    /// # Errors
    /// [`VectorError::DimensionMismatch`], and [`VectorError::Missing`] when `vectors` are fewer
    /// than the nodes.
    pub fn search(
        &self,
        vectors: Vectors<'_>,
        metric: Metric,
        query: &[f32],
        k: usize,
        ef: usize,
        allowed: Option<&OrdinalSet>,
    ) -> Result<(Vec<Neighbor>, SearchStats), VectorError> {
        let n = self.len();
        if vectors.len() < n {
            return Err(VectorError::Missing {
                graph: n,
                vectors: vectors.len(),
            });
        }
        let exact = Exact::new(vectors.first(n), metric, query)?;
        let matches = allowed.map_or(n, |allowed| allowed.len().min(n));
        let k = k.min(matches);
        if k == 0 {
            return Ok((Vec::new(), SearchStats::default()));
        }
        let ef = ef.max(k).min(n);
        let route = match allowed {
            Some(_) if matches < n => Route::choose(matches, n, k, ef),
            _ if n <= ef.saturating_mul(SMALL) => Route::Exact,
            _ => Route::Graph,
        };
        let mut stats = SearchStats {
            route,
            ..SearchStats::default()
        };
        let found = match (route, allowed) {
            (Route::Exact, _) => None,
            (Route::TwoHop, Some(allowed)) => Scratch::with(|scratch| {
                let ef = ef.max(k.saturating_add(BRIDGE_ROOM).min(n));
                let (work, trusted) = two_hop(self, &exact, ef, allowed, scratch);
                stats.visited = work.expanded;
                stats.distances = work.distances;
                trusted.then(|| nearest(scratch, k, None))
            }),
            (Route::TwoHop | Route::Graph, _) => Scratch::with(|scratch| {
                let ef = match allowed {
                    Some(_) => widened(ef, k, matches, n),
                    None => ef,
                };
                let work = self.walk(&exact, ef, scratch);
                stats.visited = work.expanded;
                stats.distances = work.distances;
                Some(nearest(scratch, k, allowed))
            }),
        };
        let found = match found {
            Some(found) if found.len() == k => found,
            // Too few matches, or none reached: the promise is kept by scanning them all.
            _ => {
                stats.route = Route::Exact;
                stats.distances += matches;
                match allowed {
                    Some(allowed) => scan(&exact, k, allowed.iter()),
                    None => scan(&exact, k, 0..n as u32),
                }
            }
        };
        Ok((found, stats))
    }

    /// Algorithm 5 of the HNSW paper, a few nodes wide in the upper layers: down through them, then a
    /// beam at level 0. The result is the pool of the scratch.
    fn walk(&self, exact: &Exact<'_>, ef: usize, scratch: &mut Scratch) -> Work {
        let mut work = Work::default();
        let entries = self.entries(exact, scratch, &mut work);
        scratch.begin(self.len(), ef);
        for (distance, node) in entries {
            scratch.seed(distance, node);
        }
        let below = beam(&self.base(), exact, scratch);
        work.expanded += below.expanded;
        work.distances += below.distances;
        work
    }

    /// Nodes of level 0 near the query with their distances, nearest first; none when the upper levels are
    /// damaged so far that they lead nowhere.
    fn entries(
        &self,
        exact: &Exact<'_>,
        scratch: &mut Scratch,
        work: &mut Work,
    ) -> Vec<(f32, u32)> {
        let n = self.len();
        let mut nodes = Vec::with_capacity(ENTRIES);
        nodes.push(0);
        for upper in self.upper().iter().rev() {
            let sound = Sound { upper, n };
            scratch.begin(upper.len(), ENTRIES);
            let inside = nodes.iter().filter(|&&node| (node as usize) < upper.len());
            for &node in inside {
                scratch.seed(exact.distance(sound.ordinal(node)), node);
            }
            let done = beam(&sound, exact, scratch);
            work.expanded += done.expanded;
            work.distances += done.distances;
            nodes.clear();
            nodes.extend(scratch.pool.members().map(|(_, node)| upper.below(node)));
        }
        let inside = nodes.into_iter().filter(|&node| (node as usize) < n);
        inside.map(|node| (exact.distance(node), node)).collect()
    }

    /// The nearest of the nodes that a search begins at.
    pub(super) fn approach(
        &self,
        exact: &Exact<'_>,
        scratch: &mut Scratch,
        work: &mut Work,
    ) -> Option<(f32, u32)> {
        self.entries(exact, scratch, work).first().copied()
    }
}

/// An upper layer whose ordinals lie inside the column whatever a damaged file says.
struct Sound<'a> {
    upper: &'a Upper<'a>,
    n: usize,
}

impl Layer for Sound<'_> {
    fn len(&self) -> usize {
        self.upper.len()
    }

    fn links(&self, node: u32) -> &[u32] {
        self.upper.links(node)
    }

    fn ordinal(&self, node: u32) -> u32 {
        self.upper.ordinal(node).min(self.n as u32 - 1)
    }
}

/// The size of a pool that holds `ef` allowed nodes among others, at most four times `ef`, and
/// hardly ever (three standard deviations) fewer than `k`.
fn widened(ef: usize, k: usize, matches: usize, n: usize) -> usize {
    let enough = k.saturating_add(3 * (k.isqrt() + 1));
    let wanted = ef.max(enough);
    (wanted.saturating_mul(n) / matches.max(1))
        .min(wanted.saturating_mul(4))
        .min(n)
}

/// The first `k` of the pool that are allowed, ties by node.
fn nearest(scratch: &Scratch, k: usize, allowed: Option<&OrdinalSet>) -> Vec<Neighbor> {
    let members = scratch
        .pool
        .members()
        .map(|(distance, row)| Neighbor { distance, row });
    let mut found = Vec::with_capacity(k);
    for neighbor in members.filter(|m| allowed.is_none_or(|allowed| allowed.contains(m.row))) {
        // Beyond `k`, only ties with the last may still take its place.
        if found.len() >= k
            && found
                .last()
                .is_some_and(|l: &Neighbor| l.distance < neighbor.distance)
        {
            break;
        }
        found.push(neighbor);
    }
    found.sort_unstable();
    found.truncate(k);
    found
}
