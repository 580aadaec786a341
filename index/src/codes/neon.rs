//! Kernels for aarch64: NEON as every such processor has it.
//!
//! Codes are below 128, so that they are the same numbers as signed bytes and can be multiplied
//! with the query by `smull`, which gives 16 bits. As many products are added up there as fit, and
//! then folded into 32 bits:
//!
//! - SQ8: codes are at most 127 and query components within -64 to 63. Four products fit
//!   (`4 * 127 * 64 = 32,512`), a fifth would not.
//! - SQ4: codes are at most 15 and components within -127 to 127. Sixteen products fit
//!   (`16 * 15 * 127 = 30,480`), and would with a component of -128 (`30,720`).
//!
//! Codes or queries out of these ranges, which damage can make, wrap around: they give a wrong
//! candidate and nothing worse. The dot product instructions of newer processors would need no
//! folding, but their intrinsics are not stable yet.

#![allow(
    unsafe_code,
    reason = "SIMD loads and stores and calls into target features are unsafe"
)]

use std::arch::aarch64::{
    int8x16_t, int32x4_t, vaddvq_s32, vandq_s8, vdupq_n_s8, vdupq_n_s16, vdupq_n_s32, vget_low_s8,
    vld1q_s8, vmlal_high_s8, vmlal_s8, vmull_high_s8, vmull_s8, vpadalq_s16, vpaddq_s32,
    vreinterpretq_s8_u8, vreinterpretq_u8_s8, vshrq_n_u8, vst1q_s32,
};
use std::arch::is_aarch64_feature_detected;

use super::tier::{Task, Tier};

/// Proof that the processor has NEON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Neon> {
        is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }

    pub(super) fn run<K: Task>(self, task: K) -> K::Output {
        #[target_feature(enable = "neon")]
        fn with_features<K: Task>(tier: Neon, task: K) -> K::Output {
            task.run(tier)
        }
        // SAFETY: a `Neon` is made by `detect` only, which has seen the feature.
        unsafe { with_features(self, task) }
    }
}

impl Tier for Neon {
    #[inline(always)]
    fn sq8<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        // SAFETY: a `Neon` is made by `detect` only, which has seen the feature.
        unsafe { sq8_neon(query, rows) }
    }

    #[inline(always)]
    fn sq4<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        // SAFETY: as above.
        unsafe { sq4_neon(query, rows) }
    }
}

/// 16 bytes from `at` on, which callers have checked to be there.
#[inline]
#[target_feature(enable = "neon")]
fn load<T: bytemuck::Pod>(bytes: &[T], at: usize) -> int8x16_t {
    const { assert!(size_of::<T>() == 1) };
    debug_assert!(at + 16 <= bytes.len());
    // SAFETY: callers stop 16 short of a length that they have asserted the slice to have.
    unsafe { vld1q_s8(bytes.as_ptr().wrapping_add(at).cast()) }
}

/// The sums of the lanes of some vectors; of four at once in fewer steps.
#[inline]
#[target_feature(enable = "neon")]
fn reduce_all<const N: usize>(sums: [int32x4_t; N]) -> [i32; N] {
    let Some(&[a, b, c, d]) = sums.first_chunk::<4>() else {
        return sums.map(|sum| vaddvq_s32(sum));
    };
    let fours = vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
    let mut lanes = [0; 4];
    // SAFETY: the array has room for four lanes.
    unsafe { vst1q_s32(lanes.as_mut_ptr(), fours) };
    std::array::from_fn(|i| lanes[i % 4])
}

#[inline]
#[target_feature(enable = "neon")]
fn sq8_neon<const N: usize>(query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
    let length = query.len();
    assert!(length.is_multiple_of(64));
    for row in rows {
        assert_eq!(row.len(), length);
    }
    let mut sums = [vdupq_n_s32(0); N];
    let mut at = 0;
    while at < length {
        let q = [0, 16, 32, 48].map(|part| load(query, at + part));
        for i in 0..N {
            let x = [0, 16, 32, 48].map(|part| load(rows[i], at + part));
            let mut low = vmull_s8(vget_low_s8(x[0]), vget_low_s8(q[0]));
            let mut high = vmull_high_s8(x[0], q[0]);
            for part in 1..4 {
                low = vmlal_s8(low, vget_low_s8(x[part]), vget_low_s8(q[part]));
                high = vmlal_high_s8(high, x[part], q[part]);
            }
            sums[i] = vpadalq_s16(vpadalq_s16(sums[i], low), high);
        }
        at += 64;
    }
    reduce_all(sums)
}

#[inline]
#[target_feature(enable = "neon")]
fn sq4_neon<const N: usize>(query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
    /// Bytes of a row after which the 16-bit sums are folded: 16 products in each.
    const FOLD: usize = 4 * 32;
    let length = query.len() / 2;
    assert!(query.len().is_multiple_of(64));
    for row in rows {
        assert_eq!(row.len(), length);
    }
    let mask = vdupq_n_s8(15);
    let mut sums = [vdupq_n_s32(0); N];
    let mut at = 0;
    while at < length {
        let end = length.min(at + FOLD);
        let mut short = [[vdupq_n_s16(0); 2]; N];
        while at < end {
            let q = [0, 16, 32, 48].map(|part| load(query, at * 2 + part));
            for i in 0..N {
                let bytes = [0, 16].map(|part| load(rows[i], at + part));
                let lows = bytes.map(|bytes| vandq_s8(bytes, mask));
                let highs = bytes
                    .map(|bytes| vreinterpretq_s8_u8(vshrq_n_u8::<4>(vreinterpretq_u8_s8(bytes))));
                for (x, q) in lows.into_iter().chain(highs).zip(q) {
                    short[i][0] = vmlal_s8(short[i][0], vget_low_s8(x), vget_low_s8(q));
                    short[i][1] = vmlal_high_s8(short[i][1], x, q);
                }
            }
            at += 32;
        }
        for i in 0..N {
            sums[i] = vpadalq_s16(vpadalq_s16(sums[i], short[i][0]), short[i][1]);
        }
    }
    reduce_all(sums)
}
