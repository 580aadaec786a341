//! Kernels against their definition and against simsimd, and what codes promise.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use simsimd::SpatialSimilarity;

use super::scheme::nearest_codes;
use crate::distance::Exact;

use super::*;

struct Kernel<'a> {
    rung: Rung,
    query: &'a [i8],
    rows: [&'a [u8]; 4],
}

impl Task for Kernel<'_> {
    type Output = ([i32; 4], [i32; 1]);
    fn run<T: Tier>(self, tier: T) -> Self::Output {
        let one = [self.rows[3]];
        match self.rung {
            Rung::Sq8 => (tier.sq8(self.query, self.rows), tier.sq8(self.query, one)),
            Rung::Sq4 => (tier.sq4(self.query, self.rows), tier.sq4(self.query, one)),
        }
    }
}

proptest! {
    /// Every tier gives the very sums that the codes have by definition, and simsimd too, whatever
    /// the alignment; the largest values that may occur among them, of either sign: the tiers add
    /// up in 16 bits as many products as fit.
    #[test]
    fn every_tier_sums_the_same(
        blocks in 1usize..14,
        shift in 0usize..4,
        seed in any::<u64>(),
        query_extreme in 0usize..3,
        codes_extreme in any::<bool>(),
        sq4 in any::<bool>(),
    ) {
        let rung = if sq4 { Rung::Sq4 } else { Rung::Sq8 };
        let width = if sq4 { blocks * 128 } else { blocks * 64 };
        let mut state = seed;
        let mut next = |limit: u64| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (state >> 33) % limit
        };
        let (least, most) = if sq4 { (-127_i8, 127_i8) } else { (-64, 63) };
        let query: Vec<i8> = (0..width + shift)
            .map(|_| match query_extreme {
                0 => least,
                1 => most,
                _ => (i64::from(least) + next(u64::from(most.abs_diff(least)) + 1) as i64) as i8,
            })
            .collect();
        let codes = |next: &mut dyn FnMut(u64) -> u64| -> Vec<u8> {
            let limit = if sq4 { 16 } else { 128 };
            let code = |_| if codes_extreme { limit - 1 } else { next(limit) } as u8;
            (0..width).map(code).collect()
        };
        let plain: Vec<Vec<u8>> = (0..4).map(|_| codes(&mut next)).collect();
        let packed: Vec<Vec<u8>> = plain.iter().map(|codes| match rung {
            Rung::Sq8 => codes.clone(),
            Rung::Sq4 => codes.chunks(64).flat_map(|block| {
                (0..32).map(|i| block[i] | block[i + 32] << 4).collect::<Vec<u8>>()
            }).collect(),
        }).collect();
        let query = &query[shift..];
        let rows: [&[u8]; 4] = std::array::from_fn(|i| packed[i].as_slice());
        let due: Vec<i32> = plain.iter().map(|codes| {
            let signed: Vec<i8> = codes.iter().map(|&c| c as i8).collect();
            i8::dot(&signed, query).unwrap() as i32
        }).collect();
        for level in Level::available() {
            let (four, one) = dispatch(level, Kernel { rung, query, rows });
            prop_assert_eq!(&four[..], &due[..], "{}", level.name());
            prop_assert_eq!(one[0], due[3]);
        }
    }
}

#[test]
fn a_tier_that_is_asked_for_is_one_of_those_that_agree() {
    let names: Vec<&str> = Level::available().map(Level::name).collect();
    assert_eq!(names.last(), Some(&"scalar"));
    assert!(names.contains(&Level::detect().name()));
}

/// NEON is part of every aarch64: the portable code is never the best there.
#[cfg(target_arch = "aarch64")]
#[test]
fn neon_is_the_tier_of_aarch64() {
    let names: Vec<&str> = Level::available().map(Level::name).collect();
    assert_eq!(names, ["neon", "scalar"]);
    assert!(Level::available().all(Level::agrees));
}

/// Clustered vectors, prepared.
fn column(metric: Metric, n: usize, dim: usize) -> Vec<f32> {
    let mut state = 7_u64;
    let mut noise = move || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let centres: Vec<f32> = (0..40 * dim).map(|_| noise() * 3.0).collect();
    let mut all = Vec::with_capacity(n * dim);
    for row in 0..n {
        let centre = &centres[row % 40 * dim..][..dim];
        let mut vector: Vec<f32> = centre.iter().map(|c| c + noise()).collect();
        metric.prepare(&mut vector).unwrap();
        all.extend(vector);
    }
    all
}

