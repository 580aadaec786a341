//! What rounding, packing and reading promise.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;
use crate::{Vectors, exact_search};

const METRICS: [Metric; 6] = [
    Metric::Cosine,
    Metric::Dot,
    Metric::L2,
    Metric::L1,
    Metric::Hamming,
    Metric::Jaccard,
];

fn pairs() -> impl Iterator<Item = (Element, Metric)> {
    let elements = Element::ALL.into_iter();
    elements
        .flat_map(|element| METRICS.map(|metric| (element, metric)))
        .filter(|(element, metric)| element.suits(*metric))
}

/// Packed rows in memory that is aligned as a file is.
fn pack(element: Element, metric: Metric, rows: &[f32], dim: usize) -> Vec<u64> {
    let mut packer = Packer::new(element, metric);
    let mut bytes = Vec::new();
    for row in rows.chunks_exact(dim) {
        bytes.extend_from_slice(packer.pack(row));
    }
    bytes.extend(packer.finish());
    assert_eq!(
        Some(bytes.len()),
        element.packed_bytes(dim, rows.len() / dim)
    );
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(&bytes);
    words
}

fn packed(element: Element, dim: usize, len: usize, words: &[u64]) -> Vectors<'_> {
    let bytes: &[u8] = bytemuck::cast_slice(words);
    let needed = element.packed_bytes(dim, len).unwrap();
    Vectors::packed(element, dim, len, &bytes[..needed]).unwrap()
}

fn bits(vector: &[f32]) -> Vec<u32> {
    vector.iter().map(|x| x.to_bits()).collect()
}

/// Numbers of every kind: of all sizes, whole ones, powers of two, zeros.
fn number() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -1.0_f32..1.0,
        2 => (-127_i8..=127).prop_map(f32::from),
        1 => -6e4_f32..6e4,
        1 => (-30_i32..15).prop_map(|power| 2.0_f32.powi(power)),
        1 => Just(0.0_f32),
        1 => Just(-0.0_f32),
    ]
}

/// Vectors whose components are of one size, or multiples of one step, or of any sizes.
fn vector() -> impl Strategy<Value = Vec<f32>> {
    let any = prop::collection::vec(number(), 1..70);
    let even = (prop::collection::vec(-1.0_f32..1.0, 1..70), 1e-18_f32..1e15);
    let even = even.prop_map(|(v, by)| v.into_iter().map(|x| x * by).collect());
    let whole = (
        prop::collection::vec(-127_i8..=127, 1..70),
        prop_oneof![Just(1.0), 1e-3_f32..9.0],
    );
    let whole = whole.prop_map(|(v, by)| v.into_iter().map(|q| f32::from(q) * by).collect());
    prop_oneof![any, even, whole]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A prepared vector is prepared already; packed and read it is the same bits; packed again
    /// it is the same bytes.
    #[test]
    fn what_was_rounded_once_stays_as_it_is(given in vector()) {
        for (element, metric) in pairs() {
            let mut once = given.clone();
            if element.prepare(metric, &mut once).is_err() {
                continue;
            }
            let mut twice = once.clone();
            element.prepare(metric, &mut twice).unwrap();
            prop_assert_eq!(bits(&twice), bits(&once), "{} {:?}", element, metric);
            let dim = once.len();
            let words = pack(element, metric, &once, dim);
            let read = packed(element, dim, 1, &words).get(0).unwrap();
            prop_assert_eq!(bits(&read), bits(&once), "{} {:?}", element, metric);
            prop_assert_eq!(pack(element, metric, &read, dim), words, "{} {:?}", element, metric);
        }
    }

    /// What is lost is what the element cannot hold.
    #[test]
    fn rounding_is_as_fine_as_the_element(given in prop::collection::vec(-1.0_f32..1.0, 2..70)) {
        for (element, metric) in pairs() {
            let mut exact = given.clone();
            if element == Element::Bits || metric.prepare(&mut exact).is_err() {
                continue;
            }
            let mut kept = given.clone();
            element.prepare(metric, &mut kept).unwrap();
            let most = exact.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            for (kept, x) in kept.iter().zip(&exact) {
                let allowed = match element {
                    Element::F32 | Element::Bits => 0.0,
                    Element::F16 => x.abs() / 2_048.0 + 3e-8,
                    Element::Bf16 => x.abs() / 256.0,
                    // Half a step, and what the length changes by under cosine.
                    Element::I8 => most / 127.0 * 0.5 + x.abs() / 127.0 * 0.6,
                };
                prop_assert!((kept - x).abs() <= allowed * 1.001, "{} {:?} {} {}", element, metric, kept, x);
            }
        }
    }
}

#[test]
fn whole_numbers_are_kept_with_a_step_of_one() {
    let given = [-127.0, 3.0, 0.0, 64.0, 1.0];
    for metric in [Metric::Dot, Metric::L2, Metric::L1] {
        let mut kept = given;
        Element::I8.prepare(metric, &mut kept).unwrap();
        assert_eq!(kept, given);
        let mut numbers = Vec::new();
        assert_eq!(integer::encode(metric, &kept, &mut numbers), 1.0);
        assert_eq!(numbers, [-127, 3, 0, 64, 1]);
    }
    // Under cosine the direction is kept: that of the numbers, not of 127ths of the largest.
    let mut kept = [3.0, -4.0, 12.0];
    Element::I8.prepare(Metric::Cosine, &mut kept).unwrap();
    let mut numbers = Vec::new();
    let step = integer::encode(Metric::Cosine, &kept, &mut numbers);
    assert_eq!((step, &numbers[..]), (1.0 / 13.0, &[3, -4, 12][..]));
    assert_eq!(kept, [step * 3.0, step * -4.0, step * 12.0]);
}

