//! Levels and order of insertion, both drawn from a hash: the same on every machine.

/// The highest level. `16^7` nodes would be needed to expect one there.
pub(crate) const MAX_LEVEL: usize = 7;

/// Finalizer of splitmix64 (Steele, Lea and Flood 2014): a bijection that mixes well.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The level of a node: `floor(-ln(u) / ln(16))` for uniform `u` (section 4.1 of the HNSW
/// paper with `mL = 1 / ln(M)`, `M = 16`), computed in integers as the number of groups of four
/// zero bits that a random word ends in.
pub(crate) fn level_of(seed: u64, ordinal: u32) -> usize {
    let word = mix(seed ^ mix(u64::from(ordinal)));
    (word.trailing_zeros() as usize / 4).min(MAX_LEVEL)
}

/// Ordinals in order of insertion; given ascending.
///
/// Nodes of high levels come first, so that upper layers are complete before the masses arrive
/// and the entry point never changes after the first insertion; the very first is the lowest
/// ordinal of the highest level. Otherwise the order is random, because batches in the order of
/// the data would be blind to their own neighbourhood.
pub(crate) fn insertion_order(seed: u64, ordinals: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut keyed: Vec<(usize, u64, u32)> = ordinals
        .map(|ordinal| {
            let level = MAX_LEVEL - level_of(seed, ordinal);
            (level, mix(!seed ^ mix(u64::from(ordinal))), ordinal)
        })
        .collect();
    // `min_by_key` takes the first of the equal ones: the lowest ordinal.
    if let Some(first) = keyed.iter_mut().min_by_key(|key| key.0) {
        first.1 = 0;
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, _, ordinal)| ordinal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sixteenth_of_the_nodes_rises_to_each_next_level() {
        let n = 1 << 17;
        let mut counts = [0_usize; MAX_LEVEL + 1];
        for ordinal in 0..n {
            for count in &mut counts[..=level_of(42, ordinal)] {
                *count += 1;
            }
        }
        for (level, &count) in counts.iter().enumerate().take(4) {
            let expected = f64::from(n) / 16_f64.powi(level as i32);
            assert!(
                (count as f64 - expected).abs() < 6.0 * expected.sqrt() + 1.0,
                "{counts:?}"
            );
        }
    }

    #[test]
    fn the_order_is_a_permutation_by_falling_level_that_begins_with_the_entry_point() {
        let order = insertion_order(7, 100..5000);
        let levels: Vec<usize> = order.iter().map(|&o| level_of(7, o)).collect();
        assert!(levels.is_sorted_by(|a, b| a >= b));
        let entry = (100..5000).find(|&o| level_of(7, o) == levels[0]);
        assert_eq!(order.first().copied(), entry);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(100..5000));
        assert!(insertion_order(7, 3..3).is_empty());
    }
}
