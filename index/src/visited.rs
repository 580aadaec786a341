//! The set of nodes that a search has seen.

/// A bitset over `[0, n)` with one more bit, `n`, that is always set.
///
/// Empty link slots and ids that lie outside of the graph (a damaged file) are clamped to `n`,
/// so that they count as seen without a branch of their own.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    words: Vec<u64>,
    n: usize,
}

impl Visited {
    /// Empties the set and sizes it for nodes below `n`.
    pub(crate) fn reset(&mut self, n: usize) {
        self.n = n;
        self.words.clear();
        self.words.resize(n / 64 + 1, 0);
        self.words[n / 64] |= 1 << (n % 64);
    }

    /// Adds `node` and returns whether it was new; ids from `n` on never are.
    #[inline]
    pub(crate) fn insert(&mut self, node: u32) -> bool {
        let bit = (node as usize).min(self.n);
        let word = &mut self.words[bit / 64];
        let mask = 1_u64 << (bit % 64);
        let fresh = *word & mask == 0;
        *word |= mask;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_new_once_and_an_id_outside_never() {
        let mut visited = Visited::default();
        for n in [0, 1, 63, 64, 65, 1000] {
            visited.reset(n);
            for node in 0..n as u32 {
                assert!(visited.insert(node), "{node} of {n}");
                assert!(!visited.insert(node));
            }
            for outside in [n as u32, n as u32 + 1, u32::MAX] {
                assert!(!visited.insert(outside));
            }
        }
    }
}
