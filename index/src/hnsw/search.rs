//! Search in a finished graph.

use super::adjacency::Layer;
use super::beam::{Scratch, Work, beam};
use super::filtered::BRIDGE_ROOM;
use super::scan::CodeScan;
use super::view::Upper;
use super::walk::{CodeWalk, ENTRIES, How, walk};
use super::{HnswView, Horizon, Route};
use crate::codes::{CodesView, Level, Terms, dispatch};
use crate::distance::Exact;
use crate::error::VectorError;
use crate::flat::scan;
use crate::metric::Metric;
use crate::ordinals::OrdinalSet;
use crate::topk::Neighbor;
use crate::vectors::Vectors;

/// What is searched for in a graph.
#[derive(Clone, Copy, Debug)]
pub struct GraphQuery<'a> {
    /// The query, `[dim]`, prepared by the metric.
    pub vector: &'a [f32],
    /// Neighbours wanted.
    pub k: usize,
    /// Candidates kept, at least `k`, 64 to 200 usually: trades time for recall.
    pub ef: usize,
    /// What may be found; should have as many places as the graph has nodes. `None` allows all.
    pub allowed: Option<&'a OrdinalSet>,
}

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

/// Vectors that are fetched while the ones before are compared.
const AHEAD: usize = 4;

/// Without a filter: a graph of this many nodes a place of the pool would be walked as a whole.
const SMALL: usize = 4;

