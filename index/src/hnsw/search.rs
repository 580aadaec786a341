//! Search in a finished graph.

use super::adjacency::Layer;
use super::asked::Asked;
use super::beam::{Scratch, Work, beam};
use super::scan::CodeScan;
use super::view::Upper;
use super::walk::{CodeWalk, ENTRIES, How, walk};
use super::{HnswView, Horizon, Route};
use crate::codes::{CodesView, Level, Terms, dispatch};
use crate::distance::Exact;
use crate::error::VectorError;
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
        let Some(asked) = Asked::new(self, vectors, metric, query, horizon)? else {
            return Ok(<_>::default());
        };
        Ok(self.answer(&asked, horizon))
    }

    /// Runs a search that has been planned.
    pub(super) fn answer(
        &self,
        asked: &Asked<'_>,
        horizon: &mut Horizon,
    ) -> (Vec<Neighbor>, SearchStats) {
        Scratch::with(|scratch| {
            let walked = self.walk_to(asked, scratch);
            asked.conclude(walked, scratch, horizon)
        })
    }

    /// Fills the pool of the scratch by the route that was chosen; `None` where all are to be compared.
    fn walk_to(&self, asked: &Asked<'_>, scratch: &mut Scratch) -> Option<(Work, bool)> {
        let Asked { exact, how, .. } = asked;
        let query = asked.query.vector;
        match (asked.codes, asked.route, asked.query.allowed) {
            (_, Route::Exact, _) => None,
            (Some(codes), Route::Codes, Some(allowed)) => {
                Some((scan_codes(codes, query, *how, allowed, scratch), true))
            }
            (Some(codes), ..) => {
                let query = (query, exact.vectors());
                Some(self.walk_codes(codes, query, *how, scratch))
            }
            (None, ..) => Some(self.walk_vectors(exact, *how, scratch)),
        }
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
    let [terms] = codes.quantize([query], &mut buffers);
    let result = search(&buffers[0].query, terms, scratch);
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
