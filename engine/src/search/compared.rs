//! How alike hits are, by their vectors.

use lumos_index::{Metric, MultiVector, SparseVector};

use super::answer::Row;
use super::leg::Level;
use crate::Result;
use crate::state::CollectionState;

/// The vectors of some rows in one field, of those that have any.
pub(super) enum Compared {
    One(Metric, Vec<Option<Vec<f32>>>),
    Several(Metric, Vec<Option<MultiVector>>),
    Sparse(Vec<Option<SparseVector>>),
}

impl Compared {
    /// `None` when there is no such field.
    pub(super) fn read(
        state: &CollectionState,
        level: &Level,
        rows: &[Row],
        name: &str,
    ) -> Result<Option<Compared>> {
        let docs = || rows.iter().map(|row| state.doc(level.place(row.at)?, true));
        Ok(match state.schema.vectors.get(name) {
            Some(field) if field.multi => {
                let several = docs().map(|doc| Ok(doc?.multi_field(name).cloned()));
                Some(Compared::Several(
                    field.metric,
                    several.collect::<Result<_>>()?,
                ))
            }
            Some(field) => {
                let one = rows.iter().map(|row| {
                    let place = level.place(row.at)?;
                    let view = state.segments.get(place.segment);
                    Ok(view.and_then(|view| view.vectors(place.row).remove(name)))
                });
                Some(Compared::One(field.metric, one.collect::<Result<_>>()?))
            }
            None if state.schema.sparse.contains_key(name) => {
                let sparse = docs().map(|doc| Ok(doc?.sparse_field(name).cloned()));
                Some(Compared::Sparse(sparse.collect::<Result<_>>()?))
            }
            None => None,
        })
    }

    /// How alike two rows are, 0 to 1; `None` when one of them has no vector.
    pub(super) fn similarity(&self, a: usize, b: usize) -> Option<f32> {
        match self {
            Compared::One(metric, vectors) => {
                let (a, b) = (vectors.get(a)?.as_ref()?, vectors.get(b)?.as_ref()?);
                Some(metric.similarity(metric.distance(a, b)))
            }
            Compared::Several(metric, vectors) => {
                let (a, b) = (vectors.get(a)?.as_ref()?, vectors.get(b)?.as_ref()?);
                // Each way, as what one shares with the other is not what that shares with it.
                Some((nearest(*metric, a, b) + nearest(*metric, b, a)) / 2.0)
            }
            Compared::Sparse(vectors) => {
                let (a, b) = (vectors.get(a)?.as_ref()?, vectors.get(b)?.as_ref()?);
                let norms = (a.dot(a) * b.dot(b)).sqrt();
                let cosine = if norms > 0.0 { a.dot(b) / norms } else { 0.0 };
                Some(cosine.clamp(0.0, 1.0))
            }
        }
    }
}

/// How alike the vectors of `a` are to those of `b` that are nearest to each, on average.
fn nearest(metric: Metric, a: &MultiVector, b: &MultiVector) -> f32 {
    let best = a.iter().map(|a| {
        let alike = b.iter().map(|b| metric.similarity(metric.distance(a, b)));
        alike.fold(0.0, f32::max)
    });
    best.sum::<f32>() / a.len().max(1) as f32
}
