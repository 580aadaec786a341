//! A store, as this benchmark sees it, and the shares that it finds.

use crate::questions::{Kind, Question};
use crate::truth::{Share, Truth};

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

    fn ask(&self, question: &Question, kind: &Kind) -> Answer;

    /// What the leg by vector brings to such an answer.
    fn near(&self, question: &Question, kind: &Kind) -> Answer;

    /// Makes the store as fast as it can be while its leg by vector finds no less than this.
    fn tune(&mut self, _kind: &Kind, _truth: &Truth, _least: Share) {}
}
