//! The rows that have a dimension.

/// The rows of one dimension, ascending, and its weight in each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) rows: &'a [u32],
    pub(crate) weights: &'a [f32],
    /// No weight is below this.
    pub(crate) least: f32,
    /// No weight is above this.
    pub(crate) most: f32,
}

/// A walk over a list, multiplied by the weight of the query.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    list: List<'a>,
    at: usize,
    weight: f32,
    /// What one row can gain by this list at most; at least 0, for it need not be there.
    pub(crate) bound: f64,
    /// The largest product without its sign.
    pub(crate) size: f64,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(list: List<'a>, weight: f32) -> Self {
        let products = [list.least, list.most].map(|w| f64::from(w) * f64::from(weight));
        let [a, b] = products;
        Cursor {
            list,
            at: 0,
            weight,
            bound: a.max(b).max(0.0),
            size: a.abs().max(b.abs()),
        }
    }

    /// Rows that are left.
    pub(crate) fn left(&self) -> usize {
        self.list.rows.len().saturating_sub(self.at)
    }

    pub(crate) fn row(&self) -> Option<u32> {
        self.list.rows.get(self.at).copied()
    }

    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }

    /// Calls `each` with the rows below `to` and the products there, and goes on behind them.
    pub(crate) fn drain(&mut self, to: u32, mut each: impl FnMut(u32, f32)) {
        let rows = self.list.rows.get(self.at..).unwrap_or_default();
        let weights = self.list.weights.get(self.at..).unwrap_or_default();
        let below = rows.iter().zip(weights).take_while(|(row, _)| **row < to);
        for (row, weight) in below {
            each(*row, weight * self.weight);
            self.at += 1;
        }
    }

    /// Goes on to the first row that is not below this one; returns the product there, if it is the row.
    pub(crate) fn seek(&mut self, row: u32) -> Option<f32> {
        // Steps that double, then a binary search in the last: rows asked for are mostly near.
        let rows = self.list.rows.get(self.at..).unwrap_or_default();
        let mut step = 1;
        while rows.get(step).is_some_and(|at| *at < row) {
            step *= 2;
        }
        let from = step / 2;
        let window = rows.get(from..rows.len().min(step + 1)).unwrap_or_default();
        let before = window.partition_point(|at| *at < row);
        self.at += from + before;
        self.product(row)
    }

    /// The product at a row, if the walk is there.
    pub(crate) fn product(&self, row: u32) -> Option<f32> {
        let weight = self.list.weights.get(self.at)?;
        (self.row()? == row).then_some(weight * self.weight)
    }
}
