//! Distances by the kernels of this machine are those of plain loops in double precision, whatever the
//! length and the place in memory.

use lumos_index::{Element, Metric, Packer, Vectors, exact_search};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = usize::from(input.byte());
    let skip = choice % 9;
    let dimension = usize::from(input.u16() % 300) + 1;
    let metrics =
        [Metric::Cosine, Metric::Dot, Metric::L2, Metric::L1, Metric::Hamming, Metric::Jaccard];
    let metric = metrics[usize::from(input.below(6))];
    let element = match metric.is_of_sets() {
        true => Element::Bits,
        false => [Element::F32, Element::F16, Element::Bf16, Element::I8][choice / 9 % 4],
    };
    let mut numbers = vec![0.0_f32; skip + dimension * 3];
    for number in numbers.iter_mut().skip(skip) {
        // Any exponent that leaves a product within reach.
        *number = f32::from_bits(input.u32());
        if !number.is_finite() || number.abs() > 1e15 {
            *number = f32::from(number.to_bits() as u16) / 1024.0 - 7.0;
        }
    }
    let vectors = &mut numbers[skip..];
    if vectors.chunks_mut(dimension).any(|vector| element.prepare(metric, vector).is_err()) {
        return;
    }
    let (a, rest) = vectors.split_at(dimension);
    let b = &rest[..dimension];
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot: f64 = pairs().map(|(a, b)| a * b).sum();
    let scale: f64 = pairs().map(|(a, b)| (a * b).abs()).sum();
    let (expected, scale) = match metric {
        Metric::Cosine => (1.0 - dot, scale + 1.0),
        Metric::Dot => (-dot, scale),
        Metric::L2 => {
            let squares: f64 = pairs().map(|(a, b)| (a - b) * (a - b)).sum();
            (squares, squares)
        }
        Metric::L1 => {
            let sum: f64 = pairs().map(|(a, b)| (a - b).abs()).sum();
            (sum, sum)
        }
        Metric::Hamming => (pairs().map(|(a, b)| (a - b).abs()).sum(), 0.0),
        Metric::Jaccard => {
            let either: f64 = pairs().map(|(a, b)| a.max(b)).sum();
            (if either > 0.0 { -dot / either } else { -1.0 }, 1.0)
        }
    };
    let found = f64::from(metric.distance(a, b));
    // Each of the n additions may round, and numbers below the normal ones may vanish.
    let error = scale * 1e-6 * (dimension as f64).sqrt().max(4.0) + dimension as f64 * 1e-37;
    assert!((found - expected).abs() <= error, "{metric:?} {dimension}: {found}, not {expected}");

    let stored = Vectors::new(dimension, rest).unwrap();
    let nearest = exact_search(stored, metric, a, 2, 0..2).unwrap();
    assert_eq!(nearest.len(), 2);
    assert!(nearest[0].distance <= nearest[1].distance);
    let first = nearest.iter().find(|neighbor| neighbor.row == 0).unwrap();
    assert!((f64::from(first.distance) - expected).abs() <= error);

    let mut packer = Packer::new(element, metric);
    let mut bytes: Vec<u8> = Vec::new();
    for row in rest.chunks_exact(dimension) {
        bytes.extend_from_slice(packer.pack(row));
    }
    bytes.extend(packer.finish());
    let mut room = vec![0; bytes.len() + 64];
    let start = room.as_ptr().align_offset(64);
    let packed = &mut room[start..start + bytes.len()];
    packed.copy_from_slice(&bytes);
    let packed = Vectors::packed(element, dimension, 2, packed).unwrap();
    let found = exact_search(packed, metric, a, 2, 0..2).unwrap();
    assert_eq!(found, nearest, "{element} {metric:?} {dimension}");
}
