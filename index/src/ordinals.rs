//! Sets of ordinals that answer at the speed of a search.

use roaring::RoaringBitmap;

/// A dense set of ordinals in `[0, universe)`: one bit each, and its size.
///
/// A graph search asks "is this one allowed?" a thousand times, which a compressed bitmap
/// answers too slowly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrdinalSet {
    words: Vec<u64>,
    universe: usize,
    len: usize,
}

impl OrdinalSet {
    /// An empty set over `[0, universe)`.
    #[must_use]
    pub fn new(universe: usize) -> Self {
        OrdinalSet {
            words: vec![0; universe.div_ceil(64)],
            universe,
            len: 0,
        }
    }

    /// All of `[0, universe)`.
    #[must_use]
    pub fn full(universe: usize) -> Self {
        let mut words = vec![u64::MAX; universe.div_ceil(64)];
        if let Some(last) = words.last_mut().filter(|_| !universe.is_multiple_of(64)) {
            *last >>= 64 - universe % 64;
        }
        OrdinalSet {
            words,
            universe,
            len: universe,
        }
    }

    /// The members of `ordinals` below `universe`.
    #[must_use]
    pub fn collect(universe: usize, ordinals: impl IntoIterator<Item = u32>) -> Self {
        let mut set = OrdinalSet::new(universe);
        for ordinal in ordinals {
            set.insert(ordinal);
        }
        set
    }

    /// The members of a bitmap below `universe`.
    #[must_use]
    pub fn from_bitmap(universe: usize, bitmap: &RoaringBitmap) -> Self {
        OrdinalSet::collect(universe, bitmap)
    }

    /// Adds an ordinal; one outside of the universe is not added. Returns whether it was new.
    pub fn insert(&mut self, ordinal: u32) -> bool {
        let at = ordinal as usize;
        if at >= self.universe {
            return false;
        }
        let mask = 1_u64 << (at % 64);
        let fresh = self.words[at / 64] & mask == 0;
        self.words[at / 64] |= mask;
        self.len += usize::from(fresh);
        fresh
    }

    /// Removes an ordinal; returns whether it was a member.
    pub fn remove(&mut self, ordinal: u32) -> bool {
        let was = self.contains(ordinal);
        if was && let Some(word) = self.words.get_mut(ordinal as usize / 64) {
            *word &= !(1 << (ordinal % 64));
            self.len -= 1;
        }
        was
    }

    /// Whether an ordinal is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, ordinal: u32) -> bool {
        let word = self.words.get(ordinal as usize / 64);
        word.is_some_and(|word| word >> (ordinal % 64) & 1 != 0)
    }

    /// Members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the set has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Exclusive upper bound of the members.
    #[must_use]
    pub fn universe(&self) -> usize {
        self.universe
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                // Clears the lowest bit; there is none when the word is used up.
                rest &= rest.checked_sub(1)?;
                Some(at as u32 * 64 + bit)
            })
        })
    }

    /// About `count` members, spread over the whole set; the same ones every time.
    pub(crate) fn spread(&self, count: usize) -> impl Iterator<Item = u32> + '_ {
        let step = (self.words.len() / count.max(1)).max(1);
        let mut after = 0;
        (0..count).filter_map(move |i| {
            let from = (i * step).max(after);
            let words = self.words.get(from..)?;
            let (skip, word) = words.iter().enumerate().find(|&(_, &word)| word != 0)?;
            after = from + skip + 1;
            // Begins at another bit in each word: members may have a rhythm.
            let turn = (i as u32).wrapping_mul(0x9e37_79b9) >> 26;
            let bit = (word.rotate_right(turn).trailing_zeros() + turn) % 64;
            Some((from + skip) as u32 * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The set behaves as a sorted set of the ordinals that lie in its universe.
        #[test]
        fn behaves_as_a_sorted_set(
            universe in 0usize..300,
            ordinals in prop::collection::vec(0u32..320, 0..200),
            count in 0usize..20,
        ) {
            let set = OrdinalSet::collect(universe, ordinals.iter().copied());
            let model: BTreeSet<u32> =
                ordinals.iter().copied().filter(|&o| (o as usize) < universe).collect();
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.is_empty(), model.is_empty());
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert!((0..400).all(|o| set.contains(o) == model.contains(&o)));
            let mut rest = OrdinalSet::full(universe);
            prop_assert!(rest.iter().eq(0..universe as u32));
            let removed = ordinals.iter().filter(|&&o| rest.remove(o)).count();
            prop_assert_eq!(removed, model.len());
            prop_assert_eq!(rest.len(), universe - model.len());
            let outside = |o: u32| (o as usize) >= universe || model.contains(&o);
            prop_assert!((0..400).all(|o| rest.contains(o) != outside(o)));
            let bitmap: RoaringBitmap = ordinals.iter().copied().collect();
            prop_assert_eq!(&OrdinalSet::from_bitmap(universe, &bitmap), &set);
            let spread: Vec<u32> = set.spread(count).collect();
            prop_assert!(spread.is_sorted_by(|a, b| a < b));
            prop_assert!(spread.iter().all(|&o| set.contains(o)));
            prop_assert!(spread.len() <= count && spread.is_empty() == (count == 0 || set.is_empty()));
        }
    }
}
