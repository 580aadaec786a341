//! Vectors of a bulk load where the caller has them.

use crate::manifest::CollectionKind;
use crate::record::NOTHING;
use crate::sealed::{Row, Rows};
use crate::{DEFAULT_VECTOR_FIELD, Result, VectorField};

/// Vectors that are prepared at once, while those before are written.
const BLOCK: usize = 1_024;

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
    /// Brings the vectors of a block into the form that is stored; no block is an empty one.
    fn prepare_block(&self, block: Option<&[f32]>, stored: &mut Vec<f32>) -> Result<()> {
        stored.clear();
        stored.extend_from_slice(block.unwrap_or_default());
        let mut vectors = stored.chunks_exact_mut(self.field.dimension);
        vectors.try_for_each(self.prepare)
    }
}

impl<K: AsRef<str> + Sync> Rows for MatrixRows<'_, K> {
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
        let dimension = self.field.dimension;
        let mut blocks = self.data.chunks(BLOCK * dimension);
        let (mut now, mut next) = (Vec::new(), Vec::new());
        self.prepare_block(blocks.next(), &mut now)?;
        let mut rows = 0..;
        while !now.is_empty() {
            let (block, mut prepared) = (blocks.next(), Ok(()));
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| prepared = self.prepare_block(block, &mut next));
                let mut vectors = now.chunks_exact(dimension).zip(&mut rows);
                vectors.try_for_each(|(vector, row)| visit(row, vector))
            })?;
            prepared?;
            std::mem::swap(&mut now, &mut next);
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