/// Distances by codes are near the true ones: the whole of them would be wrong if a term of the
/// affine form were missing for a metric, rung or dimension.
#[test]
fn distances_of_codes_are_near_the_true_ones() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        for dim in [32, 33, 100, 384] {
            let all = column(metric, 600, dim);
            let vectors = Vectors::new(dim, &all).unwrap();
            for rung in [Rung::Sq8, Rung::Sq4] {
                let codes = Codes::build(vectors, metric, rung);
                for ordinal in [0, 17, 599] {
                    let exact = Exact::from_row(vectors, metric, ordinal);
                    let near = nearest_codes(&codes.view(), &vectors.row(ordinal), 600);
                    let size = near.iter().map(|n| exact.distance(n.row).abs());
                    let size = size.fold(0.0, f32::max);
                    let allowed = if rung == Rung::Sq8 { 0.02 } else { 0.1 } * size;
                    for found in &near {
                        let due = exact.distance(found.row);
                        assert!(
                            (found.distance - due).abs() < allowed,
                            "{metric:?} {rung:?} {dim}: {} for {due}",
                            found.distance
                        );
                    }
                    if rung == Rung::Sq8 {
                        let row = CodeRow::new(&codes, ordinal);
                        let mut out = [0.0];
                        row.distances(&[5], &mut out);
                        assert!((out[0] - exact.distance(5)).abs() < allowed);
                    }
                }
            }
        }
    }
}

#[test]
fn codes_that_cannot_tell_neighbours_apart_are_not_chosen() {
    let all = column(Metric::Cosine, 3_000, 64);
    let vectors = Vectors::new(64, &all).unwrap();
    assert!(Scheme::choose(vectors, Metric::Cosine).is_some());
    // One component a thousand times as large as those that tell the vectors apart.
    let lopsided: Vec<f32> = all
        .iter()
        .enumerate()
        .map(|(at, x)| if at % 64 == 0 { 1.0 } else { x * 1e-3 })
        .collect();
    let vectors = Vectors::new(64, &lopsided).unwrap();
    assert_eq!(Scheme::choose(vectors, Metric::Dot), None);
    let short = Vectors::new(16, &all).unwrap();
    assert_eq!(Scheme::choose(short, Metric::Cosine), None);
}

#[test]
fn encoded_codes_are_read_back_and_damage_is_named() {
    let all = column(Metric::L2, 500, 40);
    let vectors = Vectors::new(40, &all).unwrap();
    let codes = Codes::build(vectors, Metric::L2, Rung::Sq4);
    let bytes = codes.view().encoded();
    let view = CodesView::decode(bytes, 500, 40).unwrap();
    assert_eq!(view.rung(), Rung::Sq4);
    assert_eq!(view.encoded(), bytes);
    for (n, dim) in [(499, 40), (500, 41)] {
        assert!(CodesView::decode(bytes, n, dim).is_err());
    }
    for length in [0, 10, 64, bytes.len() - 64] {
        assert!(CodesView::decode(&bytes[..length], 500, 40).is_err());
    }
    for word in 0..8 {
        let mut damaged = codes.lines.clone();
        let damaged: &mut [u8] = bytemuck::cast_slice_mut(&mut damaged);
        damaged[word * 4..][..4].fill(0xff);
        assert!(CodesView::decode(damaged, 500, 40).is_err(), "word {word}");
    }
}

/// Rows that differ along `rank` directions of `dim`, and a little along the others.
fn flat_column(metric: Metric, n: usize, dim: usize, rank: usize) -> Vec<f32> {
    let narrow = column(Metric::L2, n, rank);
    let map = column(Metric::L2, rank, dim);
    let mut all = matrix::multiply(&narrow, &map, rank, dim);
    let noise = column(Metric::L2, n, dim);
    for (x, noise) in all.iter_mut().zip(noise) {
        *x += noise * 0.01;
    }
    for vector in all.chunks_exact_mut(dim) {
        metric.prepare(vector).unwrap();
    }
    all
}

/// Rows that differ along few directions get codes of few: a cache line instead of several. They
/// rank as the vectors do, and their distances are near the true ones, whichever row is the query.
#[test]
fn rows_that_differ_along_few_directions_get_codes_of_few() {
    let (n, dim) = (9_000, 320);
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let all = flat_column(metric, n, dim, 24);
        let vectors = Vectors::new(dim, &all).unwrap();
        let scheme = Scheme::choose(vectors, metric).unwrap();
        assert!(scheme.kept().is_some_and(|kept| kept <= 128), "{scheme:?}");
        let codes = Codes::build(vectors, metric, scheme.clone());
        assert_eq!(codes.layout.stride(), 64);
        let to_build_on = Codes::build(vectors, metric, scheme.to_build_on());
        let (mut kept, mut due) = (0, 0);
        for ordinal in (0..n as u32).step_by(397) {
            let exact = Exact::from_row(vectors, metric, ordinal);
            let truth = crate::flat::scan(&exact, 10, 0..n as u32);
            let candidates = codes.view().rerank(10, 10);
            let near = nearest_codes(&codes.view(), &vectors.row(ordinal), candidates);
            let found = near
                .iter()
                .filter(|near| exact.distance(near.row) <= truth[9].distance);
            kept += found.count().min(10);
            due += 10;
            let row = CodeRow::new(&to_build_on, ordinal);
            let size = (0..n as u32)
                .step_by(71)
                .map(|row| exact.distance(row).abs());
            let allowed = size.fold(0.0, f32::max) * 0.03;
            for near in near.iter().take(10) {
                let due = exact.distance(near.row);
                let mut out = [0.0];
                row.distances(&[near.row], &mut out);
                for found in [near.distance, out[0]] {
                    assert!(
                        (found - due).abs() < allowed,
                        "{metric:?}: {found} for {due}"
                    );
                }
            }
        }
        assert!(kept * 100 >= due * 98, "{metric:?}: {kept} of {due}");
    }
}

