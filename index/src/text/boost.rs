//! How many times as much a part of a query is worth.

use std::ops::RangeInclusive;

/// Together, boosts within each other are this at least, unless one of them is 0, and at most: products of
/// any number of them would become infinite, and so would sums of what parts are worth.
const TOGETHER: RangeInclusive<f32> = 1e-6..=1e6;

/// One boost within another.
pub(crate) fn within(outer: f32, inner: f32) -> f32 {
    // Not a number is what 0 times infinity is.
    match outer == 0.0 || inner == 0.0 || inner.is_nan() {
        true => 0.0,
        false => (outer * inner).clamp(*TOGETHER.start(), *TOGETHER.end()),
    }
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn boosts_within_each_other_stay_finite() {
        let many = |factor: f32| (0..13).fold(1.0, |outer, _| within(outer, factor));
        assert_eq!((many(1000.0), many(0.001)), (1e6, 1e-6));
        assert_eq!((within(2.0, 3.0), within(1e6, f32::INFINITY)), (6.0, 1e6));
        for nothing in [(0.0, f32::INFINITY), (1e6, 0.0), (1.0, f32::NAN)] {
            assert_eq!(within(nothing.0, nothing.1), 0.0);
        }
    }
}
