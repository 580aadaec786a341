//! Kernels against the scalar definition and against simsimd.

use proptest::prelude::*;
use simsimd::SpatialSimilarity;

use super::*;

/// What a sum of `dim` products of magnitude up to `scale` may differ by between two orders of
/// summation.
fn tolerance(dim: usize, scale: f32) -> f32 {
    f32::EPSILON * scale * scale * dim as f32 * 2.0 + f32::MIN_POSITIVE
}

proptest! {
    /// Every tier gives the scalar value: any length (whole registers, halves, tails), slices
    /// that begin at any float, any number of rows in a block.
    #[test]
    fn every_tier_agrees_with_the_scalar_definition(
        dim in 1usize..150,
        skip in 0usize..4,
        rows in 1usize..10,
        seed in any::<u64>(),
        scale in prop::sample::select(vec![1e-3_f32, 1.0, 1e3]),
    ) {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale
        };
        let query: Vec<f32> = (0..dim + skip).map(|_| next()).collect();
        let components: Vec<f32> = (0..dim * rows + skip).map(|_| next()).collect();
        let (query, components) = (&query[skip..], &components[skip..]);
        let ids: Vec<u32> = (0..rows as u32).rev().collect();
        for kernels in Kernels::available() {
            let mut out = vec![f32::NAN; rows];
            for metric in [Metric::Dot, Metric::L2, Metric::L1, Metric::Hamming, Metric::Jaccard] {
                kernels.block(metric)(query, components, &ids, &mut out);
                for (&id, &found) in ids.iter().zip(&out) {
                    let row = part(components, dim, id);
                    let (due, other, allowed) = match metric {
                        Metric::L2 => {
                            let other = f32::l2sq(query, row);
                            (scalar::l2(query, row), other, 4.0 * tolerance(dim, scale))
                        }
                        Metric::L1 => {
                            let scale = scale.sqrt() * 1.5;
                            (scalar::l1(query, row), None, tolerance(dim, scale))
                        }
                        Metric::Hamming => (scalar::hamming(query, row), None, 0.0),
                        Metric::Jaccard => (scalar::jaccard(query, row), None, 0.0),
                        _ => (scalar::dot(query, row), f32::dot(query, row), tolerance(dim, scale)),
                    };
                    let off = (found - due).abs();
                    prop_assert!(off <= allowed, "{kernels:?} {metric:?} off by {off}");
                    let off = (found - other.map_or(found, |d| d as f32)).abs();
                    prop_assert!(off <= allowed, "{kernels:?} {metric:?} off by {off}");
                    // Alone and within a block: the same bits.
                    let alone = kernels.pair(metric, query, row);
                    prop_assert_eq!(alone.to_bits(), found.to_bits());
                }
            }
        }
    }
}

/// NEON is part of every aarch64: simsimd is not what runs there.
#[cfg(target_arch = "aarch64")]
#[test]
fn neon_is_the_tier_of_aarch64() {
    let tiers: Vec<&str> = Kernels::available().map(|kernels| kernels.tier).collect();
    assert_eq!(tiers, ["neon", "simsimd"]);
}

#[test]
#[should_panic(expected = "out of range")]
fn a_row_that_is_not_there_panics_before_anything_is_read() {
    let mut out = [0.0];
    (Kernels::detect().dot)(&[1.0; 4], &[1.0; 11], &[2], &mut out);
}

#[test]
fn an_empty_block_is_no_work() {
    (Kernels::detect().l2)(&[1.0; 4], &[], &[], &mut []);
}
