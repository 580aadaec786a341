//! Formulas built in Rust.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::time::Duration;

use super::Formula;
use super::error::FormulaError;
use super::node::{number, spelled};
use crate::filter::{Filter, normalise};

/// A formula being built; [`Formula`] says what each part means. It is the text that it would be written as.
///
/// ```
/// use std::time::Duration;
/// use lumos_index::{Expr, Formula, IntoFormula, field};
///
/// let month = Duration::from_secs(30 * 86_400);
/// let built = 0.7 * Expr::score()
///     + 0.3 * Expr::field("created").exp_decay(Expr::now(), month)
///     + Expr::boost(field("lang").eq("en"), 0.1);
/// let text = "0.7 * score + 0.3 * exp_decay(created, now(), 30d) + boost(lang = 'en', 0.1)";
/// assert_eq!(built.into_formula()?, Formula::parse(text)?);
/// # Ok::<(), lumos_index::FormulaError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an expression does nothing until it is a formula"]
pub struct Expr {
    text: String,
    /// How much its last operator binds: what binds less goes into parentheses.
    strength: u8,
}

const SUM: u8 = 1;
const TERM: u8 = 2;
const UNARY: u8 = 3;
const WHOLE: u8 = 4;

impl Expr {
    fn whole(text: String) -> Self {
        let strength = WHOLE;
        Expr { text, strength }
    }

    /// The score so far.
    pub fn score() -> Self {
        Expr::whole("score".to_string())
    }

    /// The score in a leg.
    pub fn leg(name: &str) -> Self {
        Expr::whole(format!("leg('{}')", name.replace('\'', "''")))
    }

    /// The number of a metadata field, by dotted path.
    pub fn field(path: &str) -> Self {
        Expr::whole(spelled(&normalise(path)))
    }

    /// The moment of the search, in seconds since 1970.
    pub fn now() -> Self {
        Expr::whole("now()".to_string())
    }

    /// The kilometres from the place of a document to a point, in degrees.
    pub fn geo_km(path: &str, lat: f64, lon: f64) -> Self {
        let (lat, lon) = (Expr::from(lat).text, Expr::from(lon).text);
        Expr::whole(format!(
            "geo_km({}, {lat}, {lon})",
            spelled(&normalise(path))
        ))
    }

    /// A value where a filter matches, else 0.
    pub fn boost(filter: impl Into<Filter>, value: impl Into<Expr>) -> Self {
        Expr::whole(format!("boost({}, {})", filter.into(), value.into().text))
    }

    fn call(name: &str, of: &[&Expr]) -> Self {
        let of: Vec<&str> = of.iter().map(|expr| expr.text.as_str()).collect();
        Expr::whole(format!("{name}({})", of.join(", ")))
    }

    /// Another value where a field of this one is missing.
    pub fn or(self, other: impl Into<Expr>) -> Self {
        Expr::call("default", &[&self, &other.into()])
    }

    /// The lesser of two.
    pub fn min(self, other: impl Into<Expr>) -> Self {
        Expr::call("min", &[&self, &other.into()])
    }

    /// The greater of two.
    pub fn max(self, other: impl Into<Expr>) -> Self {
        Expr::call("max", &[&self, &other.into()])
    }

    /// Without its sign.
    pub fn abs(self) -> Self {
        Expr::call("abs", &[&self])
    }

    /// The natural logarithm.
    pub fn ln(self) -> Self {
        Expr::call("ln", &[&self])
    }

    /// The exponential.
    pub fn exp(self) -> Self {
        Expr::call("exp", &[&self])
    }

    /// The square root.
    pub fn sqrt(self) -> Self {
        Expr::call("sqrt", &[&self])
    }

    /// This to the power of another.
    pub fn pow(self, power: impl Into<Expr>) -> Self {
        Expr::call("pow", &[&self, &power.into()])
    }

