//! Graphs that are built and walked on codes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::codes::{Codes, CodesView, Rung, Scheme};

const DIM: usize = 64;
const N: usize = 4_000;

/// Recall with codes of either kind, without a filter and with filters that take every route, is
/// what the graph alone is held to; the scores are those of the vectors.
#[test]
fn codes_find_what_vectors_find_with_and_without_a_filter() {
    for metric in METRICS {
        let components = clustered(metric, N, DIM, 40, 21);
        let queries = clustered(metric, 40, DIM, 40, 22);
        let vectors = Vectors::new(DIM, &components).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        for rung in [Rung::Sq4, Rung::Sq8] {
            let codes = Codes::build(vectors, metric, rung);
            let view = graph.view().with_codes(codes.view());
            let found = recall(&view, vectors, metric, &queries, (10, 80), None);
            assert!(found >= 0.95, "{metric:?} {rung:?}: {found}");
            let mut routes = HashSet::new();
            for per_mille in [600, 350, 100, 10, 1] {
                let kept = (0..N as u32).filter(|&o| mix(u64::from(o)) % 1000 < per_mille);
                let allowed = OrdinalSet::collect(N, kept);
                let asked = (10, 60);
                let found = recall(&view, vectors, metric, &queries, asked, Some(&allowed));
                assert!(found >= 0.95, "{metric:?} {rung:?} {per_mille}: {found}");
                let query = &queries[..DIM];
                let searched = view.search(vectors, metric, query, 5, 5, Some(&allowed));
                let (found, stats) = searched.unwrap();
                routes.insert(format!("{:?}", stats.route));
                for neighbor in found {
                    let row = vectors.row(neighbor.row);
                    let due = metric.distance(query, &row);
                    assert_eq!(neighbor.distance.to_bits(), due.to_bits());
                }
            }
            assert_eq!(routes.len(), 3, "{routes:?}");
        }
    }
}

/// Where a filter leaves too many to compare the codes of all and too few to walk as if there were
/// none, the walk goes from match to match, on codes.
#[test]
fn a_walk_from_match_to_match_on_codes_finds_what_is_there() {
    let (n, metric) = (14_000, Metric::Cosine);
    let components = clustered(metric, n, DIM, 140, 25);
    let queries = clustered(metric, 40, DIM, 140, 26);
    let vectors = Vectors::new(DIM, &components).unwrap();
    let graph = Hnsw::build(vectors, metric, &HnswParams::default());
    let codes = Codes::build(vectors, metric, Rung::Sq8);
    let view = graph.view().with_codes(codes.view());
    let kept = (0..n as u32).filter(|&o| mix(u64::from(o)) % 1000 < 390);
    let allowed = OrdinalSet::collect(n, kept);
    let query = &queries[..DIM];
    let (_, stats) = view
        .search(vectors, metric, query, 10, 30, Some(&allowed))
        .unwrap();
    assert_eq!(stats.route, Route::TwoHop);
    let found = recall(&view, vectors, metric, &queries, (10, 30), Some(&allowed));
    assert!(found >= 0.95, "{found}");
}

/// Codes that say nothing lead nowhere near the query, but what is found is there, is as much as
/// was asked for, and is scored by the vectors.
#[test]
fn codes_that_lie_cost_recall_and_nothing_else() {
    let metric = Metric::L2;
    let components = clustered(metric, N, DIM, 40, 23);
    let vectors = Vectors::new(DIM, &components).unwrap();
    let graph = Hnsw::build(vectors, metric, &HnswParams::default());
    let codes = Codes::build(vectors, metric, Rung::Sq8);
    let sound = codes.view().encoded();
    for byte in [0_u8, 0x7f, 0xff] {
        // Entry ordinals, steps and lengths are among what is overwritten.
        let mut words = vec![0_u64; sound.len() / 8];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        bytes.copy_from_slice(sound);
        bytes[64..].fill(byte);
        let lying = CodesView::decode(bytes, N, DIM).unwrap();
        let view = graph.view().with_codes(lying);
        for query in components.chunks_exact(DIM).step_by(97) {
            let (found, _) = view.search(vectors, metric, query, 10, 20, None).unwrap();
            assert_eq!(found.len(), 10);
            assert!(found.is_sorted());
            for neighbor in found {
                let due = metric.distance(query, &vectors.row(neighbor.row));
                assert_eq!(neighbor.distance.to_bits(), due.to_bits());
            }
        }
    }
}

/// Codes of another column or metric are not walked on.
#[test]
fn codes_that_do_not_fit_are_passed_over() {
    let components = clustered(Metric::L2, N, DIM, 40, 24);
    let vectors = Vectors::new(DIM, &components).unwrap();
    let graph = Hnsw::build(vectors, Metric::L2, &HnswParams::default());
    let shorter = Codes::build(vectors.first(N - 1), Metric::L2, Rung::Sq4);
    let other = Codes::build(vectors, Metric::Dot, Rung::Sq4);
    let plain = graph.view();
    for codes in [&shorter, &other] {
        let view = plain.with_codes(codes.view());
        for query in components.chunks_exact(DIM).step_by(501) {
            let search = |view: &HnswView<'_>| view.search(vectors, Metric::L2, query, 5, 40, None);
            assert_eq!(search(&view).unwrap(), search(&plain).unwrap());
        }
    }
}

/// Searches in a block, whether they become codes together or not, give what each gives alone:
/// rows, distances and what was done for them; after another graph too.
#[test]
fn a_block_of_searches_is_each_of_them() {
    for metric in [Metric::Cosine, Metric::L2] {
        let components = clustered(metric, N, DIM, 40, 31);
        let queries = clustered(metric, 21, DIM, 40, 32);
        let vectors = Vectors::new(DIM, &components).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        let codes = [
            Codes::build(vectors, metric, Rung::Sq4),
            Codes::build(vectors, metric, Scheme::turned(Rung::Sq4, DIM)),
        ];
        let some: OrdinalSet = OrdinalSet::collect(N, (0..N as u32).filter(|o| o % 3 != 0));
        let few = OrdinalSet::collect(N, (0..N as u32).filter(|o| o % 50 == 0));
        for codes in [None, Some(&codes[0]), Some(&codes[1])] {
            let view = codes.map_or(graph.view(), |c| graph.view().with_codes(c.view()));
            for allowed in [None, Some(&some), Some(&few)] {
                let asked: Vec<GraphQuery<'_>> = (queries.chunks_exact(DIM).enumerate())
                    .map(|(at, vector)| GraphQuery {
                        vector,
                        k: 1 + at % 10,
                        ef: 20 + at,
                        allowed,
                    })
                    .collect();
                let mut horizons = vec![Horizon::new(45); asked.len()];
                let mut again = horizons.clone();
                for _ in 0..2 {
                    let block = view.search_block(vectors, metric, &asked, &mut horizons);
                    let block = block.unwrap();
                    assert_eq!(block.len(), asked.len());
                    for ((asked, horizon), found) in asked.iter().zip(&mut again).zip(block) {
                        let alone = view.search_beside(vectors, metric, *asked, horizon);
                        assert_eq!(found, alone.unwrap());
                    }
                }
                let wrong = [GraphQuery {
                    vector: &queries[1..DIM],
                    ..asked[0]
                }];
                let refused = view.search_block(vectors, metric, &wrong, &mut horizons);
                assert!(refused.is_err());
            }
        }
    }
}
