//! A scan of the codes of all vectors that may be found.

use super::beam::{BLOCK, Scratch};
use crate::codes::{CodeScorer, CodesView, Task, Terms, Tier};
use crate::distance::Scorer;
use crate::ordinals::OrdinalSet;

/// Rows that are scored while as many others are fetched.
const ROWS: usize = BLOCK / 2;

/// Puts the nearest of the allowed rows, by their codes, into the pool of the scratch, which has
/// been reset; gives how many were scored.
pub(super) struct CodeScan<'a> {
    pub(super) codes: CodesView<'a>,
    pub(super) query: &'a [i8],
    pub(super) terms: Terms,
    pub(super) allowed: &'a OrdinalSet,
    pub(super) scratch: &'a mut Scratch,
}

impl Task for CodeScan<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<T: Tier>(self, tier: T) -> usize {
        let CodeScan {
            codes,
            query,
            terms,
            allowed,
            scratch,
        } = self;
        let scorer = CodeScorer {
            ahead: None,
            tier,
            table: codes.table(),
            query,
            terms,
        };
        let Scratch {
            pool,
            block,
            distances,
            ..
        } = scratch;
        let n = codes.len();
        let mut members = allowed.iter().filter(|&row| (row as usize) < n);
        let (mut now, mut next) = block.split_at_mut(ROWS);
        let mut fetch = |rows: &mut [u32]| {
            let mut filled = 0;
            for (place, row) in rows.iter_mut().zip(&mut members) {
                *place = row;
                filled += 1;
                scorer.prefetch(row);
            }
            filled
        };
        let (mut here, mut scored) = (fetch(now), 0);
        while here > 0 {
            let ahead = fetch(next);
            let (rows, distances) = (&now[..here], &mut distances[..here]);
            scorer.distances(rows, distances);
            scored += here;
            let mut bound = pool.bound();
            for (&row, &distance) in rows.iter().zip(distances.iter()) {
                if distance < bound {
                    pool.insert(distance, row);
                    bound = pool.bound();
                }
            }
            std::mem::swap(&mut now, &mut next);
            here = ahead;
        }
        scored
    }
}
