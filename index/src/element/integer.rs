//! Vectors as whole numbers times a step.
//!
//! What is encoded is not always what a caller gave: a segment that is sealed or merged encodes
//! rows that were encoded before. Numbers and step are a function of the row, chosen such that the
//! row that they give is encoded as the same again.

use crate::metric::Metric;

/// The largest number.
const LARGEST: f32 = 127.0;
/// The least step: shorter ones would be subnormal or zero.
const LEAST_STEP: f32 = 7.523_164e-37; // 2^-120

/// Rounds a number below 2^22, ties to even, by what an addition drops: without SSE4.1 rounding is a call.
fn round(x: f32) -> f32 {
    /// 1.5 * 2^23: the unit is one in its neighbourhood.
    const SHIFT: f32 = 12_582_912.0;
    x + SHIFT - SHIFT
}

/// Whether all components are numbers that can be kept as they are.
pub(crate) fn are_whole(vector: &[f32]) -> bool {
    let whole = |x: &f32| x.abs() <= LARGEST && round(*x) == *x;
    vector.iter().all(whole)
}

/// Writes the numbers of a vector to `numbers`, and returns the step. Components must be finite;
/// for others the numbers are any.
pub(crate) fn encode(metric: Metric, vector: &[f32], numbers: &mut Vec<i8>) -> f32 {
    numbers.clear();
    let whole = are_whole(vector);
    if whole {
        numbers.extend(vector.iter().map(|&x| x as i8));
    }
    if metric == Metric::Cosine {
        if !whole {
            directed(vector, numbers);
        }
        return unit(numbers);
    }
    if whole {
        return 1.0;
    }
    let step = short(largest(vector) / LARGEST).max(LEAST_STEP);
    numbers.extend(vector.iter().map(|x| nearest(x / step)));
    step
}

fn largest(vector: &[f32]) -> f32 {
    vector.iter().fold(0.0, |most: f32, x| most.max(x.abs()))
}

fn nearest(x: f32) -> i8 {
    round(x.clamp(-LARGEST, LARGEST)) as i8
}

/// A step of at most 17 significant bits. Products with numbers of 7 bits are exact then, so that
/// the largest component, which is 127 steps, tells the step.
fn short(step: f32) -> f32 {
    f32::from_bits(step.to_bits().saturating_add(0x40) & !0x7f)
}

/// The step that makes the numbers a vector of length one.
fn unit(numbers: &[i8]) -> f32 {
    let squared: i64 = numbers.iter().map(|&q| i64::from(q) * i64::from(q)).sum();
    match squared {
        0 => 1.0,
        squared => (1.0 / (squared as f64).sqrt()) as f32,
    }
}

/// Numbers for a direction: those that it was made of, if it was made of such, and else 127ths of
/// the largest component.
fn directed(vector: &[f32], numbers: &mut Vec<i8>) {
    let largest = largest(vector);
    for most in 1..=LARGEST as u8 {
        let scale = f32::from(most) / largest;
        let whole = |x: &f32| {
            let q = x * scale;
            (q - round(q)).abs() < 1e-3
        };
        // Nearly always one of the first components says no.
        if vector.iter().all(whole) {
            numbers.clear();
            numbers.extend(vector.iter().map(|x| nearest(x * scale)));
            let step = unit(numbers);
            let mut pairs = vector.iter().zip(numbers.iter());
            if pairs.all(|(x, &q)| step * f32::from(q) == *x) {
                return;
            }
        }
    }
    numbers.clear();
    let scale = LARGEST / largest;
    numbers.extend(vector.iter().map(|x| nearest(x * scale)));
}
