//! A frozen segment as the rows of the file that it becomes.

use std::collections::BTreeMap;

use lumos_index::{Hnsw, HnswParams, Scheme, Stopped, Vectors};

use super::{Entry, MemorySegment};
use crate::manifest::CollectionKind;
use crate::sealed::{GoOn, Row, Rows};
use crate::{Result, VectorField};

impl Rows for MemorySegment {
    fn kind(&self) -> CollectionKind {
        self.kind
    }

    fn text_fields(&self) -> BTreeMap<String, String> {
        self.text_fields.clone()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        let row = |entry: &Entry| {
            visit(Row {
                key: &entry.key,
                payload: &entry.payload,
                seqno: entry.seqno,
                expires: entry.expires,
            })
        };
        // Nothing waits: a frozen segment is not written, and searches read it too.
        self.read(|rows| rows.entries.iter().try_for_each(row))
    }

    fn vectors(&self) -> Result<Vec<(String, VectorField, u32)>> {
        Ok(self.read(|rows| {
            let columns = rows.vectors.iter();
            columns
                .map(|(name, column)| (name.clone(), column.field, column.len() as u32))
                .collect()
        }))
    }

    fn each_vector(
        &self,
        field: &str,
        visit: &mut dyn FnMut(u32, &[f32]) -> Result<()>,
    ) -> Result<()> {
        self.read(|rows| {
            let Some(column) = rows.vectors.get(field) else {
                return Ok(());
            };
            let dimension = column.field.dimension;
            if let Some(indexed) = &column.indexed {
                let vectors = indexed.data.chunks_exact(dimension);
                for (row, vector) in indexed.rows.iter().zip(vectors) {
                    visit(*row, vector)?;
                }
            }
            let vectors = column.tail.chunks_exact(dimension);
            for (row, vector) in column.tail_rows.iter().zip(vectors) {
                visit(*row, vector)?;
            }
            Ok(())
        })
    }

    /// The one that searches have used, extended over all rows.
    fn graph(
        &self,
        field: &str,
        spec: VectorField,
        vectors: Vectors<'_>,
        scheme: Option<&Scheme>,
        go_on: GoOn<'_>,
    ) -> Result<Hnsw, Stopped> {
        let indexed = self.read(|rows| rows.vectors.get(field)?.indexed.clone());
        match indexed {
            Some(indexed) => {
                let graph = indexed.graph();
                graph.extended_while(vectors, spec.metric, scheme, go_on)
            }
            None => {
                let params = HnswParams::default();
                Hnsw::build_while(vectors, spec.metric, scheme, &params, go_on)
            }
        }
    }

    fn bytes(&self) -> usize {
        MemorySegment::bytes(self)
    }
}
