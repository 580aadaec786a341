//! Nearest vectors of a segment in memory: the graph over its prefix, then every vector of its tail.

use lumos_index::{
    GraphQuery, Horizon, Neighbor, TopK, VectorError, Vectors, Widths, exact_search,
};
use lumos_wal::sync::RwLockReadGuard;

use super::column::Indexed;
use super::{MemorySegment, Rows};
use crate::search::{Allowed, VectorQuery, Visit, Width};

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
        horizon: &mut Horizon,
    ) -> Result<(Vec<Neighbor>, Visit), VectorError> {
        let mut top = TopK::new(k);
        let mut compared = 0;
        let indexed = {
            let rows = self.read_rows();
            let Some(column) = rows.vectors.get(&query.field) else {
                return Ok((Vec::new(), Visit::scan(0)));
            };
            let tail = Vectors::new(column.field.dimension, &column.tail)?;
            let ordinals = (0u32..).zip(&column.tail_rows);
            let permitted = ordinals
                .filter(|(_, row)| allowed.permits(**row))
                .map(|(ordinal, _)| ordinal)
                .inspect(|_| compared += 1);
            let near = exact_search(tail, query.metric, &query.vector, k, permitted)?;
            horizon.add(near.iter().map(|neighbor| neighbor.distance));
            for found in near {
                if let Some(&row) = column.tail_rows.get(found.row as usize) {
                    top.push(Neighbor { row, ..found });
                }
            }
            // The prefix never changes: it is searched without the lock.
            column.indexed.clone()
        };
        let Some(indexed) = indexed else {
            return Ok((top.into_sorted(), Visit::scan(compared)));
        };
        let (found, visit) = indexed.nearest(query, k, allowed, horizon)?;
        for found in found {
            if let Some(&row) = indexed.rows.get(found.row as usize) {
                top.push(Neighbor { row, ..found });
            }
        }
        Ok((top.into_sorted(), visit.and_scan(compared)))
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

impl Indexed {
    fn nearest(
        &self,
        query: &VectorQuery,
        k: usize,
        allowed: &Allowed<'_>,
        horizon: &mut Horizon,
    ) -> Result<(Vec<Neighbor>, Visit), VectorError> {
        let vectors = Vectors::new(query.vector.len(), &self.data)?;
        let visible = self.rows.partition_point(|&row| row < allowed.view().rows);
        let ordinals = allowed.ordinals(&query.field, [self.rows.len(), visible], |row| {
            self.rows.binary_search(&row).ok().map(|at| at as u32)
        });
        let ef = match query.width {
            Width::Ef(ef) => Some(ef.max(k)),
            // Not measured for a graph that changes all the time.
            Width::Recall(recall) => Widths::default().ef(recall, k),
            Width::Exact => None,
        };
        match ef {
            Some(ef) => {
                let asked = GraphQuery {
                    vector: &query.vector,
                    k,
                    ef,
                    allowed: ordinals.as_deref(),
                };
                let view = self.view();
                let (found, stats) = view.search_beside(vectors, query.metric, asked, horizon)?;
                Ok((found, Visit { ef, stats }))
            }
            None => {
                let mut compared = 0;
                let permitted = (0..self.rows.len() as u32)
                    .filter(|&o| ordinals.as_ref().is_none_or(|set| set.contains(o)))
                    .inspect(|_| compared += 1);
                let found = exact_search(vectors, query.metric, &query.vector, k, permitted)?;
                horizon.add(found.iter().map(|neighbor| neighbor.distance));
                Ok((found, Visit::scan(compared)))
            }
        }
    }
}
