//! A search as a chain of calls.

use lumos_index::{FilterError, IntoFilter};

use super::request::{Fusion, SearchMode, SearchRequest};
use super::{Hit, ScoredKey, execute};
use crate::database::Lumos;
use crate::doc::DEFAULT_VECTOR_FIELD;
use crate::{EmbedKind, Error, Result, Snapshot};

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Query {
    /// Words, or a question.
    Text(String),
    /// A vector, `[dimension]`.
    Vector(Vec<f32>),
    /// The vector of a stored document.
    Like(String),
}

/// Searches with the vector of a stored document, which is not among the hits.
pub fn like(key: impl Into<String>) -> Query {
    Query::Like(key.into())
}

impl From<&str> for Query {
    fn from(text: &str) -> Self {
        Query::Text(text.to_string())
    }
}

impl From<String> for Query {
    fn from(text: String) -> Self {
        Query::Text(text)
    }
}

impl From<&String> for Query {
    fn from(text: &String) -> Self {
        Query::Text(text.clone())
    }
}

impl From<&[f32]> for Query {
    fn from(vector: &[f32]) -> Self {
        Query::Vector(vector.to_vec())
    }
}

impl From<Vec<f32>> for Query {
    fn from(vector: Vec<f32>) -> Self {
        Query::Vector(vector)
    }
}

impl From<&Vec<f32>> for Query {
    fn from(vector: &Vec<f32>) -> Self {
        Query::Vector(vector.clone())
    }
}

impl<const N: usize> From<[f32; N]> for Query {
    fn from(vector: [f32; N]) -> Self {
        Query::Vector(vector.to_vec())
    }
}

impl<const N: usize> From<&[f32; N]> for Query {
    fn from(vector: &[f32; N]) -> Self {
        Query::Vector(vector.to_vec())
    }
}

/// A search being put together; see [`Collection::search`](crate::Collection::search).
#[derive(Debug, Clone)]
#[must_use = "a search does nothing until .run()"]
pub struct Search {
    db: Lumos,
    collection: String,
    query: Query,
    request: SearchRequest,
    fusion: Option<Fusion>,
    filter_error: Option<(String, FilterError)>,
}

impl Search {
    pub(crate) fn new(db: Lumos, collection: &str, query: Query) -> Self {
        Search {
            db,
            collection: collection.to_string(),
            query,
            request: SearchRequest::default(),
            fusion: None,
            filter_error: None,
        }
    }

    /// Only documents that match: a string or an expression. What is wrong with a string surfaces at
    /// [`Search::run`].
    pub fn filter(mut self, filter: impl IntoFilter) -> Self {
        let input = filter.input();
        match filter.into_filter() {
            Ok(filter) => self.request.filter = Some(filter),
            Err(error) => self.filter_error = Some((input, error)),
        }
        self
    }

    /// Number of hits, 1 to 16,384 (default 10).
    pub fn limit(mut self, limit: usize) -> Self {
        self.request.limit = limit;
        self
    }

    /// Searches by vector and by keyword, and fuses the two.
    pub fn hybrid(mut self) -> Self {
        self.request.mode = SearchMode::Hybrid;
        self
    }

    /// Searches by keyword only.
    pub fn keywords(mut self) -> Self {
        self.request.mode = SearchMode::Text;
        self
    }

    /// Adds the query vector of a search that began with text, `[dimension]`.
    pub fn vector(mut self, vector: impl Into<Vec<f32>>) -> Self {
        self.request.vector = Some(vector.into());
        self
    }

