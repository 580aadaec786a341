//! From the states of a text's tokens to its vector.

/// The mean of the first `tokens` states, of `dimension` numbers each, brought to unit length.
///
/// None when it has no direction: a state is not finite, or all are zero.
pub(super) fn mean(states: &[f32], tokens: usize, dimension: usize) -> Option<Vec<f32>> {
    let mut sums = vec![0.0_f32; dimension];
    for state in states.chunks_exact(dimension).take(tokens) {
        for (sum, value) in sums.iter_mut().zip(state) {
            *sum += value;
        }
    }
    let square: f64 = sums
        .iter()
        .map(|sum| f64::from(*sum) * f64::from(*sum))
        .sum();
    let norm = square.sqrt();
    if !norm.is_finite() || norm == 0.0 {
        return None;
    }
    Some(
        sums.into_iter()
            .map(|sum| (f64::from(sum) / norm) as f32)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn padding_does_not_count_and_the_result_has_unit_length() {
        let states = [3.0, 0.0, 0.0, 4.0, 100.0, 100.0];
        assert_eq!(mean(&states, 2, 2).unwrap(), [0.6, 0.8]);
    }

    #[test]
    fn states_without_a_direction_give_no_vector() {
        assert!(mean(&[0.0, 0.0], 1, 2).is_none());
        assert!(mean(&[f32::NAN, 1.0], 1, 2).is_none());
        assert!(mean(&[f32::INFINITY, 1.0], 1, 2).is_none());
    }
}
