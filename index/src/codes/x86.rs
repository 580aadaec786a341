//! Kernels for x86-64: AVX-512 with VNNI, and AVX2.
//!
//! `vpmaddubsw` adds two products of a code (unsigned) and a query component (signed) in 16 bits.
//! SQ8 codes are below 128 and query components within -64 to 63 then, so that two of these sums
//! fit as well (`4 * 127 * 64 = 32,512`); SQ4 codes are below 16 and components within -127 to 127,
//! so that sixteen products fit (`16 * 15 * 127 = 30,480`).

#![allow(
    unsafe_code,
    reason = "SIMD loads and calls into target features are unsafe"
)]

use std::arch::x86_64::{
    __m256i, __m512i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_shuffle_epi32, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_hadd_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_setzero_si256, _mm256_srli_epi16, _mm512_add_epi32,
    _mm512_and_si512, _mm512_castsi256_si512, _mm512_castsi512_si256, _mm512_dpbusd_epi32,
    _mm512_extracti64x4_epi64, _mm512_inserti64x4, _mm512_loadu_si512, _mm512_reduce_add_epi32,
    _mm512_set1_epi8, _mm512_setzero_si512, _mm512_srli_epi16, _mm512_unpackhi_epi32,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::tier::{Task, Tier};

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Avx2> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("lzcnt");
        has.then_some(Avx2(()))
    }

    pub(super) fn run<K: Task>(self, task: K) -> K::Output {
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
        fn with_features<K: Task>(tier: Avx2, task: K) -> K::Output {
            task.run(tier)
        }
        // SAFETY: an `Avx2` is made by `detect` only, which has seen the features.
        unsafe { with_features(self, task) }
    }
}

impl Tier for Avx2 {
    #[inline(always)]
    fn sq8<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        // SAFETY: an `Avx2` is made by `detect` only, which has seen the features.
        unsafe { sq8_avx2(query, rows) }
    }

    #[inline(always)]
    fn sq4<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        // SAFETY: as above.
        unsafe { sq4_avx2(query, rows) }
    }
}

/// Proof that the processor has AVX-512 F, BW, VL, DQ and VNNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vnni(Avx2);

impl Vnni {
    pub(super) fn detect() -> Option<Vnni> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vnni");
        Avx2::detect().filter(|_| has).map(Vnni)
    }

    pub(super) fn run<K: Task>(self, task: K) -> K::Output {
        #[target_feature(
            enable = "avx2,fma,bmi1,bmi2,popcnt,lzcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"
        )]
        fn with_features<K: Task>(tier: Vnni, task: K) -> K::Output {
            task.run(tier)
        }
        // SAFETY: a `Vnni` is made by `detect` only, which has seen the features.
        unsafe { with_features(self, task) }
    }
}

impl Tier for Vnni {
    #[inline(always)]
    fn sq8<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        // SAFETY: a `Vnni` is made by `detect` only, which has seen the features.
        unsafe { sq8_vnni(query, rows) }
    }

    #[inline(always)]
    fn sq4<const N: usize>(self, query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
        // SAFETY: as above.
        unsafe { sq4_vnni(query, rows) }
    }

    #[inline(always)]
    fn sq8_products(self, queries: [&[i8]; 4], rows: [&[u8]; 4]) -> [[i32; 4]; 4] {
        // SAFETY: as above.
        unsafe { sq8_products_vnni(queries, rows) }
    }
}

/// 32 bytes from `at` on, which callers have checked to be there.
#[inline]
#[target_feature(enable = "avx2")]
fn load_256<T: bytemuck::Pod>(bytes: &[T], at: usize) -> __m256i {
    const { assert!(size_of::<T>() == 1) };
    debug_assert!(at + 32 <= bytes.len());
    // SAFETY: callers stop 32 short of a length that they have asserted the slice to have.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().wrapping_add(at).cast()) }
}

/// 64 bytes from `at` on, which callers have checked to be there.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_512<T: bytemuck::Pod>(bytes: &[T], at: usize) -> __m512i {
    const { assert!(size_of::<T>() == 1) };
    debug_assert!(at + 64 <= bytes.len());
    // SAFETY: callers stop 64 short of a length that they have asserted the slice to have.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().wrapping_add(at).cast()) }
}

/// The sums of the lanes of some vectors; of four at once in half the steps.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce_all<const N: usize>(sums: [__m256i; N]) -> [i32; N] {
    let Some(&[a, b, c, d]) = sums.first_chunk::<4>() else {
        return sums.map(|sum| reduce_256(sum));
    };
    let fours = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    let (low, high) = (
        _mm256_castsi256_si128(fours),
        _mm256_extracti128_si256::<1>(fours),
    );
    let lanes: [i32; 4] = bytemuck::cast(_mm_add_epi32(low, high));
    std::array::from_fn(|i| lanes[i % 4])
}

/// The sums of the lanes of some vectors; of four at once in a third of the steps.
#[inline]
#[target_feature(enable = "avx2,avx512f")]
fn reduce_512<const N: usize>(sums: [__m512i; N]) -> [i32; N] {
    let Some(&[a, b, c, d]) = sums.first_chunk::<4>() else {
        return sums.map(|sum| _mm512_reduce_add_epi32(sum));
    };
    // In every 128 bits: two sums of a and of b, then one of each of the four.
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    let fours = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let (low, high) = (
        _mm512_castsi512_si256(fours),
        _mm512_extracti64x4_epi64::<1>(fours),
    );
    let eight = _mm256_add_epi32(low, high);
    let (low, high) = (
        _mm256_castsi256_si128(eight),
        _mm256_extracti128_si256::<1>(eight),
    );
    let lanes: [i32; 4] = bytemuck::cast(_mm_add_epi32(low, high));
    std::array::from_fn(|i| lanes[i % 4])
}

