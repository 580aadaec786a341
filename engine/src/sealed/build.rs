//! Writing a sealed segment from rows, a section at a time.

use std::collections::BTreeMap;

use lumos_index::{MemoryColumns, Packer, Scheme, TextBuilder, Vectors};
use roaring::RoaringBitmap;

use super::rows::{GoOn, Rows};
use super::vectors::{HEADER_BYTES, encode_header};
use super::{
    CODES, COLUMNS, EXPIRES, GRAPH, KEYS, PAYLOAD, SEQNO, TEXT, VECTOR_ROWS, VECTORS, WIDTHS,
};
use crate::manifest::CollectionKind;
use crate::memory::GRAPH_MIN_ROWS;
use crate::record::{Body, NOTHING};
use crate::schema::analyzers;
use crate::segment::{KeysBuilder, PayloadBuilder, SectionSink};
use crate::{Error, Result, VectorField};

/// What was written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    pub(crate) rows: u32,
    /// Rows whose keys later rows have too.
    pub(crate) older: RoaringBitmap,
    /// The oldest and the newest commit among the rows.
    pub(crate) min_seqno: u64,
    pub(crate) max_seqno: u64,
}

/// Writes all sections.
///
/// # Errors
/// What the sink or the rows say, or a payload that does not parse; `Background` soon after `go_on` has
/// said no.
pub(crate) fn write(
    rows: &dyn Rows,
    sink: &mut dyn SectionSink,
    go_on: GoOn<'_>,
) -> Result<Written> {
    let written = write_rows(rows, sink)?;
    for (name, field, count) in rows.vectors()? {
        write_vectors(rows, &written, &name, (field, count), sink, go_on)?;
    }
    if rows.kind() == CollectionKind::Documents {
        write_derived(rows, sink)?;
    }
    Ok(written)
}

fn write_rows(rows: &dyn Rows, sink: &mut dyn SectionSink) -> Result<Written> {
    let mut keys = KeysBuilder::new();
    let mut payload = PayloadBuilder::new();
    let (mut seqnos, mut expires): (Vec<u64>, Vec<u64>) = Default::default();
    sink.begin(PAYLOAD)?;
    rows.each(&mut |row| {
        keys.add(row.key, seqnos.len() as u32);
        seqnos.push(row.seqno);
        expires.push(row.expires);
        payload.add(row.payload, sink)
    })?;
    payload.finish(sink)?;
    let older = keys.finish(KEYS, sink)?;
    let min_seqno = seqnos.iter().copied().min().unwrap_or_default();
    let max_seqno = seqnos.iter().copied().max().unwrap_or_default();
    if min_seqno != max_seqno {
        // Numbers are little-endian in memory too: the index refuses other machines.
        sink.add(SEQNO, bytemuck::cast_slice(&seqnos))?;
    }
    if expires.iter().any(|at| *at > 0) {
        sink.add(EXPIRES, bytemuck::cast_slice(&expires))?;
    }
    Ok(Written {
        rows: seqnos.len() as u32,
        older,
        min_seqno,
        max_seqno,
    })
}

fn write_vectors(
    rows: &dyn Rows,
    written: &Written,
    name: &str,
    (field, count): (VectorField, u32),
    sink: &mut dyn SectionSink,
    go_on: GoOn<'_>,
) -> Result<()> {
    sink.begin(&format!("{VECTORS}{name}"))?;
    sink.write(&encode_header(field, count))?;
    let mut holders: Vec<u32> = Vec::with_capacity(count as usize);
    let mut packer = Packer::new(field.element, field.metric);
    rows.each_vector(name, &mut |row, vector| {
        holders.push(row);
        sink.write(packer.pack(vector))
    })?;
    sink.write(&packer.finish())?;
    let graph = match holders.len() >= GRAPH_MIN_ROWS && !rows.index_behind() {
        true => {
            // Read back from where they were written: they need not be in memory as well.
            let bytes = sink.section()?;
            let data = bytes.get(HEADER_BYTES..).unwrap_or_default();
            let unfit = |source| Error::Vector {
                collection: name.to_string(),
                source,
            };
            let vectors = Vectors::packed(field.element, field.dimension, holders.len(), data);
            let vectors = vectors.map_err(unfit)?;
            let scheme = Scheme::choose(vectors, field.metric);
            let graph = rows.graph(name, field, vectors, scheme.as_ref(), go_on);
            let graph = graph.map_err(|_| Error::Background {
                detail: "the database is being closed".to_string(),
            });
            let graph = graph?;
            let codes = field.make_codes(vectors, scheme);
            let view = match &codes {
                Some(codes) => graph.view().with_codes(codes.view()),
                None => graph.view(),
            };
            let widths = view.widths(vectors, field.metric).map_err(unfit)?;
            Some((graph.encode(), codes, widths))
        }
        false => None,
    };
    if count != written.rows {
        sink.add(
            &format!("{VECTOR_ROWS}{name}"),
            bytemuck::cast_slice(&holders),
        )?;
    }
    match graph {
        Some((graph, codes, widths)) => {
            sink.add(&format!("{GRAPH}{name}"), &graph)?;
            if let Some(codes) = codes {
                sink.add(&format!("{CODES}{name}"), codes.view().encoded())?;
            }
            sink.add(&format!("{WIDTHS}{name}"), &widths.encode())
        }
        None => Ok(()),
    }
}

fn write_derived(rows: &dyn Rows, sink: &mut dyn SectionSink) -> Result<()> {
    let mut derived = Derived::new(&rows.text_fields())?;
    rows.each(&mut |row| derived.add(row.key, row.payload))?;
    let (columns, text) = derived.finish()?;
    sink.add(COLUMNS, &columns)?;
    match text {
        Some(text) => sink.add(TEXT, &text),
        None => Ok(()),
    }
}

/// Metadata columns and keyword index of documents that are added in order.
pub(super) struct Derived {
    columns: MemoryColumns,
    text: Option<TextBuilder>,
    rows: u32,
}

impl Derived {
    pub(super) fn new(text_fields: &BTreeMap<String, String>) -> Result<Self> {
        let names: Vec<String> = text_fields.keys().cloned().collect();
        let text = match names.is_empty() {
            true => None,
            false => {
                let text = TextBuilder::new(&analyzers(text_fields), &names);
                Some(text.map_err(Error::Keywords)?)
            }
        };
        Ok(Derived {
            columns: MemoryColumns::new(),
            text,
            rows: 0,
        })
    }

    pub(super) fn add(&mut self, key: &str, payload: &[u8]) -> Result<()> {
        let body: Body = match payload {
            NOTHING => Body::default(),
            payload => serde_json::from_slice(payload).map_err(|source| Error::Json {
                key: key.to_string(),
                source,
            })?,
        };
        self.columns.add(self.rows, &body.meta);
        if let Some(text) = &mut self.text {
            let texts = body.texts.iter();
            text.add(texts.map(|(field, text)| (field.as_str(), text.as_str())))
                .map_err(Error::Keywords)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The sections of columns and, where there are text fields, of the keyword index.
    pub(super) fn finish(self) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
        let text = self.text.map(TextBuilder::finish).transpose();
        let columns = self.columns.encode(self.rows);
        Ok((columns, text.map_err(Error::Keywords)?))
    }
}
