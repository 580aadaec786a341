//! One search over several graphs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::codes::{Codes, Rung};
use crate::topk::Neighbor;

const DIM: usize = 48;
const PARTS: usize = 8;
const ROWS: usize = 1500;

struct Part {
    components: Vec<f32>,
    graph: Hnsw,
    codes: Codes,
}

fn parts(metric: Metric) -> Vec<Part> {
    let part = |number| {
        let components = clustered(metric, ROWS, DIM, 40, 40 + number);
        let vectors = Vectors::new(DIM, &components).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        let codes = Codes::build(vectors, metric, Rung::Sq8);
        Part {
            components,
            graph,
            codes,
        }
    };
    (0..PARTS as u64).map(part).collect()
}

/// Searches all parts; rows are numbered through. Says how many distances that took.
fn search(
    parts: &[Part],
    metric: Metric,
    vector: &[f32],
    (k, ef): (usize, usize),
    horizon: &mut Horizon,
) -> (Vec<Neighbor>, usize) {
    let (mut all, mut distances) = (Vec::new(), 0);
    for (number, part) in (0_u32..).zip(parts) {
        let vectors = Vectors::new(DIM, &part.components).unwrap();
        let view = part.graph.view().with_codes(part.codes.view());
        let query = GraphQuery {
            vector,
            k,
            ef,
            allowed: None,
        };
        let (found, stats) = view.search_beside(vectors, metric, query, horizon).unwrap();
        distances += stats.distances;
        let first = number * ROWS as u32;
        all.extend(found.into_iter().map(|found| Neighbor {
            row: first + found.row,
            ..found
        }));
    }
    all.sort();
    all.truncate(k);
    (all, distances)
}

#[test]
fn what_was_found_in_one_graph_shortens_the_walk_in_the_next() {
    for metric in METRICS {
        let parts = parts(metric);
        let queries = clustered(metric, 40, DIM, 40, 60);
        let together: Vec<f32> = parts.iter().flat_map(|p| p.components.clone()).collect();
        let together = Vectors::new(DIM, &together).unwrap();
        let (mut hits, mut wanted) = ([0, 0], 0);
        let (mut apart, mut shared) = (0, 0);
        for query in queries.chunks_exact(DIM) {
            let all = 0..together.len() as u32;
            let truth = exact_search(together, metric, query, 10, all).unwrap();
            wanted += truth.len();
            let asked = (10, 80);
            let count = |horizon: &mut Horizon, hits: &mut usize| {
                let (found, distances) = search(&parts, metric, query, asked, horizon);
                assert_eq!(found.len(), 10, "as many as were asked for");
                *hits += found.iter().filter(|found| truth.contains(found)).count();
                distances
            };
            apart += count(&mut Horizon::default(), &mut hits[0]);
            shared += count(&mut Horizon::new(asked.1), &mut hits[1]);
        }
        let recall = hits.map(|hits| f64::from(hits as u32) / wanted as f64);
        assert!(
            recall[1] >= 0.95 && recall[1] >= recall[0] - 0.02,
            "{metric:?}: {recall:?}"
        );
        assert!(
            shared * 10 < apart * 7,
            "{metric:?}: {shared} of {apart} distances"
        );
    }
}

/// Codes that call everything near make a horizon that nothing else is within: between them the graphs still
/// give what was asked for.
#[test]
fn a_graph_that_promises_too_much_takes_nothing_from_the_count() {
    let metric = Metric::L2;
    let mut parts = parts(metric);
    let tiny: Vec<f32> = parts[0].components.iter().map(|x| x * 1e-3).collect();
    parts[0].codes = Codes::build(Vectors::new(DIM, &tiny).unwrap(), metric, Rung::Sq8);
    let queries = clustered(metric, 10, DIM, 40, 61);
    for query in queries.chunks_exact(DIM) {
        for k in [1, 10, 100] {
            let (found, _) = search(&parts, metric, query, (k, 40), &mut Horizon::new(100));
            assert_eq!(found.len(), k);
        }
    }
}
