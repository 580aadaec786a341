//! A search of a graph from its plan to its result.

use super::beam::{Scratch, Work};
use super::filtered::BRIDGE_ROOM;
use super::search::{GraphQuery, SearchStats};
use super::walk::How;
use super::{HnswView, Horizon, Route};
use crate::codes::CodesView;
use crate::distance::Exact;
use crate::error::VectorError;
use crate::flat::scan;
use crate::metric::Metric;
use crate::ordinals::OrdinalSet;
use crate::topk::Neighbor;
use crate::vectors::Vectors;

/// Vectors that are fetched while the ones before are compared.
const AHEAD: usize = 4;

/// Without a filter: a graph of this many nodes a place of the pool would be walked as a whole.
const SMALL: usize = 4;

/// A search that has been planned.
pub(super) struct Asked<'a> {
    /// `k` is as many as there can be, `ef` as large as it has to be.
    pub(super) query: GraphQuery<'a>,
    pub(super) exact: Exact<'a>,
    pub(super) codes: Option<CodesView<'a>>,
    pub(super) route: Route,
    pub(super) how: How<'a>,
    /// Vectors that may be found.
    matches: usize,
    /// Whether other graphs have given enough: the promise is theirs.
    others: bool,
}

impl<'a> Asked<'a> {
    /// Plans a search; `None` if nothing can be found.
    pub(super) fn new(
        view: &HnswView<'a>,
        vectors: Vectors<'a>,
        metric: Metric,
        query: GraphQuery<'a>,
        horizon: &Horizon,
    ) -> Result<Option<Asked<'a>>, VectorError> {
        let GraphQuery { k, ef, allowed, .. } = query;
        let n = view.len();
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
            return Ok(None);
        }
        let ef = ef.max(k).min(n);
        let codes = view.codes().filter(|codes| codes.dim() == exact.dim());
        // Codes alone have to tell the allowed ones apart: twice as many doubts are allowed for.
        let of_scan = codes.map(|codes| codes.rerank(k, ef) * 2 - k);
        let route = match allowed {
            Some(_) if matches < n => Route::choose(matches, n, ef, of_scan),
            _ if n <= ef.saturating_mul(SMALL) => Route::Exact,
            _ => Route::Graph,
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
        Ok(Some(Asked {
            query: GraphQuery { k, ef, ..query },
            exact,
            codes,
            route,
            how,
            matches,
            others: horizon.has(k),
        }))
    }

    /// The result from what a walk has left in the pool of the scratch, if it is to be trusted and
    /// enough; from all vectors otherwise, or where nothing was walked.
    pub(super) fn conclude(
        &self,
        walked: Option<(Work, bool)>,
        scratch: &mut Scratch,
        horizon: &mut Horizon,
    ) -> (Vec<Neighbor>, SearchStats) {
        let GraphQuery { k, ef, allowed, .. } = self.query;
        let exact = &self.exact;
        let mut stats = SearchStats {
            route: self.route,
            ..SearchStats::default()
        };
        if let Some((work, trusted)) = walked {
            stats.visited = work.expanded;
            stats.distances = work.distances;
            let reached = results(scratch, allowed).take(k).count() == k;
            if trusted && (reached || self.others) {
                horizon.add(results(scratch, allowed).map(|(distance, _)| distance));
                let Some(codes) = self.codes else {
                    return (nearest(scratch, k, allowed), stats);
                };
                let candidates = match self.route {
                    Route::Codes => self.how.ef,
                    _ => codes.rerank(k, ef),
                };
                let far = horizon.distance(candidates);
                let (found, more) = compared(exact, scratch, (k, candidates, far), allowed);
                stats.distances += more;
                return (found, stats);
            }
        }
        // Too few matches, or none reached: the promise is kept by scanning them all.
        stats.route = Route::Exact;
        stats.distances += self.matches;
        let found = match allowed {
            Some(allowed) => scan(exact, k, allowed.iter()),
            None => scan(exact, k, 0..exact.vectors().len() as u32),
        };
        horizon.add(found.iter().map(|neighbor| neighbor.distance));
        (found, stats)
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
