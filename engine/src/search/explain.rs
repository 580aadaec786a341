//! How a search went.

use lumos_index::{Route, SearchStats};
use serde::Serialize;

use super::Hit;

/// The hits of a search, and what was done to find them; see [`Search::explain`](crate::Search::explain).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explained {
    /// What [`Search::run`](crate::Search::run) gives.
    pub hits: Vec<Hit>,
    /// What the vector leg did in each segment, in their order; empty without one.
    pub segments: Vec<SegmentSearch>,
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
