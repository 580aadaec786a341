//! Rows of the terms that a pattern stands for besides those that are scored one by one.

use roaring::RoaringBitmap;

use super::{Cursor, END};

/// Rows that are all worth the same.
pub(crate) struct Rest {
    rows: Vec<u32>,
    at: usize,
    score: u32,
}

impl Rest {
    pub(crate) fn new(rows: &RoaringBitmap, score: u32) -> Rest {
        Rest {
            rows: rows.iter().collect(),
            at: 0,
            score,
        }
    }
}

impl Cursor for Rest {
    fn row(&self) -> u32 {
        self.rows.get(self.at).copied().unwrap_or(END)
    }

    fn advance(&mut self) -> u32 {
        self.at += 1;
        self.row()
    }

    fn seek(&mut self, row: u32) -> u32 {
        let ahead = self.rows.get(self.at..).unwrap_or_default();
        self.at += ahead.partition_point(|other| *other < row);
        self.row()
    }

    fn score(&mut self) -> u32 {
        self.score
    }

    fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    fn most(&self) -> u32 {
        self.score
    }

    fn bound(&mut self, from: u32, to: u32) -> u32 {
        let ahead = self.rows.get(self.at..).unwrap_or_default();
        let first = ahead.get(ahead.partition_point(|row| *row < from));
        match first {
            Some(row) if *row < to => self.score,
            _ => 0,
        }
    }
}
