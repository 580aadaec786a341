//! The legs of a search, as plain data.

mod best;
mod figure;
mod plan;
mod recommend;
mod run;
mod within;

use lumos_index::{Filter, FilterError, IntoFilter, MultiVector, SparseVector, TextQuery};

use super::request::Fusion;

pub(crate) use plan::{Tree, plan, single};
pub use recommend::{Example, Recommend, Strategy, recommend};
pub(crate) use run::{Column, Level, Runner};
pub(crate) use within::matching;

/// Legs of one search, those of prefetches counted, at most.
pub(crate) const MAX_LEGS: usize = 64;
/// Prefetches inside of one another, at most.
pub(crate) const MAX_DEPTH: usize = 8;

/// One of the searches whose rankings are fused; see
/// [`Collection::search_legs`](crate::Collection::search_legs).
///
/// ```
/// use lumos_engine::Leg;
///
/// let by_word = Leg::text("rotate keys").field("title").weight(2.0);
/// let by_vector = Leg::vector([0.1, 0.9]).field("image").at_least(0.2);
/// let again = Leg::prefetch([by_word.clone(), by_vector]).then(Leg::vector([0.3, 0.7]));
/// assert_eq!(by_word.weight, 2.0);
/// # let _ = again;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Leg {
    /// What [`Hit::legs`](crate::Hit::legs) and score formulas call it; what it asks (`text`, `vector`, `sparse`,
    /// `multi`, `meaning`, `recommend`, `prefetch`) when `None`, with `_2` and so on where several ask the same.
    pub name: Option<String>,
    /// What it asks.
    pub ask: Ask,
    /// The text fields that are searched (all when empty), or the one vector field (the default field
    /// when empty).
    pub fields: Vec<String>,
    /// What text fields are worth, above 0 to 1,000 (default 1).
    pub boosts: Vec<(String, f32)>,
    /// Its weight in the fusion, not negative (default 1).
    pub weight: f32,
    /// Candidates it brings, 1 to 16,384; when `None` 200, or four times the limit of the search if that is
    /// more. A leg by keyword or by vector that is alone, with nothing to follow, brings as many as are asked
    /// for.
    pub depth: Option<usize>,
    /// Only documents that match this, and the filter of the search.
    pub filter: Option<Filter>,
    /// Only documents whose score in this leg is at least this. For an L2 vector leg it is a distance.
    pub at_least: Option<f32>,
    /// Only documents whose score in this leg is at most this.
    pub at_most: Option<f32>,
    /// A filter that did not parse, until the search is run.
    pub(crate) refused: Option<(String, FilterError)>,
    /// The vector of [`Ask::Meaning`], once it was embedded.
    pub(crate) embedded: Option<Vec<f32>>,
}

/// What a [`Leg`] asks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Ask {
    /// Words, ranked by BM25; read as the [`SearchRequest::language`](crate::SearchRequest::language) of the
    /// search says.
    Text(String),
    /// A keyword query that was put together.
    Words(TextQuery),
    /// The nearest to a vector, `[dimension]`.
    Vector(Vec<f32>),
    /// The largest dot products with a sparse vector.
    Sparse(SparseVector),
    /// The best by MaxSim, `[n, dimension]`; see [`VectorField::multi`](crate::VectorField::multi).
    Multi(MultiVector),
    /// The nearest to the vector that the embedder of the collection makes of a text.
    Meaning(String),
    /// Near some examples and far from others.
    Recommend(Recommend),
    /// The candidates of legs of its own.
    Prefetch {
        /// The legs that find the candidates.
        legs: Vec<Leg>,
        /// How their rankings become one.
        fusion: Fusion,
        /// What ranks the candidates; the fusion when `None`.
        then: Option<Box<Leg>>,
    },
}

impl Leg {
    /// A leg that asks this.
    #[must_use]
    pub fn new(ask: Ask) -> Self {
        Leg {
            name: None,
            ask,
            fields: Vec::new(),
            boosts: Vec::new(),
            weight: 1.0,
            depth: None,
            filter: None,
            at_least: None,
            at_most: None,
            refused: None,
            embedded: None,
        }
    }

    /// A leg by keyword.
    #[must_use]
    pub fn text(query: impl Into<String>) -> Self {
        Leg::new(Ask::Text(query.into()))
    }

    /// A leg by a keyword query that was put together.
    #[must_use]
    pub fn words(query: TextQuery) -> Self {
        Leg::new(Ask::Words(query))
    }

    /// A leg by vector, `[dimension]`.
    #[must_use]
    pub fn vector(query: impl Into<Vec<f32>>) -> Self {
        Leg::new(Ask::Vector(query.into()))
    }

    /// A leg by a sparse vector; without a field, in the one sparse field there is.
    #[must_use]
    pub fn sparse(query: SparseVector) -> Self {
        Leg::new(Ask::Sparse(query))
    }