/// The sum of the lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce_256(v: __m256i) -> i32 {
    let halves = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
    let pairs = _mm_add_epi32(halves, _mm_shuffle_epi32::<0b01_00_11_10>(halves));
    _mm_cvtsi128_si32(_mm_add_epi32(
        pairs,
        _mm_shuffle_epi32::<0b10_11_00_01>(pairs),
    ))
}

#[inline]
#[target_feature(enable = "avx2")]
fn sq8_avx2<const N: usize>(query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
    let length = query.len();
    assert!(length.is_multiple_of(64));
    for row in rows {
        assert_eq!(row.len(), length);
    }
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_si256(); N];
    let mut at = 0;
    while at < length {
        let (q0, q1) = (load_256(query, at), load_256(query, at + 32));
        for i in 0..N {
            let low = _mm256_maddubs_epi16(load_256(rows[i], at), q0);
            let high = _mm256_maddubs_epi16(load_256(rows[i], at + 32), q1);
            let pairs = _mm256_madd_epi16(_mm256_add_epi16(low, high), ones);
            sums[i] = _mm256_add_epi32(sums[i], pairs);
        }
        at += 64;
    }
    reduce_all(sums)
}

#[inline]
#[target_feature(enable = "avx2")]
fn sq4_avx2<const N: usize>(query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
    /// Bytes of a row after which the 16-bit sums are folded: 16 products in each.
    const FOLD: usize = 4 * 32;
    let length = query.len() / 2;
    assert!(query.len().is_multiple_of(64));
    for row in rows {
        assert_eq!(row.len(), length);
    }
    let (ones, mask) = (_mm256_set1_epi16(1), _mm256_set1_epi8(15));
    let mut sums = [_mm256_setzero_si256(); N];
    let mut at = 0;
    while at < length {
        let end = length.min(at + FOLD);
        let mut short = [_mm256_setzero_si256(); N];
        while at < end {
            let (q0, q1) = (load_256(query, at * 2), load_256(query, at * 2 + 32));
            for i in 0..N {
                let bytes = load_256(rows[i], at);
                let low = _mm256_maddubs_epi16(_mm256_and_si256(bytes, mask), q0);
                let shifted = _mm256_srli_epi16::<4>(bytes);
                let high = _mm256_maddubs_epi16(_mm256_and_si256(shifted, mask), q1);
                short[i] = _mm256_add_epi16(short[i], _mm256_add_epi16(low, high));
            }
            at += 32;
        }
        for i in 0..N {
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(short[i], ones));
        }
    }
    reduce_all(sums)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn sq8_vnni<const N: usize>(query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
    let length = query.len();
    assert!(length.is_multiple_of(64));
    for row in rows {
        assert_eq!(row.len(), length);
    }
    let mut sums = [_mm512_setzero_si512(); N];
    let mut at = 0;
    while at < length {
        let q = load_512(query, at);
        for i in 0..N {
            sums[i] = _mm512_dpbusd_epi32(sums[i], load_512(rows[i], at), q);
        }
        at += 64;
    }
    reduce_512(sums)
}

/// Sixteen sums of products, for each four of which a line is read once.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512vnni")]
fn sq8_products_vnni(queries: [&[i8]; 4], rows: [&[u8]; 4]) -> [[i32; 4]; 4] {
    let length = queries[0].len();
    assert!(length.is_multiple_of(64));
    for (query, row) in queries.iter().zip(rows) {
        assert!(query.len() == length && row.len() == length);
    }
    let mut sums = [[_mm512_setzero_si512(); 4]; 4];
    let mut at = 0;
    while at < length {
        let lines = rows.map(|row| load_512(row, at));
        for (sums, query) in sums.iter_mut().zip(queries) {
            let q = load_512(query, at);
            for (sum, line) in sums.iter_mut().zip(lines) {
                *sum = _mm512_dpbusd_epi32(*sum, line, q);
            }
        }
        at += 64;
    }
    sums.map(|sums| reduce_512(sums))
}

#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vnni")]
fn sq4_vnni<const N: usize>(query: &[i8], rows: [&[u8]; N]) -> [i32; N] {
    let length = query.len() / 2;
    assert!(query.len().is_multiple_of(128));
    for row in rows {
        assert_eq!(row.len(), length);
    }
    let mask = _mm512_set1_epi8(15);
    let mut sums = [[_mm512_setzero_si512(); 2]; N];
    let mut at = 0;
    while at < length {
        // Two blocks of 32 bytes a step.
        let (q0, q1) = (load_256(query, at * 2), load_256(query, at * 2 + 32));
        let (q2, q3) = (load_256(query, at * 2 + 64), load_256(query, at * 2 + 96));
        let low_query = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(q0), q2);
        let high_query = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(q1), q3);
        for i in 0..N {
            let bytes = load_512(rows[i], at);
            let low = _mm512_and_si512(bytes, mask);
            let high = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), mask);
            sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], low, low_query);
            sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], high, high_query);
        }
        at += 64;
    }
    reduce_512(sums.map(|[low, high]| _mm512_add_epi32(low, high)))
}
