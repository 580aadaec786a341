//! Writing a sealed segment from rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use lumos_index::{Analyzer, Hnsw, HnswParams, MemoryColumns, SealedText, Vectors};

use super::vectors::encode_header;
use super::{COLUMNS, GRAPH, KEYS, PAYLOAD, SEQNO, TEXT, VECTOR_ROWS, VECTORS};
use crate::manifest::CollectionKind;
use crate::memory::{GRAPH_MIN_ROWS, MemorySegment};
use crate::record::Body;
use crate::segment::{KeysBuilder, PayloadBuilder, SectionSink};
use crate::{Error, Result, VectorField};

/// One row of a segment to be written.
#[derive(Debug)]
pub(crate) struct DraftRow {
    pub(crate) key: Arc<str>,
    pub(crate) payload: Vec<u8>,
    pub(crate) seqno: u64,
}

/// The vectors of one field of a segment to be written.
#[derive(Debug)]
pub(crate) struct DraftVectors {
    pub(crate) field: VectorField,
    pub(crate) data: Vec<f32>,
    /// The row of every vector, ascending.
    pub(crate) rows: Vec<u32>,
    /// The graph if one is built already.
    pub(crate) graph: Option<Vec<u8>>,
}

/// A segment to be written: row i is `rows[i]`.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) kind: CollectionKind,
    pub(crate) text_fields: Vec<String>,
    pub(crate) rows: Vec<DraftRow>,
    pub(crate) vectors: BTreeMap<String, DraftVectors>,
}

impl Draft {
    /// The rows of a frozen segment as they stand, with its graph extended over all of them.
    pub(crate) fn from_memory(kind: CollectionKind, segment: &MemorySegment) -> Draft {
        segment.grow_graphs(1, GRAPH_MIN_ROWS);
        segment.read(|rows| Draft {
            kind,
            text_fields: segment.text_fields().to_vec(),
            rows: rows
                .entries
                .iter()
                .map(|entry| DraftRow {
                    key: entry.key.clone(),
                    payload: entry.payload.clone(),
                    seqno: entry.seqno,
                })
                .collect(),
            vectors: rows
                .vectors
                .iter()
                .map(|(name, column)| {
                    let (mut data, mut ids, mut graph) = (Vec::new(), Vec::new(), None);
                    if let Some(indexed) = &column.indexed {
                        data.extend_from_slice(&indexed.data);
                        ids.extend_from_slice(&indexed.rows);
                        if column.tail_rows.is_empty() {
                            graph = Some(indexed.graph.encode());
                        }
                    }
                    data.extend_from_slice(&column.tail);
                    ids.extend_from_slice(&column.tail_rows);
                    (
                        name.clone(),
                        DraftVectors {
                            field: column.field,
                            data,
                            rows: ids,
                            graph,
                        },
                    )
                })
                .collect(),
        })
    }

    /// The oldest and the newest commit among the rows.
    pub(crate) fn seqnos(&self) -> (u64, u64) {
        let seqnos = || self.rows.iter().map(|row| row.seqno);
        (
            seqnos().min().unwrap_or_default(),
            seqnos().max().unwrap_or_default(),
        )
    }

    /// Writes all sections.
    ///
    /// # Errors
    /// What the sink says, or a payload that does not parse.
    pub(crate) fn write(&self, sink: &mut dyn SectionSink) -> Result<()> {
        let mut keys = KeysBuilder::new();
        let mut payload = PayloadBuilder::new();
        let mut seqnos = Vec::with_capacity(self.rows.len() * 8);
        for (row, entry) in self.rows.iter().enumerate() {
            keys.add(&entry.key, row as u32);
            payload.add(&entry.payload);
            seqnos.extend_from_slice(&entry.seqno.to_le_bytes());
        }
        sink.add(KEYS, &keys.finish())?;
        sink.add(PAYLOAD, &payload.finish())?;
        sink.add(SEQNO, &seqnos)?;
        for (name, vectors) in &self.vectors {
            self.write_vectors(name, vectors, sink)?;
        }
        if self.kind == CollectionKind::Documents {
            self.write_derived(sink)?;
        }
        Ok(())
    }

    fn write_vectors(
        &self,
        name: &str,
        vectors: &DraftVectors,
        sink: &mut dyn SectionSink,
    ) -> Result<()> {
        let mut bytes = Vec::with_capacity(64 + vectors.data.len() * 4);
        bytes.extend_from_slice(&encode_header(vectors.field, vectors.rows.len() as u32));
        // Little-endian on disk whatever the machine: a copy on x86 and ARM.
        bytes.extend(vectors.data.iter().flat_map(|number| number.to_le_bytes()));
        sink.add(&format!("{VECTORS}{name}"), &bytes)?;
        drop(bytes);
        if vectors.rows.len() != self.rows.len() {
            let rows: Vec<u8> = vectors
                .rows
                .iter()
                .flat_map(|row| row.to_le_bytes())
                .collect();
            sink.add(&format!("{VECTOR_ROWS}{name}"), &rows)?;
        }
        if vectors.rows.len() >= GRAPH_MIN_ROWS {
            let graph = match &vectors.graph {
                Some(graph) => graph.clone(),
                None => {
                    let view =
                        Vectors::new(vectors.field.dimension, &vectors.data).map_err(|source| {
                            Error::Vector {
                                collection: name.to_string(),
                                source,
                            }
                        })?;
                    Hnsw::build(view, vectors.field.metric, &HnswParams::default()).encode()
                }
            };
            sink.add(&format!("{GRAPH}{name}"), &graph)?;
        }
        Ok(())
    }

    fn write_derived(&self, sink: &mut dyn SectionSink) -> Result<()> {
        let parse = |entry: &DraftRow| body(&entry.key, &entry.payload);
        let bodies = self.rows.iter().map(parse).collect::<Result<Vec<_>>>()?;
        sink.add(COLUMNS, &columns(&bodies))?;
        if !self.text_fields.is_empty() {
            sink.add(TEXT, &text(&bodies, &self.text_fields)?)?;
        }
        Ok(())
    }
}

/// The document of a row.
pub(super) fn body(key: &str, payload: &[u8]) -> Result<Body> {
    serde_json::from_slice(payload).map_err(|source| Error::Json {
        key: key.to_string(),
        source,
    })
}

/// The metadata columns of some documents.
pub(super) fn columns(bodies: &[Body]) -> Vec<u8> {
    let mut columns = MemoryColumns::new();
    for (row, body) in (0..).zip(bodies) {
        columns.add(row, &body.meta);
    }
    columns.encode(bodies.len() as u32)
}

/// The keyword index of some documents.
pub(super) fn text(bodies: &[Body], fields: &[String]) -> Result<Vec<u8>> {
    let rows = bodies.iter().map(|body| {
        let texts = body.texts.iter();
        texts
            .map(|(field, text)| (field.as_str(), text.as_str()))
            .collect()
    });
    SealedText::build(Analyzer::default(), fields, rows).map_err(Error::Keywords)
}