    /// Adds the keyword query of a search that began with a vector.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.request.text = Some(text.into());
        self
    }

    /// Searches this vector field (default `vector`).
    pub fn vector_field(mut self, field: impl Into<String>) -> Self {
        self.request.vector_field = Some(field.into());
        self
    }

    /// Searches this text field; may be called again (default all).
    pub fn text_field(mut self, field: impl Into<String>) -> Self {
        self.request.text_fields.push(field.into());
        self
    }

    /// How hybrid legs are fused (default convex, weighted by the embedder).
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = Some(fusion);
        self
    }

    /// Width of the graph search (default 64); more finds more and takes longer.
    pub fn ef(mut self, ef: usize) -> Self {
        self.request.ef = ef;
        self
    }

    /// Compares with every vector instead of using the graph.
    pub fn exact(mut self) -> Self {
        self.request.exact = true;
        self
    }

    /// Cuts snippets with the matches marked from this text field; may be called again.
    pub fn highlight(mut self, field: impl Into<String>) -> Self {
        self.request.highlight.push(field.into());
        self
    }

    /// Returns the vectors of the hits too.
    pub fn with_vectors(mut self) -> Self {
        self.request.with_vectors = true;
        self
    }

    /// Runs the search on the current state.
    ///
    /// # Errors
    /// `Filter` with a caret for a bad filter, `DimensionMismatch`, `Vector`, `Query`, `Embedder`,
    /// `InvalidArgument` for a limit outside its range or a missing leg, `UnknownCollection`.
    pub fn run(self) -> Result<Vec<Hit>> {
        let (snapshot, collection, request, like) = self.bound()?;
        let state = snapshot.state().collection(&collection)?;
        let mut hits = execute::search(state, &request)?;
        if let Some(key) = like {
            hits.retain(|hit| hit.key() != key);
            hits.truncate(request.limit - 1);
        }
        Ok(hits)
    }

    /// Runs the search like [`Search::run`] but reads no document: the keys and scores of the same
    /// hits, at a fraction of the time. Vectors and highlights are not looked at.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").vector([1.0, 0.0]))?;
    /// docs.put(Doc::new("b").vector([0.0, 1.0]))?;
    /// let found = docs.search(vec![0.8, 0.6]).limit(1).keys()?;
    /// assert_eq!(found[0].key, "a");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Search::run`].
    pub fn keys(self) -> Result<Vec<ScoredKey>> {
        let (snapshot, collection, request, like) = self.bound()?;
        let state = snapshot.state().collection(&collection)?;
        let mut found = execute::keys(state, &request)?;
        if let Some(key) = like {
            found.retain(|found| found.key != key);
            found.truncate(request.limit - 1);
        }
        Ok(found)
    }

    /// The state to search, the collection in it, the request, and the key that is not wanted.
    fn bound(self) -> Result<(Snapshot, String, SearchRequest, Option<String>)> {
        if let Some((input, source)) = self.filter_error {
            return Err(Error::Filter { input, source });
        }
        let snapshot = self.db.snapshot();
        let state = snapshot.state().collection(&self.collection)?;
        let mut request = self.request;
        let field = request
            .vector_field
            .as_deref()
            .unwrap_or(DEFAULT_VECTOR_FIELD);
        let mut like = None;
        let mut weight = None;
        match self.query {
            Query::Vector(vector) => request.vector = Some(vector),
            Query::Like(key) => {
                let doc = state.get(&key)?;
                let vector = doc
                    .as_ref()
                    .and_then(|doc| doc.vector_field(field))
                    .ok_or_else(|| Error::InvalidArgument {
                        argument: "like",
                        detail: format!("\"{key}\" has no vector in field \"{field}\""),
                    })?;
                request.vector = Some(vector.to_vec());
                request.limit = request.limit.saturating_add(1);
                like = Some(key);
            }
            Query::Text(text) => {
                let embedder = self.db.core().embedder(&self.collection);
                if request.mode != SearchMode::Text
                    && request.vector.is_none()
                    && request.vector_field.is_none()
                    && let Some(embedder) = embedder
                {
                    if embedder.supports(&text) {
                        let vectors = embedder.embed(&[text.as_str()], EmbedKind::Query)?;
                        request.vector = vectors.into_iter().next();
                        weight = Some(embedder.fusion_weight());
                    } else {
                        // The model does not speak this language: its vectors would be noise.
                        request.mode = SearchMode::Text;
                    }
                }
                request.text = Some(text);
            }
        }
        request.fusion = match (self.fusion, weight) {
            (Some(fusion), _) => fusion,
            (None, Some(vector_weight)) => Fusion::Convex { vector_weight },
            (None, None) => Fusion::default(),
        };
        Ok((snapshot, self.collection, request, like))
    }
}
