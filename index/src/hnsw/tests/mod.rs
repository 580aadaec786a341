//! Graphs against exact search.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bytes;
mod codes;
mod elements;
mod filter;
mod islands;
mod merge;
mod several;
mod widths;

use std::collections::HashSet;

use super::*;
use crate::flat::exact_search;
use crate::hnsw::level::mix;
use crate::ordinals::OrdinalSet;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// A stream of numbers in [-1, 1), the same for the same seed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(1);
        (mix(self.0) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// `n` prepared vectors around `clusters` centres, neighbours in order belonging to different
/// ones; `[n, dim]`.
fn clustered(metric: Metric, n: usize, dim: usize, clusters: usize, seed: u64) -> Vec<f32> {
    let mut centres = Noise(7);
    let centres: Vec<f32> = (0..clusters * dim).map(|_| centres.next()).collect();
    let mut noise = Noise(mix(seed));
    let mut components = Vec::with_capacity(n * dim);
    for i in 0..n {
        let centre = &centres[i % clusters * dim..][..dim];
        components.extend(centre.iter().map(|x| x + 0.5 * noise.next()));
    }
    for vector in components.chunks_exact_mut(dim) {
        metric.prepare(vector).unwrap();
    }
    components
}

/// Share of the exact `k` nearest that the graph finds.
fn recall(
    graph: &HnswView<'_>,
    vectors: Vectors<'_>,
    metric: Metric,
    queries: &[f32],
    (k, ef): (usize, usize),
    allowed: Option<&OrdinalSet>,
) -> f64 {
    let (mut hits, mut wanted) = (0, 0);
    for query in queries.chunks_exact(vectors.dim()) {
        let all = 0..vectors.len() as u32;
        let rows = all.filter(|&row| allowed.is_none_or(|allowed| allowed.contains(row)));
        let truth = exact_search(vectors, metric, query, k, rows).unwrap();
        let (found, _) = graph
            .search(vectors, metric, query, k, ef, allowed)
            .unwrap();
        assert_eq!(found.len(), truth.len(), "as many as there are, up to k");
        assert!(found.is_sorted());
        let rows: HashSet<u32> = found.iter().map(|neighbor| neighbor.row).collect();
        assert_eq!(rows.len(), found.len(), "no row twice");
        assert!(
            rows.iter()
                .all(|&row| allowed.is_none_or(|allowed| allowed.contains(row)))
        );
        // By distance, not by row: duplicates may stand for each other.
        let bound = truth.last().map_or(f32::INFINITY, |last| last.distance);
        hits += found
            .iter()
            .filter(|neighbor| neighbor.distance <= bound)
            .count();
        wanted += truth.len();
    }
    hits as f64 / wanted as f64
}

#[test]
fn nearly_all_of_the_ten_nearest_are_found_under_every_metric() {
    for metric in METRICS {
        let components = clustered(metric, 4000, 24, 40, 1);
        let queries = clustered(metric, 100, 24, 40, 2);
        let vectors = Vectors::new(24, &components).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        graph.view().check().unwrap();
        let found = recall(&graph.view(), vectors, metric, &queries, (10, 100), None);
        assert!(found >= 0.95, "{metric:?}: recall {found}");
        let query = &queries[..24];
        let (_, stats) = graph
            .view()
            .search(vectors, metric, query, 10, 100, None)
            .unwrap();
        assert_eq!(stats.route, Route::Graph);
        assert!(stats.visited >= 10 && stats.distances < 3000, "{stats:?}");
    }
}

/// Batches are searched in parallel and linked in order: the number of threads must not show.
#[test]
fn the_same_graph_grows_whatever_the_number_of_threads() {
    let components = clustered(Metric::L2, 2000, 8, 10, 3);
    let vectors = Vectors::new(8, &components).unwrap();
    let first = vectors.first(1500);
    let [one, three] = [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let graph = Hnsw::build(first, Metric::L2, &HnswParams::default());
            (graph.encode(), graph.extended(vectors, Metric::L2).encode())
        })
    });
    assert!(one == three);
    let other = HnswParams {
        seed: 1,
        ..HnswParams::default()
    };
    assert!(Hnsw::build(first, Metric::L2, &other).encode() != one.0);
}

