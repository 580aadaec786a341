//! Vectors of a bulk load where the caller has them.

use std::collections::BTreeMap;
use std::sync::mpsc;

use crate::manifest::CollectionKind;
use crate::record::NOTHING;
use crate::sealed::{Row, Rows};
use crate::{DEFAULT_VECTOR_FIELD, Result, VectorField};

/// Numbers that are prepared at once, while those before are written.
const BLOCK: usize = 24 << 10;
/// Blocks that may be prepared and not written.
const AHEAD: usize = 16;

/// One vector a key; nothing is copied before it is written.
pub(super) struct MatrixRows<'a, K> {
    pub(super) keys: &'a [K],
    /// `[n, dimension]`.
    pub(super) data: &'a [f32],
    pub(super) field: VectorField,
    pub(super) expires: u64,
    pub(super) index_behind: bool,
    /// Checks a vector and brings it into the form that is stored.
    pub(super) prepare: &'a (dyn Fn(&mut [f32]) -> Result<()> + Sync),
}

impl<K> MatrixRows<'_, K> {
    /// The vectors in the form that is stored.
    fn prepared(&self, vectors: &[f32]) -> Result<Vec<f32>> {
        let mut stored = vectors.to_vec();
        let mut vectors = stored.chunks_exact_mut(self.field.dimension);
        vectors.try_for_each(self.prepare)?;
        Ok(stored)
    }
}

impl<K: AsRef<str> + Sync> Rows for MatrixRows<'_, K> {
    fn kind(&self) -> CollectionKind {
        CollectionKind::Documents
    }

    fn text_fields(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
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
        let dimension = self.field.dimension;
        let mut blocks = self.data.chunks((BLOCK / dimension).max(1) * dimension);
        let mut rows = 0..;
        let mut write = |block: Result<Vec<f32>>| {
            let block = block?;
            let mut vectors = block.chunks_exact(dimension).zip(&mut rows);
            vectors.try_for_each(|(vector, row)| visit(row, vector))
        };
        if self.data.len() <= BLOCK {
            return blocks.try_for_each(|block| write(self.prepared(block)));
        }
        // A thread of its own: those of the pool may be at work on a graph for minutes.
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || {
                // Nobody takes a block after one has failed.
                let _stopped = blocks.try_for_each(|block| send.send(self.prepared(block)));
            });
            receive.into_iter().try_for_each(write)
        })
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
