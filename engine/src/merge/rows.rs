//! The live rows of the segments of a merge, as the rows of the segment that they become.

use std::collections::BTreeMap;
use std::sync::Arc;

use lumos_index::{GraphPart, Hnsw, HnswParams, Scheme, Stopped, Vectors};
use roaring::RoaringBitmap;

use crate::manifest::CollectionKind;
use crate::sealed::{GoOn, Row, Rows, SealedSegment, SealedVectors};
use crate::source::SegmentView;
use crate::state::CollectionState;
use crate::{CodesChoice, Error, Result, VectorField};

/// One of the segments, and those of its rows that were live when the merge began.
pub(super) struct Part {
    segment: Arc<SealedSegment>,
    pub(super) live: RoaringBitmap,
    /// The new row of the first of them.
    pub(super) start: u32,
}

/// The rows of a merge, read where they lie.
pub(super) struct MergedRows<'a> {
    collection: &'a CollectionState,
    pub(super) parts: Vec<Part>,
}

impl<'a> MergedRows<'a> {
    /// The live rows of some segments, in their order.
    ///
    /// # Errors
    /// [`Error::Corruption`]: damage must not be copied into a file with a fresh checksum.
    pub(super) fn new(collection: &'a CollectionState, views: &[SegmentView]) -> Result<Self> {
        let mut parts = Vec::with_capacity(views.len());
        let mut start = 0;
        for view in views {
            let Some(segment) = view.as_sealed() else {
                continue;
            };
            segment.verify_data()?;
            let live = view.live_rows();
            let count = live.len() as u32;
            parts.push(Part {
                segment: segment.clone(),
                live,
                start,
            });
            start += count;
        }
        Ok(MergedRows { collection, parts })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.live.is_empty())
    }

    /// The parts that have vectors in a field.
    fn columns(&self, field: &str) -> impl Iterator<Item = (&Part, &SealedVectors)> {
        let parts = self.parts.iter();
        parts.filter_map(move |part| Some((part, part.segment.vectors().get(field)?)))
    }
}

/// The live vectors of a column: number, new row.
fn live_vectors(part: &Part, column: &SealedVectors) -> impl Iterator<Item = (u32, u32)> {
    // Rows and vectors both ascend: one walk over both.
    let mut rows = part.live.iter().zip(part.start..).peekable();
    (0..column.len() as u32).filter_map(move |ordinal| {
        let row = column.row(ordinal);
        while rows.peek().is_some_and(|(live, _)| *live < row) {
            rows.next();
        }
        let (_, new) = rows.next_if(|(live, _)| *live == row)?;
        Some((ordinal, new))
    })
}

impl Rows for MergedRows<'_> {
    fn kind(&self) -> CollectionKind {
        self.collection.kind
    }

    fn text_fields(&self) -> BTreeMap<String, String> {
        self.collection.schema.texts.clone()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        for part in &self.parts {
            for row in &part.live {
                part.segment.with_row(row, &mut *visit)?;
            }
        }
        Ok(())
    }

    fn vectors(&self) -> Result<Vec<(String, VectorField, u32)>> {
        let mut fields: BTreeMap<String, (VectorField, u32)> = BTreeMap::new();
        for part in &self.parts {
            for (name, column) in part.segment.vectors() {
                let count = live_vectors(part, column).count() as u32;
                if count == 0 {
                    continue;
                }
                // What codes there are is for the schema to say, and not for segments.
                let declared = self.collection.schema.vectors.get(name);
                let codes = declared.map_or(CodesChoice::Auto, |field| field.codes);
                let found = column.field.codes(codes);
                let (field, total) = fields.entry(name.clone()).or_insert((found, 0));
                if *field != found {
                    return Err(Error::SchemaMismatch {
                        collection: self.collection.name.clone(),
                        detail: format!("vectors of field \"{name}\" differ between segments"),
                    });
                }
                *total += count;
            }
        }
        let fields = fields.into_iter();
        Ok(fields
            .map(|(name, (field, count))| (name, field, count))
            .collect())
    }

    fn each_vector(
        &self,
        field: &str,
        visit: &mut dyn FnMut(u32, &[f32]) -> Result<()>,
    ) -> Result<()> {
        for (part, column) in self.columns(field) {
            let vectors = column.data().map_err(|source| Error::Vector {
                collection: self.collection.name.clone(),
                source,
            })?;
            for (ordinal, row) in live_vectors(part, column) {
                if let Some(vector) = vectors.get(ordinal) {
                    visit(row, &vector)?;
                }
            }
        }
        Ok(())
    }

    /// Made from the graphs that are there and sound.
    fn graph(
        &self,
        field: &str,
        spec: VectorField,
        vectors: Vectors<'_>,
        scheme: Option<&Scheme>,
        go_on: GoOn<'_>,
    ) -> Result<Hnsw, Stopped> {
        let mut next = 0;
        let mut known: Vec<(&SealedVectors, Vec<Option<u32>>)> = Vec::new();
        for (part, column) in self.columns(field) {
            let mut places = vec![None; column.len()];
            for (ordinal, _) in live_vectors(part, column) {
                if let Some(place) = places.get_mut(ordinal as usize) {
                    *place = Some(next);
                }
                next += 1;
            }
            if part.segment.verify_graph(field) {
                known.push((column, places));
            }
        }
        let parts: Vec<GraphPart<'_>> = known
            .iter()
            .filter_map(|(column, places)| {
                let graph = column.graph()?;
                Some(GraphPart { graph, places })
            })
            .collect();
        let params = HnswParams::default();
        Hnsw::merged(vectors, spec.metric, scheme, &params, &parts, go_on)
    }

    fn bytes(&self) -> usize {
        let bytes: u64 = self.parts.iter().map(|part| part.segment.bytes()).sum();
        bytes as usize
    }
}
