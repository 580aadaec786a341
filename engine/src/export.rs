//! A database as lines of JSON, and back: to move it to another version, to look at it, to keep it as text.
//!
//! | line | is |
//! |---|---|
//! | `{"collection", "schema"}` | a collection; comes before its documents |
//! | `{"collection", "key", "meta", "texts", "vectors", "sparse", "multi"}` | a document; what is empty is left out |
//! | `{"space", "key", "value"}` | a value of the key-value space that is JSON |
//! | `{"space", "key", "hex"}` | one that is not, in hexadecimal digits |

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::core::Core;
use crate::database::Lumos;
use crate::dropped::Dropped;
use crate::manifest::CollectionKind;
use crate::recovery::io;
use crate::state::{CollectionState, DbState};
use crate::{Batch, Doc, Error, MultiVector, Result, Schema, Seqno, SparseVector};

/// Documents and values of one commit of an import.
const BATCH: usize = 1_000;
/// Bytes of lines of one commit of an import.
const BATCH_BYTES: usize = 8 << 20;
/// Keys that are looked up at a time.
const PAGE: usize = 1_000;
/// Where errors of the reader or the writer are said to be.
const STREAM: &str = "the exported lines";

/// How much was exported or imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ExportReport {
    /// The commit that was exported, or the last one of the import.
    pub seqno: Seqno,
    /// Collections.
    pub collections: u64,
    /// Documents.
    pub documents: u64,
    /// Values of the key-value space.
    pub values: u64,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    texts: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    vectors: BTreeMap<String, Vec<f32>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sparse: BTreeMap<String, SparseVector>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    multi: BTreeMap<String, MultiVector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

/// Writes a state line by line.
pub(crate) fn export(state: &DbState, out: &mut dyn Write) -> Result<ExportReport> {
    let mut report = ExportReport {
        seqno: state.seqno,
        ..ExportReport::default()
    };
    for collection in state.collections.values() {
        let documents = collection.kind == CollectionKind::Documents;
        if documents {
            report.collections += 1;
            let line = Line {
                collection: Some(collection.name.clone()),
                schema: Some(Schema {
                    dropped: Dropped::default(),
                    ..(*collection.schema).clone()
                }),
                ..Line::default()
            };
            write(out, &line)?;
        }
        let mut after: Option<String> = None;
        loop {
            let page = collection.keys("", after.as_deref(), PAGE)?;
            for (key, place) in &page {
                let line = match documents {
                    true => document(collection, collection.doc(*place, true)?),
                    false => value(collection, key)?,
                };
                write(out, &line)?;
            }
            let count = page.len() as u64;
            match documents {
                true => report.documents += count,
                false => report.values += count,
            }
            match page.last() {
                Some((key, _)) if page.len() == PAGE => after = Some(key.to_string()),
                _ => break,
            }
        }
    }
    out.flush().map_err(|e| io("write", Path::new(STREAM), e))?;
    Ok(report)
}

fn document(collection: &CollectionState, doc: Doc) -> Line {
    Line {
        collection: Some(collection.name.clone()),
        key: Some(doc.key),
        meta: doc.meta,
        texts: doc.texts,
        vectors: doc.vectors,
        sparse: doc.sparse,
        multi: doc.multi,
        ..Line::default()
    }
}

fn value(space: &CollectionState, key: &str) -> Result<Line> {
    let bytes = space.value(key)?.unwrap_or_default();
    let mut line = Line {
        space: Some(space.name.clone()),
        key: Some(key.to_string()),
        ..Line::default()
    };
    // As JSON only when the same bytes come back.
    let json = serde_json::from_slice::<Value>(&bytes).ok();
    match json.filter(|json| json.to_string().as_bytes() == bytes) {
        // The reader takes null for a value that is not there.
        Some(json) if !json.is_null() => line.value = Some(json),
        _ => line.hex = Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
    Ok(line)
}

fn write(out: &mut dyn Write, line: &Line) -> Result<()> {
    let mut bytes = serde_json::to_vec(line).map_err(|source| Error::Json {
        key: line.key.clone().unwrap_or_default(),
        source,
    })?;
    bytes.push(b'\n');
    out.write_all(&bytes)
        .map_err(|source| io("write", Path::new(STREAM), source))
}

/// Reads lines into a database, 1,000 documents and values a commit.
pub(crate) fn import(db: &Lumos, input: &mut dyn BufRead) -> Result<ExportReport> {
    let core: &Core = db.core();
    core.committer()?;
    let mut report = ExportReport::default();
    let (mut batch, mut bytes, mut text) = (Batch::new(), 0, String::new());
    for number in 1.. {
        text.clear();
        let read = input.read_line(&mut text);
        let read = read.map_err(|source| io("read", Path::new(STREAM), source))?;
        let refuse = |detail: String| Error::ImportLine {
            line: number,
            detail,
        };
        if read > 0 && !text.trim().is_empty() {
            let line: Line =
                serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
            match (&line.collection, &line.schema) {
                (Some(collection), Some(schema)) => {
                    core.ensure(collection, schema)
                        .map_err(|error| refuse(error.to_string()))?;
                    report.collections += 1;
                }
                _ => {
                    take(line, &mut batch, &mut report).map_err(refuse)?;
                    bytes += read;
                }
            }
        }
        if batch.len() >= BATCH || bytes >= BATCH_BYTES || (read == 0 && !batch.is_empty()) {
            db.write_batch(std::mem::take(&mut batch))?;
            bytes = 0;
        }
        if read == 0 {
            break;
        }
    }
    report.seqno = db.seqno();
    Ok(report)
}

/// Adds a document or a value to a batch.
fn take(line: Line, batch: &mut Batch, report: &mut ExportReport) -> Result<(), String> {
    let key = line.key.ok_or("there is no \"key\"")?;
    match (line.collection, line.space, line.value, line.hex) {
        (Some(collection), None, None, None) => {
            let doc = Doc {
                key,
                meta: line.meta,
                texts: line.texts,
                vectors: line.vectors,
                sparse: line.sparse,
                multi: line.multi,
            };
            batch.put(collection, doc);
            report.documents += 1;
        }
        (None, Some(space), Some(value), None) => {
            batch.kv_set(space, key, value.to_string());
            report.values += 1;
        }
        (None, Some(space), None, Some(hex)) => {
            let value = decode_hex(&hex).ok_or("\"hex\" holds other than pairs of digits")?;
            batch.kv_set(space, key, value);
            report.values += 1;
        }
        _ => return Err("it is neither a document nor a value".to_string()),
    }
    Ok(())
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let byte = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(byte).collect()
}
