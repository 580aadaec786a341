//! The encoded form: identity, refusals, and hostile bytes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::error::DecodeError;

/// The words of encoded bytes, to be damaged.
fn words_of(bytes: &[u8]) -> Vec<u32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&word| u32::from_le_bytes(word))
        .collect()
}

#[test]
fn the_encoded_graph_is_the_graph() {
    let components = clustered(Metric::Dot, 1200, 5, 9, 4);
    let vectors = Vectors::new(5, &components).unwrap();
    let params = HnswParams {
        ef_construction: 60,
        seed: u64::MAX - 5,
    };
    let graph = Hnsw::build(vectors, Metric::Dot, &params);
    let bytes = graph.encode();
    let view = HnswView::decode(&bytes, 1200).unwrap();
    view.check().unwrap();
    assert_eq!(view.metric(), Metric::Dot);
    assert_eq!(view.len(), graph.len());
    assert_eq!(view.encoded(), bytes);
    for query in components.chunks_exact(5).take(50) {
        let search = |view: HnswView<'_>| view.search(vectors, Metric::Dot, query, 7, 30, None);
        assert_eq!(search(view), search(graph.view()));
    }
    // What a later build reads may not depend on what this one happens to compute.
    assert_eq!(
        &bytes[..20],
        b"LHNW\x01\0\0\0\x01\0\0\0\xb0\x04\0\0\x20\0\0\0"
    );
}

#[test]
fn bytes_that_are_no_such_graph_are_refused_in_constant_time() {
    let components = clustered(Metric::L2, 300, 3, 4, 5);
    let bytes = Hnsw::build(
        Vectors::new(3, &components).unwrap(),
        Metric::L2,
        &HnswParams::default(),
    )
    .encode();
    let with = |at: usize, value: u32| {
        let mut bytes = bytes.clone();
        bytes[at * 4..at * 4 + 4].copy_from_slice(&value.to_le_bytes());
        HnswView::decode(&bytes, 300).map(|view| view.len())
    };
    assert_eq!(
        with(0, 1),
        Err(DecodeError::Magic {
            section: "vector graph"
        })
    );
    assert!(matches!(
        with(1, 2),
        Err(DecodeError::Version {
            found: 2,
            supported: 1,
            ..
        })
    ));
    for (at, value) in [
        (2, 6),
        (3, 301),
        (3, u32::MAX),
        (4, 31),
        (5, 17),
        (9, 301),
        (10, 290),
    ] {
        assert!(
            matches!(with(at, value), Err(DecodeError::Invalid { .. })),
            "{at} {value}"
        );
    }
    assert!(matches!(with(9, 200), Err(DecodeError::Length { .. })));
    assert!(HnswView::decode(&bytes, 299).is_err());
    for cut in [0, 3, 64, 127, 128, bytes.len() - 64, bytes.len() - 1] {
        let refused = HnswView::decode(&bytes[..cut], 300);
        assert!(
            matches!(refused, Err(DecodeError::Length { .. })),
            "{cut}: {refused:?}"
        );
    }
    let mut shifted = vec![0; 1];
    shifted.extend_from_slice(&bytes);
    let misaligned = HnswView::decode(&shifted[1..], 300);
    assert!(matches!(
        misaligned,
        Err(DecodeError::Misaligned { align: 4, .. })
    ));
}

