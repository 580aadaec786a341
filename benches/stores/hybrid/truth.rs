//! The exact neighbours of the questions of a kind, and the share of them that a store finds.

use std::collections::HashSet;

use crate::questions::{K, Kind, Question};
use crate::store::Store;
use crate::vectors::Vectors;

/// What another store may find less: two hits in a thousand.
const SLACK: f64 = 0.002;

pub(crate) struct Truth(Vec<Vec<u64>>);

/// Of the ten nearest, and of all that a leg brings.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub(crate) of_ten: f64,
    pub(crate) of_all: f64,
}

impl Truth {
    pub(crate) fn of(kind: &Kind, vectors: &Vectors) -> Truth {
        let below = kind.below.map_or(usize::MAX, |below| below as usize);
        let nearest = |question: &Question| vectors.nearest(&question.vector, kind.depth(), below);
        Truth(kind.questions.iter().map(nearest).collect())
    }

    /// What the leg by vector of a store finds.
    pub(crate) fn share(&self, store: &dyn Store, kind: &Kind) -> Share {
        let (mut ten, mut all, mut tens, mut alls) = (0, 0, 0, 0);
        for (question, truth) in kind.questions.iter().zip(&self.0) {
            let found = store.near(question, kind).numbers();
            let first: HashSet<u64> = found.iter().take(K).copied().collect();
            let found: HashSet<u64> = found.into_iter().collect();
            ten += truth
                .iter()
                .take(K)
                .filter(|&it| first.contains(it))
                .count();
            all += truth.iter().filter(|&it| found.contains(it)).count();
            tens += truth.len().min(K);
            alls += truth.len();
        }
        Share {
            of_ten: ten as f64 / tens as f64,
            of_all: all as f64 / alls as f64,
        }
    }
}

impl Share {
    pub(crate) fn reaches(self, least: Share) -> bool {
        self.of_ten >= least.of_ten - SLACK && self.of_all >= least.of_all - SLACK
    }
}