/// A thousand equal vectors (empty texts, say) must neither hide each other nor what is around.
#[test]
fn a_heap_of_duplicates_is_searched_like_anything_else() {
    for metric in METRICS {
        let dim = 8;
        let mut components = clustered(metric, 3000, dim, 30, 13);
        let twin = components[..dim].to_vec();
        for row in components
            .chunks_exact_mut(dim)
            .skip(500)
            .step_by(2)
            .take(1000)
        {
            row.copy_from_slice(&twin);
        }
        let vectors = Vectors::new(dim, &components).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        graph.view().check().unwrap();
        let found = recall(&graph.view(), vectors, metric, &twin, (600, 600), None);
        assert!(found >= 0.95, "{metric:?}: {found} of the duplicates");
        let queries = clustered(metric, 60, dim, 30, 14);
        let found = recall(&graph.view(), vectors, metric, &queries, (10, 100), None);
        assert!(found >= 0.95, "{metric:?}: {found} around them");
    }
}

#[test]
fn vectors_that_are_all_equal_are_all_reachable() {
    let components = vec![0.5; 1000 * 4];
    let vectors = Vectors::new(4, &components).unwrap();
    for metric in METRICS {
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        graph.view().check().unwrap();
        let found = graph
            .view()
            .search(vectors, metric, &[0.5; 4], 200, 200, None)
            .unwrap()
            .0;
        assert_eq!(found.len(), 200);
    }
}

#[test]
fn one_dimension_is_enough() {
    let mut noise = Noise(15);
    let components: Vec<f32> = (0..2000).map(|_| noise.next()).collect();
    let vectors = Vectors::new(1, &components).unwrap();
    let queries: Vec<f32> = (0..50).map(|_| noise.next()).collect();
    let graph = Hnsw::build(vectors, Metric::L2, &HnswParams::default());
    graph.view().check().unwrap();
    let found = recall(&graph.view(), vectors, Metric::L2, &queries, (10, 50), None);
    assert!(found >= 0.99, "{found}");
    // Under cosine one dimension has two directions: 2,000 vectors, two heaps of duplicates.
    let signs: Vec<f32> = components.iter().map(|x| x.signum()).collect();
    let vectors = Vectors::new(1, &signs).unwrap();
    let graph = Hnsw::build(vectors, Metric::Cosine, &HnswParams::default());
    graph.view().check().unwrap();
    let found = recall(
        &graph.view(),
        vectors,
        Metric::Cosine,
        &[1.0, -1.0],
        (10, 50),
        None,
    );
    assert!(found >= 0.99, "{found}");
}

/// Every size around the thresholds of a small graph, with every k around it.
#[test]
fn small_graphs_answer_exactly_for_any_k() {
    for n in (0..40).chain([63, 64, 65, 127, 128, 129]) {
        let components = clustered(Metric::L2, n, 3, 5, n as u64);
        let vectors = Vectors::new(3, &components).unwrap();
        let graph = Hnsw::build(vectors, Metric::L2, &HnswParams::default());
        assert_eq!((graph.len(), graph.is_empty()), (n, n == 0));
        graph.view().check().unwrap();
        HnswView::decode(&graph.encode(), n)
            .unwrap()
            .check()
            .unwrap();
        for k in [0, 1, 2, n.saturating_sub(1), n, n + 1, usize::MAX] {
            let query = [0.1, 0.2, 0.3];
            let truth = exact_search(vectors, Metric::L2, &query, k, 0..n as u32).unwrap();
            let search = graph
                .view()
                .search(vectors, Metric::L2, &query, k, 40, None);
            assert_eq!(search.unwrap().0, truth, "n {n}, k {k}");
            let none = OrdinalSet::new(n);
            let search = graph
                .view()
                .search(vectors, Metric::L2, &query, k, 40, Some(&none));
            assert!(search.unwrap().0.is_empty());
        }
    }
}

