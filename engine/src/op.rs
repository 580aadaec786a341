//! The physical operations of a log frame, and their bytes.
//!
//! A payload is `u8 version (1)`, then operations until its end. All integers are little-endian.
//!
//! | operation | bytes |
//! |---|---|
//! | create collection | `u8 1`, `u32 id`, `u8 kind` (0 documents, 1 key-value), `u32 n`, name, `u32 n`, schema as JSON |
//! | set schema | `u8 2`, `u32 id`, `u32 n`, schema as JSON |
//! | drop collection | `u8 3`, `u32 id`, `u8 kind`, `u32 n`, name |
//! | upsert | `u8 4`, `u32 id`, `u32 n`, key, `u32 n`, payload, `u64` when it ends (milliseconds since 1970, 0 for never), `u32` vectors, each `u32 n`, field name, `u32 dimension`, `f32` numbers |
//! | delete | `u8 5`, `u32 id`, `u32 n`, key |
//! | ingest | `u8 7`, `u32 id`, `u32` rows that the next manifest brings as a segment |
//! | delete many | `u8 6`, `u32 id`, `u32` keys, each `u32 n`, key |

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Schema;
use crate::key_list::KeyList;
use crate::manifest::CollectionKind;
use crate::record::Record;

const VERSION: u8 = 1;
const CREATE: u8 = 1;
const SET_SCHEMA: u8 = 2;
const DROP: u8 = 3;
const UPSERT: u8 = 4;
const DELETE: u8 = 5;
const DELETE_MANY: u8 = 6;
const INGEST: u8 = 7;

/// One resolved change. Replay applies exactly what a live commit applied.
#[derive(Debug)]
pub(crate) enum Op {
    Create {
        id: u32,
        kind: CollectionKind,
        name: String,
        schema: Schema,
    },
    SetSchema {
        id: u32,
        schema: Schema,
    },
    Drop {
        id: u32,
        kind: CollectionKind,
        name: String,
    },
    /// Nothing to apply: says that a segment was added by a manifest.
    Ingest {
        id: u32,
        rows: u32,
    },
    Upsert {
        id: u32,
        record: Box<Record>,
    },
    Delete {
        id: u32,
        key: Arc<str>,
    },
    DeleteMany {
        id: u32,
        keys: KeyList,
    },
}

impl Op {
    /// Whether it says what collections there are and how they look.
    pub(crate) fn is_of_catalog(&self) -> bool {
        matches!(
            self,
            Op::Create { .. } | Op::SetSchema { .. } | Op::Drop { .. }
        )
    }

    /// Bytes for which its encoding has room, where it may be long.
    fn room(&self) -> usize {
        const PARTS: usize = 64;
        PARTS
            + match self {
                Op::Upsert { record, .. } => {
                    record.key.len() + record.payload.len() + record.vector_bytes()
                }
                Op::DeleteMany { keys, .. } => keys.iter().map(|key| key.len() + 4).sum(),
                _ => 0,
            }
    }

    /// The collection that this operation changes.
    pub(crate) fn collection(&self) -> u32 {
        match self {
            Op::Create { id, .. }
            | Op::SetSchema { id, .. }
            | Op::Drop { id, .. }
            | Op::Ingest { id, .. }
            | Op::Upsert { id, .. }
            | Op::Delete { id, .. }
            | Op::DeleteMany { id, .. } => *id,
        }
    }
}

