//! The candidates of a search, nearest first, with room for `ef`.

/// Mark of a candidate whose links have been followed.
const EXPANDED: i64 = 1;
/// Mark of a candidate that leads to results but is none itself.
const BRIDGE: i64 = 2;
/// Bits of a key below the node.
const MARKS: u32 = 2;
/// Members that are moved at a time: two AVX2 registers.
const LANES: usize = 8;
/// The nearest members are expanded however far they are: a walk that begins far from the query has
/// to get near it first.
const LEAST: usize = 8;
/// What a place holds that nothing was put into; larger than every key.
const EMPTY: i64 = i64::MAX;

/// One array of keys, in order: distance, node and marks in one integer each.
///
/// This is both heaps of algorithm 2 of the HNSW paper in one: the results are the pool, the
/// candidates are its members not yet expanded. Unused places hold a key beyond all others, so
/// that the bound needs no branch. Equal distances are ordered by node.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// `LANES` places that are below all keys, then the members, then room to whole `LANES`.
    keys: Vec<i64>,
    ef: usize,
    len: usize,
    /// No member before this place is unexpanded.
    cursor: usize,
    /// Members beyond this key are not expanded, but the first [`LEAST`].
    horizon: i64,
}

/// The distance as an integer that orders like it, above the node.
#[inline(always)]
fn key(distance: f32, node: u32, marks: i64) -> i64 {
    let bits = distance.to_bits() as i32;
    let ordered = bits ^ ((bits >> 31) & i32::MAX);
    i64::from(ordered) << 32 | i64::from(node) << MARKS | marks
}

#[inline(always)]
fn distance(key: i64) -> f32 {
    let ordered = (key >> 32) as i32;
    f32::from_bits((ordered ^ ((ordered >> 31) & i32::MAX)) as u32)
}

#[inline(always)]
fn node(key: i64) -> u32 {
    key as u32 >> MARKS
}

impl Pool {
    /// Empties the pool and makes room for `ef` members, at least one.
    pub(crate) fn reset(&mut self, ef: usize) {
        let ef = ef.max(1);
        self.keys.clear();
        self.keys.resize(LANES, i64::MIN);
        self.keys.resize(LANES + ef.next_multiple_of(LANES), EMPTY);
        self.ef = ef;
        self.len = 0;
        self.cursor = 0;
        self.horizon = EMPTY;
    }

    /// Expands no member that is farther than this, but the nearest few.
    pub(crate) fn expand_within(&mut self, distance: f32) {
        self.horizon = key(distance, u32::MAX >> MARKS, 0);
    }

    /// What a distance has to be below to enter.
    #[inline(always)]
    pub(crate) fn bound(&self) -> f32 {
        let last = self.keys[LANES + self.ef - 1];
        if last == EMPTY {
            f32::INFINITY
        } else {
            distance(last)
        }
    }

    /// Puts a node into its place if it is near enough; NaN never is.
    #[inline(always)]
    pub(crate) fn insert(&mut self, distance: f32, node: u32) {
        if distance < self.bound() {
            self.place(key(distance, node, 0));
        }
    }

    /// Like [`Pool::insert`] for a node that must not be returned.
    pub(crate) fn insert_bridge(&mut self, distance: f32, node: u32) {
        if distance < self.bound() {
            self.place(key(distance, node, BRIDGE));
        }
    }

    /// Puts a key into its place and moves those above it up by one, a block at a time from the
    /// end: `max(left neighbour, min(own, key))` is right on either side of the place.
    #[inline(always)]
    fn place(&mut self, key: i64) {
        let mut start = LANES + self.len / LANES * LANES;
        if start == self.keys.len() {
            start -= LANES;
        }
        loop {
            let Some(window) = self.keys[start - 1..].first_chunk_mut::<{ LANES + 1 }>() else {
                return;
            };
            let old = *window;
            let mut below = 0;
            for lane in 0..LANES {
                below += usize::from(old[lane + 1] < key);
                window[lane + 1] = old[lane].max(old[lane + 1].min(key));
            }
            if old[0] < key {
                self.cursor = self.cursor.min(start - LANES + below);
                break;
            }
            start -= LANES;
        }
        self.len = (self.len + 1).min(self.ef);
    }

    fn marked(&self) -> &[i64] {
        &self.keys[LANES..LANES + self.len]
    }

    /// The nearest member not yet expanded, which now counts as expanded, and its place.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<(u32, usize)> {
        let members = self.keys[LANES..LANES + self.len].iter_mut().enumerate();
        for (at, key) in members.skip(self.cursor) {
            if *key & EXPANDED == 0 {
                if *key > self.horizon && at >= LEAST {
                    break;
                }
                self.cursor = at + 1;
                *key |= EXPANDED;
                return Some((node(*key), at));
            }
        }
        self.cursor = self.len;
        None
    }

    /// The members that the next pops will return, as far as `count`.
    #[inline(always)]
    pub(crate) fn upcoming(&self, count: usize) -> impl Iterator<Item = u32> + '_ {
        let rest = self.marked().iter().skip(self.cursor);
        let unexpanded = rest.filter(|&&key| key & EXPANDED == 0).take(count);
        unexpanded.map(|&key| node(key))
    }

    /// All members but bridges as (distance, node), nearest first.
    pub(crate) fn members(&self) -> impl Iterator<Item = (f32, u32)> + '_ {
        let results = self.marked().iter().filter(|&&key| key & BRIDGE == 0);
        results.map(|&key| (distance(key), node(key)))
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
            ef in 1usize..40,
            steps in prop::collection::vec(
                prop::option::weighted(0.8, (-20i8..20, any::<bool>())), 0..160),
        ) {
            let mut pool = Pool::default();
            pool.reset(ef);
            let mut model: Vec<(f32, u32, bool, bool)> = Vec::new();
            for (at, step) in steps.into_iter().enumerate() {
                // Not in the order of arrival, up to the largest that there may be.
                let node = (at as u32).wrapping_mul(0x9e37_79b1) >> 2;
                if let Some((distance, bridge)) = step {
                    let distance = f32::from(distance) / 4.0;
                    if bridge {
                        pool.insert_bridge(distance, node);
                    } else {
                        pool.insert(distance, node);
                    }
                    if model.len() < ef || distance < model[ef - 1].0 {
                        let place = model.partition_point(|m| (m.0, m.1) < (distance, node));
                        model.insert(place, (distance, node, bridge, false));
                        model.truncate(ef);
                    }
                } else {
                    let next = model.iter_mut().find(|member| !member.3);
                    let expected = next.map(|member| { member.3 = true; member.1 });
                    prop_assert_eq!(pool.upcoming(1).next(), expected);
                    prop_assert_eq!(pool.pop().map(|popped| popped.0), expected);
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

    /// Beyond the horizon only the first few are expanded, and what comes in before them later.
    #[test]
    fn what_is_beyond_the_horizon_is_not_expanded_but_the_nearest_few() {
        let mut pool = Pool::default();
        pool.reset(40);
        pool.expand_within(4.5);
        (0..40).for_each(|node| pool.insert(node as f32 + 4.0, node));
        let expanded: Vec<_> = std::iter::from_fn(|| pool.pop()).collect();
        assert_eq!(
            expanded,
            (0..LEAST).map(|at| (at as u32, at)).collect::<Vec<_>>()
        );
        (50..60).for_each(|node| pool.insert(1.0, node));
        let expanded: Vec<_> = std::iter::from_fn(|| pool.pop()).collect();
        assert_eq!(expanded, (50..60).zip(0..).collect::<Vec<_>>());
    }
}