#[test]
fn a_search_over_the_wrong_vectors_is_an_error() {
    let components = clustered(Metric::L2, 100, 4, 5, 1);
    let vectors = Vectors::new(4, &components).unwrap();
    let graph = Hnsw::build(vectors, Metric::L2, &HnswParams::default());
    let search = |vectors, query: &[f32]| {
        graph
            .view()
            .search(vectors, Metric::L2, query, 1, 1, None)
            .map(|found| found.0.len())
    };
    let refused = crate::VectorError::DimensionMismatch {
        expected: 4,
        got: 3,
    };
    assert_eq!(search(vectors, &[0.0; 3]), Err(refused));
    let refused = crate::VectorError::Missing {
        graph: 100,
        vectors: 99,
    };
    assert_eq!(search(vectors.first(99), &[0.0; 4]), Err(refused));
    assert_eq!(search(vectors, &[0.0; 4]), Ok(1));
}

/// The active segment's graph follows its rows: what was inserted later is found as well as
/// what was there, even when it lies where nothing was.
#[test]
fn an_extended_graph_is_as_good_as_a_new_one() {
    for metric in METRICS {
        let dim = 16;
        let mut components = clustered(metric, 2500, dim, 10, 16);
        let mut news: Vec<f32> = clustered(metric, 1500, dim, 25, 17);
        for row in news.chunks_exact_mut(dim) {
            row[0] += 0.5;
            metric.prepare(row).unwrap();
        }
        components.extend_from_slice(&news);
        let vectors = Vectors::new(dim, &components).unwrap();
        let mut graph = Hnsw::build(vectors.first(2500), metric, &HnswParams::default());
        for n in [2501, 2600, 4000] {
            graph = graph.extended(vectors.first(n), metric);
            assert_eq!(graph.len(), n);
            graph.view().check().unwrap();
        }
        let mut queries = components[..40 * dim].to_vec();
        queries.extend_from_slice(&news[..40 * dim]);
        let found = recall(&graph.view(), vectors, metric, &queries, (10, 100), None);
        assert!(found >= 0.95, "{metric:?}: {found}");
    }
}

#[test]
fn extending_covers_the_odd_cases() {
    let components = clustered(Metric::L2, 200, 4, 5, 18);
    let vectors = Vectors::new(4, &components).unwrap();
    let params = HnswParams::default();
    let built = Hnsw::build(vectors, Metric::L2, &params);
    let empty = Hnsw::build(vectors.first(0), Metric::L2, &params);
    assert_eq!(empty.extended(vectors, Metric::L2).encode(), built.encode());
    assert_eq!(built.extended(vectors, Metric::L2).encode(), built.encode());
    // Fewer vectors, or another metric: nothing of the graph can be kept.
    assert_eq!(
        built.extended(vectors.first(0), Metric::L2).encode(),
        empty.encode()
    );
    let dot = Hnsw::build(vectors, Metric::Dot, &params);
    assert_eq!(built.extended(vectors, Metric::Dot).encode(), dot.encode());
}

/// Worst case for the repair: no link at all is left, then all links point one way.
#[test]
fn repair_reaches_every_node_from_any_graph() {
    let n = 700;
    let components = clustered(Metric::L2, n, 4, 5, 19);
    let vectors = Vectors::new(4, &components).unwrap();
    let params = HnswParams::default();
    for clique in [0_u32, 33, 100] {
        let mut builder =
            Builder::new(Space::Vectors(vectors, Metric::L2), &params, None, &|| true);
        builder.insert(0..n as u32, 0).unwrap();
        builder.trim();
        for node in 0..n as u32 {
            // Full rows within groups of `clique` nodes, with no way from group to group.
            let group = node / clique.max(1) * clique;
            let links = group..(group + clique).min(n as u32);
            let row: Vec<u32> = links.filter(|&l| l != node).take(BASE_DEGREE).collect();
            builder.base.set(node, &row);
        }
        assert!(repair::connect(&mut builder) > 0);
        let (layout, lines) = Layout::write(&builder, Metric::L2, params);
        Hnsw { layout, lines }.view().check().unwrap();
        assert_eq!(repair::connect(&mut builder), 0);
    }
}
