//! One value of a row.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::filter::Num;

/// One value of a row. Booleans come before numbers, and these before texts; within a kind, `false` before
/// `true`, numbers by value, and texts by their bytes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Scalar<'a> {
    /// A boolean.
    Bool(bool),
    /// A number without a fraction, up to 10^30.
    Int(i128),
    /// A number with a fraction, or larger than that.
    Float(f64),
    /// A text, also one that is a date.
    Text(&'a str),
}

impl Scalar<'_> {
    fn num(self) -> Option<Num> {
        match self {
            Scalar::Int(value) => Some(Num::Int(value)),
            Scalar::Float(value) => Some(Num::Float(value)),
            Scalar::Bool(_) | Scalar::Text(_) => None,
        }
    }

    fn rank(self) -> u8 {
        match self {
            Scalar::Bool(_) => 0,
            Scalar::Int(_) | Scalar::Float(_) => 1,
            Scalar::Text(_) => 2,
        }
    }

    /// The value as JSON.
    #[must_use]
    pub fn to_json(self) -> Value {
        match self {
            Scalar::Bool(value) => Value::from(value),
            Scalar::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => Value::from(value),
                (_, Ok(value)) => Value::from(value),
                _ => Value::from(value as f64),
            },
            Scalar::Float(value) => Value::from(value),
            Scalar::Text(text) => Value::from(text),
        }
    }

    /// The scalar that a JSON value is; `None` for null, arrays and objects.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Scalar<'_>> {
        match value {
            Value::Bool(value) => Some(Scalar::Bool(*value)),
            Value::Number(number) => Num::from_json(number).map(Scalar::from),
            Value::String(text) => Some(Scalar::Text(text)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl From<Num> for Scalar<'_> {
    fn from(number: Num) -> Self {
        match number {
            Num::Int(value) => Scalar::Int(value),
            Num::Float(value) => Scalar::Float(value),
        }
    }
}

impl Ord for Scalar<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(b),
            (Scalar::Text(a), Scalar::Text(b)) => a.cmp(b),
            (a, b) => match (a.num(), b.num()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a.rank().cmp(&b.rank()),
            },
        }
    }
}

impl PartialOrd for Scalar<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar<'_> {}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(value) => write!(f, "{value}"),
            Scalar::Int(value) => write!(f, "{value}"),
            Scalar::Float(value) => write!(f, "{value}"),
            Scalar::Text(text) => f.write_str(text),
        }
    }
}
