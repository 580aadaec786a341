//! What a facet has counted.

use serde::Serialize;
use serde_json::Value;

/// What [`Facet`](crate::Facet) has counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FacetResult {
    /// The metadata path.
    pub path: String,
    /// Matching documents that have a value which counts.
    pub documents: u64,
    /// Matching documents that have none.
    pub missing: u64,
    /// The figures.
    #[serde(flatten)]
    pub answer: FacetAnswer,
}

/// The figures of a facet.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "facet", rename_all = "lowercase")]
#[non_exhaustive]
pub enum FacetAnswer {
    /// Of [`Facet::terms`](crate::Facet::terms).
    Terms {
        /// The most frequent values, in order.
        values: Vec<TermCount>,
        /// How many distinct values there are.
        distinct: u64,
        /// The counts of the values that are not listed, together.
        other: u64,
    },
    /// Of [`Facet::ranges`](crate::Facet::ranges): all of them, ascending.
    Ranges {
        /// The ranges.
        ranges: Vec<RangeCount>,
    },
    /// Of [`Facet::histogram`](crate::Facet::histogram): those with documents, ascending.
    Histogram {
        /// The bins.
        bins: Vec<RangeCount>,
    },
    /// Of [`Facet::dates`](crate::Facet::dates): those with documents, ascending.
    Dates {
        /// The intervals.
        dates: Vec<DateCount>,
    },
    /// Of [`Facet::stats`](crate::Facet::stats).
    Stats {
        /// How many numbers there are.
        count: u64,
        /// The least.
        min: Option<f64>,
        /// The greatest.
        max: Option<f64>,
        /// The sum.
        sum: f64,
        /// The mean.
        mean: Option<f64>,
    },
    /// Of [`Facet::cardinality`](crate::Facet::cardinality).
    Cardinality {
        /// How many distinct values there are.
        distinct: u64,
    },
}

/// How many documents have a value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TermCount {
    /// The value: a boolean, a number or a text.
    pub value: Value,
    /// Documents that have it.
    pub count: u64,
}

/// How many documents have a number in a range.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RangeCount {
    /// The least number of the range; `None` when it has no lower bound.
    pub from: Option<f64>,
    /// The first number past it; `None` when it has no upper bound.
    pub to: Option<f64>,
    /// Documents with a number in it.
    pub count: u64,
}

/// How many documents have a date in an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DateCount {
    /// When it begins, in RFC 3339, UTC.
    pub from: String,
    /// Documents with a date in it.
    pub count: u64,
}
