//! Choices that are the same in every run.

use std::collections::BTreeMap;

use lumos_engine::{Doc, MultiVector, SparseVector};

/// A repeatable source of choices (splitmix64, Steele et al. 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// Small whole numbers, so that sums are exact and ties are common.
    pub(crate) fn number(&mut self) -> f32 {
        self.below(7) as f32 - 3.0
    }

    pub(crate) fn sparse(&mut self) -> SparseVector {
        let ids: BTreeMap<u32, f32> = (0..self.below(8))
            .map(|_| {
                let common = self.below(3) > 0;
                let id = self.below(if common { 5 } else { 60 }) as u32;
                (id, self.number() + 0.5)
            })
            .collect();
        SparseVector::new(ids).unwrap()
    }

    pub(crate) fn multi(&mut self) -> MultiVector {
        let count = 1 + self.below(5);
        let rows = (0..count).map(|_| [0; 3].map(|_: u8| self.number()));
        MultiVector::new(rows.collect::<Vec<_>>()).unwrap()
    }

    pub(crate) fn doc(&mut self, key: &str) -> Doc {
        let mut doc = Doc::new(key).field("n", self.below(4));
        if self.below(5) > 0 {
            doc = doc.sparse("words", self.sparse());
        }
        if self.below(5) > 0 {
            doc = doc.multi("tokens", self.multi());
        }
        if self.below(3) == 0 {
            doc = doc.text("some words").vector([1.0, 0.0]);
        }
        doc
    }
}
