//! Widening on x86-64 with AVX2 and F16C.

#![allow(
    unsafe_code,
    reason = "SIMD loads and calls into target features are unsafe"
)]

use std::arch::x86_64::{_mm_loadu_si128, _mm256_cvtph_ps, _mm256_storeu_ps};

use super::widen::{plain_bf16, plain_f16, plain_i8};

/// Whether this processor has what the functions of this file need.
#[inline]
pub(super) fn detected() -> bool {
    is_x86_feature_detected!("f16c") && is_x86_feature_detected!("avx2")
}

/// Defines the safe entry of a function with its features switched on.
macro_rules! entry {
    ($name:ident($($arg:ident: $kind:ty),*), $inner:ident, $widen:ident) => {
        pub(super) fn $name($($arg: $kind,)* out: &mut [f32]) {
            assert!(detected());
            // SAFETY: the processor has the features, which was asserted.
            unsafe { $inner($($arg,)* out) }
        }

        #[target_feature(enable = "avx2,f16c")]
        fn $inner($($arg: $kind,)* out: &mut [f32]) {
            $widen($($arg,)* out);
        }
    };
}

entry!(f16(row: &[u16]), f16_inner, eights_f16);
entry!(bf16(row: &[u16]), bf16_inner, plain_bf16);
entry!(i8(row: &[i8], step: f32), i8_inner, plain_i8);

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn eights_f16(row: &[u16], out: &mut [f32]) {
    let both = row.len().min(out.len());
    let (eights, rest) = row[..both].as_chunks::<8>();
    let (out_eights, out_rest) = out[..both].as_chunks_mut::<8>();
    for (row, out) in eights.iter().zip(out_eights) {
        // SAFETY: a row of eight halves has the 16 bytes that are read.
        let halves = unsafe { _mm_loadu_si128(row.as_ptr().cast()) };
        let floats = _mm256_cvtph_ps(halves);
        // SAFETY: eight floats have the 32 bytes that are written.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), floats) };
    }
    plain_f16(rest, out_rest);
}
