//! Formulas that make a score from what is known of a document.

mod builder;
mod error;
mod eval;
mod lex;
mod node;
mod parse;

use std::fmt;
use std::ops::Range;

use crate::filter::Filter;

pub use builder::{Expr, IntoFormula};
pub use error::FormulaError;
pub use eval::{FormulaFault, FormulaRow};
use node::Node;

/// A score as an expression of fields and of other scores.
///
/// ```text
/// sum     = term { (+ | -) term }
/// term    = unary { (* | /) unary }
/// unary   = - unary | primary
/// primary = number | duration | ( sum ) | score | leg ( name ) | path | now ( ) | date ( 'text' )
///         | default ( sum , sum ) | boost ( filter , sum ) | geo_km ( path , sum , sum ) | function ( sum { , sum } )
/// ```
///
/// | written | is |
/// |---|---|
/// | `score` | the score so far: that of the fusion, or of the leg that is alone |
/// | `leg(text)`, `leg('my leg')` | the score in the leg of this name; 0 where it has none, if more is better |
/// | `year`, `author.age`, `` `odd key` `` | the number of a field; a date as seconds since 1970, a boolean as 1 or 0; the least of several |
/// | `30d`, `12h`, `5m`, `10s`, `250ms`, `2w` | seconds |
/// | `now()`, `date('2026-01-31')` | seconds since 1970 |
/// | `min(a, b, ..)`, `max(..)`, `abs(x)`, `ln(x)`, `exp(x)`, `sqrt(x)`, `pow(x, y)` | as in mathematics |
/// | `exp_decay(x, origin, scale)`, `gauss_decay(..)`, `linear_decay(..)` | 1 at the origin, 0.5 (or what a fourth number says) at `scale` from it |
/// | `geo_km(place, lat, lon)` | kilometres from the place `{lat, lon}` of the document, the nearest of several, to a point |
/// | `boost(lang = 'en', x)` | `x` where the filter matches, else 0 |
/// | `default(x, y)` | `x`, or `y` where a field of `x` is missing |
///
/// A formula gives a finite number or an error that names the place in it: a missing field without a
/// default, a division by zero, a logarithm or a root of what has none, and what is too large are errors,
/// never NaN or infinite. Limits: 4 KiB, 256 nodes, 32 levels.
///
/// ```
/// use lumos_index::Formula;
///
/// let formula = Formula::parse("0.7 * score + boost(lang = 'en', 0.1) + 0.3 * exp_decay(created, now(), 30d)")?;
/// assert_eq!(formula.paths(), ["created"]);
/// let error = Formula::parse("0.7 * scores(1)").unwrap_err();
/// assert_eq!(error.caret("0.7 * scores(1)"), "0.7 * scores(1)\n      ^^^^^^");
/// # Ok::<(), lumos_index::FormulaError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Formula {
    text: String,
    /// What a node is made of stands before it; the last one is the whole.
    nodes: Vec<Node>,
    spans: Vec<Range<usize>>,
    filters: Vec<Filter>,
}

impl Formula {
    /// Parses a formula.
    ///
    /// # Errors
    /// What is wrong, where, and what to write instead.
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        parse::parse(text)
    }

    /// The text that it was parsed from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The filters of its boosts, in their order.
    #[must_use]
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// The metadata paths that it reads, each once, in their order.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for node in &self.nodes {
            match node {
                Node::Field(path) => paths.push(path.clone()),
                Node::GeoKm(path, ..) => paths.extend(node::lat_lon(path)),
                _ => {}
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        paths
    }

    /// The legs whose scores it reads.
    #[must_use]
    pub fn legs(&self) -> Vec<&str> {
        let legs = self.nodes.iter().filter_map(|node| match node {
            Node::Leg(name) => Some(name.as_str()),
            _ => None,
        });
        legs.collect()
    }

    /// The formula with the moment of `now()` in the place of it, in its filters too, when now is so many
    /// nanoseconds since 1970; `None` when there is no `now()` in it.
    #[must_use]
    pub fn resolve(&self, now: i128) -> Option<Formula> {
        let mut told = false;
        let mut resolved = self.clone();
        for node in &mut resolved.nodes {
            if *node == Node::Now {
                *node = Node::Number(now.div_euclid(1_000_000_000) as f64);
                told = true;
            }
        }
        for filter in &mut resolved.filters {
            if let Some(at) = filter.resolve(now) {
                *filter = at;
                told = true;
            }
        }
        told.then_some(resolved)
    }

    /// Where a leg is named, for errors.
    #[must_use]
    pub fn unknown_leg(&self, name: &str, known: &[&str]) -> FormulaError {
        let at = self
            .nodes
            .iter()
            .position(|node| matches!(node, Node::Leg(leg) if leg == name));
        let span = at
            .and_then(|at| self.spans.get(at))
            .cloned()
            .unwrap_or(0..0);
        let legs = known.join(", ");
        FormulaError::new(format!("there is no leg \"{name}\""), span)
            .with_hint(format!("the legs are: {legs}"))
    }
}

/// As it would be written: parsing it gives the same formula.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&node::print(&self.nodes, &self.filters))
    }
}

/// Formulas are the same when they are printed the same.
impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

#[cfg(test)]
mod tests;
