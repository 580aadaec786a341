//! Search: the passages that fit a query.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use lumos_engine::{
    DEFAULT_TEXT_FIELD, EmbedKind, Error as EngineError, FilterError, Fusion, Hit, IntoFilter,
    SearchRequest,
};

use crate::Result;
use crate::rag::{Rag, blocking};

/// A search about to be run: await it, or call [`Retrieve::run`] from synchronous code. Hits carry pieces of
/// their text with the matches marked.
#[derive(Debug, Clone)]
#[must_use = "nothing is searched until this is awaited or run"]
pub struct Retrieve {
    rag: Rag,
    query: String,
    request: SearchRequest,
    fusion: Option<Fusion>,
    filter_error: Option<(String, FilterError)>,
}

impl Retrieve {
    pub(crate) fn new(rag: Rag, query: String, k: usize) -> Self {
        let fusion = rag.fusion();
        let request = SearchRequest::text(query.as_str())
            .limit(k)
            .highlight(DEFAULT_TEXT_FIELD);
        Retrieve {
            rag,
            query,
            request,
            fusion,
            filter_error: None,
        }
    }

    /// Only passages whose metadata matches: a string or an expression. What is wrong with a string
    /// surfaces when it is run.
    pub fn filter(mut self, filter: impl IntoFilter) -> Self {
        let input = filter.input();
        match filter.into_filter() {
            Ok(filter) => self.request.filter = Some(filter),
            Err(error) => self.filter_error = Some((input, error)),
        }
        self
    }

    /// Number of passages, 1 to 16,384.
    pub fn limit(mut self, limit: usize) -> Self {
        self.request.limit = limit;
        self
    }

    /// How the two legs are fused (default convex, weighted by the embedder).
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = Some(fusion);
        self
    }

    /// Another query for the keyword leg than for the other, and no marked pieces.
    pub(crate) fn keywords(mut self, query: String) -> Self {
        self.request.text = Some(query);
        self.request.highlight.clear();
        self
    }

    /// Runs the search; blocks until it is done.
    ///
    /// # Errors
    /// [`Error::Engine`](crate::Error::Engine): no such collection, a filter that does not parse, an
    /// empty query, `E2001` when the collection was embedded with another model.
    pub fn run(self) -> Result<Vec<Hit>> {
        self.run_with_vector().map(|(hits, _)| hits)
    }

    /// The hits, and the vector of the query where it was embedded.
    pub(crate) fn run_with_vector(self) -> Result<(Vec<Hit>, Option<Vec<f32>>)> {
        if let Some((input, source)) = self.filter_error {
            return Err(EngineError::Filter { input, source }.into());
        }
        let mut request = self.request;
        if let Some(embedder) = self.rag.query_embedder()?
            && embedder.supports(&self.query)
        {
            let vectors = embedder.embed(&[self.query.as_str()], EmbedKind::Query)?;
            request.vector = vectors.into_iter().next();
            request.fusion = Fusion::Convex {
                vector_weight: embedder.fusion_weight(),
            };
        }
        if request.vector.is_some() {
            request.mode = lumos_engine::SearchMode::Hybrid;
        }
        if let Some(fusion) = self.fusion {
            request.fusion = fusion;
        }
        let hits = self.rag.store().search(self.rag.collection(), &request)?;
        Ok((hits, request.vector))
    }
}

impl IntoFuture for Retrieve {
    type Output = Result<Vec<Hit>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// Runs the search on a blocking thread.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(blocking(move || self.run()))
    }
}
