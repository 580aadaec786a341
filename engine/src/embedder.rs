//! What turns text into vectors; implementations live above the engine.

use std::fmt::Debug;

use crate::Result;

/// Whether a text is stored or asked: some models embed the two differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbedKind {
    /// A passage that is stored.
    Document,
    /// A question that is asked.
    Query,
}

/// Turns text into vectors of one dimension, for one metric (cosine).
///
/// Calls may take long and may block: asynchronous callers run them on a blocking thread.
pub trait Embedder: Debug + Send + Sync + 'static {
    /// The model's name, recorded with every collection it embeds.
    fn name(&self) -> &str;
    /// Numbers in a vector.
    fn dimension(&self) -> usize;
    /// Tokens of a text that count; what is past them is ignored by the model.
    fn max_tokens(&self) -> usize;
    /// ISO 639-1 codes of the languages it was trained for; empty means any.
    fn languages(&self) -> &[&str] {
        &[]
    }
    /// Texts that are best given at once.
    fn batch_size(&self) -> usize {
        64
    }
    /// Weight of the vector leg in hybrid search, 0 to 1, when this model fits the query.
    fn fusion_weight(&self) -> f32 {
        0.7
    }
    /// Whether this text is in a language the model speaks; the vector leg gets no weight if not.
    fn supports(&self, text: &str) -> bool {
        let _ = text;
        true
    }
    /// Embeds texts: `[texts.len(), dimension]`, in order, each of unit length.
    ///
    /// # Errors
    /// [`Error::Embedder`](crate::Error::Embedder) when the model or its service fails.
    fn embed(&self, texts: &[&str], kind: EmbedKind) -> Result<Vec<Vec<f32>>>;
}
