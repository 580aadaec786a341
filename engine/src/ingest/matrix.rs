//! Vectors of a bulk load where the caller has them.

use crate::manifest::CollectionKind;
use crate::sealed::{Row, Rows};
use crate::{DEFAULT_VECTOR_FIELD, Result, VectorField};

/// The payload of a document without metadata and text.
const NOTHING: &[u8] = b"{}";

/// One vector a key; nothing is copied before it is written.
pub(super) struct MatrixRows<'a, K> {
    pub(super) keys: &'a [K],
    /// `[n, dimension]`.
    pub(super) data: &'a [f32],
    pub(super) field: VectorField,
    pub(super) expires: u64,
    pub(super) index_behind: bool,
    /// Checks a vector and brings it into the form that is stored.
    pub(super) prepare: &'a dyn Fn(&mut [f32]) -> Result<()>,
}

impl<K: AsRef<str>> Rows for MatrixRows<'_, K> {
    fn kind(&self) -> CollectionKind {
        CollectionKind::Documents
    }

    fn text_fields(&self) -> Vec<String> {
        Vec::new()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        self.keys.iter().try_for_each(|key| {
            visit(Row {
                key: key.as_ref(),
                payload: NOTHING,
                seqno: 0,
                expires: self.expires,
            })
        })
    }

    fn vectors(&self) -> Result<Vec<(String, VectorField, u32)>> {
        let name = DEFAULT_VECTOR_FIELD.to_string();
        Ok(vec![(name, self.field, self.keys.len() as u32)])
    }

    fn each_vector(&self, _: &str, visit: &mut dyn FnMut(u32, &[f32]) -> Result<()>) -> Result<()> {
        let mut stored = vec![0.0; self.field.dimension];
        for (row, vector) in (0..).zip(self.data.chunks_exact(self.field.dimension)) {
            stored.copy_from_slice(vector);
            (self.prepare)(&mut stored)?;
            visit(row, &stored)?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let keys: usize = self.keys.iter().map(|key| key.as_ref().len()).sum();
        // Of a row: places of key and payload, its slots, its order.
        const ROW: usize = 64;
        keys + self.keys.len() * ROW + self.data.len() * 4 + (1 << 20)
    }

    fn index_behind(&self) -> bool {
        self.index_behind
    }
}
