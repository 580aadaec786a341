//! Figures over numbers.

use super::answer::FacetAnswer;
use super::{FacetPart, frequencies};
use crate::values::Scalar;

pub(super) fn stats(parts: &[FacetPart<'_>]) -> (u64, FacetAnswer) {
    let (mut documents, mut count) = (0, 0_u64);
    let mut sum = Sum::default();
    let (mut min, mut max): (Option<f64>, Option<f64>) = (None, None);
    for part in parts {
        let number = |ordinal| match part.values.value(ordinal) {
            Some(Scalar::Int(value)) => Some(value as f64),
            Some(Scalar::Float(value)) => Some(value),
            _ => None,
        };
        let (frequencies, with) = frequencies(part, |ordinal| number(ordinal).is_some());
        documents += with;
        for (ordinal, times) in (0..).zip(&frequencies) {
            let Some(value) = number(ordinal).filter(|_| *times > 0) else {
                continue;
            };
            count += times;
            sum.add(value * *times as f64);
            min = Some(min.map_or(value, |min| min.min(value)));
            max = Some(max.map_or(value, |max| max.max(value)));
        }
    }
    let sum = sum.total();
    let answer = FacetAnswer::Stats {
        count,
        min,
        max,
        sum,
        mean: (count > 0).then(|| sum / count as f64),
    };
    (documents, answer)
}

/// A sum with what was lost by rounding kept beside it (Neumaier, *Rundungsfehleranalyse einiger Verfahren zur
/// Summation endlicher Summen*, 1974), so that it hardly depends on the order.
#[derive(Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += match self.sum.abs() >= value.abs() {
            true => (self.sum - sum) + value,
            false => (value - sum) + self.sum,
        };
        self.sum = sum;
    }

    fn total(&self) -> f64 {
        // Past the largest number there is nothing to mend.
        match self.sum.is_finite() {
            true => self.sum + self.lost,
            false => self.sum,
        }
    }
}
