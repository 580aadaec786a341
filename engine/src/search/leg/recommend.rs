//! Examples to be near to and far from.

/// What a recommendation is made from; see [`recommend`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recommend {
    /// What hits should be like, at least one.
    pub positive: Vec<Example>,
    /// What hits should not be like.
    pub negative: Vec<Example>,
    /// How the examples are used.
    pub strategy: Strategy,
}

/// One example of a recommendation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Example {
    /// The vector of the stored document of this key, which is not among the hits.
    Key(String),
    /// A vector, `[dimension]`.
    Vector(Vec<f32>),
}

/// How the examples of a recommendation are used. Both are the strategies of Qdrant
/// (<https://qdrant.tech/documentation/concepts/explore/>).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// The nearest to one vector: the average of the positive ones, and from there as far again away from
    /// the average of the negative ones, if there are any. Scores are those of a search by vector.
    #[default]
    AverageVector,
    /// A document is as good as the example that it is most similar to: `s(p)` where that is a positive
    /// one, `-s(n)` where it is a negative one, with `s(x) = (1 + x / (1 + |x|)) / 2` of the similarity.
    /// Scores lie between -1 and 1. Candidates are the nearest to each positive example.
    BestScore,
}

impl From<&str> for Example {
    fn from(key: &str) -> Self {
        Example::Key(key.to_string())
    }
}

impl From<String> for Example {
    fn from(key: String) -> Self {
        Example::Key(key)
    }
}

impl From<&String> for Example {
    fn from(key: &String) -> Self {
        Example::Key(key.clone())
    }
}

impl From<Vec<f32>> for Example {
    fn from(vector: Vec<f32>) -> Self {
        Example::Vector(vector)
    }
}

impl<const N: usize> From<[f32; N]> for Example {
    fn from(vector: [f32; N]) -> Self {
        Example::Vector(vector.to_vec())
    }
}

/// Searches near some stored documents or vectors and far from others. Documents that are examples are not
/// among the hits.
///
/// ```
/// # fn main() -> lumos_engine::Result<()> {
/// use lumos_engine::{Doc, Example, Lumos, Strategy, recommend};
/// let docs = Lumos::memory()?.collection("docs")?;
/// for (key, vector) in [("a", [1.0, 0.0]), ("b", [0.0, 1.0]), ("c", [0.9, 0.5]), ("d", [0.9, -0.4])] {
///     docs.put(Doc::new(key).vector(vector))?;
/// }
/// let hits = docs.search(recommend(["a"], ["b"])).run()?;
/// assert_eq!(hits[0].key(), "d");
/// let best = recommend([Example::Key("a".to_string())], [[0.0, 1.0]]).strategy(Strategy::BestScore);
/// assert_eq!(docs.search(best).run()?.len(), 3);
/// # Ok(())
/// # }
/// ```
pub fn recommend<P: Into<Example>, N: Into<Example>>(
    positive: impl IntoIterator<Item = P>,
    negative: impl IntoIterator<Item = N>,
) -> Recommend {
    Recommend::new(positive, negative)
}

impl Recommend {
    pub(super) fn new<P: Into<Example>, N: Into<Example>>(
        positive: impl IntoIterator<Item = P>,
        negative: impl IntoIterator<Item = N>,
    ) -> Self {
        Recommend {
            positive: positive.into_iter().map(Into::into).collect(),
            negative: negative.into_iter().map(Into::into).collect(),
            strategy: Strategy::default(),
        }
    }

    /// How the examples are used (default average vector).
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }
}
