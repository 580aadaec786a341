//! The value of a formula for one document.

use super::Formula;
use super::error::FormulaError;
use super::node::{Function, Node, Op, lat_lon};
use crate::filter::Point;

/// What a formula is told of a document.
pub trait FormulaRow {
    /// The score so far.
    fn score(&self) -> f64;
    /// The score in a leg.
    fn leg(&self, name: &str) -> Option<f64>;
    /// The number at a metadata path, spelled as columns spell it.
    fn number(&self, path: &str) -> Option<f64>;
    /// The places at a metadata path, latitude and longitude in degrees: what the numbers at its `lat` and
    /// `lon` say, unless there are several.
    fn places(&self, path: &str) -> Vec<(f64, f64)> {
        let [lat, lon] = lat_lon(path).map(|path| self.number(&path));
        lat.zip(lon).into_iter().collect()
    }
    /// Whether the filter of this number ([`Formula::filters`]) matches.
    fn matches(&self, filter: usize) -> bool;
}

/// Why a formula has no value for a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormulaFault {
    /// A field or a leg that it reads is missing.
    Missing(FormulaError),
    /// What it computes has no finite value.
    Undefined(FormulaError),
}

impl FormulaFault {
    /// What is wrong, and where in the formula.
    #[must_use]
    pub fn into_error(self) -> FormulaError {
        match self {
            FormulaFault::Missing(error) | FormulaFault::Undefined(error) => error,
        }
    }
}

impl Formula {
    /// The value for a document; it is finite. `now()` must be resolved ([`Formula::resolve`]), it has no value.
    ///
    /// # Errors
    /// [`FormulaFault`], with the place in the text.
    pub fn eval(&self, row: &dyn FormulaRow) -> Result<f32, FormulaFault> {
        let root = self.nodes.len().saturating_sub(1);
        let value = Eval { formula: self, row }.node(root)?;
        let single = value as f32;
        if single.is_finite() {
            Ok(single)
        } else {
            Err(self.undefined(root, "the score is too large"))
        }
    }

    fn undefined(&self, at: usize, what: impl Into<String>) -> FormulaFault {
        FormulaFault::Undefined(self.error(at, what))
    }

    fn error(&self, at: usize, what: impl Into<String>) -> FormulaError {
        let span = self.spans.get(at).cloned().unwrap_or_default();
        FormulaError::new(what, span)
    }
}

struct Eval<'a> {
    formula: &'a Formula,
    row: &'a dyn FormulaRow,
}

impl Eval<'_> {
    fn missing(&self, at: usize, what: &str) -> FormulaFault {
        let error = self.formula.error(at, format!("{what} is missing"));
        FormulaFault::Missing(error.with_hint("say what to take then: default(.., 0)"))
    }

    fn node(&self, at: usize) -> Result<f64, FormulaFault> {
        let Some(node) = self.formula.nodes.get(at) else {
            return Err(self.formula.undefined(at, "the formula is empty"));
        };
        let value = match node {
            Node::Number(number) => *number,
            Node::Now => {
                return Err(self
                    .formula
                    .undefined(at, "the moment of now() is not known"));
            }
            Node::Score => self.row.score(),
            Node::Leg(name) => {
                let score = self.row.leg(name);
                score.ok_or_else(|| self.missing(at, &format!("the score in leg \"{name}\"")))?
            }
            Node::Field(path) => {
                let number = self.row.number(path);
                number.ok_or_else(|| self.missing(at, &format!("a number in field \"{path}\"")))?
            }
            Node::Negate(of) => -self.node(*of)?,
            Node::Binary(op, a, b) => {
                let (a, b) = (self.node(*a)?, self.node(*b)?);
                match op {
                    Op::Add => a + b,
                    Op::Subtract => a - b,
                    Op::Multiply => a * b,
                    Op::Divide if b == 0.0 => {
                        return Err(self.formula.undefined(at, "division by zero"));
                    }
                    Op::Divide => a / b,
                }
            }
            Node::Call(function, of) => {
                let values: Result<Vec<f64>, _> = of.iter().map(|&of| self.node(of)).collect();
                self.call(at, *function, &values?)?
            }
            Node::GeoKm(path, lat, lon) => {
                let places = self.row.places(path).into_iter();
                let places = places.filter_map(|(lat, lon)| Point::new(lat, lon));
                let (lat, lon) = (self.node(*lat)?, self.node(*lon)?);
                let there = Point::new(lat, lon).ok_or_else(|| {
                    let what = format!("{lat}, {lon} is no latitude and longitude");
                    self.formula.undefined(at, what)
                })?;
                let near = places.map(|here| here.distance(there)).reduce(f64::min);
                let missing = || self.missing(at, &format!("a place in field \"{path}\""));
                near.ok_or_else(missing)? / 1e3
            }
            Node::Default(of, other) => match self.node(*of) {
                Err(FormulaFault::Missing(_)) => self.node(*other)?,
                known => known?,
            },
            Node::Boost(filter, of) => match self.row.matches(*filter) {
                true => self.node(*of)?,
                false => 0.0,
            },
        };
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.formula.undefined(at, "the value is too large or none"))
        }
    }

    fn call(&self, at: usize, function: Function, of: &[f64]) -> Result<f64, FormulaFault> {
        let number = |n: usize| of.get(n).copied().unwrap_or_default();
        let undefined = |what: &str| Err(self.formula.undefined(at, what));
        let x = number(0);
        Ok(match function {
            Function::Min => of.iter().copied().fold(f64::INFINITY, f64::min),
            Function::Max => of.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Function::Abs => x.abs(),
            Function::Ln if x <= 0.0 => return undefined("the logarithm of what is not above 0"),
            Function::Ln => x.ln(),
            Function::Exp => x.exp(),
            Function::Sqrt if x < 0.0 => return undefined("the root of what is below 0"),
            Function::Sqrt => x.sqrt(),
            Function::Pow => x.powf(number(1)),
            Function::ExpDecay | Function::GaussDecay | Function::LinearDecay => {
                let scale = number(2);
                let midpoint = of.get(3).copied().unwrap_or(0.5);
                if scale <= 0.0 {
                    return undefined("the scale of a decay must be above 0");
                }
                if midpoint <= 0.0 || midpoint >= 1.0 {
                    return undefined("the midpoint of a decay must be above 0 and below 1");
                }
                let far = (x - number(1)).abs() / scale;
                match function {
                    Function::GaussDecay => (midpoint.ln() * far * far).exp(),
                    Function::LinearDecay => (1.0 - (1.0 - midpoint) * far).max(0.0),
                    _ => (midpoint.ln() * far).exp(),
                }
            }
        })
    }
}
