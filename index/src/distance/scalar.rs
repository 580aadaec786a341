//! The kernels of simsimd, and the plain loops that define what a kernel computes.

use simsimd::SpatialSimilarity;

use super::part;

/// Inner product, by definition.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Squared Euclidean distance, by definition.
pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Manhattan distance, by definition.
pub(super) fn l1(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum()
}

/// Jaccard similarity of two sets that have so much in common; two empty ones are the same.
#[inline(always)]
pub(super) fn jaccard_of(both: u32, either: u32) -> f32 {
    match either {
        0 => 1.0,
        _ => both as f32 / either as f32,
    }
}

/// Components of which one is above zero and the other is not.
#[inline(always)]
pub(super) fn hamming(a: &[f32], b: &[f32]) -> f32 {
    let differ = |(x, y): (&f32, &f32)| u32::from((*x > 0.0) != (*y > 0.0));
    a.iter().zip(b).map(differ).sum::<u32>() as f32
}

/// Similarity of the sets of components above zero.
#[inline(always)]
pub(super) fn jaccard(a: &[f32], b: &[f32]) -> f32 {
    let mut both = 0;
    let mut either = 0;
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (u32::from(*x > 0.0), u32::from(*y > 0.0));
        both += x & y;
        either += x | y;
    }
    jaccard_of(both, either)
}

/// A block of Manhattan distances, in lanes so that it is added in vectors.
pub(super) fn l1_block(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    for (&id, out) in ids.iter().zip(out) {
        let row = part(components, query.len(), id);
        let ((query, query_rest), (row, row_rest)) = (query.as_chunks::<8>(), row.as_chunks::<8>());
        let mut lanes = [0.0; 8];
        for (query, row) in query.iter().zip(row) {
            for (lane, (x, y)) in lanes.iter_mut().zip(query.iter().zip(row)) {
                *lane += (x - y).abs();
            }
        }
        *out = lanes.iter().sum::<f32>() + l1(query_rest, row_rest);
    }
}

/// A block of Hamming distances.
pub(super) fn hamming_block(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    for (&id, out) in ids.iter().zip(out) {
        *out = hamming(query, part(components, query.len(), id));
    }
}

/// A block of Jaccard similarities.
pub(super) fn jaccard_block(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    for (&id, out) in ids.iter().zip(out) {
        *out = jaccard(query, part(components, query.len(), id));
    }
}

/// A block of inner products by simsimd, which answers in f64.
pub(super) fn dot_block(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    for (&id, out) in ids.iter().zip(out) {
        let row = part(components, query.len(), id);
        *out = f32::dot(query, row).map_or_else(|| dot(query, row), |d| d as f32);
    }
}

/// A block of squared Euclidean distances by simsimd, which answers in f64.
pub(super) fn l2_block(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    for (&id, out) in ids.iter().zip(out) {
        let row = part(components, query.len(), id);
        *out = f32::l2sq(query, row).map_or_else(|| l2(query, row), |d| d as f32);
    }
}
