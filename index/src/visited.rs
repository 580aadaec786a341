//! The set of nodes that a search has seen.

/// A bitset over `[0, n)` with one more bit, `n`, that is always set.
///
/// Empty link slots and ids that lie outside of the graph (a damaged file) are clamped to `n`,
/// so that they count as seen without a branch of their own.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    words: Vec<u64>,
    n: usize,
    /// What was added, if all of it was noted.
    noted: Vec<u32>,
    unnoted: bool,
}

/// Emptying a word of its own costs as much as emptying this many in a row.
const ONE_BY_ONE: usize = 16;
/// Words from which on it may be worth it: the set of 262,144 nodes.
const LARGE: usize = 1 << 12;

impl Visited {
    /// Empties the set and sizes it for nodes below `n`.
    pub(crate) fn reset(&mut self, n: usize) {
        let known = !self.unnoted
            && self.words.len() >= LARGE
            && self.n == n
            && self.words.len() == n / 64 + 1;
        if known && self.noted.len() * ONE_BY_ONE < self.words.len() {
            for node in &self.noted {
                self.words[*node as usize / 64] = 0;
            }
        } else {
            self.words.clear();
            self.words.resize(n / 64 + 1, 0);
        }
        self.n = n;
        self.noted.clear();
        self.unnoted = false;
        self.words[n / 64] |= 1 << (n % 64);
    }

    /// Adds `node` and returns whether it was new; ids from `n` on never are.
    #[inline]
    pub(crate) fn insert(&mut self, node: u32) -> bool {
        self.unnoted = true;
        self.marker().mark(node)
    }

    /// Notes nodes that a [`Marker`] has added, so that they can be taken out one by one.
    #[inline(always)]
    pub(crate) fn note(&mut self, nodes: &[u32]) {
        if self.words.len() >= LARGE {
            self.noted.extend_from_slice(nodes);
        }
    }

    /// Adds nodes that will be noted.
    #[inline(always)]
    pub(crate) fn marker(&mut self) -> Marker<'_> {
        Marker {
            words: &mut self.words,
            n: self.n,
        }
    }
}

/// Adds nodes to a set, the place of which it need not look up each time.
pub(crate) struct Marker<'a> {
    words: &'a mut [u64],
    n: usize,
}

impl Marker<'_> {
    /// Adds `node` and returns whether it was new; ids from `n` on never are.
    #[inline(always)]
    pub(crate) fn mark(&mut self, node: u32) -> bool {
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
    fn a_set_that_is_emptied_node_by_node_is_empty() {
        let n = 1 << 20;
        let mut visited = Visited::default();
        for round in 0..50_u32 {
            visited.reset(n);
            let nodes: Vec<u32> = (0..40)
                .map(|i| (round * 7 + i * 1_601) % n as u32)
                .collect();
            for &node in &nodes {
                assert!(visited.marker().mark(node), "{node} in round {round}");
            }
            visited.note(&nodes);
            if round % 10 == 9 {
                assert!(visited.insert(n as u32 - 1));
            }
        }
    }

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
