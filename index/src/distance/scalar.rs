//! The kernels of simsimd, and the plain loops that define what a kernel computes.

use simsimd::SpatialSimilarity;

use super::row;

/// Inner product, by definition.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Squared Euclidean distance, by definition.
pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// A block of inner products by simsimd, which answers in f64.
pub(super) fn dot_block(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    for (&id, out) in ids.iter().zip(out) {
        let row = row(components, query.len(), id);
        *out = f32::dot(query, row).map_or_else(|| dot(query, row), |d| d as f32);
    }
}

/// A block of squared Euclidean distances by simsimd, which answers in f64.
pub(super) fn l2_block(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]) {
    for (&id, out) in ids.iter().zip(out) {
        let row = row(components, query.len(), id);
        *out = f32::l2sq(query, row).map_or_else(|| l2(query, row), |d| d as f32);
    }
}
