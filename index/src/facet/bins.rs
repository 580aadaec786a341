//! Counting documents by ranges of numbers and by intervals of time.

use std::collections::BTreeMap;

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time};

use super::answer::{DateCount, FacetAnswer, RangeCount};
use super::{FacetPart, MAX_BUCKETS};
use crate::values::{RowValues, Scalar};

/// An interval of [`Facet::dates`](crate::Facet::dates), in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interval {
    /// From a full minute on.
    Minute,
    /// From a full hour on.
    Hour,
    /// From midnight on.
    Day,
    /// From a Monday on.
    Week,
    /// From the first of a month on.
    Month,
    /// From the first of January, April, July or October on.
    Quarter,
    /// From the first of January on.
    Year,
}

impl Interval {
    /// The interval of a name: `minute`, `hour`, `day`, `week`, `month`, `quarter`, `year`.
    #[must_use]
    pub fn named(name: &str) -> Option<Interval> {
        Some(match name {
            "minute" => Interval::Minute,
            "hour" => Interval::Hour,
            "day" => Interval::Day,
            "week" => Interval::Week,
            "month" => Interval::Month,
            "quarter" => Interval::Quarter,
            "year" => Interval::Year,
            _ => return None,
        })
    }

    /// When the interval of a moment begins, in nanoseconds since 1970.
    fn start(self, moment: i128) -> Option<i128> {
        const MINUTE: i128 = 60_000_000_000;
        let whole = |nanos: i128| Some(moment.div_euclid(nanos) * nanos);
        let date = || {
            Some(
                OffsetDateTime::from_unix_timestamp_nanos(moment)
                    .ok()?
                    .date(),
            )
        };
        let midnight = |date: Date| date.with_time(Time::MIDNIGHT).assume_utc();
        let first = |month: Month| {
            let first = Date::from_calendar_date(date()?.year(), month, 1).ok()?;
            Some(midnight(first).unix_timestamp_nanos())
        };
        match self {
            Interval::Minute => whole(MINUTE),
            Interval::Hour => whole(60 * MINUTE),
            Interval::Day => whole(1_440 * MINUTE),
            // 1970 began on a Thursday.
            Interval::Week => {
                let (week, monday) = (10_080 * MINUTE, 4 * 1_440 * MINUTE);
                Some((moment - monday).div_euclid(week) * week + monday)
            }
            Interval::Month => first(date()?.month()),
            Interval::Quarter => first(match date()?.month() {
                Month::January | Month::February | Month::March => Month::January,
                Month::April | Month::May | Month::June => Month::April,
                Month::July | Month::August | Month::September => Month::July,
                Month::October | Month::November | Month::December => Month::October,
            }),
            Interval::Year => first(Month::January),
        }
    }
}

/// Counts documents by bin: a document once for each bin that one of its values is in.
struct Bins<K> {
    counts: BTreeMap<K, u64>,
    documents: u64,
}

