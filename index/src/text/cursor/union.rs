//! Rows that match any of several parts, or at least so many of them.

use super::window::{WIDTH, Window};
use super::{Cursor, END, STRIDE};
use crate::text::top::TopRows;

/// Rows of any part, worth the sum of the parts they match.
///
/// Rows are walked a window at a time, the parts standing behind it; or probed, and never both.
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
            window: Window::new(at_least > 1),
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
            match self.window.take(row - self.from) {
                Some((offset, score, count)) => {
                    row = self.from + offset;
                    if self.at_least <= 1 || count >= self.at_least {
                        (self.row, self.score) = (row, score);
                        return row;
                    }
                    row += 1;
                }
                None => row = self.to,
            }
        }
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
    let mut window = Window::new(false);
    let mut order: Vec<(u32, usize)> = Vec::with_capacity(parts.len());
    let mut from = 0;
    while from < rows {
        let to = (from + STRIDE).min(rows);
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
            collect_range(parts, (from, to), &order, &mut window, top, accept);
        }
        from = to;
    }
}

/// The best rows of a range; `order` has the bounds of the parts, weakest first.
fn collect_range(
    parts: &mut [Box<dyn Cursor + '_>],
    (from, to): (u32, u32),
    order: &[(u32, usize)],
    window: &mut Window,
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
    for (_, part) in strong {
        if let Some(part) = parts.get_mut(*part) {
            part.fill(from, to, window);
        }
    }
    let mut next = 0;
    while let Some((offset, mut score, _)) = window.take(next) {
        next = offset;
        let row = from + offset;
        let mut rest = together;
        for (bound, part) in weak.iter().rev() {
            if score + rest <= top.floor() {
                break;
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
}
