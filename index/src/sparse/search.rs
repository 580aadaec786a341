//! The best rows by dot product, of one segment.
//!
//! Lists are walked row by row. Those whose bounds together cannot reach the worst of the `k` best so far
//! bring no row by themselves; they are looked at for rows that others bring, the largest first, and only
//! as long as the row can still make it (MaxScore: Turtle and Flood, "Query evaluation: strategies and
//! optimizations", 1995, section 5). The result is that of adding up everything: what can be told apart by
//! rounding alone is never left out, and a score is summed in the order of dimensions.
//!
//! To walk row by row asks every list about every row. Of many lists the entries are fewer than that: they
//! are added up, all of them, a range of rows at a time.

use roaring::RoaringBitmap;

use super::list::Cursor;
use super::postings::SparsePostings;
use super::sealed::SealedSparse;
use super::vector::SparseVector;
use super::window::each_sum;
use crate::topk::{Neighbor, TopK};

/// More lists than this are not walked row by row.
const MANY: usize = 64;

/// The sparse vectors of one field in one segment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SparseSource<'a> {
    /// Postings in memory, and the number of rows that belong to the snapshot: later ones are not there.
    Memory(&'a SparsePostings, u32),
    /// A sealed index, and the number of its rows.
    Sealed(&'a SealedSparse, u32),
}

impl<'a> SparseSource<'a> {
    fn rows(self) -> u32 {
        match self {
            SparseSource::Memory(_, rows) | SparseSource::Sealed(_, rows) => rows,
        }
    }

    /// One for each dimension of the query that some row has, in the order of dimensions.
    fn cursors(self, query: &SparseVector) -> Vec<Cursor<'a>> {
        let lists = query.iter().filter_map(|(id, weight)| {
            let list = match self {
                SparseSource::Memory(postings, rows) => postings.lists.get(&id)?.list(rows),
                SparseSource::Sealed(index, _) => index.list(id)?,
            };
            Some(Cursor::new(list, weight))
        });
        lists.collect()
    }

    /// The `k` rows of the largest dot products with the query, the best first, ties by row, and how many
    /// rows were scored. Only rows that share a dimension with it, and only those in `accept`, if there is
    /// one.
    #[must_use]
    pub fn top(
        self,
        query: &SparseVector,
        k: usize,
        accept: Option<&RoaringBitmap>,
    ) -> (Vec<(f32, u32)>, usize) {
        let mut cursors = self.cursors(query);
        if k == 0 || cursors.is_empty() {
            return (Vec::new(), 0);
        }
        let entries: usize = cursors.iter().map(Cursor::left).sum();
        let mut best = Best {
            top: TopK::new(k),
            found: 0,
            worst: f32::NEG_INFINITY,
        };
        let rows = self.rows();
        match accept {
            // Few rows may be found: they are looked up in each list.
            Some(accept) if accept.len() * (cursors.len() as u64) < entries as u64 => {
                for row in accept.iter().take_while(|row| *row < rows) {
                    let products = cursors.iter_mut().map(|cursor| cursor.seek(row));
                    if let Some(score) = sum(products) {
                        best.push(score, row);
                    }
                }
            }
            _ if cursors.len() > MANY => each_sum(&mut cursors, rows, |row, score| {
                if accept.is_none_or(|accept| accept.contains(row)) {
                    best.push(score, row);
                }
            }),
            _ => walk(&mut cursors, rows, accept, &mut best),
        }
        let found = best.top.into_sorted();
        let scored = found.into_iter().map(|n| (0.0 - n.distance, n.row));
        (scored.collect(), best.found)
    }

    /// The dot product of each row with the query, `None` where they share no dimension; rows ascend.
    #[must_use]
    pub fn scores(self, query: &SparseVector, rows: &[u32]) -> Vec<Option<f32>> {
        let mut cursors = self.cursors(query);
        let entries: usize = cursors.iter().map(Cursor::left).sum();
        if cursors.len() > MANY && rows.len().saturating_mul(cursors.len()) > entries {
            let mut scores = vec![None; rows.len()];
            let mut asked = rows.iter().zip(&mut scores).peekable();
            let end = rows.last().map_or(0, |last| last.saturating_add(1));
            each_sum(&mut cursors, end, |row, sum| {
                while asked.next_if(|(asked, _)| **asked < row).is_some() {}
                while let Some((_, score)) = asked.next_if(|(asked, _)| **asked == row) {
                    *score = Some(sum);
                }
            });
            return scores;
        }
        let score = |row: &u32| sum(cursors.iter_mut().map(|cursor| cursor.seek(*row)));
        rows.iter().map(score).collect()
    }
}