/// One step for all rows cuts off what is large in a few of them.
#[test]
fn a_turn_helps_rows_with_most_of_their_length_in_few_numbers() {
    let (n, dim) = (3_000, 128);
    // Many centres, each with a few numbers that outweigh all others, and rows that differ in these.
    let centres = column(Metric::L2, 300 * 40, dim);
    let mut all = column(Metric::L2, n, dim);
    for (row, vector) in all.chunks_exact_mut(dim).enumerate() {
        let noise = &centres[(row + 300) * dim..][..dim];
        let centre = &centres[row % 300 * dim..][..dim];
        for (x, (centre, noise)) in vector.iter_mut().zip(centre.iter().zip(noise)) {
            *x = (centre / 4.0).powi(7) * (1.0 + 0.2 * noise);
        }
        Metric::Cosine.prepare(vector).unwrap();
    }
    let vectors = Vectors::new(dim, &all).unwrap();
    let turned = Scheme::turned(Rung::Sq4, dim);
    let [plain, turned] = [Scheme::from(Rung::Sq4), turned].map(|scheme| {
        let codes = Codes::build(vectors, Metric::Cosine, scheme);
        let view = CodesView::decode(codes.view().encoded(), n, dim).unwrap();
        let found = (0..n as u32).step_by(37).map(|ordinal| {
            let exact = Exact::from_row(vectors, Metric::Cosine, ordinal);
            let truth = crate::flat::scan(&exact, 10, 0..n as u32);
            let near = nearest_codes(&view, &vectors.row(ordinal), 12);
            near.iter()
                .filter(|near| truth.iter().any(|due| due.row == near.row))
                .count()
        });
        found.sum::<usize>()
    });
    assert!(turned >= plain + 15, "{turned} beside {plain}");
}

#[test]
fn few_rows_or_few_dimensions_get_no_projection() {
    for (n, dim) in [(3_000, 320), (9_000, 48)] {
        let all = flat_column(Metric::L2, n, dim, 16);
        let vectors = Vectors::new(dim, &all).unwrap();
        let scheme = Scheme::choose(vectors, Metric::L2);
        assert_eq!(scheme.and_then(|scheme| scheme.kept()), None, "{n} {dim}");
    }
}

#[test]
fn a_projection_is_read_back_and_damage_to_it_is_named() {
    let (n, dim) = (600, 200);
    let all = flat_column(Metric::L2, n, dim, 16);
    let vectors = Vectors::new(dim, &all).unwrap();
    let basis = projection::Basis::fit(all.clone(), dim, 64);
    let scheme = Scheme {
        projection: Some(basis.projection(56)),
        ..Scheme::from(Rung::Sq8)
    };
    let codes = Codes::build(vectors, Metric::L2, scheme);
    let bytes = codes.view().encoded();
    let view = CodesView::decode(bytes, n, dim).unwrap();
    let near = |view: &CodesView<'_>| nearest_codes(view, &vectors.row(3), 20);
    assert_eq!(near(&view), near(&codes.view()));
    // More dimensions than there are, none, a number that is no multiple of four; a step that is
    // none; too many candidates.
    let nan = f32::NAN.to_bits();
    let wrong = [
        (8, 204),
        (8, 0),
        (8, 54),
        (9, 0),
        (9, nan),
        (9, 1 << 31),
        (10, 5_000),
    ];
    for (word, value) in wrong {
        let mut damaged = codes.lines.clone();
        let damaged: &mut [u8] = bytemuck::cast_slice_mut(&mut damaged);
        damaged[word * 4..][..4].copy_from_slice(&u32::to_le_bytes(value));
        assert!(
            CodesView::decode(damaged, n, dim).is_err(),
            "{word}: {value}"
        );
    }
    // Numbers of the matrix that cannot be: the ranking is wrong, and nothing else.
    let mut damaged = codes.lines.clone();
    let damaged: &mut [u8] = bytemuck::cast_slice_mut(&mut damaged);
    damaged[64..].fill(0xff);
    let view = CodesView::decode(damaged, n, dim).unwrap();
    assert!(near(&view).len() <= 20);
}