    /// 1 at `origin`, half at `scale` from it, and half of that each `scale` further.
    pub fn exp_decay(self, origin: impl Into<Expr>, scale: impl Into<Expr>) -> Self {
        Expr::call("exp_decay", &[&self, &origin.into(), &scale.into()])
    }

    /// 1 at `origin`, half at `scale` from it, as a bell.
    pub fn gauss_decay(self, origin: impl Into<Expr>, scale: impl Into<Expr>) -> Self {
        Expr::call("gauss_decay", &[&self, &origin.into(), &scale.into()])
    }

    /// 1 at `origin`, half at `scale` from it, 0 at twice as far.
    pub fn linear_decay(self, origin: impl Into<Expr>, scale: impl Into<Expr>) -> Self {
        Expr::call("linear_decay", &[&self, &origin.into(), &scale.into()])
    }

    fn bound(self, least: u8) -> String {
        if self.strength < least {
            format!("({})", self.text)
        } else {
            self.text
        }
    }
}

impl From<f64> for Expr {
    /// What is not finite is refused when the formula is used.
    fn from(value: f64) -> Self {
        Expr {
            text: number(value),
            strength: if value.is_sign_negative() {
                UNARY
            } else {
                WHOLE
            },
        }
    }
}

impl From<f32> for Expr {
    fn from(value: f32) -> Self {
        Expr::from(f64::from(value))
    }
}

impl From<i32> for Expr {
    fn from(value: i32) -> Self {
        Expr::from(f64::from(value))
    }
}

impl From<Duration> for Expr {
    /// Seconds.
    fn from(value: Duration) -> Self {
        Expr::from(value.as_secs_f64())
    }
}

macro_rules! operators {
    ($($op:ident $method:ident $sign:literal $strength:ident;)*) => {$(
        impl<T: Into<Expr>> $op<T> for Expr {
            type Output = Expr;

            fn $method(self, other: T) -> Expr {
                let other = other.into().bound($strength + 1);
                let text = format!("{} {} {other}", self.bound($strength), $sign);
                Expr { text, strength: $strength }
            }
        }

        impl $op<Expr> for f64 {
            type Output = Expr;

            fn $method(self, other: Expr) -> Expr {
                Expr::from(self).$method(other)
            }
        }
    )*};
}
operators! {
    Add add "+" SUM;
    Sub sub "-" SUM;
    Mul mul "*" TERM;
    Div div "/" TERM;
}

impl Neg for Expr {
    type Output = Expr;

    fn neg(self) -> Expr {
        Expr {
            text: format!("-{}", self.bound(UNARY)),
            strength: UNARY,
        }
    }
}

/// What can be a formula: text, or an expression.
pub trait IntoFormula {
    /// The formula.
    ///
    /// # Errors
    /// What is wrong with it and where.
    fn into_formula(self) -> Result<Formula, FormulaError>;
    /// Its text, for carets.
    fn input(&self) -> String;
}

impl IntoFormula for &str {
    fn into_formula(self) -> Result<Formula, FormulaError> {
        Formula::parse(self)
    }

    fn input(&self) -> String {
        (*self).to_string()
    }
}

impl IntoFormula for String {
    fn into_formula(self) -> Result<Formula, FormulaError> {
        Formula::parse(&self)
    }

    fn input(&self) -> String {
        self.clone()
    }
}

impl IntoFormula for &String {
    fn into_formula(self) -> Result<Formula, FormulaError> {
        Formula::parse(self)
    }

    fn input(&self) -> String {
        (*self).clone()
    }
}

impl IntoFormula for Expr {
    fn into_formula(self) -> Result<Formula, FormulaError> {
        Formula::parse(&self.text)
    }

    fn input(&self) -> String {
        self.text.clone()
    }
}

impl IntoFormula for Formula {
    fn into_formula(self) -> Result<Formula, FormulaError> {
        Ok(self)
    }

    fn input(&self) -> String {
        self.text().to_string()
    }
}
