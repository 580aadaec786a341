//! The candidates of a search, nearest first, with room for `ef`.

/// Mark of a candidate whose links have been followed.
const EXPANDED: u32 = 1 << 31;
/// Mark of a candidate that leads to results but is none itself.
const BRIDGE: u32 = 1 << 30;

/// Two arrays, distances and marked nodes, ordered by distance.
///
/// This is both heaps of algorithm 2 of the HNSW paper in one: the results are the pool, the
/// candidates are its members not yet expanded. Unused places hold an infinite distance, so
/// that the bound needs no branch.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    distances: Vec<f32>,
    nodes: Vec<u32>,
    len: usize,
    /// No member before this place is unexpanded.
    cursor: usize,
}

impl Pool {
    /// Empties the pool and makes room for `ef` members, at least one.
    pub(crate) fn reset(&mut self, ef: usize) {
        let ef = ef.max(1);
        self.distances.clear();
        self.distances.resize(ef, f32::INFINITY);
        self.nodes.clear();
        self.nodes.resize(ef, u32::MAX);
        self.len = 0;
        self.cursor = 0;
    }

    /// What a distance has to be below to enter.
    #[inline]
    pub(crate) fn bound(&self) -> f32 {
        self.distances[self.distances.len() - 1]
    }

    /// Puts a node into its place if it is near enough; NaN never is.
    #[inline]
    pub(crate) fn insert(&mut self, distance: f32, node: u32) {
        self.insert_marked(distance, node);
    }

    /// Like [`Pool::insert`] for a node that must not be returned.
    pub(crate) fn insert_bridge(&mut self, distance: f32, node: u32) {
        self.insert_marked(distance, node | BRIDGE);
    }

    #[inline]
    fn insert_marked(&mut self, distance: f32, node: u32) {
        if distance < self.bound() {
            let at = self.distances[..self.len].partition_point(|&d| d <= distance);
            let last = self.len.min(self.distances.len() - 1);
            self.distances.copy_within(at..last, at + 1);
            self.nodes.copy_within(at..last, at + 1);
            self.distances[at] = distance;
            self.nodes[at] = node;
            self.len = last + 1;
            self.cursor = self.cursor.min(at);
        }
    }

    /// The nearest member not yet expanded, which now counts as expanded.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<u32> {
        for (at, node) in self.nodes[..self.len]
            .iter_mut()
            .enumerate()
            .skip(self.cursor)
        {
            if *node & EXPANDED == 0 {
                self.cursor = at + 1;
                *node |= EXPANDED;
                return Some(*node & !(EXPANDED | BRIDGE));
            }
        }
        self.cursor = self.len;
        None
    }

    /// The members that the next pops will return, as far as `count`.
    #[inline]
    pub(crate) fn upcoming(&self, count: usize) -> impl Iterator<Item = u32> + '_ {
        let rest = &self.nodes[self.cursor.min(self.len)..self.len];
        let unexpanded = rest
            .iter()
            .filter(|&&node| node & EXPANDED == 0)
            .take(count);
        unexpanded.map(|&node| node & !BRIDGE)
    }

    /// All members but bridges as (distance, node), nearest first.
    pub(crate) fn members(&self) -> impl Iterator<Item = (f32, u32)> + '_ {
        let pairs = self.distances[..self.len]
            .iter()
            .zip(&self.nodes[..self.len]);
        pairs
            .filter(|(_, node)| *node & BRIDGE == 0)
            .map(|(&d, &node)| (d, node & !EXPANDED))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a sorted list cut to `ef`: members, bound, and pops that always give the
        /// nearest unexpanded member, whatever arrives in between.
        #[test]
        fn behaves_as_a_sorted_list_cut_to_its_size(
            ef in 1usize..12,
            steps in prop::collection::vec(prop::option::of((0u8..20, any::<bool>())), 0..80),
        ) {
            let mut pool = Pool::default();
            pool.reset(ef);
            let mut model: Vec<(f32, u32, bool, bool)> = Vec::new();
            for (node, step) in steps.into_iter().enumerate() {
                let node = node as u32;
                if let Some((distance, bridge)) = step {
                    let distance = f32::from(distance);
                    if bridge {
                        pool.insert_bridge(distance, node);
                    } else {
                        pool.insert(distance, node);
                    }
                    let at = model.partition_point(|member| member.0 <= distance);
                    model.insert(at, (distance, node, bridge, false));
                    model.truncate(ef);
                } else {
                    let next = model.iter_mut().find(|member| !member.3);
                    let expected = next.map(|member| { member.3 = true; member.1 });
                    prop_assert_eq!(pool.upcoming(1).next(), expected);
                    prop_assert_eq!(pool.pop(), expected);
                }
                let bound = if model.len() < ef { f32::INFINITY } else { model[ef - 1].0 };
                prop_assert_eq!(pool.bound(), bound);
                let members = model.iter().filter(|m| !m.2).map(|m| (m.0, m.1));
                prop_assert!(pool.members().eq(members));
            }
            pool.insert(f32::NAN, 1);
            prop_assert!(pool.members().all(|(d, _)| !d.is_nan()));
        }
    }
}
