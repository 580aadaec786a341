//! Reciprocal rank fusion.

use super::Sums;

/// The constant of reciprocal rank fusion that its authors found best.
pub const RRF_K: f32 = 60.0;

/// Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): each list gives the id at its
/// rank r, counted from 1, `weight / (k + r)`; [`RRF_K`] is the usual `k`.
///
/// Lists are best first, as (weight, ids with scores); the scores are not looked at. An id that
/// stands in a list twice counts at its better rank. The result is best first, ties by id.
#[must_use]
pub fn fuse_rrf(lists: &[(f32, &[(u64, f32)])], k: f32) -> Vec<(u64, f32)> {
    let mut sums = Sums::of(lists.iter().map(|(_, ids)| ids.len()));
    for (list, &(weight, ids)) in lists.iter().enumerate() {
        for (rank, &(id, _)) in ids.iter().enumerate() {
            sums.add(list, id, weight / (k + (rank + 1) as f32));
        }
    }
    sums.into_ranking()
}