/// Encodes a transaction.
pub(crate) fn encode(ops: &[Op]) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(ops.iter().map(Op::room).sum::<usize>() + 1);
    out.push(VERSION);
    for op in ops {
        match op {
            Op::Create {
                id,
                kind,
                name,
                schema,
            } => {
                out.push(CREATE);
                put_u32(&mut out, *id);
                out.push(code(*kind));
                put_bytes(&mut out, name.as_bytes());
                put_bytes(&mut out, &serde_json::to_vec(schema)?);
            }
            Op::SetSchema { id, schema } => {
                out.push(SET_SCHEMA);
                put_u32(&mut out, *id);
                put_bytes(&mut out, &serde_json::to_vec(schema)?);
            }
            Op::Drop { id, kind, name } => {
                out.push(DROP);
                put_u32(&mut out, *id);
                out.push(code(*kind));
                put_bytes(&mut out, name.as_bytes());
            }
            Op::Ingest { id, rows } => {
                out.push(INGEST);
                put_u32(&mut out, *id);
                put_u32(&mut out, *rows);
            }
            Op::Upsert { id, record } => {
                out.push(UPSERT);
                put_u32(&mut out, *id);
                put_bytes(&mut out, record.key.as_bytes());
                put_bytes(&mut out, &record.payload);
                out.extend_from_slice(&record.expires.to_le_bytes());
                put_u32(&mut out, record.vectors.len() as u32);
                for (field, vector) in &record.vectors {
                    put_bytes(&mut out, field.as_bytes());
                    put_u32(&mut out, vector.len() as u32);
                    // Little-endian in memory too: the index refuses other machines.
                    out.extend_from_slice(bytemuck::cast_slice(vector));
                }
            }
            Op::Delete { id, key } => {
                out.push(DELETE);
                put_u32(&mut out, *id);
                put_bytes(&mut out, key.as_bytes());
            }
            Op::DeleteMany { id, keys } => {
                out.push(DELETE_MANY);
                put_u32(&mut out, *id);
                put_u32(&mut out, keys.len() as u32);
                for key in keys.iter() {
                    put_bytes(&mut out, key.as_bytes());
                }
            }
        }
    }
    Ok(out)
}

