//! How a filtered search is carried out.

/// A way to search among the allowed vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Score every allowed vector.
    Exact,
    /// Walk the graph from allowed node to allowed node, across others where need be.
    TwoHop,
    /// Walk the graph as if there were no filter, and return the allowed nodes.
    #[default]
    Graph,
}

/// An exact scan reads rows in order, which costs this much less a row than a walk's reading
/// in disorder; times the rows that a walk scores for each place of its pool.
const SCAN_PER_EF: usize = 48;
/// Below one allowed node in this many, nodes two hops apart hardly find each other.
const SPARSE: usize = 100;
/// A scan of at most this many rows is taken when a walk would be in the sparse region.
const SPARSE_SCAN: usize = 20_000;

impl Route {
    /// The way to take when `matches` of `n` vectors are allowed and `ef` candidates are kept.
    ///
    /// Few matches are scanned; from 40 % on the filter costs a plain walk little; between
    /// them a walk over the allowed nodes alone is shortest (ACORN, Patel et al. 2024).
    #[must_use]
    pub fn choose(matches: usize, n: usize, k: usize, ef: usize) -> Route {
        let ef = ef.max(k);
        if matches <= ef.saturating_mul(SCAN_PER_EF)
            || (matches <= SPARSE_SCAN && matches < n / SPARSE)
        {
            Route::Exact
        } else if matches < n / 5 * 2 {
            Route::TwoHop
        } else {
            Route::Graph
        }
    }
}
