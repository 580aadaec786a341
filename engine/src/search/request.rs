//! What is asked of a search.

use std::borrow::Cow;

use lumos_index::{
    Filter, FilterError, Formula, FormulaError, IntoFilter, IntoFormula, MultiVector, Normalise,
    SparseVector, TextQuery,
};

use super::leg::{Ask, Leg};

/// Which legs answer a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SearchMode {
    /// The vector leg if there is a vector, else the keyword leg.
    #[default]
    Auto,
    /// Nearest vectors only.
    Vector,
    /// Keywords only.
    Text,
    /// Both, fused.
    Hybrid,
}

/// How the legs of a hybrid search become one ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Fusion {
    /// `w * vector score + (1 - w) * keyword score / best keyword score`; with other legs than these two
    /// the weighted mean of all, where each leg by vector weighs `w` and each other one `1 - w` (those of
    /// one kind alone weigh the same), times its own weight.
    Convex {
        /// Weight of the vector leg, 0 to 1.
        vector_weight: f32,
    },
    /// Reciprocal rank fusion: `weight / (k + rank)` of each leg.
    Rrf {
        /// The rank constant; 0 stands for 60, the usual one.
        k: u32,
    },
    /// The weighted sum of the scores of each leg, made comparable.
    Sum {
        /// How they are scaled.
        normalise: Normalise,
    },
    /// Distribution-based score fusion: the weighted sum of scores, where the mean less three standard
    /// deviations of a leg is 0 and the mean and three more is 1.
    Dbsf,
}

impl Default for Fusion {
    fn default() -> Self {
        Fusion::Convex { vector_weight: 0.7 }
    }
}

/// How the text of a keyword query is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Language {
    /// Any text is a query; a few marks make it stricter ([`TextQuery::parse`]).
    #[default]
    Plain,
    /// The language of [`TextQuery::parse_strict`], in which mistakes are errors.
    Strict,
    /// What someone has typed so far: the last word may go on ([`TextQuery::as_you_type`]).
    AsYouType,
}

/// A search, as plain data.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// The legs; when empty, those that `text`, `vector` and `mode` say. With legs these three and the
    /// fields have no meaning.
    pub legs: Vec<Leg>,
    /// The keyword query.
    pub text: Option<String>,
    /// How it is read.
    pub language: Language,
    /// A keyword query that was put together, instead of one to read.
    pub words: Option<TextQuery>,
    /// The query vector, `[dimension]`.
    pub vector: Option<Vec<f32>>,
    /// The sparse query vector, of a search by it alone.
    pub sparse: Option<SparseVector>,
    /// Several query vectors, of a search by MaxSim alone.
    pub multi: Option<MultiVector>,
    /// The vector field; when `None` the default field, or the one sparse field or field of several vectors
    /// for a search by those.
    pub vector_field: Option<String>,
    /// The text fields; all of the collection when empty.
    pub text_fields: Vec<String>,
    /// What text fields are worth, above 0 to 1,000 (default 1).
    pub boosts: Vec<(String, f32)>,
    /// Which legs answer.
    pub mode: SearchMode,
    /// Only documents that match.
    pub filter: Option<Filter>,
    /// Number of hits, 1 to 16,384 (default 10).
    pub limit: usize,
    /// Width of the graph search (default 64); more finds more and takes longer.
    pub ef: usize,
    /// The share of the true nearest that the graph search should find, above 0 to 1, instead of a width: the
    /// width that reached it is taken, as it was measured when a segment was sealed.
    pub recall: Option<f32>,
    /// Whether the vector leg compares with every vector instead of using the graph.
    pub exact: bool,
    /// Only hits at least this similar (cosine, dot product) or at most this far away (L2), in a search by
    /// vector alone.
    pub within: Option<f32>,
    /// Only hits whose score, at the end, is at least this.
    pub score_at_least: Option<f32>,
    /// Only hits whose score, at the end, is at most this.
    pub score_at_most: Option<f32>,
    /// How legs are fused.
    pub fusion: Fusion,
    /// What the score of each candidate is, from those of the legs and the fields of the document.
    pub score: Option<Formula>,
    /// The share of relevance, 0 to 1, when hits shall be unlike each other.
    pub diversify: Option<f32>,
    /// Text fields to cut snippets from, with the matches marked.
    pub highlight: Vec<String>,
    /// Snippets of each of these fields, at most, 1 to 16 (default 1).
    pub snippets: usize,
    /// Bytes of a snippet, at most, 16 to 65,536 (default 240).
    pub snippet_bytes: usize,
    /// Whether hits carry their vectors (default no).
    pub with_vectors: bool,
}