impl<K: Ord + Copy> Bins<K> {
    fn count(
        parts: &[FacetPart<'_>],
        bin_of: impl Fn(&RowValues, u32) -> Option<K>,
    ) -> Option<Bins<K>> {
        let mut bins = Bins {
            counts: BTreeMap::new(),
            documents: 0,
        };
        for part in parts {
            // Bins of values are told once; documents are counted by their number.
            let of: Vec<Option<K>> = (0..part.values.distinct())
                .map(|ordinal| bin_of(part.values, ordinal))
                .collect();
            let mut keys: Vec<K> = of.iter().flatten().copied().collect();
            keys.sort_unstable();
            keys.dedup();
            let place = |key: &Option<K>| match key {
                Some(key) => keys.binary_search(key).unwrap_or(usize::MAX),
                None => usize::MAX,
            };
            let places: Vec<usize> = of.iter().map(place).collect();
            let mut counts = vec![0_u64; keys.len()];
            let mut of_row: Vec<usize> = Vec::new();
            for row in part.rows {
                let ordinals = part.values.ordinals(row).iter();
                of_row.clear();
                of_row.extend(ordinals.filter_map(|ordinal| places.get(*ordinal as usize)));
                of_row.retain(|place| *place < keys.len());
                // Dates in other offsets are not in the order of their moments.
                of_row.sort_unstable();
                of_row.dedup();
                bins.documents += u64::from(!of_row.is_empty());
                for place in &of_row {
                    if let Some(count) = counts.get_mut(*place) {
                        *count += 1;
                    }
                }
            }
            for (key, count) in keys.into_iter().zip(counts).filter(|(_, count)| *count > 0) {
                *bins.counts.entry(key).or_default() += count;
            }
            if bins.counts.len() > MAX_BUCKETS {
                return None;
            }
        }
        Some(bins)
    }
}

fn number(values: &RowValues, ordinal: u32) -> Option<f64> {
    match values.value(ordinal)? {
        Scalar::Int(value) => Some(value as f64),
        Scalar::Float(value) => Some(value),
        _ => None,
    }
}

pub(super) fn ranges(parts: &[FacetPart<'_>], bounds: &[f64]) -> (u64, FacetAnswer) {
    let bins = Bins::count(parts, |values, ordinal| {
        let number = number(values, ordinal)?;
        Some(bounds.partition_point(|bound| *bound <= number))
    });
    let (counts, documents) = bins
        .map(|bins| (bins.counts, bins.documents))
        .unwrap_or_default();
    let ranges = (0..=bounds.len()).map(|at| RangeCount {
        from: at.checked_sub(1).and_then(|at| bounds.get(at)).copied(),
        to: bounds.get(at).copied(),
        count: counts.get(&at).copied().unwrap_or_default(),
    });
    let ranges = ranges.collect();
    (documents, FacetAnswer::Ranges { ranges })
}

pub(super) fn histogram(parts: &[FacetPart<'_>], width: f64) -> Option<(u64, FacetAnswer)> {
    let bins = Bins::count(parts, |values, ordinal| {
        let bin = (number(values, ordinal)? / width).floor();
        // Bins past these are of one number each and more: there is no telling them apart.
        (bin.abs() < 1e15).then_some(bin as i64)
    })?;
    let counts = bins.counts.into_iter();
    let bins_there = counts.map(|(bin, count)| RangeCount {
        from: Some(bin as f64 * width),
        to: Some((bin + 1) as f64 * width),
        count,
    });
    let answer = FacetAnswer::Histogram {
        bins: bins_there.collect(),
    };
    Some((bins.documents, answer))
}

pub(super) fn dates(parts: &[FacetPart<'_>], interval: Interval) -> Option<(u64, FacetAnswer)> {
    let bins = Bins::count(parts, |values, ordinal| {
        interval.start(values.date(ordinal)?)
    })?;
    let dates = bins.counts.into_iter().filter_map(|(start, count)| {
        let start = OffsetDateTime::from_unix_timestamp_nanos(start).ok()?;
        let from = start.format(&Rfc3339).ok()?;
        Some(DateCount { from, count })
    });
    let answer = FacetAnswer::Dates {
        dates: dates.collect(),
    };
    Some((bins.documents, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_begin_where_the_calendar_says() {
        // 2026-11-26T18:46:47Z, a Thursday.
        let moment = 1_795_718_807_000_000_000;
        for (interval, from) in [
            (Interval::Minute, "2026-11-26T18:46:00Z"),
            (Interval::Hour, "2026-11-26T18:00:00Z"),
            (Interval::Day, "2026-11-26T00:00:00Z"),
            (Interval::Week, "2026-11-23T00:00:00Z"),
            (Interval::Month, "2026-11-01T00:00:00Z"),
            (Interval::Quarter, "2026-10-01T00:00:00Z"),
            (Interval::Year, "2026-01-01T00:00:00Z"),
        ] {
            let start = interval.start(moment).unwrap_or_default();
            let start = OffsetDateTime::from_unix_timestamp_nanos(start);
            let start = start.ok().and_then(|start| start.format(&Rfc3339).ok());
            assert_eq!(start.as_deref(), Some(from), "{interval:?}");
        }
    }
}
