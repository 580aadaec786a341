//! Embeddings by content: a text is embedded once for each model.
//!
//! The key is the model's name and the BLAKE3 hash of the text, the value the vector as little-endian
//! 32-bit floats, `[dimension]`. Entries are written in the batch that stores the vectors.

use lumos_engine::{Batch, Embedder, Store};

use crate::Result;

/// The key space of embeddings, shared by all collections of a store.
pub(crate) const SPACE: &str = "rag.embeddings";
/// Longest model name that stands in a key as it is, in bytes.
const MAX_MODEL_BYTES: usize = 200;

/// The cache of one model.
#[derive(Debug)]
pub(crate) struct EmbeddingCache<'a> {
    store: &'a dyn Store,
    model: String,
    dimension: usize,
}

impl<'a> EmbeddingCache<'a> {
    pub(crate) fn new(store: &'a dyn Store, embedder: &dyn Embedder) -> Self {
        let name = embedder.name();
        let model = if name.len() <= MAX_MODEL_BYTES {
            name.to_string()
        } else {
            blake3::hash(name.as_bytes()).to_hex().to_string()
        };
        EmbeddingCache {
            store,
            model,
            dimension: embedder.dimension(),
        }
    }

    /// The key of a text.
    pub(crate) fn key(&self, text: &str) -> String {
        format!("{}/{}", self.model, blake3::hash(text.as_bytes()).to_hex())
    }

    /// The vector stored under a key. One that does not fit the model counts as missing.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<f32>>> {
        let bytes = self.store.kv_get(SPACE, key)?;
        Ok(bytes.and_then(|bytes| decode(&bytes, self.dimension)))
    }

    /// Stores a vector with the rest of the batch.
    pub(crate) fn set(&self, batch: &mut Batch, key: &str, vector: &[f32]) {
        let bytes: Vec<u8> = vector
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        batch.kv_set(SPACE, key, bytes);
    }
}

/// A vector that an index takes: `dimension` finite numbers that are not all zero.
pub(crate) fn is_usable(vector: &[f32], dimension: usize) -> bool {
    vector.len() == dimension
        && vector.iter().all(|number| number.is_finite())
        && vector.iter().any(|number| *number != 0.0)
}

fn decode(bytes: &[u8], dimension: usize) -> Option<Vec<f32>> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    let vector: Vec<f32> = numbers
        .iter()
        .map(|number| f32::from_le_bytes(*number))
        .collect();
    (rest.is_empty() && is_usable(&vector, dimension)).then_some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_vector_of_the_model_count_as_missing() {
        assert_eq!(
            decode(&[0, 0, 128, 63, 0, 0, 0, 0], 2),
            Some(vec![1.0, 0.0])
        );
        assert_eq!(decode(&[0, 0, 128, 63, 0, 0, 0, 0], 3), None);
        assert_eq!(decode(&[0, 0, 128, 63, 0], 1), None);
        assert_eq!(decode(&[0; 8], 2), None);
        assert_eq!(decode(&f32::NAN.to_le_bytes(), 1), None);
        assert_eq!(decode(&[], 2), None);
    }
}
