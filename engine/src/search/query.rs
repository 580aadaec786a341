//! What can be searched for.

use lumos_index::TextQuery;

use super::leg::{Leg, Recommend};

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Query {
    /// Words, or a question.
    Text(String),
    /// A keyword query that was put together.
    Words(TextQuery),
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

impl From<TextQuery> for Query {
    fn from(query: TextQuery) -> Self {
        Query::Words(query)
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
