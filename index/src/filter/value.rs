//! Values that filters compare.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::now::Now;
use serde_json::{Number, Value};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// A number that compares exactly with any other, whatever JSON form it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Num {
    /// Every number without a fraction, up to 10^30.
    Int(i128),
    /// What has a fraction, or is larger.
    Float(f64),
}

/// Integers of floats past this are not taken apart; all 64-bit integers are below it.
const LARGE: f64 = 1e30;

impl Num {
    /// `None` for NaN and the infinities.
    pub(crate) fn from_f64(value: f64) -> Option<Num> {
        if !value.is_finite() {
            return None;
        }
        let whole = value.trunc() == value && value.abs() < LARGE;
        Some(if whole {
            Num::Int(value as i128)
        } else {
            Num::Float(value)
        })
    }

    pub(crate) fn from_json(number: &Number) -> Option<Num> {
        match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Some(Num::Int(i128::from(value))),
            (None, Some(value)) => Some(Num::Int(i128::from(value))),
            (None, None) => Num::from_f64(number.as_f64()?),
        }
    }

    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Num::Int(value) => value as f64,
            Num::Float(value) => value,
        }
    }
}

impl Ord for Num {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Num::Int(a), Num::Int(b)) => a.cmp(&b),
            (Num::Float(a), Num::Float(b)) => a.total_cmp(&b),
            (Num::Int(a), Num::Float(b)) => int_with_float(a, b),
            (Num::Float(a), Num::Int(b)) => int_with_float(b, a).reverse(),
        }
    }
}

/// `b` has a fraction, and is small then, or is past every integer of the other form.
fn int_with_float(a: i128, b: f64) -> Ordering {
    if b >= LARGE {
        Ordering::Less
    } else if b <= -LARGE || a > b.floor() as i128 {
        Ordering::Greater
    } else {
        Ordering::Less
    }
}

impl PartialOrd for Num {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Num {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Num {}

impl Hash for Num {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Num::Int(value) => value.hash(state),
            Num::Float(value) => value.to_bits().hash(state),
        }
    }
}

/// A value written in a filter.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Literal(pub(crate) Form);

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Form {
    Bool(bool),
    Number(Num),
    /// A string; one that is an RFC 3339 date stands for an instant.
    Text(String),
    /// The moment of the search, and what is added to it.
    Now(Now),
    /// NaN or infinite: refused when the filter is used.
    NotANumber,
}

/// What a literal is compared with, as columns keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Probe<'a> {
    Bool(bool),
    Number(Num),
    Text(&'a str),
    /// Nanoseconds since 1970 in UTC.
    Date(i128),
}

/// The kinds of values that compare with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Number,
    Text,
    Date,
}

impl Literal {
    pub(crate) fn probe(&self) -> Option<Probe<'_>> {
        match &self.0 {
            Form::Bool(value) => Some(Probe::Bool(*value)),
            Form::Number(number) => Some(Probe::Number(*number)),
            Form::Text(text) => Some(instant(text).map_or(Probe::Text(text), Probe::Date)),
            Form::Now(_) | Form::NotANumber => None,
        }
    }
}

impl Literal {
    /// What it compares with; `None` when with nothing.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match (&self.0, self.probe()) {
            (Form::Now(_), _) | (_, Some(Probe::Date(_))) => Some(Kind::Date),
            (_, Some(Probe::Bool(_))) => Some(Kind::Bool),
            (_, Some(Probe::Number(_))) => Some(Kind::Number),
            (_, Some(Probe::Text(_))) => Some(Kind::Text),
            (_, None) => None,
        }
    }

    pub(crate) fn num(&self) -> Option<Num> {
        match self.0 {
            Form::Number(number) => Some(number),
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Literal {
            fn from(value: $kind) -> Self {
                Literal(Form::Number(Num::Int(value as i128)))
            }
        }
    )*};
}
integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl From<f64> for Literal {
    fn from(value: f64) -> Self {
        Literal(Num::from_f64(value).map_or(Form::NotANumber, Form::Number))
    }
}

impl From<f32> for Literal {
    fn from(value: f32) -> Self {
        Literal::from(f64::from(value))
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Literal(Form::Bool(value))
    }
}

impl From<&str> for Literal {
    fn from(value: &str) -> Self {
        Literal(Form::Text(value.to_string()))
    }
}

impl From<String> for Literal {
    fn from(value: String) -> Self {
        Literal(Form::Text(value))
    }
}

impl From<&String> for Literal {
    fn from(value: &String) -> Self {
        Literal(Form::Text(value.clone()))
    }
}

/// Whether a string is a date (`2026-01-31`) or a date and time with an offset (RFC 3339).
#[must_use]
pub fn is_date(text: &str) -> bool {
    instant(text).is_some()
}

/// The instant of a date, in nanoseconds since 1970; a date without a time is its midnight in UTC.
pub(crate) fn instant(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse::<i32>().ok())?
    };
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    if bytes.len() == 10 {
        let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
        return Some(date.midnight().assume_utc().unix_timestamp_nanos());
    }
    Some(
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()?
            .unix_timestamp_nanos(),
    )
}

/// Calls `each` with every scalar at a path, through arrays, and `object` with everything nested in
/// objects.
pub(crate) fn scalars<'a>(value: &'a Value, each: &mut impl FnMut(&'a Value)) {
    let mut level = vec![value];
    while let Some(value) = level.pop() {
        match value {
            Value::Array(items) => level.extend(items.iter()),
            Value::Null | Value::Object(_) => {}
            scalar => each(scalar),
        }
    }
}
