//! A search as a chain of calls.

use std::sync::Arc;

use lumos_index::{Facet, FilterError, FormulaError, IntoFilter, IntoFormula};

use super::answer::Extras;
use super::bind::Bound;
use super::explain::{Stage, Trace};
use super::grouped::GroupedSearch;
use super::query::Query;
use super::request::{Fusion, Language, SearchMode, SearchRequest};
use super::{Explained, Hit, ScoredKey, answer};
use crate::Result;
use crate::database::Lumos;
use crate::reranker::Reranker;

/// A re-ranker, and how many candidates it is given.
pub(super) type Reranking = (Arc<dyn Reranker>, usize);

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
    pub(super) formula_error: Option<(String, FormulaError)>,
    pub(super) reranker: Option<Reranking>,
    /// Whether something follows the legs that the request does not hold.
    pub(super) extended: bool,
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
            formula_error: None,
            reranker: None,
            extended: false,
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

    /// Makes a text field worth so many times as much as others, above 0 to 1,000; may be called again. What
    /// is said of one field twice multiplies, to 0.000001 to 1,000,000.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").text("about the log").with_text("title", "Segments"))?;
    /// docs.put(Doc::new("b").text("about segments").with_text("title", "The log"))?;
    /// let hits = docs.search("log").keywords().boost("title", 3.0).run()?;
    /// assert_eq!(hits[0].key(), "b");
    /// # Ok(())
    /// # }
    /// ```
    pub fn boost(mut self, field: impl Into<String>, factor: f32) -> Self {
        self.request.boosts.push((field.into(), factor));
        self
    }

    /// Reads the words as the strict query language: `title:(wal OR "group commit"~2) AND NOT draft`, with
    /// `(a b c)@2` for at least two, `wal^2` for twice the worth, `se?m*nt`, `segmnet~1` and
    /// `/seg(ment)?s?/`. A mistake surfaces at [`Search::run`], with its place. See [`TextQuery`](crate::TextQuery).
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(("a", "the log is synced by group commit"))?;
    /// docs.put(("b", "commit the draft of the group"))?;
    /// let hits = docs.search("(\"group commit\" OR sync*) AND NOT draft").strict().run()?;
    /// assert_eq!(hits.len(), 1);
    /// let error = docs.search("group AND (").strict().run().unwrap_err();
    /// assert_eq!(error.code(), "E2105");
    /// # Ok(())
    /// # }
    /// ```
    pub fn strict(mut self) -> Self {
        self.request.language = Language::Strict;
        self
    }

    /// Takes the words as what someone has typed so far: the last one may go on, and documents that have
    /// them in this order come first.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(("a", "the commits of a group"))?;
    /// docs.put(("b", "group commit"))?;
    /// let hits = docs.search("group com").as_you_type().run()?;
    /// assert_eq!(hits[0].key(), "b");
    /// # Ok(())
    /// # }
    /// ```
    pub fn as_you_type(mut self) -> Self {
        self.request.language = Language::AsYouType;
        self
    }

    /// Cuts up to so many snippets of at most so many bytes from each highlighted field (default one of
    /// 240 bytes; 1 to 16, of 16 to 65,536 bytes).
    pub fn snippets(mut self, count: usize, bytes: usize) -> Self {
        (self.request.snippets, self.request.snippet_bytes) = (count, bytes);
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

    /// Scores the candidates by a formula of fields and of the scores so far; higher is better then, and what
    /// is wrong with a text surfaces at [`Search::run`]. Candidates are the best 200 of each leg, or four
    /// times the limit. See [`Formula`](crate::Formula) for what can be written.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Expr, Lumos, field};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("old").text("snow").field("year", 1999).field("lang", "en"))?;
    /// docs.put(Doc::new("new").text("snow snow").field("year", 2026).field("lang", "en"))?;
    /// docs.put(Doc::new("other").text("snow").field("year", 2026).field("lang", "de"))?;
    /// let text = "score + 0.5 * exp_decay(year, 2026, 10) + boost(lang = 'en', 0.1)";
    /// let built = Expr::score() + 0.5 * Expr::field("year").exp_decay(2026, 10)
    ///     + Expr::boost(field("lang").eq("en"), 0.1);
    /// let hits = docs.search("snow").score(text).run()?;
    /// assert_eq!(hits[0].key(), "new");
    /// assert_eq!(hits, docs.search("snow").score(built).run()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn score(mut self, formula: impl IntoFormula) -> Self {
        let input = formula.input();
        match formula.into_formula() {
            Ok(formula) => self.request.score = Some(formula),
            Err(error) => self.formula_error = Some((input, error)),
        }
        self
    }

    /// Prefers hits that are unlike each other: maximal marginal relevance (Carbonell and Goldstein 1998) by
    /// the vectors of the field that is searched. `lambda` is the share of relevance, 0 to 1, that of the
    /// scores scaled to 0 to 1 over the candidates, at most 1,024; the rest is difference. Hits come in the
    /// order in which they are chosen, with their scores. The limit is at most 1,024.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").vector([1.0, 0.0]))?;
    /// docs.put(Doc::new("a again").vector([0.99, 0.01]))?;
    /// docs.put(Doc::new("b").vector([0.8, -0.6]))?;
    /// docs.put(Doc::new("far").vector([-1.0, 0.0]))?;
    /// let hits = docs.search([1.0, 0.1]).diversify(0.5).limit(2).run()?;
    /// assert_eq!((hits[0].key(), hits[1].key()), ("a again", "b"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn diversify(mut self, lambda: f32) -> Self {
        self.request.diversify = Some(lambda);
        self
    }

    /// Gives the best `depth` candidates, from the limit to 1,024, to a re-ranker; those are the hits, by its
    /// scores. It comes after a formula, and before thresholds and [`Search::diversify`].
    pub fn rerank(mut self, reranker: Arc<dyn Reranker>, depth: usize) -> Self {
        self.reranker = Some((reranker, depth));
        self.extended = true;
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
    /// Puts hits into groups by the value of a metadata field: the limit says how many groups, `size` how
    /// many hits each has at most, 16,384 in all. Candidates are looked for until the groups are full, or
    /// there are 16,384. A document with several values is in several groups, one without a value in none.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// # let docs = Lumos::memory()?.collection("docs")?;
    /// for (key, source) in [("a1", "a.md"), ("a2", "a.md"), ("a3", "a.md"), ("b1", "b.md")] {
    ///     docs.put(Doc::new(key).text("snow").field("source", source))?;
    /// }
    /// let groups = docs.search("snow").limit(10).group_by("source", 2).run()?;
    /// assert_eq!(groups[0].value, "a.md");
    /// assert_eq!((groups[0].hits.len(), groups[1].hits.len()), (2, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn group_by(self, field: &str, size: usize) -> GroupedSearch {
        GroupedSearch {
            search: self,
            field: lumos_index::metadata_path(field),
            size,
        }
    }

    /// Runs the search on the current state.
    ///
    /// # Errors
    /// `Filter` with a caret for a bad filter, `DimensionMismatch`, `Vector`, `Query`, `Embedder`,
    /// `InvalidArgument` for a limit outside its range or a missing leg, `UnknownCollection`.
    pub fn run(self) -> Result<Vec<Hit>> {
        let (bound, reranker) = self.bound()?;
        let (request, filter) = bound.one()?;
        let (state, extras) = (bound.state()?, extras(reranker.as_ref()));
        let mut hits = answer::hits(state, request, filter, &extras, &mut Trace::off())?;
        bound.keep_hits(0, &mut hits);
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
        let (bound, reranker) = self.bound()?;
        trace.stage(Stage::Prepare, prepared);
        let (request, filter) = bound.one()?;
        let (state, extras) = (bound.state()?, extras(reranker.as_ref()));
        let mut explained = answer::explain(state, request, filter, &extras, trace)?;
        bound.keep_hits(0, &mut explained.hits);
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
        let (bound, reranker) = self.bound()?;
        let (request, filter) = bound.one()?;
        let extras = extras(reranker.as_ref());
        let mut found = answer::keys(bound.state()?, request, filter, &extras)?;
        bound.keep(0, &mut found, |found| &found.key);
        Ok(found)
    }

    pub(super) fn bound(mut self) -> Result<(Bound, Option<Reranking>)> {
        let query = std::mem::replace(&mut self.query, Query::Vector(Vec::new()));
        let reranker = self.reranker.take();
        Ok((self.bind(vec![query])?, reranker))
    }
}

pub(super) fn extras(reranker: Option<&Reranking>) -> Extras<'_> {
    Extras {
        reranker: reranker.map(|(reranker, depth)| (&**reranker, *depth)),
        group: None,
    }
}