/// The sum of what is there, `None` when nothing is.
fn sum(products: impl Iterator<Item = Option<f32>>) -> Option<f32> {
    products
        .flatten()
        .fold(None, |sum, product| Some(sum.unwrap_or_default() + product))
}

struct Best {
    top: TopK,
    /// Rows that were scored.
    found: usize,
    /// The score of the last of the `k`; without so many there is no least one.
    worst: f32,
}

impl Best {
    fn push(&mut self, score: f32, row: u32) {
        self.found += 1;
        let distance = 0.0 - score;
        self.top.push(Neighbor { distance, row });
        self.worst = 0.0 - self.top.bound();
    }
}

fn walk(cursors: &mut [Cursor<'_>], rows: u32, accept: Option<&RoaringBitmap>, best: &mut Best) {
    // By bound, the least first; `below[i]` is what the first i can add together.
    let mut order: Vec<usize> = (0..cursors.len()).collect();
    let bound = |at: usize| cursors.get(at).map_or(0.0, |cursor| cursor.bound);
    order.sort_by(|a, b| bound(*a).total_cmp(&bound(*b)));
    let mut below = vec![0.0; order.len() + 1];
    for (i, at) in order.iter().enumerate() {
        below[i + 1] = below[i] + bound(*at);
    }
    // Sums in another order and in f32 differ by less than this.
    let size: f64 = cursors.iter().map(|cursor| cursor.size).sum();
    let slack = size * (cursors.len() + 2) as f64 * f64::from(f32::EPSILON);
    // The lists before this one bring no row.
    let mut first = 0;
    let mut products: Vec<Option<f32>> = vec![None; cursors.len()];
    loop {
        let worst = f64::from(best.worst) - slack;
        while first < order.len() && below[first + 1] < worst {
            first += 1;
        }
        let bringing = order.get(first..).unwrap_or_default();
        let next = bringing
            .iter()
            .filter_map(|at| cursors.get(*at)?.row())
            .min();
        let Some(row) = next.filter(|row| *row < rows) else {
            return;
        };
        let accepted = accept.is_none_or(|accept| accept.contains(row));
        products.fill(None);
        let mut known = 0.0;
        for at in bringing {
            let Some(cursor) = cursors.get_mut(*at) else {
                continue;
            };
            if let Some(product) = cursor.product(row) {
                known += f64::from(product);
                products[*at] = Some(product);
            }
            // Rows that do not ascend, in bytes that are not what was written, must not hold it up.
            while cursor.row().is_some_and(|at| at <= row) {
                cursor.advance();
            }
        }
        if !accepted {
            continue;
        }
        let mut reaches = true;
        for i in (0..first).rev() {
            if known + below[i + 1] < worst {
                reaches = false;
                break;
            }
            let Some((at, cursor)) = order
                .get(i)
                .and_then(|at| Some((*at, cursors.get_mut(*at)?)))
            else {
                continue;
            };
            if let Some(product) = cursor.seek(row) {
                known += f64::from(product);
                products[at] = Some(product);
            }
        }
        if reaches && let Some(score) = sum(products.iter().copied()) {
            best.push(score, row);
        }
    }
}

#[cfg(test)]
mod tests;
