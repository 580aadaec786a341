//! Search in a finished graph.

use super::adjacency::{Layer, NONE};
use super::beam::{BLOCK, Scratch, Work, beam};
use super::filtered::{BRIDGE_ROOM, two_hop};
use super::view::Upper;
use super::{HnswView, Route};
use crate::codes::{CodeScorer, CodesView, Level, Task, Terms, Tier, dispatch};
use crate::distance::{Exact, Scorer};
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

/// Vectors that are fetched while the ones before are compared.
const AHEAD: usize = 4;

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
        let how = match (route, allowed) {
            (Route::Exact, _) => None,
            (Route::TwoHop, Some(allowed)) => {
                let ef = ef.max(k.saturating_add(BRIDGE_ROOM).min(n));
                Some((ef, Some(allowed)))
            }
            (Route::Graph, Some(_)) => Some((widened(ef, k, matches, n), None)),
            (Route::TwoHop | Route::Graph, None) => Some((ef, None)),
        };
        let found = how.and_then(|(ef, within)| {
            Scratch::with(|scratch| {
                let codes = self.codes().filter(|codes| codes.dim() == query.len());
                let (work, trusted) = match codes {
                    Some(codes) => self.walk_codes(codes, query, (ef, within), scratch),
                    None => self.walk_vectors(&exact, (ef, within), scratch),
                };
                stats.visited = work.expanded;
                stats.distances = work.distances;
                trusted.then(|| match codes {
                    Some(codes) => {
                        let candidates = codes.rung().rerank(k);
                        let (found, more) = compared(&exact, scratch, (k, candidates), allowed);
                        stats.distances += more;
                        found
                    }
                    None => nearest(scratch, k, allowed),
                })
            })
        });
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

    /// Algorithm 5 of the HNSW paper, a few nodes wide in the upper layers: down through them,
    /// then a beam at level 0. The result is the pool of the scratch, unless it is not to be
    /// trusted.
    fn walk_vectors(&self, exact: &Exact<'_>, how: How<'_>, scratch: &mut Scratch) -> (Work, bool) {
        let mut work = Work::default();
        let entries = self.entries(exact, scratch, &mut work);
        let (below, trusted) = walk(self, exact, &entries, how, scratch);
        (work + below, trusted)
    }

    /// The same on codes. The upper layers are not needed: the search begins at the nearest of
    /// some nodes whose codes lie together.
    fn walk_codes(
        &self,
        codes: CodesView<'_>,
        query: &[f32],
        how: How<'_>,
        scratch: &mut Scratch,
    ) -> (Work, bool) {
        // Lent to the scorer while the rest of the scratch is in use.
        let mut buffer = std::mem::take(&mut scratch.query);
        let terms = codes.quantize(query, &mut buffer);
        let walked = CodeWalk {
            view: self,
            codes,
            query: &buffer,
            terms,
            how,
            scratch,
        };
        let result = dispatch(Level::detect(), walked);
        scratch.query = buffer;
        result
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
}

/// The size of the pool, and the allowed nodes if only they may be met.
type How<'a> = (usize, Option<&'a OrdinalSet>);

/// A walk at level 0 from nodes near the query.
#[inline(always)]
fn walk<S: Scorer>(
    view: &HnswView<'_>,
    scorer: &S,
    entries: &[(f32, u32)],
    (ef, within): How<'_>,
    scratch: &mut Scratch,
) -> (Work, bool) {
    if let Some(allowed) = within {
        return match entries.first() {
            Some(&near) => two_hop(view, scorer, near, ef, allowed, scratch),
            None => (Work::default(), false),
        };
    }
    scratch.begin(view.len(), ef);
    for &(distance, node) in entries {
        scratch.seed(distance, node);
    }
    (beam(&view.base(), scorer, scratch), true)
}

/// A walk on codes, run on some tier.
struct CodeWalk<'a> {
    view: &'a HnswView<'a>,
    codes: CodesView<'a>,
    query: &'a [i8],
    terms: Terms,
    how: How<'a>,
    scratch: &'a mut Scratch,
}

impl Task for CodeWalk<'_> {
    type Output = (Work, bool);

    #[inline(always)]
    fn run<T: Tier>(self, tier: T) -> (Work, bool) {
        let CodeWalk {
            view,
            codes,
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
        };
        let near = entry(
            &scorer(codes.entry_table()),
            codes.entry_ordinals(),
            scratch,
        );
        let scorer = scorer(codes.table());
        if how.1.is_none() {
            let (work, trusted) = walk(view, &scorer, &near, how, scratch);
            return (work, trusted);
        }
        // The walk within a filter wants to know how the very neighbourhood of the query is.
        let (work, _) = walk(view, &scorer, &near, (ENTRIES, None), scratch);
        let nearest = scratch.pool.members().next();
        let (more, trusted) = walk(view, &scorer, nearest.as_slice(), how, scratch);
        (work + more, trusted)
    }
}

/// The nearest entry of each of [`ENTRIES`] groups of them: the nearest of all is there, and some
/// that lie elsewhere, should that one be in another cluster.
#[inline(always)]
fn entry<S: Scorer>(scorer: &S, ordinals: &[u32], scratch: &mut Scratch) -> [(f32, u32); ENTRIES] {
    let mut best = [(f32::INFINITY, NONE); ENTRIES];
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
        let found = ordinals[at..at + size].iter().zip(distances.iter());
        for (place, (&ordinal, &distance)) in found.enumerate() {
            let best = &mut best[place % ENTRIES];
            if distance < best.0 {
                *best = (distance, ordinal);
            }
        }
        at += size;
    }
    best
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

/// The `k` nearest of the first `candidates` of the pool that are allowed, compared exactly; and
/// how many there were.
fn compared(
    exact: &Exact<'_>,
    scratch: &mut Scratch,
    (k, candidates): (usize, usize),
    allowed: Option<&OrdinalSet>,
) -> (Vec<Neighbor>, usize) {
    let Scratch {
        pool,
        rows,
        exact: distances,
        ..
    } = scratch;
    rows.clear();
    let members = pool.members().map(|(_, node)| node);
    let results = members.filter(|&node| allowed.is_none_or(|allowed| allowed.contains(node)));
    rows.extend(results.take(candidates));
    distances.clear();
    distances.resize(rows.len(), 0.0);
    let ahead = rows.iter().take(AHEAD);
    ahead.for_each(|&row| exact.prefetch_whole(row));
    for (at, (ids, out)) in (1..).zip(rows.chunks(AHEAD).zip(distances.chunks_mut(AHEAD))) {
        let next = rows.iter().skip(at * AHEAD).take(AHEAD);
        next.for_each(|&row| exact.prefetch_whole(row));
        exact.distances(ids, out);
    }
    let pairs = rows.iter().zip(distances.iter());
    let mut found: Vec<Neighbor> = pairs
        .map(|(&row, &distance)| Neighbor { distance, row })
        .collect();
    let compared = found.len();
    found.sort_unstable();
    found.truncate(k);
    (found, compared)
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
