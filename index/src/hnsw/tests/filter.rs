//! Filtered search against exact search among what is allowed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn k_matches_are_found_whenever_k_match() {
    for metric in METRICS {
        let n = 4000;
        let components = clustered(metric, n, 16, 25, 9);
        let queries = clustered(metric, 30, 16, 25, 10);
        let vectors = Vectors::new(16, &components).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        let mut routes = HashSet::new();
        for per_mille in [1000, 999, 700, 450, 300, 150, 100, 50, 10, 5, 1, 0] {
            let kept = (0..n as u32).filter(|&o| mix(u64::from(o)) % 1000 < per_mille);
            let allowed = OrdinalSet::collect(n, kept);
            for ef in [10, 60] {
                let view = graph.view();
                let found = recall(&view, vectors, metric, &queries, (10, ef), Some(&allowed));
                let least = if ef == 60 { 0.95 } else { 0.7 };
                let empty = allowed.is_empty();
                assert!(
                    empty || found >= least,
                    "{metric:?} {per_mille} ef {ef}: {found}"
                );
                let (_, stats) = view
                    .search(vectors, metric, &queries[..16], 10, ef, Some(&allowed))
                    .unwrap();
                routes.insert(format!("{:?}", stats.route));
            }
        }
        assert_eq!(routes.len(), 3, "every route was taken: {routes:?}");
    }
}

/// The allowed vectors lie in other clusters than the query, where a walk towards the query
/// meets none of them.
#[test]
fn a_filter_that_turns_away_from_the_query_still_gives_the_nearest_matches() {
    let (n, clusters) = (6000, 20);
    let components = clustered(Metric::L2, n, 12, clusters, 11);
    let queries = clustered(Metric::L2, 40, 12, clusters, 12);
    let vectors = Vectors::new(12, &components).unwrap();
    let graph = Hnsw::build(vectors, Metric::L2, &HnswParams::default());
    for (at, query) in queries.chunks_exact(12).enumerate() {
        let near = at % clusters;
        for others in [2, 6, 12] {
            let allowed = |o: &u32| (*o as usize + clusters - near - 1) % clusters < others;
            let allowed = OrdinalSet::collect(n, (0..n as u32).filter(allowed));
            assert!(!allowed.contains(near as u32));
            let found = recall(
                &graph.view(),
                vectors,
                Metric::L2,
                query,
                (10, 20),
                Some(&allowed),
            );
            assert!(found >= 0.8, "query {at}, {others} other clusters: {found}");
        }
    }
}
