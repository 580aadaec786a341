//! Rows that match all of several parts, worth more when they match others too, and none of a third kind.

use super::{Cursor, END};

/// Rows that all of `must` have and none of `not`; what they have of `should` is added.
pub(crate) struct Boolean<'a> {
    /// The rarest first; never empty.
    must: Vec<Box<dyn Cursor + 'a>>,
    should: Vec<Box<dyn Cursor + 'a>>,
    not: Vec<Box<dyn Cursor + 'a>>,
    row: u32,
}

impl<'a> Boolean<'a> {
    /// Parts of `must` stand on their first rows; those of `should` and `not` are probed only.
    pub(crate) fn walked(
        must: Vec<Box<dyn Cursor + 'a>>,
        should: Vec<Box<dyn Cursor + 'a>>,
        not: Vec<Box<dyn Cursor + 'a>>,
    ) -> Boolean<'a> {
        let mut boolean = Boolean::probed(must, should, not);
        let first = boolean.must.first().map_or(END, |part| part.row());
        boolean.find(first);
        boolean
    }

    /// Parts that are probed only.
    pub(crate) fn probed(
        mut must: Vec<Box<dyn Cursor + 'a>>,
        should: Vec<Box<dyn Cursor + 'a>>,
        not: Vec<Box<dyn Cursor + 'a>>,
    ) -> Boolean<'a> {
        must.sort_by_key(|part| part.count());
        Boolean {
            must,
            should,
            not,
            row: END,
        }
    }

    /// Goes to the first row at or after `row` that fits; the first part stands there or behind.
    fn find(&mut self, mut row: u32) -> u32 {
        'rows: while row < END {
            for number in 0..self.must.len() {
                let Some(part) = self.must.get_mut(number) else {
                    break;
                };
                let at = match part.row() {
                    at if at < row => part.seek(row),
                    at => at,
                };
                if at > row {
                    row = at;
                    continue 'rows;
                }
            }
            if self.not.iter_mut().any(|part| part.probe(row).is_some()) {
                row += 1;
                continue;
            }
            break;
        }
        self.row = row;
        row
    }
}

impl Cursor for Boolean<'_> {
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
        let must: u32 = self.must.iter_mut().map(|part| part.score()).sum();
        let should = self.should.iter_mut();
        must + should.filter_map(|part| part.probe(self.row)).sum::<u32>()
    }

    fn count(&self) -> u64 {
        self.must.first().map_or(0, |part| part.count())
    }

    fn most(&self) -> u32 {
        let parts = self.must.iter().chain(&self.should);
        parts.map(|part| part.most()).sum()
    }

    fn bound(&mut self, from: u32, to: u32) -> u32 {
        let mut sum = 0;
        for part in &mut self.must {
            match part.bound(from, to) {
                0 => return 0,
                bound => sum += bound,
            }
        }
        let should = self.should.iter_mut().map(|part| part.bound(from, to));
        sum + should.sum::<u32>()
    }

    fn probe(&mut self, row: u32) -> Option<u32> {
        let mut score = 0;
        for part in &mut self.must {
            score += part.probe(row)?;
        }
        if self.not.iter_mut().any(|part| part.probe(row).is_some()) {
            return None;
        }
        let should = self.should.iter_mut().filter_map(|part| part.probe(row));
        Some(score + should.sum::<u32>())
    }

    fn ignore(&mut self, floor: u32) {
        // A single part must bring what the others cannot.
        let should: u32 = self.should.iter().map(|part| part.most()).sum();
        let most: Vec<u32> = self.must.iter().map(|part| part.most()).collect();
        let all = most.iter().sum::<u32>() + should;
        for (part, own) in self.must.iter_mut().zip(most) {
            part.ignore(floor.saturating_sub(all - own));
        }
    }
}
