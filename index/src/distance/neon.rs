//! Kernels for aarch64: NEON as every such processor has it, which includes fused multiplication
//! and addition.
//!
//! Four rows are read at a time against each piece of the query. Every row has four accumulators
//! that are filled and summed in one order, whether it is scored alone or with three others.

#![allow(
    unsafe_code,
    reason = "SIMD loads and calls into target features are unsafe"
)]

use std::arch::aarch64::{
    float32x4_t, vabsq_f32, vaddq_f32, vdupq_n_f32, vfmaq_f32, vgetq_lane_f32, vld1q_f32,
    vpaddq_f32, vsubq_f32,
};
use std::arch::is_aarch64_feature_detected;

use super::{DOT, Kernels, L1, L2, part, scalar};

/// The tier, if this processor has it.
pub(super) fn available() -> impl Iterator<Item = Kernels> {
    let neon = Kernels {
        tier: "neon",
        dot: dot_neon,
        l2: l2_neon,
        l1: l1_neon,
        hamming: scalar::hamming_block,
        jaccard: scalar::jaccard_block,
    };
    is_aarch64_feature_detected!("neon")
        .then_some(neon)
        .into_iter()
}

fn dot_neon(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    // SAFETY: private to this file and handed out by `available` only, which has detected NEON.
    unsafe { block::<DOT>(query, components, ids, out) }
}

fn l2_neon(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    // SAFETY: as above.
    unsafe { block::<L2>(query, components, ids, out) }
}

fn l1_neon(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    // SAFETY: as above.
    unsafe { block::<L1>(query, components, ids, out) }
}

/// The block loop with NEON switched on.
#[target_feature(enable = "neon")]
fn block<const SUM: u8>(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    let dim = query.len();
    let (fours, rest) = ids.as_chunks::<4>();
    let (out_fours, out_rest) = out[..ids.len()].as_chunks_mut::<4>();
    for (ids, out) in fours.iter().zip(out_fours) {
        *out = rows::<4, SUM>(query, ids.map(|id| part(components, dim, id)));
    }
    for (&id, out) in rest.iter().zip(out_rest) {
        [*out] = rows::<1, SUM>(query, [part(components, dim, id)]);
    }
}

/// One step of a sum: `sum + q * x`, `sum + (q - x)^2` or `sum + |q - x|`.
#[inline]
#[target_feature(enable = "neon")]
fn step<const SUM: u8>(sum: float32x4_t, q: float32x4_t, x: float32x4_t) -> float32x4_t {
    if SUM == DOT {
        return vfmaq_f32(sum, q, x);
    }
    let difference = vsubq_f32(q, x);
    if SUM == L2 {
        vfmaq_f32(sum, difference, difference)
    } else {
        vaddq_f32(sum, vabsq_f32(difference))
    }
}

/// The 4 floats of `v` from `at` on.
#[inline]
#[target_feature(enable = "neon")]
fn load(v: &[f32], at: usize) -> float32x4_t {
    debug_assert!(at + 4 <= v.len());
    // SAFETY: callers stop 4 short of the length that they asserted all slices to have.
    unsafe { vld1q_f32(v.as_ptr().wrapping_add(at)) }
}

/// The sum of the lanes, neighbours first: an order that is written here, not left to an intrinsic.
#[inline]
#[target_feature(enable = "neon")]
fn reduce(v: float32x4_t) -> f32 {
    let pairs = vpaddq_f32(v, v);
    vgetq_lane_f32::<0>(vpaddq_f32(pairs, pairs))
}

/// Raw values of `N` rows, each as long as the query.
#[inline]
#[target_feature(enable = "neon")]
fn rows<const N: usize, const SUM: u8>(q: &[f32], rows: [&[f32]; N]) -> [f32; N] {
    let dim = q.len();
    for row in rows {
        assert_eq!(row.len(), dim);
    }
    let mut sums = [[vdupq_n_f32(0.0); 4]; N];
    let mut at = 0;
    while at + 16 <= dim {
        let query = [0, 4, 8, 12].map(|part| load(q, at + part));
        for i in 0..N {
            for part in 0..4 {
                let x = load(rows[i], at + part * 4);
                sums[i][part] = step::<SUM>(sums[i][part], query[part], x);
            }
        }
        at += 16;
    }
    // At most three times.
    while at + 4 <= dim {
        let query = load(q, at);
        for i in 0..N {
            sums[i][0] = step::<SUM>(sums[i][0], query, load(rows[i], at));
        }
        at += 4;
    }
    let mut out = [0.0; N];
    for i in 0..N {
        let [a, b, c, d] = sums[i];
        let mut sum = reduce(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)));
        for (&q, &x) in q[at..].iter().zip(&rows[i][at..]) {
            sum = match SUM {
                DOT => q.mul_add(x, sum),
                L2 => (q - x).mul_add(q - x, sum),
                _ => sum + (q - x).abs(),
            };
        }
        out[i] = sum;
    }
    out
}
