//! How a filtered search is carried out.

/// A way to search among the allowed vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Score every allowed vector.
    Exact,
    /// Score the codes of every allowed vector, and the best of them by themselves.
    Codes,
    /// Walk the graph from allowed node to allowed node, across others where need be.
    TwoHop,
    /// Walk the graph as if there were no filter, and return the allowed nodes.
    #[default]
    Graph,
}

/// A scan of this many rows for each place of the pool costs as much as a walk: measured on
/// 40,000 sentence embeddings of 384 dimensions, the walk taking 180 us at `ef` 100.
const SCAN_PER_EF: usize = 48;
/// The same for codes: a row of them is a few cache lines, and scored in a fifth of the time.
const CODES_PER_EF: usize = 160;
/// A walk from match to match takes as long as one of this width however narrow it is.
const LEAST_EF: usize = 32;
/// The same where so many are allowed that a plain walk is the other way.
const CODES_PER_EF_OF_MANY: usize = 60;
/// With fewer matches for each of the candidates that would be compared exactly in the end, codes
/// spare nothing.
const CODES_PER_CANDIDATE: usize = 4;
/// Below one allowed node in this many, nodes two hops apart hardly find each other.
const SPARSE: usize = 50;
/// A scan of at most this many rows is taken when a walk would be in the sparse region.
const SPARSE_SCAN: usize = 20_000;

impl Route {
    /// The way to take when `matches` of `n` vectors are allowed and `ef` candidates are kept;
    /// `candidates` of a scan of codes would be compared exactly, if there are codes.
    ///
    /// Few matches are scanned; from 40 % on the filter costs a plain walk little; between
    /// them a walk over the allowed nodes alone is shortest (ACORN, Patel et al. 2024).
    #[must_use]
    pub fn choose(matches: usize, n: usize, ef: usize, candidates: Option<usize>) -> Route {
        let many = matches >= n / 5 * 2;
        let scanned = match candidates {
            Some(_) if many => ef.saturating_mul(CODES_PER_EF_OF_MANY),
            Some(_) => ef.max(LEAST_EF).saturating_mul(CODES_PER_EF),
            None => ef.saturating_mul(SCAN_PER_EF),
        };
        if matches <= scanned || (matches <= SPARSE_SCAN && matches < n / SPARSE) {
            let enough = |candidates: usize| matches / CODES_PER_CANDIDATE > candidates;
            match candidates.is_some_and(enough) {
                true => Route::Codes,
                false => Route::Exact,
            }
        } else if many {
            Route::Graph
        } else {
            Route::TwoHop
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_follows_the_share_of_what_is_allowed() {
        let n = 1_000_000;
        let choose = |matches| Route::choose(matches, n, 100, None);
        assert_eq!(choose(10), Route::Exact);
        assert_eq!(choose(4_800), Route::Exact);
        assert_eq!(choose(15_000), Route::Exact);
        assert_eq!(choose(25_000), Route::TwoHop);
        assert_eq!(choose(399_999), Route::TwoHop);
        assert_eq!(choose(400_000), Route::Graph);
        // A large k is a large pool: the walk is dearer, so that more is scanned.
        assert_eq!(Route::choose(400_000, n, 10_000, None), Route::Exact);
        assert_eq!(
            Route::choose(usize::MAX, usize::MAX, usize::MAX, None),
            Route::Exact
        );
        let with_codes = |matches| Route::choose(matches, n, 100, Some(40));
        assert_eq!(with_codes(160), Route::Exact);
        assert_eq!(with_codes(200), Route::Codes);
        assert_eq!(with_codes(19_999), Route::Codes, "sparse");
        assert_eq!(with_codes(20_000), Route::TwoHop);
        assert_eq!(Route::choose(5_120, 40_000, 10, Some(40)), Route::Codes);
        assert_eq!(with_codes(400_000), Route::Graph);
    }
}