/// Each kind of damage that a search must survive is one that a check must name.
#[test]
fn a_check_finds_every_kind_of_damage() {
    let n = 600;
    let components = clustered(Metric::L2, n, 3, 4, 6);
    let vectors = Vectors::new(3, &components).unwrap();
    let graph = Hnsw::build(vectors, Metric::L2, &HnswParams::default());
    let bytes = graph.encode();
    let row = |node: usize| 32 + node * 32;
    let ids = row(n);
    let find = |damage: &dyn Fn(&mut [u32])| {
        let mut words: Vec<u32> = words_of(&bytes);
        damage(&mut words);
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        match HnswView::decode(bytes, n).unwrap().check() {
            Err(DecodeError::Invalid { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        find(&|w| w[row(5)] = n as u32),
        "a link leads out of the graph"
    );
    assert_eq!(find(&|w| w[row(5)] = 5), "a node links to itself");
    assert_eq!(
        find(&|w| w[row(5) + 1] = w[row(5)]),
        "a node has one link twice"
    );
    assert_eq!(
        find(&|w| w[row(5)] = u32::MAX),
        "a link follows an empty slot"
    );
    assert_eq!(
        find(&|w| w.swap(ids, ids + 1)),
        "the nodes of a level are not in order"
    );
    let cut_off = |w: &mut [u32]| {
        for row in w[32..32 + n * 32].chunks_exact_mut(32) {
            let mut kept: Vec<u32> = row.iter().copied().filter(|&link| link != 77).collect();
            kept.resize(32, u32::MAX);
            row.copy_from_slice(&kept);
        }
    };
    assert_eq!(find(&cut_off), "no search can reach this node");
}

/// A small graph with two upper levels, built once: seed chosen so that levels exist.
fn hostile_base() -> (Vec<f32>, Vec<u8>) {
    let components = clustered(Metric::L2, 400, 4, 6, 7);
    let graph = Hnsw::build(
        Vectors::new(4, &components).unwrap(),
        Metric::L2,
        &HnswParams::default(),
    );
    assert!(
        graph.view().upper().len() >= 2,
        "levels are part of what is damaged"
    );
    (components, graph.encode())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Damaged bytes are refused, or searched without panic and with the promised k.
    #[test]
    fn hostile_bytes_never_panic(
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![any::<u32>(), 0u32..500, Just(u32::MAX)]),
            0..40,
        ),
        upper_only in any::<bool>(),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
        k in 0usize..20,
    ) {
        static BASE: OnceLock<(Vec<f32>, Vec<u8>)> = OnceLock::new();
        let (components, encoded) = BASE.get_or_init(hostile_base);
        let vectors = Vectors::new(4, components).unwrap();
        let mut words: Vec<u32> = words_of(encoded);
        let from = if upper_only { 32 + 400 * 32 } else { 0 };
        for (at, value) in edits {
            let at = from + at.index(words.len() - from);
            words[at] = value;
        }
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        let bytes = cut.map_or(bytes, |cut| &bytes[..cut.index(bytes.len())]);
        if let Ok(view) = HnswView::decode(bytes, 400) {
            let _ = view.check();
            let query = vectors.row(3);
            // One of each route, which small pools make possible on a small graph.
            for share in [1, 2, 4, 30] {
                let allowed = OrdinalSet::collect(400, (0..400).filter(|o| o % share == 0));
                let (found, _) =
                    view.search(vectors, Metric::L2, &query, k, 1, Some(&allowed)).unwrap();
                prop_assert_eq!(found.len(), k.min(allowed.len()));
                prop_assert!(found.iter().all(|neighbor| allowed.contains(neighbor.row)));
            }
            let (found, _) = view.search(vectors, Metric::L2, &query, k, 1, None).unwrap();
            prop_assert_eq!(found.len(), k);
        }
    }
}

/// Bytes of vectors are not checked when a file is opened: NaN in them may spoil a result, but
/// neither the process nor the promise of k.
#[test]
fn vectors_that_are_not_numbers_do_no_harm() {
    let mut components = clustered(Metric::L2, 1000, 4, 6, 8);
    let clean = components.clone();
    for (at, x) in components.iter_mut().enumerate() {
        if at % 50 == 0 {
            *x = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY][at / 50 % 4];
        }
    }
    let vectors = Vectors::new(4, &components).unwrap();
    for metric in METRICS {
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        graph.view().check().unwrap();
        let query = &clean[..4];
        let (found, _) = graph
            .view()
            .search(vectors, metric, query, 10, 40, None)
            .unwrap();
        assert_eq!(found.len(), 10);
    }
}
