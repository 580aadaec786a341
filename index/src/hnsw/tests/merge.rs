//! Graphs made from graphs.

use super::*;
use crate::codes::Scheme;

const DIM: usize = 24;

/// The rows of `from` that `keep` picks, appended to `to`; returns the places of all of them.
fn append(to: &mut Vec<f32>, from: &[f32], keep: impl Fn(usize) -> bool) -> Vec<Option<u32>> {
    let rows = from.chunks_exact(DIM).enumerate();
    rows.map(|(at, row)| {
        keep(at).then(|| {
            to.extend_from_slice(row);
            (to.len() / DIM - 1) as u32
        })
    })
    .collect()
}

fn graph(components: &[f32], metric: Metric) -> Hnsw {
    let vectors = Vectors::new(DIM, components).unwrap();
    Hnsw::build(vectors, metric, &HnswParams::default())
}

fn merged(components: &[f32], metric: Metric, parts: &[(&Hnsw, &[Option<u32>])]) -> Hnsw {
    let vectors = Vectors::new(DIM, components).unwrap();
    let parts: Vec<GraphPart<'_>> = parts
        .iter()
        .map(|(graph, places)| GraphPart {
            graph: graph.view(),
            places,
        })
        .collect();
    {
        let scheme = Scheme::choose(vectors, metric);
        let params = HnswParams::default();
        Hnsw::merged(vectors, metric, scheme.as_ref(), &params, &parts, &|| true)
    }
    .unwrap()
}

/// Two segments become one; a fifth of the larger one's rows is gone.
#[test]
fn a_merged_graph_finds_what_one_built_from_nothing_finds() {
    for metric in METRICS {
        let (a, b) = (
            clustered(metric, 3000, DIM, 40, 1),
            clustered(metric, 1500, DIM, 40, 2),
        );
        let queries = clustered(metric, 200, DIM, 40, 3);
        let mut all = Vec::new();
        let first = append(&mut all, &b, |_| true);
        let second = append(&mut all, &a, |at| !mix(at as u64).is_multiple_of(5));
        let graph = merged(
            &all,
            metric,
            &[(&graph(&b, metric), &first), (&graph(&a, metric), &second)],
        );
        graph.view().check().unwrap();
        let vectors = Vectors::new(DIM, &all).unwrap();
        let fresh = Hnsw::build(vectors, metric, &HnswParams::default());
        let [found, best] = [&graph, &fresh]
            .map(|graph| recall(&graph.view(), vectors, metric, &queries, (10, 40), None));
        assert!(
            found > best - 0.01,
            "{metric:?}: {found}, built anew {best}"
        );
    }
}

/// Fifty times two percent of the rows go and as many come, and no rebuild in between.
#[test]
fn fifty_generations_of_deletes_do_not_wear_a_graph_out() {
    let metric = Metric::Cosine;
    let n = 2500;
    let mut live = clustered(metric, n, DIM, 40, 1);
    let mut now = graph(&live, metric);
    for generation in 0..50_u64 {
        let mut next = Vec::new();
        let gone = |at: usize| mix(generation << 32 | at as u64).is_multiple_of(50);
        let places = append(&mut next, &live, |at| !gone(at));
        let new = clustered(metric, n - next.len() / DIM, DIM, 40, 100 + generation);
        next.extend_from_slice(&new);
        now = merged(&next, metric, &[(&now, &places)]);
        now.view().check().unwrap();
        live = next;
    }
    let vectors = Vectors::new(DIM, &live).unwrap();
    let queries = clustered(metric, 300, DIM, 40, 3);
    let fresh = graph(&live, metric);
    let [found, best] = [&now, &fresh]
        .map(|graph| recall(&graph.view(), vectors, metric, &queries, (10, 40), None));
    assert!(
        found > best - 0.01,
        "{found} after 50 generations, {best} fresh"
    );
}

/// A whole neighbourhood is deleted at once: what stays around it is linked through it.
#[test]
fn a_deleted_cluster_leaves_no_hole() {
    let metric = Metric::L2;
    let all = clustered(metric, 3000, DIM, 12, 5);
    let mut kept = Vec::new();
    let places = append(&mut kept, &all, |at| at % 12 > 2);
    let now = merged(&kept, metric, &[(&graph(&all, metric), &places)]);
    now.view().check().unwrap();
    let vectors = Vectors::new(DIM, &kept).unwrap();
    let queries = clustered(metric, 200, DIM, 12, 6);
    let [found, best] = [&now, &graph(&kept, metric)]
        .map(|graph| recall(&graph.view(), vectors, metric, &queries, (10, 40), None));
    assert!(found > best - 0.01, "{found}, built anew {best}");
}

/// Threads may not show, and parts that are of no use do no harm.
#[test]
fn merging_is_repeatable_and_takes_no_harm_from_parts_that_do_not_fit() {
    let metric = Metric::Cosine;
    let a = clustered(metric, 800, DIM, 20, 1);
    let graph = graph(&a, metric);
    let mut all = Vec::new();
    let places = append(&mut all, &a, |at| at % 7 > 0);
    all.extend_from_slice(&clustered(metric, 300, DIM, 20, 2));
    let [one, three] = [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap()
            .install(|| merged(&all, metric, &[(&graph, &places)]).encode())
    });
    assert!(one == three);
    let fresh = super::merge::graph(&all, metric).encode();
    let outside: Vec<Option<u32>> = (0..800).map(|at| Some(at + 400)).collect();
    for places in [&places[1..], &outside, &vec![None; 800]] {
        assert!(merged(&all, metric, &[(&graph, places)]).encode() == fresh);
    }
    assert!(merged(&[], metric, &[(&graph, &vec![None; 800])]).is_empty());
    let whole: Vec<Option<u32>> = (0..800).map(Some).collect();
    merged(&a, metric, &[(&graph, &whole)])
        .view()
        .check()
        .unwrap();
}

/// Closing a database does not wait for a graph: a build that is told to stop gives none.
#[test]
fn a_build_stops_when_it_is_told_to() {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    let all = clustered(Metric::L2, 2_000, 8, 20, 5);
    let vectors = Vectors::new(8, &all).unwrap();
    let params = HnswParams::default();
    let asked = AtomicUsize::new(0);
    let twice = || asked.fetch_add(1, Relaxed) < 2;
    let stopped = Hnsw::build_while(vectors, Metric::L2, None, &params, &twice);
    assert_eq!(stopped.err(), Some(Stopped));
    assert_eq!(asked.load(Relaxed), 3, "not asked again");
    let graph = Hnsw::build_while(vectors, Metric::L2, None, &params, &|| true).unwrap();
    let half = Vectors::new(8, &all[..8_000]).unwrap();
    let half = Hnsw::build(half, Metric::L2, &params);
    let stopped = half.extended_while(vectors, Metric::L2, None, &|| false);
    assert_eq!(stopped.err(), Some(Stopped));
    let places: Vec<Option<u32>> = (0..2_000).map(|n| (n % 2 == 0).then_some(n / 2)).collect();
    let parts = [GraphPart {
        graph: graph.view(),
        places: &places,
    }];
    let kept: Vec<f32> = all
        .chunks_exact(16)
        .flat_map(|two| &two[..8])
        .copied()
        .collect();
    let kept = Vectors::new(8, &kept).unwrap();
    let stopped = Hnsw::merged(kept, Metric::L2, None, &params, &parts, &|| false);
    assert_eq!(stopped.err(), Some(Stopped));
}
