//! A store, as this benchmark sees it, and the shares that it finds.

use crate::questions::{Kind, Legs, Question};
use crate::truth::{Share, Truth};

/// Documents that a question is answered with.
pub(crate) const K: usize = 10;

/// What a store gives: it is paid for as it is.
pub(crate) enum Answer {
    Keys(Vec<String>),
    Numbers(Vec<u64>),
}

impl Answer {
    pub(crate) fn numbers(self) -> Vec<u64> {
        match self {
            Answer::Keys(keys) => keys.iter().map(|key| key.parse().unwrap()).collect(),
            Answer::Numbers(numbers) => numbers,
        }
    }
}

pub(crate) trait Store {
    fn name(&self) -> &'static str;

    /// The ten best.
    fn ask(&self, question: &Question, legs: Legs, below: Option<u64>) -> Answer;

    /// What the leg by vector brings for a search of these legs: ten alone, else what is fused.
    fn near(&self, question: &Question, legs: Legs, below: Option<u64>) -> Answer;

    /// Makes the store as fast as it can be while its leg by vector finds no less than this.
    fn tune(&mut self, _kind: &Kind, _truth: &Truth, _least: Share) {}
}
