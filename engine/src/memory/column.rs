//! The vectors of one field: a prefix with a graph, never changed once published, and a short tail.

use std::ops::Range;
use std::sync::Arc;

use lumos_index::{Codes, Hnsw, HnswParams, HnswView, Scheme, Vectors};

use super::MemorySegment;
use crate::VectorField;
use crate::sealed::GoOn;

/// Vectors that are compared one by one before a graph is worth building.
pub(crate) const GRAPH_MIN_ROWS: usize = 4_096;

/// How much a graph grows before a trial says anew what codes suit its vectors.
const TRIED_AGAIN: usize = 4;

/// A run of vectors with a graph over them; shared with searches, never changed.
#[derive(Debug)]
pub(crate) struct Indexed {
    pub(crate) data: Vec<f32>,
    /// The row of every vector, ascending.
    pub(crate) rows: Vec<u32>,
    graph: Hnsw,
    /// What the graph is walked on, unless it would be too coarse.
    codes: Option<Codes>,
    /// The outcome of the last trial, and how many vectors it was made with.
    tried: (Option<Scheme>, usize),
}

impl Indexed {
    /// The graph as it is searched.
    pub(crate) fn view(&self) -> HnswView<'_> {
        match &self.codes {
            Some(codes) => self.graph.view().with_codes(codes.view()),
            None => self.graph.view(),
        }
    }

    /// The graph.
    pub(crate) fn graph(&self) -> &Hnsw {
        &self.graph
    }
}

/// The vectors of one field of a segment in memory.
#[derive(Debug)]
pub(crate) struct VectorColumn {
    pub(crate) field: VectorField,
    pub(crate) indexed: Option<Arc<Indexed>>,
    pub(crate) tail: Vec<f32>,
    pub(crate) tail_rows: Vec<u32>,
}

impl VectorColumn {
    pub(crate) fn new(field: VectorField) -> Self {
        VectorColumn {
            field,
            indexed: None,
            tail: Vec::new(),
            tail_rows: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, row: u32, vector: &[f32]) {
        let vectors = vector.chunks_exact(self.field.dimension);
        let one = vectors.len() == 1 || self.field.multi;
        if !one || !vectors.remainder().is_empty() {
            return;
        }
        for _ in vectors {
            self.tail_rows.push(row);
        }
        self.tail.extend_from_slice(vector);
    }

    /// Number of vectors.
    pub(crate) fn len(&self) -> usize {
        self.indexed
            .as_ref()
            .map_or(0, |indexed| indexed.rows.len())
            + self.tail_rows.len()
    }

    /// Where the vectors of a row lie in the tail: fields of several have no graph.
    pub(crate) fn ordinals(&self, row: u32) -> Range<u32> {
        let [from, to] = [row, row.saturating_add(1)]
            .map(|row| self.tail_rows.partition_point(|at| *at < row) as u32);
        from..to
    }

    /// The vector of a row, or all of its vectors, one after the other.
    pub(crate) fn slice(&self, row: u32) -> Option<&[f32]> {
        let dimension = self.field.dimension;
        if self.field.multi {
            let Range { start, end } = self.ordinals(row);
            let numbers = self
                .tail
                .get(start as usize * dimension..end as usize * dimension)?;
            return (!numbers.is_empty()).then_some(numbers);
        }
        let (data, at) = match self.tail_rows.binary_search(&row) {
            Ok(at) => (&self.tail, at),
            Err(_) => {
                let indexed = self.indexed.as_deref()?;
                (&indexed.data, indexed.rows.binary_search(&row).ok()?)
            }
        };
        data.get(at * dimension..(at + 1) * dimension)
    }
}

impl MemorySegment {
    /// Extends the graph of every field over its tail where that is worth it, and says whether it did.
    ///
    /// The vectors are copied under the read lock and linked outside of it, so that neither a commit
    /// nor a search waits for construction.
    pub(crate) fn grow_graphs(
        &self,
        least_tail: usize,
        least_total: usize,
        go_on: GoOn<'_>,
    ) -> bool {
        let _growing = self.growing.lock();
        let due: Vec<String> = self.read(|rows| {
            rows.vectors
                .iter()
                .filter(|(_, column)| {
                    let tail = column.tail_rows.len();
                    !column.field.multi
                        && tail > 0
                        && tail >= least_tail
                        && column.len() >= least_total
                })
                .map(|(name, _)| name.clone())
                .collect()
        });
        for name in &due {
            self.grow_graph(name, go_on);
        }
        !due.is_empty()
    }

    fn grow_graph(&self, name: &str, go_on: GoOn<'_>) {
        let copied = self.read(|rows| {
            let column = rows.vectors.get(name)?;
            Some((
                column.field,
                column.indexed.clone(),
                column.tail.clone(),
                column.tail_rows.clone(),
            ))
        });
        let Some((field, indexed, tail, tail_rows)) = copied else {
            return;
        };
        let taken = tail_rows.len();
        let (mut data, mut rows) = match &indexed {
            Some(indexed) => (indexed.data.clone(), indexed.rows.clone()),
            None => (Vec::new(), Vec::new()),
        };
        data.extend_from_slice(&tail);
        rows.extend_from_slice(&tail_rows);
        let Ok(vectors) = Vectors::new(field.dimension, &data) else {
            return;
        };
        let metric = field.metric;
        let known = indexed.as_ref().map(|indexed| &indexed.tried);
        let known = known.filter(|(_, of)| vectors.len() / TRIED_AGAIN < *of);
        let tried = match known {
            Some(tried) => tried.clone(),
            None => (Scheme::choose(vectors, metric), vectors.len()),
        };
        let scheme = tried.0.as_ref();
        let graph = match &indexed {
            Some(indexed) => indexed.graph.extended_while(vectors, metric, scheme, go_on),
            None => Hnsw::build_while(vectors, metric, scheme, &HnswParams::default(), go_on),
        };
        let Ok(graph) = graph else {
            return;
        };
        let codes = field.make_codes(vectors, tried.0.clone());
        let indexed = Arc::new(Indexed {
            data,
            rows,
            graph,
            codes,
            tried,
        });
        let mut rows = self.rows.write();
        if let Some(column) = rows.vectors.get_mut(name) {
            column.indexed = Some(indexed);
            column.tail.drain(..taken * field.dimension);
            column.tail_rows.drain(..taken);
        }
    }
}
