//! The best rows of all segments.

use std::cmp::Ordering;

/// The best rows so far: more is better, then the earlier segment and row.
#[derive(Debug)]
pub(crate) struct TopRows {
    k: usize,
    segment: usize,
    /// Few are kept in order; of many there are up to twice as many before the worse half is dropped.
    rows: Vec<Ranked>,
    floor: u32,
}

/// So many rows are kept in order.
const FEW: usize = 64;

impl TopRows {
    pub(crate) fn new(k: usize) -> TopRows {
        TopRows {
            k,
            segment: 0,
            rows: Vec::with_capacity(k.saturating_add(1).min(2_048)),
            floor: if k == 0 { u32::MAX } else { 0 },
        }
    }

    /// Goes on with the rows of a later segment.
    pub(crate) fn enter(&mut self, segment: usize) {
        self.segment = segment;
    }

    /// A row must have more to be among the best; rows come in order.
    #[inline(always)]
    pub(crate) fn floor(&self) -> u32 {
        self.floor
    }

    /// Says that as many rows as are wanted have more than this.
    pub(crate) fn raise(&mut self, floor: u32) {
        self.floor = self.floor.max(floor);
    }

    /// Adds a row; it must be above the floor, and behind those that were added before.
    #[inline]
    pub(crate) fn push(&mut self, sum: u32, row: u32) {
        let ranked = Ranked {
            sum,
            segment: self.segment,
            row,
        };
        if self.k > FEW {
            self.rows.push(ranked);
            if self.rows.len() >= self.k.saturating_mul(2) {
                self.drop_worse();
            }
            return;
        }
        let at = self.rows.partition_point(|other| other.sum >= sum);
        self.rows.insert(at, ranked);
        self.rows.truncate(self.k);
        if let Some(worst) = self.k.checked_sub(1).and_then(|last| self.rows.get(last)) {
            self.floor = self.floor.max(worst.sum);
        }
    }

    fn drop_worse(&mut self) {
        if let Some(last) = self.k.checked_sub(1).filter(|last| *last < self.rows.len()) {
            let (_, worst, _) = self.rows.select_nth_unstable_by(last, Ranked::by_worth);
            self.floor = self.floor.max(worst.sum);
        }
        self.rows.truncate(self.k);
    }

    /// Sum, segment and row, best first.
    pub(crate) fn into_sorted(mut self) -> impl Iterator<Item = (u32, usize, u32)> {
        self.rows.sort_unstable_by(Ranked::by_worth);
        self.rows.truncate(self.k);
        let sorted = self.rows.into_iter();
        sorted.map(|ranked| (ranked.sum, ranked.segment, ranked.row))
    }
}

#[derive(Debug)]
struct Ranked {
    sum: u32,
    segment: usize,
    row: u32,
}

impl Ranked {
    /// Better first.
    fn by_worth(&self, other: &Self) -> Ordering {
        let sum = other.sum.cmp(&self.sum);
        sum.then((self.segment, self.row).cmp(&(other.segment, other.row)))
    }
}
