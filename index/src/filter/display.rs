//! Filters as text that parses back to the same filter.

use std::fmt::{Display, Formatter, Result};

use super::expr::{Filter, Node, Op, Quantifier};
use super::pattern::Style;
use super::region::Region;
use super::value::{Form, Literal, Num};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        node(&self.0, f)
    }
}

fn node(of: &Node, f: &mut Formatter<'_>) -> Result {
    match of {
        Node::Compare { path, op, value } => {
            of_path(path, f)?;
            write!(f, "{} {value}", sign(*op))
        }
        Node::Between { path, low, high } => {
            of_path(path, f)?;
            write!(f, "BETWEEN {low} AND {high}")
        }
        Node::Fits { path, pattern } => {
            of_path(path, f)?;
            let word = match pattern.style {
                Style::Prefix => "STARTS WITH",
                Style::Like => "LIKE",
                Style::Glob => "GLOB",
                Style::Regex => "REGEXP",
            };
            write!(f, "{word} {}", Literal::from(pattern.text.as_str()))
        }
        Node::Length { path, op, value } => write!(f, "LENGTH({path}) {} {value}", sign(*op)),
        Node::Elements {
            path,
            quantifier,
            inner,
        } => {
            let word = match quantifier {
                Quantifier::Any => "ANY",
                Quantifier::All => "ALL",
                Quantifier::None => "NONE",
            };
            write!(f, "{path} {word} (")?;
            node(inner, f)?;
            f.write_str(")")
        }
        Node::Area { path, area } => {
            let word = match area {
                Region::Circle(_) => "WITHIN",
                Region::Box(_) => "BOX",
                Region::Polygon(_) => "POLYGON",
            };
            write!(f, "{word}({path}{area})")
        }
        Node::In { path, values } => {
            of_path(path, f)?;
            f.write_str("IN (")?;
            for (at, value) in values.iter().enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                write!(f, "{comma}{value}")?;
            }
            f.write_str(")")
        }
        Node::Exists { path } if path.is_empty() => f.write_str("IS NOT NULL"),
        Node::Exists { path } => write!(f, "EXISTS({path})"),
        Node::Match { field, words } => {
            of_path(field, f)?;
            write!(f, "MATCH {}", Literal::from(words.text.as_str()))
        }
        Node::And(nodes) => joined(nodes, " AND ", f),
        Node::Or(nodes) => joined(nodes, " OR ", f),
        Node::Not(inner) => {
            f.write_str("NOT ")?;
            nested(inner, f)
        }
    }
}

/// The path before an operator; an element itself has none.
fn of_path(path: &str, f: &mut Formatter<'_>) -> Result {
    match path {
        "" => Ok(()),
        path => write!(f, "{path} "),
    }
}

fn sign(op: Op) -> &'static str {
    match op {
        Op::Eq => "=",
        Op::Ne => "!=",
        Op::Lt => "<",
        Op::Lte => "<=",
        Op::Gt => ">",
        Op::Gte => ">=",
    }
}

fn joined(nodes: &[Node], word: &str, f: &mut Formatter<'_>) -> Result {
    for (at, inner) in nodes.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        nested(inner, f)?;
    }
    Ok(())
}

/// In parentheses where that keeps the tree.
fn nested(inner: &Node, f: &mut Formatter<'_>) -> Result {
    match inner {
        Node::And(_) | Node::Or(_) => {
            f.write_str("(")?;
            node(inner, f)?;
            f.write_str(")")
        }
        _ => node(inner, f),
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.0 {
            Form::Bool(value) => write!(f, "{value}"),
            Form::Number(Num::Int(value)) => write!(f, "{value}"),
            Form::Number(Num::Float(value)) => write!(f, "{value:?}"),
            Form::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Form::Now(now) => {
                f.write_str("now()")?;
                now.terms().iter().try_for_each(|term| write!(f, " {term}"))
            }
            Form::NotANumber => f.write_str("NaN"),
        }
    }
}
