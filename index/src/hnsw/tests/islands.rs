//! Clusters that lie far apart.

use super::*;

const DIM: usize = 64;

/// Vectors that a search for themselves, as it is by default, does not find.
fn lost(graph: &Hnsw, vectors: Vectors<'_>, metric: Metric) -> usize {
    let rows = (0..vectors.len() as u32).map(|row| vectors.row(row));
    let found = |row: u32, query: &[f32]| {
        let (found, _) = graph
            .view()
            .search(vectors, metric, query, 10, 64, None)
            .unwrap();
        found.first().is_some_and(|first| first.row == row)
    };
    (0..)
        .zip(rows)
        .filter(|(row, query)| !found(*row, query))
        .count()
}

/// Forty clusters of hundreds of vectors each, far from each other: a search that came down in the wrong one
/// filled its pool there and found nothing of its own, not even the vector that it asked for.
#[test]
fn a_search_does_not_come_down_in_another_cluster_and_stay() {
    let metric = Metric::Cosine;
    for seed in 1..=3 {
        let all = clustered(metric, 12_000, DIM, 40, seed);
        let vectors = Vectors::new(DIM, &all).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        assert_eq!(lost(&graph, vectors, metric), 0, "seed {seed}");
    }
}
