//! The prefetch hint.

#![allow(
    unsafe_code,
    reason = "the prefetch intrinsic and instruction are unsafe to call"
)]

/// Asks the processor to fetch the cache line of `slice[index]`, which need not exist.
#[inline(always)]
pub fn prefetch<T>(slice: &[T], index: usize) {
    fetch::<T, true>(slice, index);
}

/// The same for what is needed later: into the second cache.
#[inline(always)]
pub(crate) fn prefetch_far<T>(slice: &[T], index: usize) {
    fetch::<T, false>(slice, index);
}

#[inline(always)]
fn fetch<T, const NEAR: bool>(slice: &[T], index: usize) {
    let address = slice.as_ptr().wrapping_add(index);
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        match NEAR {
            // SAFETY: a prefetch reads no memory that the program can observe and never faults,
            // whatever the address; SSE is part of every x86-64.
            true => unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) },
            // SAFETY: as above.
            false => unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) },
        };
    }
    #[cfg(target_arch = "aarch64")]
    match NEAR {
        // SAFETY: as above; `prfm` is part of every aarch64, and changes neither registers nor flags.
        true => unsafe {
            std::arch::asm!(
                "prfm pldl1keep, [{address}]",
                address = in(reg) address,
                options(nostack, readonly, preserves_flags)
            );
        },
        // SAFETY: as above.
        false => unsafe {
            std::arch::asm!(
                "prfm pldl2keep, [{address}]",
                address = in(reg) address,
                options(nostack, readonly, preserves_flags)
            );
        },
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}
