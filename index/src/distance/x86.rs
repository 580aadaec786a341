//! Kernels for x86-64: AVX-512, and AVX2 with FMA.
//!
//! Four rows are read at a time against each piece of the query. Every row has two accumulators
//! that are filled and summed in one order, whether it is scored alone or with three others.

#![allow(
    unsafe_code,
    reason = "SIMD loads and calls into target features are unsafe"
)]

use std::arch::x86_64::{
    __m256, __m512, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps,
    _mm256_add_ps, _mm256_andnot_ps, _mm256_castps256_ps128, _mm256_extractf128_ps,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_sub_ps,
    _mm512_abs_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_maskz_loadu_ps,
    _mm512_reduce_add_ps, _mm512_setzero_ps, _mm512_sub_ps,
};

use super::scalar::{hamming, jaccard};
use super::{DOT, Kernels, L1, L2, part};

/// The tiers that this processor has, best first.
pub(super) fn available() -> impl Iterator<Item = Kernels> {
    let avx512 = Kernels {
        tier: "avx512",
        dot: dot_avx512,
        l2: l2_avx512,
        l1: l1_avx512,
        hamming: hamming_avx2,
        jaccard: jaccard_avx2,
    };
    let avx2 = Kernels {
        tier: "avx2",
        dot: dot_avx2,
        l2: l2_avx2,
        l1: l1_avx2,
        hamming: hamming_avx2,
        jaccard: jaccard_avx2,
    };
    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let tiers = [
        (avx512, is_x86_feature_detected!("avx512f") && has_avx2),
        (avx2, has_avx2),
    ];
    tiers
        .into_iter()
        .filter(|&(_, has)| has)
        .map(|(kernels, _)| kernels)
}

/// Defines the safe entry of one kernel: the block loop with its features switched on.
macro_rules! entry {
    ($name:ident, $inner:ident, $features:literal, $rows:ident, $sum:ident) => {
        fn $name(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
            // SAFETY: private to this file and handed out by `available` only, which has
            // detected the features.
            unsafe { $inner(query, components, ids, out) }
        }

        #[target_feature(enable = $features)]
        fn $inner(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
            let dim = query.len();
            let (fours, rest) = ids.as_chunks::<4>();
            let (out_fours, out_rest) = out[..ids.len()].as_chunks_mut::<4>();
            for (ids, out) in fours.iter().zip(out_fours) {
                *out = $rows::<4, $sum>(query, ids.map(|id| part(components, dim, id)));
            }
            for (&id, out) in rest.iter().zip(out_rest) {
                [*out] = $rows::<1, $sum>(query, [part(components, dim, id)]);
            }
        }
    };
}

entry!(dot_avx512, dot_avx512_inner, "avx512f", rows_avx512, DOT);
entry!(l2_avx512, l2_avx512_inner, "avx512f", rows_avx512, L2);
entry!(l1_avx512, l1_avx512_inner, "avx512f", rows_avx512, L1);
entry!(dot_avx2, dot_avx2_inner, "avx2,fma", rows_avx2, DOT);
entry!(l2_avx2, l2_avx2_inner, "avx2,fma", rows_avx2, L2);
entry!(l1_avx2, l1_avx2_inner, "avx2,fma", rows_avx2, L1);

/// Defines the safe entry of a kernel of whole numbers, which the compiler makes vectors of.
macro_rules! counted {
    ($name:ident, $inner:ident, $row:ident) => {
        fn $name(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
            // SAFETY: private to this file and handed out by `available` only, which has
            // detected the features.
            unsafe { $inner(query, components, ids, out) }
        }

        #[target_feature(enable = "avx2")]
        fn $inner(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
            for (&id, out) in ids.iter().zip(out) {
                *out = $row(query, part(components, query.len(), id));
            }
        }
    };
}

counted!(hamming_avx2, hamming_avx2_inner, hamming);
counted!(jaccard_avx2, jaccard_avx2_inner, jaccard);

/// One step of a sum: `sum + q * x`, `sum + (q - x)^2` or `sum + |q - x|`.
#[inline]
#[target_feature(enable = "avx512f")]
fn step_avx512<const SUM: u8>(sum: __m512, q: __m512, x: __m512) -> __m512 {
    if SUM == DOT {
        return _mm512_fmadd_ps(q, x, sum);
    }
    let difference = _mm512_sub_ps(q, x);
    if SUM == L2 {
        _mm512_fmadd_ps(difference, difference, sum)
    } else {
        _mm512_add_ps(sum, _mm512_abs_ps(difference))
    }
}

