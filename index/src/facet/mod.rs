//! What matching documents have at a path: how many of each value, in each range, and figures over them.

mod answer;
mod bins;
mod metrics;
mod terms;

use roaring::RoaringBitmap;
use thiserror::Error;

use crate::values::RowValues;

pub use answer::{DateCount, FacetAnswer, FacetResult, RangeCount, TermCount};
pub use bins::Interval;

/// Most buckets of one facet.
const MAX_BUCKETS: usize = 10_000;
/// Most bounds of ranges.
const MAX_BOUNDS: usize = 1_024;

/// What is counted; see the constructors.
///
/// An array counts as a set: a document counts once for each distinct value, and once for each range or bin that
/// one of its values is in. Documents without a value at the path are `missing`.
///
/// ```
/// use lumos_index::{Facet, FacetAnswer, FacetPart, MemoryColumns, RowValues};
/// use serde_json::json;
///
/// let mut columns = MemoryColumns::new();
/// for (row, meta) in (0..).zip([json!({"tags": ["db", "db"]}), json!({"tags": ["db", "c"]}), json!({})]) {
///     columns.add(row, meta.as_object().unwrap());
/// }
/// let values = RowValues::new(&columns, "tags", 3);
/// let rows = (0..3).collect();
/// let found = Facet::terms("tags").limit(1).count(&[FacetPart { values: &values, rows: &rows }])?;
/// let FacetAnswer::Terms { values, distinct, other } = &found.answer else { unreachable!() };
/// assert_eq!((values[0].value.as_str(), values[0].count), (Some("db"), 2));
/// assert_eq!((*distinct, *other, found.documents, found.missing), (2, 1, 2, 1));
/// # Ok::<(), lumos_index::FacetError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    path: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Terms { limit: usize },
    Ranges { bounds: Vec<f64> },
    Histogram { width: f64 },
    Dates { interval: Interval },
    Stats,
    Cardinality,
}

/// Why a facet cannot be counted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FacetError {
    /// A number of it is outside its limits.
    #[error("of \"{path}\": {detail}")]
    Invalid {
        /// The metadata path.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// The values lie in too many bins.
    #[error("of \"{path}\" has more than {MAX_BUCKETS} buckets: take wider ones")]
    TooMany {
        /// The metadata path.
        path: String,
    },
}

/// The matching rows of one segment, and what they have at the path of a facet.
#[derive(Clone, Copy, Debug)]
pub struct FacetPart<'a> {
    /// The values at the path.
    pub values: &'a RowValues,
    /// The rows that match.
    pub rows: &'a RoaringBitmap,
}

impl Facet {
    fn new(path: &str, kind: Kind) -> Facet {
        Facet {
            path: crate::filter::normalise(path),
            kind,
        }
    }

    /// How many documents have each value: the most frequent ones, of equally frequent ones the least first
    /// (see [`Scalar`](crate::Scalar)).
    #[must_use]
    pub fn terms(path: &str) -> Facet {
        Facet::new(path, Kind::Terms { limit: 10 })
    }

    /// How many values [`Facet::terms`] lists, 1 to 10,000 (default 10).
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Facet {
        if let Kind::Terms { limit: stored } = &mut self.kind {
            *stored = limit;
        }
        self
    }

    /// How many documents have a number below the first bound, from each bound to the next, and from the last
    /// one on: a range has its lower bound in it. 1 to 1,024 bounds, ascending.
    #[must_use]
    pub fn ranges(path: &str, bounds: impl IntoIterator<Item = f64>) -> Facet {
        let bounds = bounds.into_iter().collect();
        Facet::new(path, Kind::Ranges { bounds })
    }

    /// How many documents have a number in each bin of a width: from `n * width` to `(n + 1) * width`, the
    /// lower bound in it. Bins without documents are left out; there may be 10,000 others. Numbers
    /// 10^15 bins from 0 and further, which no bin tells apart, count as missing.
    #[must_use]
    pub fn histogram(path: &str, width: f64) -> Facet {
        Facet::new(path, Kind::Histogram { width })
    }

