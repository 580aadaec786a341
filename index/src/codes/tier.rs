//! Instruction sets for codes, chosen once a search.
//!
//! A [`Task`] is a whole search loop, generic over the tier that it runs on. [`dispatch`] runs it
//! inside a function that has the features of the tier switched on, so that the kernels inline
//! into the loop. A tier is a token that only [`dispatch`] and [`Level::available`] hand out, after
//! the processor was asked: calling its kernels is safe.

use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use super::neon;
use super::scalar;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Sums of products of codes with a query in i8; integers, so that every tier gives the same.
pub(crate) trait Tier: Copy {
    /// `sum(codes[i] * query[i])` for each row of SQ8 codes, which are below 128. Rows are as long
    /// as the query, a multiple of 64.
    fn sq8<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N];

    /// [`Tier::sq8`] of four queries with the same four rows, by query.
    #[inline(always)]
    fn sq8_products(self, queries: [&[i8]; 4], rows: [&[u8]; 4]) -> [[i32; 4]; 4] {
        let [a, b, c, d] = queries;
        [
            self.sq8(a, rows),
            self.sq8(b, rows),
            self.sq8(c, rows),
            self.sq8(d, rows),
        ]
    }

    /// The same as `sq8` for SQ4: byte `32 b + i` of a row holds the code of dimension `64 b + i` in its low
    /// half and that of `64 b + 32 + i` in its high one. Rows are half as long as the query.
    fn sq4<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N];
}

/// Work that runs on some tier.
pub(crate) trait Task {
    type Output;
    fn run<T: Tier>(self, tier: T) -> Self::Output;
}

/// Portable code, which the compiler vectorises for the baseline of the target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar;

impl Tier for Scalar {
    #[inline(always)]
    fn sq8<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        rows.map(|row| scalar::sq8(query, row))
    }

    #[inline(always)]
    fn sq4<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        rows.map(|row| scalar::sq4(query, row))
    }
}

/// Which tier runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    #[cfg(target_arch = "x86_64")]
    Vnni(x86::Vnni),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    Scalar,
}

impl Level {
    /// What this processor can run, best first.
    pub(crate) fn available() -> impl Iterator<Item = Level> {
        #[cfg(target_arch = "x86_64")]
        let own = x86::Vnni::detect()
            .map(Level::Vnni)
            .into_iter()
            .chain(x86::Avx2::detect().map(Level::Avx2));
        #[cfg(target_arch = "aarch64")]
        let own = neon::Neon::detect().map(Level::Neon).into_iter();
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let own = std::iter::empty();
        own.chain([Level::Scalar])
    }

    /// The best tier, or a lesser one that the environment asks for by its name (`LUMOS_SIMD`):
    /// `avx512`, `avx2`, `neon` or `scalar`. Another name, or one of a tier that this processor
    /// has not, asks for nothing.
    pub(crate) fn detect() -> Level {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| {
            let wanted = std::env::var("LUMOS_SIMD").unwrap_or_default();
            let tiers: Vec<Level> = Level::available().filter(|level| level.agrees()).collect();
            let named = tiers.iter().find(|level| level.name() == wanted);
            named.or(tiers.first()).copied().unwrap_or(Level::Scalar)
        })
    }

    /// Whether the tier gives the sums of the portable code for an example. Wrong sums would make
    /// searches worse without a sign of it.
    pub(super) fn agrees(self) -> bool {
        struct Example;
        impl Task for Example {
            type Output = [i32; 8];
            fn run<T: Tier>(self, tier: T) -> [i32; 8] {
                let mut state = 1_u32;
                let mut next = |limit: u32| {
                    state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
                    (state >> 16) % limit
                };
                let query: Vec<i8> = (0..384).map(|_| next(127) as i8 - 63).collect();
                let rows: Vec<u8> = (0..4 * 384).map(|_| next(128) as u8).collect();
                let eight = |at: usize| &rows[at * 384..][..384];
                let four = |at: usize| &rows[at * 384..][..192];
                let [a, b, c, d] = tier.sq8(&query, [0, 1, 2, 3].map(eight));
                let [e, f, g, h] = tier.sq4(&query, [0, 1, 2, 3].map(four));
                [a, b, c, d, e, f, g, h]
            }
        }
        dispatch(self, Example) == dispatch(Level::Scalar, Example)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Vnni(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Level::Neon(_) => "neon",
            Level::Scalar => "scalar",
        }
    }
}

/// Runs a task on a tier.
pub(crate) fn dispatch<K: Task>(level: Level, task: K) -> K::Output {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Vnni(tier) => tier.run(task),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(tier) => tier.run(task),
        #[cfg(target_arch = "aarch64")]
        Level::Neon(tier) => tier.run(task),
        Level::Scalar => task.run(Scalar),
    }
}
