//! Writing a sealed segment from rows, a section at a time.

use std::collections::BTreeMap;

use lumos_index::{MemoryColumns, Packer, Scheme, SparsePostings, TextBuilder, Vectors};
use ownedbytes::OwnedBytes;
use roaring::RoaringBitmap;

use super::rows::{GoOn, Rows};
use super::vectors::{HEADER_BYTES, encode_header};
use super::{
    CODES, COLUMNS, EXPIRES, GRAPH, KEYS, PAYLOAD, SEQNO, SPARSE, TEXT, VECTOR_ROWS, VECTORS,
    WIDTHS,
};
use crate::manifest::CollectionKind;
use crate::memory::GRAPH_MIN_ROWS;
use crate::record::Body;
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
    if field.multi || count != written.rows {
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
    let Sections {
        columns,
        text,
        sparse,
    } = derived.finish()?;
    sink.add(COLUMNS, &columns)?;
    if let Some(text) = text {
        sink.add(TEXT, &text)?;
    }
    for (name, bytes) in sparse {
        sink.add(&name, &bytes)?;
    }
    Ok(())
}

/// What is derived from the documents of a segment.
pub(super) struct Sections {
    pub(super) columns: Vec<u8>,
    /// Where there are text fields.
    pub(super) text: Option<Vec<u8>>,
    /// The index of each field of sparse vectors, by the name of its section.
    pub(super) sparse: Vec<(String, Vec<u8>)>,
}

/// Bytes at an address that their numbers can be read from.
pub(super) fn aligned(bytes: Vec<u8>) -> OwnedBytes {
    // Room for the longest step to a multiple of 8.
    let mut room = vec![0; bytes.len() + 8];
    let start = room.as_ptr().align_offset(8).min(8);
    if let Some(place) = room.get_mut(start..start + bytes.len()) {
        place.copy_from_slice(&bytes);
    }
    OwnedBytes::new(room).slice(start..start + bytes.len())
}

/// Metadata columns, keyword index and sparse vectors of documents that are added in order.
pub(super) struct Derived {
    sparse: BTreeMap<String, SparsePostings>,
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
            sparse: BTreeMap::new(),
            columns: MemoryColumns::new(),
            text,
            rows: 0,
        })
    }

    pub(super) fn add(&mut self, key: &str, payload: &[u8]) -> Result<()> {
        let body = Body::parse(key, payload)?;
        for (name, vector) in body.sparse {
            self.sparse.entry(name).or_default().add(self.rows, &vector);
        }
        self.columns.add(self.rows, &body.meta);
        if let Some(text) = &mut self.text {
            let texts = body.texts.iter();
            text.add(texts.map(|(field, text)| (field.as_str(), text.as_str())))
                .map_err(Error::Keywords)?;
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Sections> {
        let text = self.text.map(TextBuilder::finish).transpose();
        let sparse = self.sparse.into_iter().map(|(field, postings)| {
            let bytes = postings.encode(self.rows);
            (format!("{SPARSE}{field}"), bytes)
        });
        Ok(Sections {
            columns: self.columns.encode(self.rows),
            text: text.map_err(Error::Keywords)?,
            sparse: sparse.collect(),
        })
    }
}
