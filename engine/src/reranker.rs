//! What scores the best candidates of a search again; implementations may live above the engine.

use std::collections::BTreeSet;
use std::fmt::Debug;

use lumos_index::{Analyzer, mmr};

use crate::doc::DEFAULT_VECTOR_FIELD;
use crate::{Doc, Error, Result};

/// A document that a [`Reranker`] may score.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Candidate {
    /// The document; with its vectors where the re-ranker wants them.
    pub doc: Doc,
    /// Its score so far, larger is better; of a distance, its negative.
    pub score: f32,
}

impl Candidate {
    /// A document with the score it has so far, larger is better.
    #[must_use]
    pub fn new(doc: Doc, score: f32) -> Self {
        Candidate { doc, score }
    }
}

/// Scores the best candidates of a search again, with more than an index can look at: a cross-encoder, a
/// service, business rules. See [`Search::rerank`](crate::Search::rerank).
///
/// Calls may take long and may block: asynchronous callers run them on a blocking thread.
///
/// ```
/// # fn main() -> lumos_engine::Result<()> {
/// use std::sync::Arc;
/// use lumos_engine::{Candidate, Doc, Lumos, Reranker, Result};
///
/// #[derive(Debug)]
/// struct Shortest;
///
/// impl Reranker for Shortest {
///     fn name(&self) -> &str {
///         "shortest"
///     }
///
///     fn rerank(&self, _: &str, candidates: &[Candidate]) -> Result<Vec<f32>> {
///         let length = |of: &Candidate| of.doc.text_field("text").unwrap_or_default().len();
///         Ok(candidates.iter().map(|of| 1.0 / (1.0 + length(of) as f32)).collect())
///     }
/// }
///
/// let docs = Lumos::memory()?.collection("docs")?;
/// docs.put(("long", "snow and snow and more of it: snow"))?;
/// docs.put(("short", "snow"))?;
/// let hits = docs.search("snow").rerank(Arc::new(Shortest), 50).run()?;
/// assert_eq!(hits[0].key(), "short");
/// # Ok(())
/// # }
/// ```
pub trait Reranker: Debug + Send + Sync + 'static {
    /// Its name, for errors.
    fn name(&self) -> &str;
    /// Whether candidates should carry their vectors (default no).
    fn wants_vectors(&self) -> bool {
        false
    }
    /// The score of each candidate, in their order, finite, larger is better; candidates come best first,
    /// and those of equal score stay in this order. `query` is the text that was searched for, empty
    /// without one.
    ///
    /// # Errors
    /// [`Error::Reranker`] when it fails.
    fn rerank(&self, query: &str, candidates: &[Candidate]) -> Result<Vec<f32>>;
}

/// Scores by the share of the distinct words of the query that the texts of a document have, 0 to 1: words
/// as they are indexed by default, folded and stemmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LexicalOverlap;

impl Reranker for LexicalOverlap {
    fn name(&self) -> &str {
        "lexical"
    }

    fn rerank(&self, query: &str, candidates: &[Candidate]) -> Result<Vec<f32>> {
        let terms = |text: &str| -> BTreeSet<String> {
            let tokens = Analyzer::default().tokens(text).into_iter();
            tokens.map(|token| token.term).collect()
        };
        let wanted = terms(query);
        let share = |candidate: &Candidate| {
            let mut there = BTreeSet::new();
            for text in candidate.doc.texts.values() {
                there.extend(terms(text));
            }
            wanted.intersection(&there).count() as f32 / wanted.len().max(1) as f32
        };
        Ok(candidates.iter().map(share).collect())
    }
}

/// Scores by maximal marginal relevance, as [`Search::diversify`](crate::Search::diversify) orders: with
/// cosine similarity between the vectors of a field, and the scores so far scaled to 0 to 1.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Mmr {
    lambda: f32,
    field: String,
}

impl Mmr {
    /// With this share of relevance, 0 to 1; the rest is difference.
    #[must_use]
    pub fn new(lambda: f32) -> Self {
        Mmr {
            lambda,
            field: DEFAULT_VECTOR_FIELD.to_string(),
        }
    }

    /// Compares vectors of this field (default `vector`).
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }
}

impl Reranker for Mmr {
    fn name(&self) -> &str {
        "mmr"
    }

    fn wants_vectors(&self) -> bool {
        true
    }

    fn rerank(&self, _: &str, candidates: &[Candidate]) -> Result<Vec<f32>> {
        if !(0.0..=1.0).contains(&self.lambda) {
            return Err(Error::InvalidArgument {
                argument: "lambda",
                detail: format!("must be 0 to 1, it is {}", self.lambda),
            });
        }
        let scores: Vec<f32> = candidates.iter().map(|of| of.score).collect();
        let relevance = lumos_index::Normalise::MinMax.scale(&scores);
        let vectors: Vec<Option<&[f32]>> = candidates
            .iter()
            .map(|of| of.doc.vector_field(&self.field))
            .collect();
        let similarity = |a: usize, b: usize| {
            let (a, b) = (vectors.get(a).copied()??, vectors.get(b).copied()??);
            let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            let lengths = (dot(a, a) * dot(b, b)).sqrt();
            (lengths > 0.0).then(|| dot(a, b) / lengths)
        };
        let mut worth = vec![0.0; candidates.len()];
        for (at, of) in mmr(&relevance, similarity, self.lambda, candidates.len()) {
            if let Some(slot) = worth.get_mut(at) {
                *slot = of;
            }
        }
        Ok(worth)
    }
}