impl HnswView<'_> {
    /// The `k` nearest of the allowed vectors, nearest first, ties by ordinal.
    ///
    /// `vectors` are those the graph was built over, or more: only the first
    /// [`HnswView::len`] are searched. The rest is explained at [`GraphQuery`]. The result has
    /// `k` entries whenever that many are allowed.
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
        let query = GraphQuery {
            vector: query,
            k,
            ef,
            allowed,
        };
        self.search_beside(vectors, metric, query, &mut Horizon::default())
    }

    /// Like [`HnswView::search`] for a search over several graphs, one after the other: what is
    /// farther than what `horizon` has from the others may be left out. Between them the graphs
    /// give `k` entries whenever that many are allowed in all.
    ///
    /// # Errors
    /// As [`HnswView::search`].
    pub fn search_beside(
        &self,
        vectors: Vectors<'_>,
        metric: Metric,
        query: GraphQuery<'_>,
        horizon: &mut Horizon,
    ) -> Result<(Vec<Neighbor>, SearchStats), VectorError> {
        let GraphQuery { k, ef, allowed, .. } = query;
        let n = self.len();
        if vectors.len() < n {
            return Err(VectorError::Missing {
                graph: n,
                vectors: vectors.len(),
            });
        }
        let exact = Exact::new(vectors.first(n), metric, query.vector)?;
        let matches = allowed.map_or(n, |allowed| allowed.len().min(n));
        let k = k.min(matches);
        if k == 0 {
            return Ok((Vec::new(), SearchStats::default()));
        }
        let ef = ef.max(k).min(n);
        let codes = self.codes().filter(|codes| codes.dim() == exact.dim());
        // Codes alone have to tell the allowed ones apart: twice as many doubts are allowed for.
        let of_scan = codes.map(|codes| codes.rerank(k, ef) * 2 - k);
        let route = match allowed {
            Some(_) if matches < n => Route::choose(matches, n, ef, of_scan),
            _ if n <= ef.saturating_mul(SMALL) => Route::Exact,
            _ => Route::Graph,
        };
        let mut stats = SearchStats {
            route,
            ..SearchStats::default()
        };
        let (ef_here, within) = match (route, allowed) {
            (Route::TwoHop, Some(allowed)) => {
                let room = k.saturating_add(BRIDGE_ROOM).min(n);
                (ef.max(room), Some(allowed))
            }
            (Route::Graph, Some(_)) => (widened(ef, k, matches, n), None),
            (Route::Codes, _) => (of_scan.unwrap_or(ef), None),
            (Route::Exact | Route::TwoHop | Route::Graph, _) => (ef, None),
        };
        let how = How {
            ef: ef_here,
            within,
            beyond: horizon.distance(ef),
            ahead: match (codes, allowed) {
                (Some(codes), None) => codes.rerank(k, ef),
                _ => 0,
            },
        };
        // What the other graphs have given is enough: the promise is theirs.
        let others = horizon.has(k);
        let found = (route != Route::Exact).then(|| {
            Scratch::with(|scratch| {
                let (work, trusted) = match (codes, route, allowed) {
                    (Some(codes), Route::Codes, Some(allowed)) => {
                        (scan_codes(codes, query.vector, how, allowed, scratch), true)
                    }
                    (Some(codes), ..) => {
                        let query = (query.vector, exact.vectors());
                        self.walk_codes(codes, query, how, scratch)
                    }
                    (None, ..) => self.walk_vectors(&exact, how, scratch),
                };
                stats.visited = work.expanded;
                stats.distances = work.distances;
                let reached = results(scratch, allowed).take(k).count() == k;
                (trusted && (reached || others)).then(|| {
                    horizon.add(results(scratch, allowed).map(|(distance, _)| distance));
                    let Some(codes) = codes else {
                        return nearest(scratch, k, allowed);
                    };
                    let candidates = match route {
                        Route::Codes => how.ef,
                        _ => codes.rerank(k, ef),
                    };
                    let far = horizon.distance(candidates);
                    let (found, more) = compared(&exact, scratch, (k, candidates, far), allowed);
                    stats.distances += more;
                    found
                })
            })
        });
        let found = match found.flatten() {
            Some(found) => found,
            // Too few matches, or none reached: the promise is kept by scanning them all.
            None => {
                stats.route = Route::Exact;
                stats.distances += matches;
                let found = match allowed {
                    Some(allowed) => scan(&exact, k, allowed.iter()),
                    None => scan(&exact, k, 0..n as u32),
                };
                horizon.add(found.iter().map(|neighbor| neighbor.distance));
                found
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
        (query, vectors): (&[f32], Vectors<'_>),
        how: How<'_>,
        scratch: &mut Scratch,
    ) -> (Work, bool) {
        quantized(codes, query, scratch, |query, terms, scratch| {
            let walked = CodeWalk {
                view: self,
                codes,
                vectors,
                query,
                terms,
                how,
                scratch,
            };
            dispatch(Level::detect(), walked)
        })
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

/// Fills the pool with the nearest of the allowed rows by their codes.
fn scan_codes(
    codes: CodesView<'_>,
    query: &[f32],
    how: How<'_>,
    allowed: &OrdinalSet,
    scratch: &mut Scratch,
) -> Work {
    scratch.pool.reset(how.ef);
    let distances = quantized(codes, query, scratch, |query, terms, scratch| {
        let scan = CodeScan {
            codes,
            query,
            terms,
            allowed,
            scratch,
        };
        dispatch(Level::detect(), scan)
    });
    Work {
        expanded: 0,
        distances,
    }
}

/// A search with a query in the form of codes, for which the scratch has the memory: lent, so that
/// the rest of it can be used meanwhile.
fn quantized<R>(
    codes: CodesView<'_>,
    query: &[f32],
    scratch: &mut Scratch,
    search: impl FnOnce(&[i8], Terms, &mut Scratch) -> R,
) -> R {
    let mut buffers = std::mem::take(&mut scratch.query);
    let terms = codes.quantize(query, &mut buffers);
    let result = search(&buffers.query, terms, scratch);
    scratch.query = buffers;
    result
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

/// The members of the pool that are allowed with their distances, nearest first.
fn results<'a>(
    scratch: &'a Scratch,
    allowed: Option<&'a OrdinalSet>,
) -> impl Iterator<Item = (f32, u32)> + 'a {
    let permitted = move |node| allowed.is_none_or(|allowed| allowed.contains(node));
    let members = scratch.pool.members();
    members.filter(move |&(_, node)| permitted(node))
}

/// The `k` nearest of the first `candidates` of the pool that are allowed and no farther than
/// `far`, compared exactly; and how many there were.
fn compared(
    exact: &Exact<'_>,
    scratch: &mut Scratch,
    (k, candidates, far): (usize, usize, f32),
    allowed: Option<&OrdinalSet>,
) -> (Vec<Neighbor>, usize) {
    let Scratch {
        pool,
        rows,
        exact: distances,
        ..
    } = scratch;
    rows.clear();
    let near = pool.members().take_while(|(distance, _)| *distance <= far);
    let members = near.map(|(_, node)| node);
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
    let mut found = Vec::with_capacity(k);
    for (distance, row) in results(scratch, allowed) {
        let neighbor = Neighbor { distance, row };
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
