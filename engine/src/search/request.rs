//! What is asked of a search.

use lumos_index::{Filter, FilterError, IntoFilter, Normalise};

use super::leg::Leg;

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

/// A search, as plain data.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// The legs; when empty, those that `text`, `vector` and `mode` say. With legs these three and the
    /// fields have no meaning.
    pub legs: Vec<Leg>,
    /// The keyword query.
    pub text: Option<String>,
    /// The query vector, `[dimension]`.
    pub vector: Option<Vec<f32>>,
    /// The vector field; the default field when `None`.
    pub vector_field: Option<String>,
    /// The text fields; all of the collection when empty.
    pub text_fields: Vec<String>,
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
    /// Text fields to cut snippets from, with the matches marked.
    pub highlight: Vec<String>,
    /// Whether hits carry their vectors (default no).
    pub with_vectors: bool,
}

impl Default for SearchRequest {
    fn default() -> Self {
        SearchRequest {
            legs: Vec::new(),
            text: None,
            vector: None,
            vector_field: None,
            text_fields: Vec::new(),
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
            highlight: Vec::new(),
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

    /// Whether it is one or two legs by vector and by keyword, with nothing to follow.
    pub(super) fn is_plain(&self) -> bool {
        self.legs.is_empty() && self.score_at_least.is_none() && self.score_at_most.is_none()
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
