//! Rows that match any of several parts, or at least so many of them.

use super::window::Window;
use super::{Cursor, END, STRIDE};
use crate::text::top::TopRows;

/// Rows of a window that is walked.
const WIDTH: u32 = 4096;
/// Matches that are looked at together, about.
const MATCHES: u64 = 256;

/// Rows of any part, worth the sum of the parts they match.
///
/// Rows are walked a window at a time, the parts standing behind it. Rows before the end of the window are
/// only known by it; others may be asked of the parts.
pub(crate) struct Union<'a> {
    parts: Vec<Box<dyn Cursor + 'a>>,
    at_least: u16,
    count: u64,
    window: Window,
    /// The rows that the window holds.
    from: u32,
    to: u32,
    row: u32,
    score: u32,
}

impl<'a> Union<'a> {
    /// A union that stands on its first row.
    pub(crate) fn walked(parts: Vec<Box<dyn Cursor + 'a>>, at_least: usize) -> Union<'a> {
        let mut union = Union::probed(parts, at_least);
        union.find(0);
        union
    }

    /// A union that may be probed only.
    pub(crate) fn probed(parts: Vec<Box<dyn Cursor + 'a>>, at_least: usize) -> Union<'a> {
        let count = parts.iter().map(|part| part.count()).sum();
        Union {
            parts,
            at_least: at_least.clamp(1, usize::from(u16::MAX)) as u16,
            count,
            window: Window::new(WIDTH, at_least > 1),
            from: 0,
            to: 0,
            row: 0,
            score: 0,
        }
    }

    /// Goes to the first row at or after `row`; windows are filled as they are reached.
    fn find(&mut self, mut row: u32) -> u32 {
        loop {
            if row >= self.to {
                self.window.clear();
                let mut first = END;
                for part in &mut self.parts {
                    let at = match part.row() {
                        at if at < row => part.seek(row),
                        at => at,
                    };
                    first = first.min(at);
                }
                (self.row, self.score) = (first, 0);
                if first == END {
                    return END;
                }
                row = first;
                (self.from, self.to) = (first, first.saturating_add(WIDTH));
                for part in &mut self.parts {
                    part.fill(self.from, self.to, &mut self.window);
                }
            }
            match self.within(row) {
                Some(row) => return row,
                None => row = self.to,
            }
        }
    }

    /// Goes to the first row at or after `row` that the window has; stays where it is when there is none.
    fn within(&mut self, mut row: u32) -> Option<u32> {
        while let Some((offset, score, count)) = self.window.take(row - self.from) {
            row = self.from + offset;
            if self.at_least <= 1 || count >= self.at_least {
                (self.row, self.score) = (row, score);
                return Some(row);
            }
            row += 1;
        }
        None
    }
}

impl Cursor for Union<'_> {
    fn row(&self) -> u32 {
        self.row
    }

    fn advance(&mut self) -> u32 {
        self.find(self.row + 1)
    }

    fn seek(&mut self, row: u32) -> u32 {
        if row > self.row {
            self.find(row);
        }
        self.row
    }

    fn score(&mut self) -> u32 {
        self.score
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn most(&self) -> u32 {
        self.parts.iter().map(|part| part.most()).sum()
    }

    fn bound(&mut self, from: u32, to: u32) -> u32 {
        if from < self.to {
            // The parts stand behind the window that they were taken into.
            return self.most();
        }
        self.parts.iter_mut().map(|part| part.bound(from, to)).sum()
    }

    fn probe(&mut self, row: u32) -> Option<u32> {
        if row < self.to {
            // The parts stand behind the window. It is not filled anew for a row: few may be asked for.
            if row > self.row {
                self.within(row)?;
            }
            return (self.row == row).then_some(self.score);
        }
        let (mut score, mut count) = (0, 0);
        for part in &mut self.parts {
            if let Some(more) = part.probe(row) {
                score += more;
                count += 1;
            }
        }
        (count >= self.at_least).then_some(score)
    }
}

/// Adds the best rows of any of the parts, which have not been walked yet, to the best.
///
/// In each short range, parts whose bounds together are too little do not make a row worth looking at: only
/// rows that have something else are, and they are completed as long as they can be good enough (MaxScore,
/// Turtle and Flood 1995, with bounds of blocks).
pub(crate) fn collect_any(
    parts: &mut [Box<dyn Cursor + '_>],
    rows: u32,
    top: &mut TopRows,
    accept: &mut dyn FnMut(u32) -> bool,
) {
    let stride = stride(parts, rows);
    let mut sums = Sums {
        window: Window::new(stride, false),
        alone: Vec::new(),
    };
    let mut order: Vec<(u32, usize)> = Vec::with_capacity(parts.len());
    let mut from = 0;
    while from < rows {
        let to = from.saturating_add(stride).min(rows);
        order.clear();
        let mut most = 0;
        for (number, part) in parts.iter_mut().enumerate() {
            let bound = part.bound(from, to);
            if bound > 0 {
                most += bound;
                order.push((bound, number));
            }
        }
        if most > top.floor() {
            order.sort_unstable();
            collect_range(parts, (from, to), &order, &mut sums, top, accept);
        }
        from = to;
    }
}

/// How many rows are looked at together: more where few of them match, since each range has its price.
fn stride(parts: &[Box<dyn Cursor + '_>], rows: u32) -> u32 {
    let matching: u64 = parts.iter().map(|part| part.count()).sum();
    let stride = u64::from(rows) * MATCHES / matching.max(1);
    stride.clamp(u64::from(STRIDE), u64::from(WIDTH) * 2) as u32
}

/// What rows of a range have of the parts that make a row worth looking at.
struct Sums {
    window: Window,
    /// The same when it is one part: only rows that can be good enough.
    alone: Vec<(u32, u32)>,
}

/// The best rows of a range; `order` has the bounds of the parts, weakest first.
fn collect_range(
    parts: &mut [Box<dyn Cursor + '_>],
    (from, to): (u32, u32),
    order: &[(u32, usize)],
    sums: &mut Sums,
    top: &mut TopRows,
    accept: &mut dyn FnMut(u32) -> bool,
) {
    let floor = top.floor();
    let (mut weak, mut together) = (0, 0);
    for (bound, _) in order {
        if together + bound > floor {
            break;
        }
        together += bound;
        weak += 1;
    }
    let (weak, strong) = order.split_at_checked(weak).unwrap_or((order, &[]));
    let Sums { window, alone } = sums;
    if let [(_, part)] = strong {
        alone.clear();
        if let Some(part) = parts.get_mut(*part) {
            part.above(from, to, floor - together, alone);
        }
        for (row, score) in &*alone {
            complete(parts, weak, together, (*row, *score), top, accept);
        }
        return;
    }
    for (_, part) in strong {
        if let Some(part) = parts.get_mut(*part) {
            part.fill(from, to, window);
        }
    }
    let mut next = 0;
    while let Some((offset, score, _)) = window.take(next) {
        next = offset;
        complete(parts, weak, together, (from + offset, score), top, accept);
    }
}

/// Adds what the weak parts have of a row, as long as it can be good enough.
#[inline]
fn complete(
    parts: &mut [Box<dyn Cursor + '_>],
    weak: &[(u32, usize)],
    mut rest: u32,
    (row, mut score): (u32, u32),
    top: &mut TopRows,
    accept: &mut dyn FnMut(u32) -> bool,
) {
    for (bound, part) in weak.iter().rev() {
        if score + rest <= top.floor() {
            return;
        }
        rest -= bound;
        if let Some(part) = parts.get_mut(*part) {
            score += part.probe(row).unwrap_or_default();
        }
    }
    if score > top.floor() && accept(row) {
        top.push(score, row);
    }
}