/// The 16 floats of `v` from `at` on.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_avx512(v: &[f32], at: usize) -> __m512 {
    debug_assert!(at + 16 <= v.len());
    // SAFETY: callers stop 16 short of the length that they asserted all slices to have.
    unsafe { _mm512_loadu_ps(v.as_ptr().wrapping_add(at)) }
}

/// Raw values of `N` rows, each as long as the query.
#[inline]
#[target_feature(enable = "avx512f")]
fn rows_avx512<const N: usize, const SUM: u8>(q: &[f32], rows: [&[f32]; N]) -> [f32; N] {
    let dim = q.len();
    for row in rows {
        assert_eq!(row.len(), dim);
    }
    let mut sums = [[_mm512_setzero_ps(); 2]; N];
    let mut at = 0;
    while at + 32 <= dim {
        let (q0, q1) = (load_avx512(q, at), load_avx512(q, at + 16));
        for i in 0..N {
            sums[i][0] = step_avx512::<SUM>(sums[i][0], q0, load_avx512(rows[i], at));
            sums[i][1] = step_avx512::<SUM>(sums[i][1], q1, load_avx512(rows[i], at + 16));
        }
        at += 32;
    }
    if at + 16 <= dim {
        let q0 = load_avx512(q, at);
        for i in 0..N {
            sums[i][0] = step_avx512::<SUM>(sums[i][0], q0, load_avx512(rows[i], at));
        }
        at += 16;
    }
    if at < dim {
        let mask = (1_u16 << (dim - at)) - 1;
        // SAFETY: the mask has a bit for each of the `dim - at` floats left, at most 15; masked
        // lanes are not read. All slices have `dim` floats.
        let tail = |v: &[f32]| unsafe { _mm512_maskz_loadu_ps(mask, v.as_ptr().wrapping_add(at)) };
        let q1 = tail(q);
        for i in 0..N {
            sums[i][1] = step_avx512::<SUM>(sums[i][1], q1, tail(rows[i]));
        }
    }
    let mut out = [0.0; N];
    for i in 0..N {
        out[i] = _mm512_reduce_add_ps(_mm512_add_ps(sums[i][0], sums[i][1]));
    }
    out
}

/// One step of a sum: `sum + q * x`, `sum + (q - x)^2` or `sum + |q - x|`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn step_avx2<const SUM: u8>(sum: __m256, q: __m256, x: __m256) -> __m256 {
    if SUM == DOT {
        return _mm256_fmadd_ps(q, x, sum);
    }
    let difference = _mm256_sub_ps(q, x);
    if SUM == L2 {
        _mm256_fmadd_ps(difference, difference, sum)
    } else {
        _mm256_add_ps(sum, _mm256_andnot_ps(_mm256_set1_ps(-0.0), difference))
    }
}

/// The 8 floats of `v` from `at` on.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn load_avx2(v: &[f32], at: usize) -> __m256 {
    debug_assert!(at + 8 <= v.len());
    // SAFETY: callers stop 8 short of the length that they asserted all slices to have.
    unsafe { _mm256_loadu_ps(v.as_ptr().wrapping_add(at)) }
}

/// The sum of the lanes.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce_avx2(v: __m256) -> f32 {
    let halves = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
    _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
}

/// Raw values of `N` rows, each as long as the query.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn rows_avx2<const N: usize, const SUM: u8>(q: &[f32], rows: [&[f32]; N]) -> [f32; N] {
    let dim = q.len();
    for row in rows {
        assert_eq!(row.len(), dim);
    }
    let mut sums = [[_mm256_setzero_ps(); 2]; N];
    let mut at = 0;
    while at + 16 <= dim {
        let (q0, q1) = (load_avx2(q, at), load_avx2(q, at + 8));
        for i in 0..N {
            sums[i][0] = step_avx2::<SUM>(sums[i][0], q0, load_avx2(rows[i], at));
            sums[i][1] = step_avx2::<SUM>(sums[i][1], q1, load_avx2(rows[i], at + 8));
        }
        at += 16;
    }
    if at + 8 <= dim {
        let q0 = load_avx2(q, at);
        for i in 0..N {
            sums[i][0] = step_avx2::<SUM>(sums[i][0], q0, load_avx2(rows[i], at));
        }
        at += 8;
    }
    let mut out = [0.0; N];
    for i in 0..N {
        let mut sum = reduce_avx2(_mm256_add_ps(sums[i][0], sums[i][1]));
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