impl Default for SearchRequest {
    fn default() -> Self {
        SearchRequest {
            legs: Vec::new(),
            text: None,
            language: Language::Plain,
            words: None,
            vector: None,
            sparse: None,
            multi: None,
            vector_field: None,
            text_fields: Vec::new(),
            boosts: Vec::new(),
            mode: SearchMode::Auto,
            filter: None,
            limit: 10,
            ef: 64,
            recall: None,
            exact: false,
            within: None,
            score_at_least: None,
            score_at_most: None,
            fusion: Fusion::default(),
            score: None,
            diversify: None,
            highlight: Vec::new(),
            snippets: 1,
            snippet_bytes: 240,
            with_vectors: false,
        }
    }
}

impl SearchRequest {
    /// A keyword search.
    #[must_use]
    pub fn text(query: impl Into<String>) -> Self {
        SearchRequest {
            text: Some(query.into()),
            ..SearchRequest::default()
        }
    }

    /// A nearest-vector search.
    #[must_use]
    pub fn vector(query: impl Into<Vec<f32>>) -> Self {
        SearchRequest {
            vector: Some(query.into()),
            ..SearchRequest::default()
        }
    }

    /// A search by the dot product of sparse vectors.
    #[must_use]
    pub fn sparse(query: SparseVector) -> Self {
        SearchRequest {
            sparse: Some(query),
            ..SearchRequest::default()
        }
    }

    /// A search by MaxSim; see [`VectorField::multi`](crate::VectorField::multi).
    #[must_use]
    pub fn multi(query: MultiVector) -> Self {
        SearchRequest {
            multi: Some(query),
            ..SearchRequest::default()
        }
    }

    /// A search over both legs.
    #[must_use]
    pub fn hybrid(query: impl Into<String>, vector: impl Into<Vec<f32>>) -> Self {
        SearchRequest {
            text: Some(query.into()),
            vector: Some(vector.into()),
            mode: SearchMode::Hybrid,
            ..SearchRequest::default()
        }
    }

    /// A search by legs, fused.
    #[must_use]
    pub fn legs(legs: impl IntoIterator<Item = Leg>) -> Self {
        SearchRequest {
            legs: legs.into_iter().collect(),
            ..SearchRequest::default()
        }
    }

    /// Whether something is asked of the words that only a search by keyword can answer.
    pub(super) fn is_for_keywords(&self) -> bool {
        self.language != Language::Plain || !self.boosts.is_empty() || !self.text_fields.is_empty()
    }

    /// Whether it is one or two legs by vector and by keyword, with nothing to follow.
    pub(super) fn is_plain(&self) -> bool {
        self.legs.is_empty()
            && self.score_at_least.is_none()
            && self.score_at_most.is_none()
            && self.score.is_none()
            && self.diversify.is_none()
    }

    /// The text that is searched for: that of the request, or of its first leg that has one.
    pub(super) fn words(&self) -> Cow<'_, str> {
        let mut open: Vec<&Leg> = self.legs.iter().rev().collect();
        while let Some(leg) = open.pop() {
            match &leg.ask {
                Ask::Text(text) | Ask::Meaning(text) => return Cow::Borrowed(text),
                Ask::Words(query) => return Cow::Owned(query.text()),
                Ask::Prefetch { legs, then, .. } => {
                    open.extend(then.as_deref());
                    open.extend(legs.iter().rev());
                }
                Ask::Vector(_) | Ask::Recommend(_) | Ask::Sparse(_) | Ask::Multi(_) => {}
            }
        }
        match (&self.text, &self.words) {
            (Some(text), _) => Cow::Borrowed(text),
            (None, Some(query)) => Cow::Owned(query.text()),
            (None, None) => Cow::Borrowed(""),
        }
    }

    /// Scores the candidates by a formula, as text or as an expression.
    ///
    /// # Errors
    /// What is wrong with the text and where.
    pub fn score(mut self, formula: impl IntoFormula) -> Result<Self, FormulaError> {
        self.score = Some(formula.into_formula()?);
        Ok(self)
    }

    /// Prefers hits that are unlike each other, see [`Search::diversify`](crate::Search::diversify).
    #[must_use]
    pub fn diversify(mut self, lambda: f32) -> Self {
        self.diversify = Some(lambda);
        self
    }

    /// Only hits whose score, at the end, is at least this.
    #[must_use]
    pub fn score_at_least(mut self, score: f32) -> Self {
        self.score_at_least = Some(score);
        self
    }

    /// Only hits whose score, at the end, is at most this.
    #[must_use]
    pub fn score_at_most(mut self, score: f32) -> Self {
        self.score_at_most = Some(score);
        self
    }

    /// Number of hits, 1 to 16,384 (default 10).
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Only documents that match, as text or as an expression.
    ///
    /// # Errors
    /// What is wrong with the text and where.
    pub fn filter(mut self, filter: impl IntoFilter) -> Result<Self, FilterError> {
        self.filter = Some(filter.into_filter()?);
        Ok(self)
    }

    /// How hybrid legs are fused.
    #[must_use]
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Cuts snippets from this text field.
    #[must_use]
    pub fn highlight(mut self, field: impl Into<String>) -> Self {
        self.highlight.push(field.into());
        self
    }
}
