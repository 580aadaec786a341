//! Nearest vectors of a segment in memory: the graph over its prefix, then every vector of its tail.

use lumos_index::{Neighbor, TopK, VectorError, Vectors, exact_search};
use lumos_wal::sync::RwLockReadGuard;

use super::{MemorySegment, Rows};
use crate::search::{Allowed, VectorQuery};

impl MemorySegment {
    /// The nearest allowed rows, nearest first.
    ///
    /// # Errors
    /// A query of another dimension.
    pub(crate) fn nearest(
        &self,
        query: &VectorQuery,
        k: usize,
        allowed: &Allowed<'_>,
    ) -> Result<Vec<Neighbor>, VectorError> {
        let mut top = TopK::new(k);
        let indexed = {
            let rows = self.read_rows();
            let Some(column) = rows.vectors.get(&query.field) else {
                return Ok(Vec::new());
            };
            let tail = Vectors::new(column.field.dimension, &column.tail)?;
            let ordinals = (0u32..).zip(&column.tail_rows);
            let permitted = ordinals
                .filter(|(_, row)| allowed.permits(**row))
                .map(|(ordinal, _)| ordinal);
            for found in exact_search(tail, query.metric, &query.vector, k, permitted)? {
                if let Some(&row) = column.tail_rows.get(found.row as usize) {
                    top.push(Neighbor { row, ..found });
                }
            }
            // The prefix never changes: it is searched without the lock.
            column.indexed.clone()
        };
        if let Some(indexed) = indexed {
            let vectors = Vectors::new(query.vector.len(), &indexed.data)?;
            let visible = indexed
                .rows
                .partition_point(|&row| row < allowed.view().rows);
            let ordinals = allowed.ordinals(indexed.rows.len(), visible, |row| {
                indexed.rows.binary_search(&row).ok().map(|at| at as u32)
            });
            let found = if query.exact {
                let all = 0..indexed.rows.len() as u32;
                let permitted =
                    all.filter(|&o| ordinals.as_ref().is_none_or(|set| set.contains(o)));
                exact_search(vectors, query.metric, &query.vector, k, permitted)?
            } else {
                let view = indexed.graph.view();
                let set = ordinals.as_ref();
                view.search(vectors, query.metric, &query.vector, k, query.ef, set)?
                    .0
            };
            for found in found {
                if let Some(&row) = indexed.rows.get(found.row as usize) {
                    top.push(Neighbor { row, ..found });
                }
            }
        }
        Ok(top.into_sorted())
    }

    /// The distances of rows that have a vector.
    pub(crate) fn distances(&self, query: &VectorQuery, rows: &[u32]) -> Vec<Option<f32>> {
        let columns = self.read_rows();
        let column = columns.vectors.get(&query.field);
        rows.iter()
            .map(|&row| {
                let vector = column?.slice(row)?;
                Some(query.metric.distance(&query.vector, vector))
            })
            .collect()
    }

    /// The columns, which do not change while this is held. Never taken twice by one thread.
    pub(crate) fn read_rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read()
    }
}
