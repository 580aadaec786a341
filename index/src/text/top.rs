//! The best rows of all segments.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The best rows so far: more is better, then the earlier segment and row.
#[derive(Debug)]
pub(crate) struct TopRows {
    k: usize,
    segment: usize,
    worst_first: BinaryHeap<Ranked>,
    floor: u32,
}

impl TopRows {
    pub(crate) fn new(k: usize) -> TopRows {
        TopRows {
            k,
            segment: 0,
            worst_first: BinaryHeap::with_capacity(k.min(1_024) + 1),
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

    /// Adds a row; it must be above the floor.
    pub(crate) fn push(&mut self, sum: u32, row: u32) {
        self.worst_first.push(Ranked {
            sum,
            segment: self.segment,
            row,
        });
        if self.worst_first.len() > self.k {
            self.worst_first.pop();
        }
        if self.worst_first.len() >= self.k {
            self.floor = self.worst_first.peek().map_or(u32::MAX, |worst| worst.sum);
        }
    }

    /// Sum, segment and row, best first.
    pub(crate) fn into_sorted(self) -> impl Iterator<Item = (u32, usize, u32)> {
        let sorted = self.worst_first.into_sorted_vec();
        sorted
            .into_iter()
            .map(|ranked| (ranked.sum, ranked.segment, ranked.row))
    }
}

/// Worse is greater: the heap gives up the worst first.
#[derive(Debug, PartialEq, Eq)]
struct Ranked {
    sum: u32,
    segment: usize,
    row: u32,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let sum = other.sum.cmp(&self.sum);
        sum.then((self.segment, self.row).cmp(&(other.segment, other.row)))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