fn code(kind: CollectionKind) -> u8 {
    match kind {
        CollectionKind::Documents => 0,
        CollectionKind::Kv => 1,
    }
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

/// Decodes a transaction.
///
/// # Errors
/// The offset in the payload and what does not fit there.
pub(crate) fn decode(payload: &[u8]) -> Result<Vec<Op>, (usize, String)> {
    let mut cursor = Cursor {
        bytes: payload,
        at: 0,
    };
    let version = cursor.u8()?;
    if version != VERSION {
        return Err((
            0,
            format!("operations have version {version}, this build reads {VERSION}"),
        ));
    }
    let mut ops = Vec::new();
    while cursor.at < payload.len() {
        let start = cursor.at;
        ops.push(match cursor.u8()? {
            CREATE => {
                let id = cursor.u32()?;
                Op::Create {
                    id,
                    kind: cursor.kind()?,
                    name: cursor.text()?.to_string(),
                    schema: cursor.json()?,
                }
            }
            SET_SCHEMA => Op::SetSchema {
                id: cursor.u32()?,
                schema: cursor.json()?,
            },
            DROP => Op::Drop {
                id: cursor.u32()?,
                kind: cursor.kind()?,
                name: cursor.text()?.to_string(),
            },
            INGEST => Op::Ingest {
                id: cursor.u32()?,
                rows: cursor.u32()?,
            },
            UPSERT => {
                let id = cursor.u32()?;
                let key = Arc::from(cursor.text()?);
                let payload = cursor.bytes()?.to_vec();
                let expires = cursor.u64()?;
                let mut vectors = BTreeMap::new();
                for _ in 0..cursor.u32()? {
                    let field = cursor.text()?.to_string();
                    vectors.insert(field, cursor.floats()?);
                }
                Op::Upsert {
                    id,
                    record: Box::new(Record {
                        key,
                        payload,
                        vectors,
                        expires,
                    }),
                }
            }
            DELETE => Op::Delete {
                id: cursor.u32()?,
                key: Arc::from(cursor.text()?),
            },
            DELETE_MANY => {
                let id = cursor.u32()?;
                let mut keys = KeyList::default();
                for _ in 0..cursor.u32()? {
                    let at = cursor.at;
                    if !keys.push(cursor.text()?) {
                        return Err((at, "more keys than one operation can hold".to_string()));
                    }
                }
                Op::DeleteMany { id, keys }
            }
            other => return Err((start, format!("unknown operation {other}"))),
        });
    }
    Ok(ops)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], (usize, String)> {
        let end = self.at.checked_add(length);
        let slice = end
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or_else(|| {
                (
                    self.at,
                    format!(
                        "{length} bytes announced, {} left",
                        self.bytes.len() - self.at
                    ),
                )
            })?;
        self.at += length;
        Ok(slice)
    }

    fn u8(&mut self) -> Result<u8, (usize, String)> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn u32(&mut self) -> Result<u32, (usize, String)> {
        let bytes = self.take(4)?;
        Ok(bytes.try_into().map(u32::from_le_bytes).unwrap_or_default())
    }

    fn kind(&mut self) -> Result<CollectionKind, (usize, String)> {
        let at = self.at;
        match self.u8()? {
            0 => Ok(CollectionKind::Documents),
            1 => Ok(CollectionKind::Kv),
            other => Err((at, format!("unknown collection kind {other}"))),
        }
    }

    fn u64(&mut self) -> Result<u64, (usize, String)> {
        let bytes = self.take(8)?;
        Ok(bytes.try_into().map(u64::from_le_bytes).unwrap_or_default())
    }

    fn bytes(&mut self) -> Result<&'a [u8], (usize, String)> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, (usize, String)> {
        let at = self.at;
        std::str::from_utf8(self.bytes()?).map_err(|_| (at, "text is not UTF-8".to_string()))
    }

    fn json(&mut self) -> Result<Schema, (usize, String)> {
        let at = self.at;
        let schema: Schema = serde_json::from_slice(self.bytes()?)
            .map_err(|error| (at, format!("schema: {error}")))?;
        schema.check().map_err(|detail| (at, detail))?;
        Ok(schema)
    }

    fn floats(&mut self) -> Result<Vec<f32>, (usize, String)> {
        let length = self.u32()? as usize;
        let bytes = self.take(length.saturating_mul(4))?;
        let (numbers, _) = bytes.as_chunks::<4>();
        Ok(numbers
            .iter()
            .map(|number| f32::from_le_bytes(*number))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use lumos_index::Metric;
    use proptest::prelude::*;

    fn sample() -> Vec<Op> {
        let mut many = KeyList::default();
        assert!(many.push("first") && many.push("second"));
        vec![
            Op::Create {
                id: 7,
                kind: CollectionKind::Documents,
                name: "docs".into(),
                schema: Schema::new().vector(3, Metric::Cosine),
            },
            Op::Upsert {
                id: 7,
                record: Box::new(Record {
                    key: "k".into(),
                    payload: b"{}".to_vec(),
                    vectors: BTreeMap::from([("vector".to_string(), vec![1.0, 0.0, -2.5])]),
                    expires: 1_800_000_000_000,
                }),
            },
            Op::Delete {
                id: 7,
                key: "gone".into(),
            },
            Op::DeleteMany { id: 7, keys: many },
            Op::SetSchema {
                id: 7,
                schema: Schema::new(),
            },
            Op::Ingest { id: 7, rows: 12 },
            Op::Drop {
                id: 7,
                kind: CollectionKind::Documents,
                name: "docs".into(),
            },
        ]
    }

    #[test]
    fn a_transaction_reads_back_as_written() {
        let ops = sample();
        let decoded = decode(&encode(&ops).unwrap()).unwrap();
        assert_eq!(format!("{ops:?}"), format!("{decoded:?}"));
    }

    #[test]
    fn every_cut_is_an_error_or_a_shorter_list_never_a_panic() {
        let bytes = encode(&sample()).unwrap();
        let whole = decode(&bytes).unwrap().len();
        for end in 0..bytes.len() {
            if let Ok(ops) = decode(&bytes[..end]) {
                assert!(ops.len() < whole);
            }
        }
    }

    /// Whoever makes a query as long as the schema says would have reserved 8 GiB.
    #[test]
    fn a_schema_past_its_limits_is_refused() {
        for dimension in [0, 65_537, 1 << 31] {
            let schema = Schema::new().vector(dimension, Metric::L2);
            let ops = [Op::SetSchema { id: 7, schema }];
            assert!(decode(&encode(&ops).unwrap()).is_err(), "{dimension}");
        }
    }

    proptest! {
        #[test]
        fn hostile_payloads_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
