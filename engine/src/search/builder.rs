//! A search as a chain of calls.

use lumos_index::{Facet, FilterError, IntoFilter};

use super::bind::Bound;
use super::explain::{Stage, Trace};
use super::leg::{Leg, Recommend};
use super::request::{Fusion, SearchMode, SearchRequest};
use super::{Explained, Hit, ScoredKey, answer};
use crate::Result;
use crate::database::Lumos;

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
    /// Examples to be near to and far from.
    Recommend(Recommend),
    /// Several of these, fused.
    Legs(Vec<Leg>),
}

/// Searches with the vector of a stored document, which is not among the hits.
pub fn like(key: impl Into<String>) -> Query {
    Query::Like(key.into())
}

impl From<Recommend> for Query {
    fn from(recommend: Recommend) -> Self {
        Query::Recommend(recommend)
    }
}

impl From<Leg> for Query {
    fn from(leg: Leg) -> Self {
        Query::Legs(vec![leg])
    }
}

impl From<Vec<Leg>> for Query {
    fn from(legs: Vec<Leg>) -> Self {
        Query::Legs(legs)
    }
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

/// A search being put together; see [`Collection::search`](crate::Collection::search), and
/// [`SearchBatch`](crate::SearchBatch) for many at once.
#[derive(Debug, Clone)]
#[must_use = "a search does nothing until .run()"]
pub struct Search<Q = Query> {
    pub(super) db: Lumos,
    pub(super) collection: String,
    pub(super) query: Q,
    pub(super) request: SearchRequest,
    /// Whether the limit was set.
    pub(super) limited: bool,
    pub(super) fusion: Option<Fusion>,
    pub(super) filter_error: Option<(String, FilterError)>,
    pub(super) facets: Vec<Facet>,
}

impl<Q> Search<Q> {
    pub(crate) fn new(db: Lumos, collection: &str, query: Q) -> Self {
        Search {
            db,
            collection: collection.to_string(),
            query,
            request: SearchRequest::default(),
            limited: false,
            fusion: None,
            filter_error: None,
            facets: Vec::new(),
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

    /// Number of hits, 1 to 16,384 (default 10; with [`Search::within`] 16,384).
    pub fn limit(mut self, limit: usize) -> Self {
        self.request.limit = limit;
        self.limited = true;
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
        self.request.recall = None;
        self
    }

    /// The share of the true nearest that the graph search should find, above 0 to 1, instead of a width.
    ///
    /// The width is taken that reached it when the segment was sealed, measured on points between stored
    /// vectors and their neighbours: on average, and for queries that are not unlike what is stored. Above
    /// 0.999 every vector is compared.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// # docs.put(Doc::new("a").vector([1.0, 0.0]))?;
    /// let hits = docs.search([0.8, 0.6]).limit(10).recall(0.99).run()?;
    /// assert_eq!(hits[0].key(), "a");
    /// # Ok(())
    /// # }
    /// ```
    pub fn recall(mut self, recall: f32) -> Self {
        self.request.recall = Some(recall);
        self
    }

    /// Only hits at least this similar (cosine, dot product), or at most this far away (L2): all of them, up
    /// to the limit, which is 16,384 unless set. For searches by vector alone.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("near").vector([1.0, 0.1]))?;
    /// docs.put(Doc::new("far").vector([0.0, 1.0]))?;
    /// let hits = docs.search([1.0, 0.0]).within(0.9).run()?; // cosine similarity
    /// assert_eq!(hits.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn within(mut self, score: f32) -> Self {
        self.request.within = Some(score);
        self
    }

    /// Only hits whose score, at the end, is at least this.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("near").text("snow").vector([1.0, 0.1]))?;
    /// docs.put(Doc::new("far").text("rain").vector([0.1, 1.0]))?;
    /// let search = || docs.search("snow").vector([1.0, 0.0]).hybrid();
    /// assert_eq!(search().score_at_least(0.5).run()?.len(), 1);
    /// assert_eq!(search().score_at_most(0.5).run()?[0].key(), "far");
    /// # Ok(())
    /// # }
    /// ```
    pub fn score_at_least(mut self, score: f32) -> Self {
        self.request.score_at_least = Some(score);
        self
    }

    /// Only hits whose score, at the end, is at most this. Candidates are looked for until there are as many
    /// hits as the limit says, or 16,384 candidates.
    pub fn score_at_most(mut self, score: f32) -> Self {
        self.request.score_at_most = Some(score);
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
}

impl Search {
    /// Runs the search on the current state.
    ///
    /// # Errors
    /// `Filter` with a caret for a bad filter, `DimensionMismatch`, `Vector`, `Query`, `Embedder`,
    /// `InvalidArgument` for a limit outside its range or a missing leg, `UnknownCollection`.
    pub fn run(self) -> Result<Vec<Hit>> {
        let bound = self.bound()?;
        let (request, filter) = bound.one()?;
        let mut hits = answer::hits(bound.state()?, request, filter, &mut Trace::off())?;
        bound.keep(0, &mut hits, Hit::key);
        Ok(hits)
    }

    /// Runs the search like [`Search::run`] and says what was done: for each leg the way taken in each
    /// segment, the nodes visited, the distances computed; what the filter left; the time of each step.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos, VectorRoute};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").vector([1.0, 0.0]))?;
    /// let explained = docs.search([0.8, 0.6]).explain()?;
    /// assert_eq!(explained.hits[0].key(), "a");
    /// assert_eq!(explained.segments[0].route, VectorRoute::Exact); // too few for a graph
    /// assert_eq!(explained.distances(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Search::run`].
    pub fn explain(self) -> Result<Explained> {
        let mut trace = Trace::on();
        let prepared = trace.start();
        let bound = self.bound()?;
        trace.stage(Stage::Prepare, prepared);
        let (request, filter) = bound.one()?;
        let mut explained = answer::explain(bound.state()?, request, filter, trace)?;
        bound.keep(0, &mut explained.hits, Hit::key);
        Ok(explained)
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
        let bound = self.bound()?;
        let (request, filter) = bound.one()?;
        let mut found = answer::keys(bound.state()?, request, filter)?;
        bound.keep(0, &mut found, |found| &found.key);
        Ok(found)
    }

    pub(super) fn bound(mut self) -> Result<Bound> {
        let query = std::mem::replace(&mut self.query, Query::Vector(Vec::new()));
        self.bind(vec![query])
    }
}
