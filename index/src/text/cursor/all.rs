//! Rows that have all of several terms.

use super::term::each_above;
use super::{Cursor, END, TermCursor};
use crate::text::top::TopRows;

/// Rows that have every one of the terms.
pub(crate) struct AllTerms<'a> {
    /// The rarest, which leads.
    lead: TermCursor<'a>,
    others: Vec<TermCursor<'a>>,
    row: u32,
}

impl<'a> AllTerms<'a> {
    /// Of the terms, which stand on their first rows; `None` when there are none.
    pub(crate) fn new(mut terms: Vec<TermCursor<'a>>) -> Option<AllTerms<'a>> {
        terms.sort_by_key(|term| term.count());
        if terms.is_empty() {
            return None;
        }
        let mut all = AllTerms {
            lead: terms.remove(0),
            others: terms,
            row: 0,
        };
        all.find(0);
        Some(all)
    }

    fn find(&mut self, row: u32) -> u32 {
        let mut row = self.lead.seek(row);
        'rows: while row < END {
            for other in &mut self.others {
                let at = other.seek(row);
                if at > row {
                    row = self.lead.seek(at);
                    continue 'rows;
                }
            }
            break;
        }
        self.row = row;
        row
    }
}

impl Cursor for AllTerms<'_> {
    fn row(&self) -> u32 {
        self.row
    }

    fn advance(&mut self) -> u32 {
        match self.row {
            END => END,
            row => self.find(row + 1),
        }
    }

    fn seek(&mut self, row: u32) -> u32 {
        if row > self.row {
            self.find(row);
        }
        self.row
    }

    fn score(&mut self) -> u32 {
        let others = self.others.iter_mut().map(TermCursor::score);
        self.lead.score() + others.sum::<u32>()
    }

    fn count(&self) -> u64 {
        self.lead.count()
    }

    fn most(&self) -> u32 {
        let others = self.others.iter().map(TermCursor::most);
        self.lead.most() + others.sum::<u32>()
    }

    fn bound(&mut self, from: u32, to: u32) -> u32 {
        let mut sum = 0;
        for term in [&mut self.lead].into_iter().chain(&mut self.others) {
            match term.bound(from, to) {
                0 => return 0,
                bound => sum += bound,
            }
        }
        sum
    }

    fn probe(&mut self, row: u32) -> Option<u32> {
        let mut score = self.lead.probe(row)?;
        for other in &mut self.others {
            score += other.probe(row)?;
        }
        Some(score)
    }

    /// A block of the rarest term at a time: those rows of it are looked for in the others that can be good
    /// enough by what they are worth themselves and what the others have there at most.
    fn collect(&mut self, rows: u32, top: &mut TopRows, accept: &mut dyn FnMut(u32) -> bool) {
        let AllTerms { lead, others, row } = self;
        let mut bounds = vec![0; others.len()];
        let mut from = *row;
        while from < rows {
            let (best, last) = lead.block_of(from);
            let to = last.saturating_add(1).min(rows).max(from + 1);
            let mut rest = 0;
            let mut all = true;
            for (other, bound) in others.iter_mut().zip(&mut bounds) {
                *bound = other.bound(from, to);
                rest += *bound;
                all &= *bound > 0;
            }
            if !all || best + rest <= top.floor() {
                from = to;
                continue;
            }
            from = lead.seek(from);
            if from >= to {
                continue;
            }
            let mut next = from;
            lead.drain(to, |rows, sums| {
                each_above(rows, sums, top.floor().saturating_sub(rest), |row, sum| {
                    if row < next || sum + rest <= top.floor() {
                        return;
                    }
                    let mut score = sum;
                    let mut left = rest;
                    for (other, bound) in others.iter_mut().zip(&bounds) {
                        left -= bound;
                        let at = other.seek(row);
                        if at > row {
                            next = at;
                            return;
                        }
                        score += other.score();
                        if score + left <= top.floor() {
                            return;
                        }
                    }
                    if score > top.floor() && accept(row) {
                        top.push(score, row);
                    }
                });
            });
            from = to.max(next);
        }
    }
}