    /// How many documents have a date in each interval, in UTC. Intervals without documents are left out;
    /// there may be 10,000 others.
    #[must_use]
    pub fn dates(path: &str, interval: Interval) -> Facet {
        Facet::new(path, Kind::Dates { interval })
    }

    /// Count, least, greatest, sum and mean of the numbers. Of an array, its distinct numbers count.
    #[must_use]
    pub fn stats(path: &str) -> Facet {
        Facet::new(path, Kind::Stats)
    }

    /// How many distinct values there are, exactly.
    #[must_use]
    pub fn cardinality(path: &str) -> Facet {
        Facet::new(path, Kind::Cardinality)
    }

    /// The metadata path, in the spelling of columns.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Checks the limits, before any work.
    ///
    /// # Errors
    /// [`FacetError::Invalid`].
    pub fn check(&self) -> Result<(), FacetError> {
        let detail = match &self.kind {
            Kind::Terms { limit } if !(1..=MAX_BUCKETS).contains(limit) => {
                format!("the limit must be 1 to {MAX_BUCKETS}, it is {limit}")
            }
            Kind::Ranges { bounds } if !(1..=MAX_BOUNDS).contains(&bounds.len()) => {
                format!(
                    "there must be 1 to {MAX_BOUNDS} bounds, there are {}",
                    bounds.len()
                )
            }
            Kind::Ranges { bounds }
                if !bounds.is_sorted_by(|a, b| a < b)
                    || !bounds.iter().all(|bound| bound.is_finite()) =>
            {
                "bounds must be numbers that ascend".to_string()
            }
            Kind::Histogram { width } if !(width.is_finite() && *width > 0.0) => {
                format!("the width must be above 0, it is {width}")
            }
            _ => return Ok(()),
        };
        Err(FacetError::Invalid {
            path: self.path.clone(),
            detail,
        })
    }

    /// Counts over the matching rows of some segments.
    ///
    /// # Errors
    /// [`FacetError`]: a limit of the facet itself, or too many bins.
    pub fn count(&self, parts: &[FacetPart<'_>]) -> Result<FacetResult, FacetError> {
        self.check()?;
        let counted = match &self.kind {
            Kind::Terms { limit } => Some(terms::terms(parts, *limit)),
            Kind::Cardinality => Some(terms::cardinality(parts)),
            Kind::Stats => Some(metrics::stats(parts)),
            Kind::Ranges { bounds } => Some(bins::ranges(parts, bounds)),
            Kind::Histogram { width } => bins::histogram(parts, *width),
            Kind::Dates { interval } => bins::dates(parts, *interval),
        };
        let Some((documents, answer)) = counted else {
            let path = self.path.clone();
            return Err(FacetError::TooMany { path });
        };
        let all: u64 = parts.iter().map(|part| part.rows.len()).sum();
        Ok(FacetResult {
            path: self.path.clone(),
            documents,
            missing: all - documents,
            answer,
        })
    }
}

/// Of one segment, how many rows have each value, and how many have one that `counts`.
fn frequencies(part: &FacetPart<'_>, counts: impl Fn(u32) -> bool) -> (Vec<u64>, u64) {
    let distinct = part.values.distinct();
    let counted: Vec<bool> = (0..distinct).map(counts).collect();
    let mut frequencies = vec![0; distinct as usize];
    let mut documents = 0;
    for row in part.rows {
        let mut has = false;
        for ordinal in part.values.ordinals(row) {
            let at = *ordinal as usize;
            if counted.get(at) == Some(&true)
                && let Some(count) = frequencies.get_mut(at)
            {
                *count += 1;
                has = true;
            }
        }
        documents += u64::from(has);
    }
    (frequencies, documents)
}

#[cfg(test)]
mod tests;