#[test]
fn a_number_that_is_too_large_is_named_by_its_place() {
    for metric in [Metric::Dot, Metric::L2, Metric::L1] {
        let refused = Element::F16.prepare(metric, &mut [1.0, 2.0, -65_520.0, 1e9]);
        let (position, element) = (2, Element::F16);
        assert_eq!(refused, Err(VectorError::OutOfRange { position, element }));
        let mut largest = [65_519.0];
        Element::F16.prepare(metric, &mut largest).unwrap();
        assert_eq!(largest, [65_504.0]);
        // Just short enough, and too long once it is rounded: refused, not kept as what cannot be
        // prepared again.
        let x = (MAX_SQUARED_NORM.sqrt() * 0.9999) as f32;
        for element in [Element::Bf16, Element::I8] {
            let mut kept = [x, 0.0];
            if element.prepare(metric, &mut kept).is_ok() {
                element.prepare(metric, &mut kept).unwrap();
            }
        }
    }
    for element in Element::ALL {
        for metric in METRICS.into_iter().filter(|metric| element.suits(*metric)) {
            for bad in [f32::NAN, f32::INFINITY] {
                let refused = element.prepare(metric, &mut [0.5, bad]);
                assert_eq!(refused, Err(VectorError::NotFinite { position: 1 }));
            }
            assert_eq!(
                element.prepare(metric, &mut []),
                Err(VectorError::NoDimensions)
            );
        }
        if element != Element::Bits {
            let refused = element.prepare(Metric::Cosine, &mut [0.0, 0.0]);
            assert_eq!(refused, Err(VectorError::Zero));
        }
    }
}

fn noise(n: usize) -> Vec<f32> {
    let mut state = 11_u64;
    let next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// The score by definition, in double precision.
fn naive(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let count = |is: fn(bool, bool) -> bool| {
        let found = pairs().filter(|(a, b)| is(*a > 0.0, *b > 0.0));
        found.count() as f64
    };
    match metric {
        Metric::Cosine | Metric::Dot => pairs().map(|(a, b)| a * b).sum(),
        Metric::L2 => pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
        Metric::L1 => pairs().map(|(a, b)| (a - b).abs()).sum(),
        Metric::Hamming => count(|a, b| a != b),
        Metric::Jaccard => match count(|a, b| a || b) {
            0.0 => 1.0,
            either => count(|a, b| a && b) / either,
        },
    }
}

/// Every element under every metric: packed rows have the very distances that they had in memory,
/// and those are what they are by definition.
#[test]
fn packed_rows_have_the_distances_of_rows_in_memory() {
    const N: usize = 70;
    for (element, metric) in pairs() {
        for dim in [1, 3, 8, 31, 33, 64, 65, 384] {
            let mut rows = noise((N + 1) * dim);
            for row in rows.chunks_exact_mut(dim) {
                element.prepare(metric, row).unwrap();
            }
            let (query, rows) = rows.split_at(dim);
            let words = pack(element, metric, rows, dim);
            let stored = packed(element, dim, N, &words);
            let memory = Vectors::new(dim, rows).unwrap();
            assert_eq!(stored.element(), element);
            let find = |vectors| exact_search(vectors, metric, query, N, 0..N as u32).unwrap();
            let (found, due) = (find(stored), find(memory));
            assert_eq!(found, due, "{element} {metric:?} {dim}");
            for neighbor in found {
                let row = memory.get(neighbor.row).unwrap();
                let one = metric.distance(query, &row);
                assert_eq!(one.to_bits(), neighbor.distance.to_bits());
                let (score, due) = (f64::from(metric.score(one)), naive(metric, query, &row));
                let due = if metric == Metric::Cosine {
                    due.clamp(-1.0, 1.0)
                } else {
                    due
                };
                assert!(
                    (score - due).abs() < 1e-5 * due.abs().max(1.0),
                    "{element} {metric:?} {dim}: {score} {due}"
                );
            }
        }
    }
}

/// Bytes of vectors are not looked at when a file is opened: any are searched without harm, and
/// what is not a number is far away.
#[test]
fn packed_bytes_that_mean_nothing_do_no_harm() {
    let (dim, n) = (40, 300);
    for element in Element::ALL {
        for byte in [0x00, 0x7f, 0xff, 0x80, 0x7c] {
            let mut rows = noise(n * dim);
            let metric = if element == Element::Bits {
                Metric::Hamming
            } else {
                Metric::L2
            };
            for row in rows.chunks_exact_mut(dim) {
                element.prepare(metric, row).unwrap();
            }
            let mut words = pack(element, metric, &rows, dim);
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
            let half = bytes.len() / 2;
            bytes[half..].fill(byte);
            let vectors = packed(element, dim, n, &words);
            for metric in METRICS {
                let query = &rows[..dim];
                let found = exact_search(vectors, metric, query, n, 0..n as u32).unwrap();
                assert_eq!(found.len(), n);
                assert!(found.iter().all(|neighbor| !neighbor.distance.is_nan()));
                let graph = crate::Hnsw::build(vectors, metric, &crate::HnswParams::default());
                let (found, _) = graph
                    .view()
                    .search(vectors, metric, query, 10, 20, None)
                    .unwrap();
                assert_eq!(found.len(), 10);
            }
        }
    }
}
