//! The formula of BM25 (Robertson et al. 1994), and scores as whole numbers.

use std::sync::LazyLock;

use tantivy::fieldnorm::FieldNormReader;

/// Parameters of BM25, the usual ones.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// The number of tokens that a stored length stands for.
pub(crate) static LENGTHS: LazyLock<[f32; 256]> = LazyLock::new(|| {
    let mut lengths = [0.0; 256];
    for (norm, length) in (0..=u8::MAX).zip(&mut lengths) {
        *length = FieldNormReader::id_to_fieldnorm(norm) as f32;
    }
    lengths
});

/// What a field has in all live rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Tokens, as the stored lengths count them: what is deleted can be taken off exactly.
    pub(crate) tokens: u64,
    /// Rows with tokens.
    pub(crate) rows: u64,
}

impl Totals {
    /// Counts one more row.
    pub(crate) fn add(&mut self, norm: u8) {
        self.tokens += u64::from(FieldNormReader::id_to_fieldnorm(norm));
        self.rows += u64::from(norm > 0);
    }

    pub(crate) fn and(self, other: Totals) -> Totals {
        Totals {
            tokens: self.tokens + other.tokens,
            rows: self.rows + other.rows,
        }
    }

    pub(crate) fn without(self, dead: Totals) -> Totals {
        Totals {
            tokens: self.tokens.saturating_sub(dead.tokens),
            rows: self.rows.saturating_sub(dead.rows),
        }
    }
}

/// `f / (f + k1 * (1 - b + b * length / average))` as a function of frequency and length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Saturation {
    base: f32,
    slope: f32,
    lengths: &'static [f32; 256],
}

impl Saturation {
    pub(crate) fn new(totals: Totals) -> Saturation {
        let average = totals.tokens.max(1) as f64 / totals.rows.max(1) as f64;
        Saturation {
            base: (K1 * (1.0 - B)) as f32,
            slope: (K1 * B / average) as f32,
            lengths: &LENGTHS,
        }
    }

    #[inline(always)]
    pub(crate) fn of(&self, frequency: u32, norm: u8) -> f32 {
        self.at(frequency, self.length(norm))
    }

    /// The length that a stored one stands for.
    #[inline(always)]
    pub(crate) fn length(&self, norm: u8) -> f32 {
        let length = self.lengths.get(usize::from(norm)).copied();
        length.unwrap_or_default()
    }

    /// The same by the length.
    #[inline(always)]
    pub(crate) fn at(&self, frequency: u32, length: f32) -> f32 {
        // No text has so many words that the sign would matter; processors convert signed numbers.
        let frequency = frequency as i32 as f32;
        frequency / (frequency + self.base + self.slope * length)
    }

    /// How much larger than under `self` a value can be under `other`: with shorter average lengths
    /// every row is worth less, with longer ones at most as many times more as they are longer.
    pub(crate) fn growth(&self, other: &Saturation) -> f32 {
        (self.slope / other.slope).max(1.0)
    }
}

/// The inverse document frequency, never negative, times `k1 + 1`; 0 for what no row has.
pub(crate) fn inverse_frequency(rows: u64, found: u64) -> f32 {
    if found == 0 {
        return 0.0;
    }
    let (rows, found) = (rows as f64, found as f64);
    let idf = (1.0 + (rows - found + 0.5).max(0.0) / (found + 0.5)).ln();
    (idf * (K1 + 1.0)) as f32
}

/// Scores are summed as whole numbers: a sum is the same in any order, so that it does not depend on
/// how rows are spread over segments nor on what a search passes over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale(f32);

/// No sum is larger.
const MOST: f32 = (1u32 << 29) as f32;

impl Scale {
    /// A scale for sums up to `most`.
    pub(crate) fn new(most: f32) -> Scale {
        // A power of two: to scale does not round.
        let exponent = MOST.log2() - most.max(f32::MIN_POSITIVE).log2().ceil();
        Scale(exponent.clamp(-120.0, 120.0).exp2())
    }

    /// A weight on this scale.
    pub(crate) fn weight(self, weight: f32) -> f32 {
        (weight * self.0).min(MOST)
    }

    /// A sum in users' terms.
    pub(crate) fn score(self, sum: u32) -> f32 {
        (f64::from(sum) / f64::from(self.0)) as f32
    }
}

/// The share of a row in the sum: what matches counts, however little.
#[inline(always)]
pub(crate) fn share(weight: f32, saturation: f32) -> u32 {
    nearest(weight * saturation) + 1
}

/// The nearest whole number to one of `0..=MOST`, in steps that processors take for several at once, as a
/// cast is not: where sums have no fractions, the bits of a sum are the number.
#[inline(always)]
fn nearest(number: f32) -> u32 {
    const WHOLE: f32 = (1u32 << 23) as f32;
    const SIGNED: f32 = WHOLE * 1.5;
    const PART: f32 = 64.0;
    let high = number / PART + WHOLE;
    let low = number - (high - WHOLE) * PART + SIGNED;
    let high = high.to_bits().wrapping_sub(WHOLE.to_bits());
    let low = low.to_bits().wrapping_sub(SIGNED.to_bits());
    high.wrapping_mul(PART as u32).wrapping_add(low)
}

/// No share is larger, when no saturation is.
pub(crate) fn largest_share(weight: f32, saturation: f32) -> u32 {
    // A product does not fall when a factor rises, nor does rounding change that.
    share(weight, saturation.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_the_nearest() {
        let mut numbers: Vec<f32> = (0..200_000u32).map(|n| n as f32 * 0.37).collect();
        numbers.extend((0..=32_768u32).map(|n| n as f32 * 16_384.0));
        numbers.extend([0.0, 0.5, 1.5, 31.5, 32.5, MOST, MOST - 32.0, 8_388_608.5]);
        for number in numbers {
            let wanted = f64::from(number).round_ties_even();
            assert_eq!(f64::from(nearest(number)), wanted, "{number}");
        }
    }
}
