//! Distances of packed bits, counted 64 at a time.

#![allow(unsafe_code, reason = "calls into target features are unsafe")]

use super::scalar::jaccard_of;
use crate::metric::Metric;
use crate::vectors::part;

/// A query as bits, and how it is compared.
#[derive(Clone, Debug)]
pub(super) struct BitQuery {
    /// Component `i` is bit `i % 64` of word `i / 64`.
    words: Vec<u64>,
    /// Bytes of a row.
    stride: usize,
    /// The bits of the last word that are components.
    last: u64,
    kernel: Kernel,
}

type Kernel = fn(&BitQuery, rows: &[u8], ids: &[u32], out: &mut [f32]);

impl BitQuery {
    /// The components above zero, for Hamming distances or Jaccard similarities.
    pub(super) fn new(metric: Metric, query: &[f32]) -> Self {
        let word = |bits: &[f32]| {
            let bits = bits.iter().rev();
            bits.fold(0, |word: u64, &x| word << 1 | u64::from(x > 0.0))
        };
        BitQuery {
            words: query.chunks(64).map(word).collect(),
            stride: query.len().div_ceil(8),
            last: u64::MAX >> ((64 - query.len() % 64) % 64),
            kernel: kernel(metric),
        }
    }

    /// Raw values of the rows `ids` of packed rows.
    #[inline]
    pub(super) fn values(&self, rows: &[u8], ids: &[u32], out: &mut [f32]) {
        (self.kernel)(self, rows, ids, out);
    }

    /// The sum of a count over the words of a row.
    #[inline(always)]
    fn sum(&self, row: &[u8], count: impl Fn(u64, u64) -> u32) -> u32 {
        let Some((&query, words)) = self.words.split_last() else {
            return 0;
        };
        let (whole, rest) = row.split_at(words.len() * 8);
        let (whole, _) = whole.as_chunks::<8>();
        let mut sum = 0;
        for (&query, row) in words.iter().zip(whole) {
            sum += count(query, u64::from_le_bytes(*row));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // What is beyond the dimension is zero, unless it is damaged.
        sum + count(query, u64::from_le_bytes(last) & self.last)
    }

    #[inline(always)]
    fn hamming(&self, rows: &[u8], ids: &[u32], out: &mut [f32]) {
        for (&id, out) in ids.iter().zip(out) {
            let row = part(rows, self.stride, id);
            *out = self.sum(row, |a, b| (a ^ b).count_ones()) as f32;
        }
    }

    #[inline(always)]
    fn jaccard(&self, rows: &[u8], ids: &[u32], out: &mut [f32]) {
        for (&id, out) in ids.iter().zip(out) {
            let row = part(rows, self.stride, id);
            let both = self.sum(row, |a, b| (a & b).count_ones());
            let either = self.sum(row, |a, b| (a | b).count_ones());
            *out = jaccard_of(both, either);
        }
    }
}

/// Defines an entry that is compiled with features switched on.
macro_rules! entry {
    ($name:ident, $inner:ident, $features:literal, $method:ident) => {
        #[cfg(target_arch = "x86_64")]
        fn $name(query: &BitQuery, rows: &[u8], ids: &[u32], out: &mut [f32]) {
            // SAFETY: private to this file and handed out by `kernel` only, which has detected
            // the features.
            unsafe { $inner(query, rows, ids, out) }
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $inner(query: &BitQuery, rows: &[u8], ids: &[u32], out: &mut [f32]) {
            query.$method(rows, ids, out);
        }
    };
}

entry!(
    hamming_wide,
    hamming_wide_inner,
    "avx512f,avx512vl,avx512vpopcntdq,popcnt",
    hamming
);
entry!(
    jaccard_wide,
    jaccard_wide_inner,
    "avx512f,avx512vl,avx512vpopcntdq,popcnt",
    jaccard
);
entry!(hamming_popcnt, hamming_popcnt_inner, "popcnt", hamming);
entry!(jaccard_popcnt, jaccard_popcnt_inner, "popcnt", jaccard);

/// Every kernel of a metric that this processor can run, best first.
fn kernels(metric: Metric) -> impl Iterator<Item = Kernel> {
    let jaccard = metric == Metric::Jaccard;
    let choose = |a: Kernel, b: Kernel| if jaccard { a } else { b };
    #[cfg(target_arch = "x86_64")]
    let own = {
        let popcnt = is_x86_feature_detected!("popcnt");
        let wide = popcnt
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vpopcntdq");
        let wide = wide.then(|| choose(jaccard_wide, hamming_wide));
        let narrow = popcnt.then(|| choose(jaccard_popcnt, hamming_popcnt));
        wide.into_iter().chain(narrow)
    };
    #[cfg(not(target_arch = "x86_64"))]
    let own = std::iter::empty();
    own.chain([choose(BitQuery::jaccard, BitQuery::hamming)])
}

fn kernel(metric: Metric) -> Kernel {
    kernels(metric).next().unwrap_or(BitQuery::hamming)
}

#[cfg(test)]
mod tests {
    use super::*;
    use simsimd::BinarySimilarity;

    /// Every way to count against a loop over components and, for whole bytes, simsimd; bits
    /// beyond the dimension do not count.
    #[test]
    fn bits_are_counted_as_components_are() {
        let mut state = 5_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        };
        for dim in [1, 3, 7, 8, 31, 33, 63, 64, 65, 120, 128, 129, 384, 1_000] {
            let stride = usize::div_ceil(dim, 8);
            let rows: Vec<u8> = (0..5 * stride).map(|_| next()).collect();
            let query: Vec<f32> = (0..dim).map(|_| f32::from(next() & 1)).collect();
            let is = |row: &[u8], i: usize| row[i / 8] >> (i % 8) & 1 == 1;
            let ids = [4, 0, 3];
            for metric in [Metric::Hamming, Metric::Jaccard] {
                for kernel in kernels(metric) {
                    let bits = BitQuery {
                        kernel,
                        ..BitQuery::new(metric, &query)
                    };
                    let mut out = [f32::NAN; 3];
                    bits.values(&rows, &ids, &mut out);
                    for (id, found) in ids.iter().zip(out) {
                        let row = part(&rows, stride, *id);
                        let pairs = || (0..dim).map(|i| (query[i] > 0.0, is(row, i)));
                        let differ = pairs().filter(|(a, b)| a != b).count();
                        let both = pairs().filter(|(a, b)| *a && *b).count();
                        let either = pairs().filter(|(a, b)| *a || *b).count();
                        let due = match metric {
                            Metric::Hamming => differ as f32,
                            _ if either == 0 => 1.0,
                            _ => both as f32 / either as f32,
                        };
                        assert_eq!(found, due, "{metric:?} {dim}");
                        if dim % 8 != 0 {
                            continue;
                        }
                        let packed: Vec<u8> =
                            bits.words.iter().flat_map(|w| w.to_le_bytes()).collect();
                        let packed = &packed[..stride];
                        let other = match metric {
                            Metric::Hamming => u8::hamming(packed, row),
                            _ => u8::jaccard(packed, row).map(|far| 1.0 - far),
                        };
                        let other = other.map_or(f32::NAN, |other| other as f32);
                        assert!((found - other).abs() < 1e-5, "{metric:?} {dim} {other}");
                    }
                }
            }
        }
    }
}
