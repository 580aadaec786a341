//! How a search went.

mod table;
mod trace;

use lumos_index::{Route, SearchStats};
use serde::Serialize;

use super::Hit;

pub(crate) use trace::Trace;

/// The hits of a search, and what was done to find them; see [`Search::explain`](crate::Search::explain).
///
/// `Display` is a table of it all.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explained {
    /// What [`Search::run`](crate::Search::run) gives.
    pub hits: Vec<Hit>,
    /// What the filter took, `None` without one.
    pub filter: Option<FilterCost>,
    /// What each leg took, in their order.
    pub legs: Vec<LegCost>,
    /// What the vector legs did in each segment, in their order, one leg after the other; empty without one.
    pub segments: Vec<SegmentSearch>,
    /// Documents that the legs brought together, before any was cut off.
    pub candidates: usize,
    /// The time that each stage took, in the order in which they ran.
    pub stages: Vec<StageTime>,
    /// The time that the whole search took, documents read, in microseconds.
    pub micros: u64,
}

impl Explained {
    /// Nodes of graphs whose links were followed, in all segments.
    #[must_use]
    pub fn visited(&self) -> usize {
        self.segments.iter().map(|segment| segment.visited).sum()
    }

    /// Distances computed, in all segments.
    #[must_use]
    pub fn distances(&self) -> usize {
        self.segments.iter().map(|segment| segment.distances).sum()
    }
}

/// A step of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stage {
    /// Texts were embedded, keys looked up, the request was checked.
    Prepare,
    /// The filter was evaluated.
    Filter,
    /// Each leg found its candidates.
    Find,
    /// Each leg scored the candidates of all, and the rankings became one.
    Fuse,
    /// The score formula was evaluated.
    Score,
    /// The re-ranker scored the best candidates.
    Rerank,
    /// The candidates were diversified or put into groups.
    Choose,
    /// The documents of the hits were read.
    Read,
}

/// The time of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StageTime {
    /// The step.
    pub stage: Stage,
    /// Its time, in microseconds.
    pub micros: u64,
}

/// What the filter of a search took.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FilterCost {
    /// Live rows.
    pub rows: u64,
    /// Rows of these that match.
    pub matches: u64,
    /// The share that matches, 0 to 1; 0 when there are no rows.
    pub selectivity: f64,
    /// Segments it was asked of.
    pub segments: usize,
    /// Segments of these that knew the answer from a search before.
    pub cached: usize,
    /// The time, in microseconds.
    pub micros: u64,
}

/// What one leg of a search took.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LegCost {
    /// The name of the leg.
    pub leg: String,
    /// How it searched: `vector`, `keywords`, `sparse`, `multi`, `best score`, `prefetch`, `prefetch, then ranked`.
    pub route: String,
    /// Candidates it was asked for.
    pub depth: usize,
    /// Candidates it brought.
    pub found: usize,
    /// The time it took to find them, in microseconds.
    pub micros: u64,
    /// The time it took to score the candidates of all legs, in microseconds.
    pub score_micros: u64,
    /// What it did in each segment, when it is by vector.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentSearch>,
    /// The legs of a prefetch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<LegCost>,
}

impl LegCost {
    pub(crate) fn new(leg: &str, route: &str, depth: usize) -> Self {
        LegCost {
            leg: leg.to_string(),
            route: route.to_string(),
            depth,
            found: 0,
            micros: 0,
            score_micros: 0,
            segments: Vec::new(),
            legs: Vec::new(),
        }
    }

    /// Adds what the same leg did before: it goes through the same segments and legs, in the same order.
    fn add(&mut self, before: &LegCost) {
        for (now, before) in self.segments.iter_mut().zip(&before.segments) {
            now.visited += before.visited;
            now.distances += before.distances;
        }
        for (now, before) in self.legs.iter_mut().zip(&before.legs) {
            now.micros += before.micros;
            now.score_micros += before.score_micros;
            now.add(before);
        }
    }
}

/// The way in which the nearest vectors of a segment were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VectorRoute {
    /// Every vector that may be found was compared.
    Exact,
    /// The codes of every vector that may be found were compared, and the best of them exactly.
    Codes,
    /// The graph was walked from match to match, across others where need be.
    TwoHop,
    /// The graph was walked as if there were no filter.
    Graph,
}

impl From<Route> for VectorRoute {
    fn from(route: Route) -> Self {
        match route {
            Route::Exact => VectorRoute::Exact,
            Route::Codes => VectorRoute::Codes,
            Route::TwoHop => VectorRoute::TwoHop,
            Route::Graph => VectorRoute::Graph,
        }
    }
}

/// What the vector leg of a search did in one segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SegmentSearch {
    /// The name of the file, or `memory`.
    pub segment: String,
    /// Rows that belong to the snapshot.
    pub rows: u64,
    /// Rows of these that are live and match the filter.
    pub matches: u64,
    /// The way taken.
    pub route: VectorRoute,
    /// Candidates that were asked to be kept; 0 for a scan.
    pub ef: usize,
    /// Nodes whose links were followed.
    pub visited: usize,
    /// Distances computed, those between quantised vectors too.
    pub distances: usize,
}

/// What a segment says of one search in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Visit {
    pub(crate) ef: usize,
    pub(crate) stats: SearchStats,
}

impl Visit {
    /// A comparison of so many vectors one by one.
    pub(crate) fn scan(distances: usize) -> Visit {
        Visit {
            ef: 0,
            stats: SearchStats {
                visited: 0,
                distances,
                route: Route::Exact,
            },
        }
    }

    /// A walk and a scan of what is not in the graph yet.
    pub(crate) fn and_scan(mut self, distances: usize) -> Visit {
        self.stats.distances += distances;
        self
    }
}
