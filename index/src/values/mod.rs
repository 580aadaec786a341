//! From rows to the values that they have at a path: what facets, orders and formulas read.

mod scalar;

use crate::filter::{Columns, Num, instant};

pub use scalar::Scalar;

/// The values at one metadata path by row, made from columns, which have it the other way round.
///
/// Every row has its distinct values, in the order of [`Scalar`]: of an array that holds a value twice, one.
/// Nulls, objects, and rows without the path have none.
///
/// ```
/// use lumos_index::{MemoryColumns, RowValues, Scalar};
/// use serde_json::json;
///
/// let mut columns = MemoryColumns::new();
/// for (row, meta) in (0..).zip([json!({"n": 2}), json!({}), json!({"n": [7, 1.5, 7]})]) {
///     columns.add(row, meta.as_object().unwrap());
/// }
/// let values = RowValues::new(&columns, "n", 3); // [3 rows]
/// assert_eq!([0, 1, 2].map(|row| values.number(row)), [Some(2.0), None, Some(1.5)]);
/// assert_eq!(values.all(2).collect::<Vec<_>>(), [Scalar::Float(1.5), Scalar::Int(7)]);
/// ```
#[derive(Debug, Default)]
pub struct RowValues {
    /// How many of the values are booleans, and whether the first one is true.
    bools: (u32, bool),
    numbers: Vec<Num>,
    /// Where each text ends in `text`.
    ends: Vec<usize>,
    text: String,
    /// The instant of each text, if any is a date.
    dates: Vec<Option<i128>>,
    /// Where the values of each row begin in `ordinals`, and where the last ones end.
    starts: Vec<u32>,
    /// Numbers of values, ascending within a row.
    ordinals: Vec<u32>,
}

impl RowValues {
    /// Reads the values of the rows below `rows`.
    #[must_use]
    pub fn new(columns: &dyn Columns, path: &str, rows: u32) -> RowValues {
        let mut values = RowValues::default();
        let mut counts = vec![0_u32; rows as usize + 1];
        // Values come in their order, so that those of a row are written in it.
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let mut ordinal = 0;
        columns.each(path, &mut |value, of| {
            values.add(value);
            for row in of.filter(|row| *row < rows) {
                if let Some(count) = counts.get_mut(row as usize) {
                    *count += 1;
                }
                pairs.push((row, ordinal));
            }
            ordinal += 1;
        });
        let mut start = 0;
        for count in &mut counts {
            start += std::mem::replace(count, start);
        }
        let mut next = counts.clone();
        values.starts = counts;
        values.ordinals = vec![0; pairs.len()];
        for (row, ordinal) in pairs {
            if let Some(at) = next.get_mut(row as usize) {
                if let Some(slot) = values.ordinals.get_mut(*at as usize) {
                    *slot = ordinal;
                }
                *at += 1;
            }
        }
        if values.dates.iter().all(Option::is_none) {
            values.dates = Vec::new();
        }
        values
    }

    fn add(&mut self, value: Scalar<'_>) {
        match value {
            Scalar::Bool(value) => {
                if self.bools.0 == 0 {
                    self.bools.1 = value;
                }
                self.bools.0 += 1;
            }
            Scalar::Int(value) => self.numbers.push(Num::Int(value)),
            Scalar::Float(value) => self.numbers.push(Num::Float(value)),
            Scalar::Text(text) => {
                self.text.push_str(text);
                self.ends.push(self.text.len());
                self.dates.push(instant(text));
            }
        }
    }

    /// Number of distinct values.
    #[must_use]
    pub fn distinct(&self) -> u32 {
        self.bools.0 + (self.numbers.len() + self.ends.len()) as u32
    }

    /// The values of a row as numbers below [`RowValues::distinct`], ascending.
    #[inline]
    #[must_use]
    pub fn ordinals(&self, row: u32) -> &[u32] {
        let at = row as usize;
        let bounds = (self.starts.get(at), self.starts.get(at + 1));
        let (Some(start), Some(end)) = bounds else {
            return &[];
        };
        let range = *start as usize..*end as usize;
        self.ordinals.get(range).unwrap_or_default()
    }

    /// A value by its number.
    #[must_use]
    pub fn value(&self, ordinal: u32) -> Option<Scalar<'_>> {
        let Some(at) = ordinal.checked_sub(self.bools.0) else {
            return Some(Scalar::Bool(self.bools.1 || ordinal > 0));
        };
        let at = at as usize;
        if let Some(number) = self.numbers.get(at) {
            return Some(match *number {
                Num::Int(value) => Scalar::Int(value),
                Num::Float(value) => Scalar::Float(value),
            });
        }
        let at = at - self.numbers.len();
        let end = *self.ends.get(at)?;
        let start = match at.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..end).map(Scalar::Text)
    }

    /// The moment that a value stands for if it is a date, in nanoseconds since 1970, UTC.
    #[must_use]
    pub fn date(&self, ordinal: u32) -> Option<i128> {
        let texts_at = self.bools.0 as usize + self.numbers.len();
        let at = (ordinal as usize).checked_sub(texts_at)?;
        *self.dates.get(at)?
    }

    /// The least value of a row.
    #[must_use]
    pub fn scalar(&self, row: u32) -> Option<Scalar<'_>> {
        self.value(*self.ordinals(row).first()?)
    }

    /// The values of a row, ascending.
    pub fn all(&self, row: u32) -> impl Iterator<Item = Scalar<'_>> {
        let ordinals = self.ordinals(row).iter();
        ordinals.filter_map(|ordinal| self.value(*ordinal))
    }

    /// The least number of a row.
    #[inline]
    #[must_use]
    pub fn number(&self, row: u32) -> Option<f64> {
        let ordinals = self.ordinals(row).iter();
        let mut places = ordinals.filter_map(|ordinal| ordinal.checked_sub(self.bools.0));
        let number = self.numbers.get(places.next()? as usize)?;
        Some(number.to_f64())
    }

    /// The earliest date of a row, in seconds since 1970, UTC.
    #[must_use]
    pub fn seconds(&self, row: u32) -> Option<f64> {
        let ordinals = self.ordinals(row).iter();
        let dates = ordinals.filter_map(|ordinal| self.date(*ordinal));
        dates.min().map(|nanos| nanos as f64 / 1e9)
    }

    /// Bytes of memory that it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.numbers.len() * size_of::<Num>()
            + self.ends.len() * 8
            + self.text.len()
            + self.dates.len() * size_of::<Option<i128>>()
            + (self.starts.len() + self.ordinals.len()) * 4
    }
}

#[cfg(test)]
mod tests;