    /// A leg by several vectors; without a field, in the one field of several vectors there is.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Leg, Lumos, MultiVector, SparseVector};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// let terms = SparseVector::new([(7, 0.5)]).unwrap();
    /// let tokens = MultiVector::new([[1.0, 0.0], [0.0, 1.0]]).unwrap();
    /// docs.put(Doc::new("a").sparse("terms", terms.clone()).multi("tokens", tokens.clone()))?;
    /// let legs = [Leg::sparse(terms), Leg::multi(tokens).weight(2.0), Leg::text("words")];
    /// assert_eq!(docs.search_legs(legs).run()?[0].key(), "a");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn multi(query: MultiVector) -> Self {
        Leg::new(Ask::Multi(query))
    }

    /// A leg by the vector that the embedder of the collection makes of this text. When its model does not
    /// speak the language of the text, the leg is left out, or searches by keyword if it is alone.
    #[must_use]
    pub fn meaning(text: impl Into<String>) -> Self {
        Leg::new(Ask::Meaning(text.into()))
    }

    /// A leg by the vector of a stored document, which is not among the hits of the search.
    #[must_use]
    pub fn like(key: impl Into<String>) -> Self {
        Leg::new(Ask::Recommend(Recommend::new(
            [Example::Key(key.into())],
            [] as [Example; 0],
        )))
    }

    /// A leg by examples, as [`recommend`] takes them; keys among them are not among the hits.
    #[must_use]
    pub fn recommend<P: Into<Example>, N: Into<Example>>(
        positive: impl IntoIterator<Item = P>,
        negative: impl IntoIterator<Item = N>,
    ) -> Self {
        Leg::new(Ask::Recommend(Recommend::new(positive, negative)))
    }

    /// A leg whose candidates other legs find, fused by [`Leg::fusion`]; [`Leg::then`] ranks them.
    #[must_use]
    pub fn prefetch(legs: impl IntoIterator<Item = Leg>) -> Self {
        Leg::new(Ask::Prefetch {
            legs: legs.into_iter().collect(),
            fusion: Fusion::default(),
            then: None,
        })
    }

    /// Ranks the candidates of a prefetch by this leg alone; any other leg becomes a prefetch of its own. Of
    /// `leg` count what it asks, its fields, filter and thresholds.
    #[must_use]
    pub fn then(mut self, leg: Leg) -> Self {
        match &mut self.ask {
            Ask::Prefetch { then, .. } if then.is_none() => {
                *then = Some(Box::new(leg));
                self
            }
            _ => Leg::prefetch([self]).then(leg),
        }
    }

    /// How the legs of a prefetch are fused (default convex); nothing to any other leg.
    #[must_use]
    pub fn fusion(mut self, by: Fusion) -> Self {
        if let Ask::Prefetch { fusion, .. } = &mut self.ask {
            *fusion = by;
        }
        self
    }

    /// How the examples of a recommendation are used (default average vector); nothing to any other leg.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        if let Ask::Recommend(recommend) = &mut self.ask {
            recommend.strategy = strategy;
        }
        self
    }

    /// What [`Hit::legs`](crate::Hit::legs) and score formulas call it, 1 to 64 bytes, unique in a search.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Searches this text field (may be called again; default all), or this vector field (default
    /// `vector`).
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.fields.push(field.into());
        self
    }

    /// Makes a text field worth so many times as much as others, above 0 to 1,000; may be called again.
    #[must_use]
    pub fn boost(mut self, field: impl Into<String>, factor: f32) -> Self {
        self.boosts.push((field.into(), factor));
        self
    }

    /// Its weight in the fusion, not negative (default 1).
    #[must_use]
    pub fn weight(mut self, weight: f32) -> Self {
        self.weight = weight;
        self
    }

    /// Candidates it brings, 1 to 16,384 (default 200, or four times the limit of the search if that is
    /// more).
    #[must_use]
    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = Some(depth);
        self
    }

    /// Only documents that match this too: a string or an expression. What is wrong with a string surfaces
    /// when the search runs.
    #[must_use]
    pub fn filter(mut self, filter: impl IntoFilter) -> Self {
        let input = filter.input();
        match filter.into_filter() {
            Ok(filter) => self.filter = Some(filter),
            Err(error) => self.refused = Some((input, error)),
        }
        self
    }

    /// Only documents whose score in this leg is at least this.
    #[must_use]
    pub fn at_least(mut self, score: f32) -> Self {
        self.at_least = Some(score);
        self
    }

    /// Only documents whose score in this leg is at most this: for a leg by L2 distance, those within it.
    #[must_use]
    pub fn at_most(mut self, score: f32) -> Self {
        self.at_most = Some(score);
        self
    }
}
