//! Documents of a bulk load, collected for one segment.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::key_list::KeyList;
use crate::manifest::CollectionKind;
use crate::record::Record;
use crate::sealed::{Row, Rows};
use crate::{Result, Schema, VectorField};

/// Rows in a few allocations. Their commit is not known yet.
pub(super) struct DocumentRows {
    schema: Arc<Schema>,
    keys: KeyList,
    payloads: Vec<u8>,
    /// Where the payload of each row ends.
    ends: Vec<usize>,
    expires: Vec<u64>,
    vectors: BTreeMap<String, Column>,
    key_bytes: usize,
    index_behind: bool,
}

#[derive(Default)]
struct Column {
    rows: Vec<u32>,
    data: Vec<f32>,
}

impl DocumentRows {
    pub(super) fn new(index_behind: bool) -> Self {
        DocumentRows {
            schema: Arc::default(),
            keys: KeyList::default(),
            payloads: Vec::new(),
            ends: Vec::new(),
            expires: Vec::new(),
            vectors: BTreeMap::new(),
            key_bytes: 0,
            index_behind,
        }
    }

    /// The schema of the collection, which every row fits.
    pub(super) fn set_schema(&mut self, schema: Arc<Schema>) {
        self.schema = schema;
    }

    pub(super) fn add(&mut self, record: Record) {
        let row = self.ends.len() as u32;
        // A segment is full long before its keys are 4 GiB.
        self.keys.push(&record.key);
        self.key_bytes += record.key.len();
        self.payloads.extend_from_slice(&record.payload);
        self.ends.push(self.payloads.len());
        self.expires.push(record.expires);
        for (name, vector) in record.vectors {
            let column = self.vectors.entry(name).or_default();
            column.rows.push(row);
            column.data.extend_from_slice(&vector);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of memory, about: the keyword index and the columns are as large as the payload.
    pub(super) fn bytes(&self) -> usize {
        let vectors: usize = self.vectors.values().map(|column| column.data.len()).sum();
        self.key_bytes * 2 + self.payloads.len() * 2 + vectors * 4 + self.ends.len() * 32
    }
}

impl Rows for DocumentRows {
    fn kind(&self) -> CollectionKind {
        CollectionKind::Documents
    }

    fn text_fields(&self) -> BTreeMap<String, String> {
        self.schema.texts.clone()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        let mut start = 0;
        let ends = self.ends.iter().zip(&self.expires);
        for (key, (&end, &expires)) in self.keys.iter().zip(ends) {
            visit(Row {
                key,
                payload: self.payloads.get(start..end).unwrap_or_default(),
                seqno: 0,
                expires,
            })?;
            start = end;
        }
        Ok(())
    }

    fn vectors(&self) -> Result<Vec<(String, VectorField, u32)>> {
        let fields = self.vectors.iter().filter_map(|(name, column)| {
            let field = self.schema.vectors.get(name)?;
            Some((name.clone(), *field, column.rows.len() as u32))
        });
        Ok(fields.collect())
    }

    fn each_vector(
        &self,
        field: &str,
        visit: &mut dyn FnMut(u32, &[f32]) -> Result<()>,
    ) -> Result<()> {
        if let Some((spec, column)) = self.schema.vectors.get(field).zip(self.vectors.get(field)) {
            let vectors = column.data.chunks_exact(spec.dimension.max(1));
            for (row, vector) in column.rows.iter().zip(vectors) {
                visit(*row, vector)?;
            }
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        DocumentRows::bytes(self)
    }

    fn index_behind(&self) -> bool {
        self.index_behind
    }
}
