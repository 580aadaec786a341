//! What the numbers of a leg mean.

use std::cmp::Ordering;

use lumos_index::Metric;

/// How the value that a leg gives a row reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    /// A distance inside the index, smaller is nearer.
    Distance(Metric),
    /// A similarity, larger is nearer.
    Similarity,
    /// A figure whose scale is arbitrary, larger is better.
    Relevance,
}

impl Figure {
    /// The better one first.
    pub(crate) fn order(self, a: f32, b: f32) -> Ordering {
        match self {
            Figure::Distance(_) => a.total_cmp(&b),
            Figure::Similarity | Figure::Relevance => b.total_cmp(&a),
        }
    }

    /// What users see.
    pub(crate) fn score(self, value: f32) -> f32 {
        match self {
            Figure::Distance(metric) => metric.score(value),
            Figure::Similarity | Figure::Relevance => value,
        }
    }

    /// What is fused, larger is better.
    pub(crate) fn similarity(self, value: f32) -> f32 {
        match self {
            Figure::Distance(metric) => metric.similarity(value),
            Figure::Similarity | Figure::Relevance => value,
        }
    }

    /// Whether what is fused can be taken as it is.
    pub(crate) fn is_similarity(self) -> bool {
        !matches!(self, Figure::Relevance)
    }

    /// Whether a larger score is better.
    pub(crate) fn higher_is_better(self) -> bool {
        match self {
            Figure::Distance(metric) => metric.higher_is_better(),
            Figure::Similarity | Figure::Relevance => true,
        }
    }
}
