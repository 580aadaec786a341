//! Rows that match a part of a query, in order, with what each is worth.

mod all;
mod boolean;
mod phrase;
mod rest;
mod term;
mod union;
mod window;

pub(crate) use all::AllTerms;
pub(crate) use boolean::Boolean;
pub(crate) use phrase::{Element, Phrase, Places};
pub(crate) use rest::Rest;
pub(crate) use term::{Blocks, Norms, TermCursor};
pub(crate) use union::{Union, collect_any};
pub(crate) use window::Window;

use super::top::TopRows;

/// Past the last row.
pub(crate) const END: u32 = tantivy::TERMINATED;
/// Rows that are looked at together: for them it is asked first whether any can be good enough.
const STRIDE: u32 = 1024;

/// Rows in ascending order. A new cursor stands on its first row.
pub(crate) trait Cursor {
    /// The row it stands on, [`END`] past the last.
    fn row(&self) -> u32;

    /// Goes to the next row.
    fn advance(&mut self) -> u32;

    /// Goes to the first row at or after `row`, which is not before the present one.
    fn seek(&mut self, row: u32) -> u32;

    /// What the present row is worth.
    fn score(&mut self) -> u32;

    /// How many rows there are, about.
    fn count(&self) -> u64;

    /// No row is worth more.
    fn most(&self) -> u32;

    /// No row in `from..to` is worth more; 0 when there is none. Afterwards only rows from `from` on may be
    /// asked for.
    fn bound(&mut self, from: u32, to: u32) -> u32;

    /// What a row is worth if it matches; rows must be asked for in order, and only in this way.
    fn probe(&mut self, row: u32) -> Option<u32> {
        if self.row() < row {
            self.seek(row);
        }
        (self.row() == row).then(|| self.score())
    }

    /// Adds what the rows in `from..to` are worth.
    fn fill(&mut self, from: u32, to: u32, window: &mut Window) {
        let mut row = self.row();
        if row < from {
            row = self.seek(from);
        }
        while row < to {
            let score = self.score();
            window.add(row - from, score);
            row = self.advance();
        }
    }

    /// Gives the rows in `from..to` that are worth more than `floor`, with what they are.
    fn above(&mut self, from: u32, to: u32, floor: u32, rows: &mut Vec<(u32, u32)>) {
        let mut row = self.row();
        if row < from {
            row = self.seek(from);
        }
        while row < to {
            let score = self.score();
            if score > floor {
                rows.push((row, score));
            }
            row = self.advance();
        }
    }

    /// Rows worth no more than this need not be found.
    fn ignore(&mut self, _floor: u32) {}

    /// Adds the rows that are accepted and good enough to the best.
    fn collect(&mut self, rows: u32, top: &mut TopRows, accept: &mut dyn FnMut(u32) -> bool) {
        let mut from = self.row();
        while from < rows {
            let to = (from + STRIDE).min(rows);
            if self.bound(from, to) > top.floor() {
                self.ignore(top.floor());
                let mut row = self.row();
                if row < from {
                    row = self.seek(from);
                }
                while row < to {
                    let score = self.score();
                    if score > top.floor() && accept(row) {
                        top.push(score, row);
                        self.ignore(top.floor());
                    }
                    row = self.advance();
                }
                from = to.max(row);
            } else {
                from = to;
            }
        }
    }
}
