//! Filters as text that parses back to the same filter.

use std::fmt::{Display, Formatter, Result};

use super::expr::{Filter, Node, Op};
use super::value::{Form, Literal, Num};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        node(&self.0, f)
    }
}

fn node(of: &Node, f: &mut Formatter<'_>) -> Result {
    match of {
        Node::Compare { path, op, value } => {
            let op = match op {
                Op::Eq => "=",
                Op::Ne => "!=",
                Op::Lt => "<",
                Op::Lte => "<=",
                Op::Gt => ">",
                Op::Gte => ">=",
            };
            write!(f, "{path} {op} {value}")
        }
        Node::In { path, values } => {
            write!(f, "{path} IN (")?;
            for (at, value) in values.iter().enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                write!(f, "{comma}{value}")?;
            }
            f.write_str(")")
        }
        Node::Exists { path } => write!(f, "EXISTS({path})"),
        Node::And(nodes) => joined(nodes, " AND ", f),
        Node::Or(nodes) => joined(nodes, " OR ", f),
        Node::Not(inner) => {
            f.write_str("NOT ")?;
            nested(inner, f)
        }
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
            Form::NotANumber => f.write_str("NaN"),
        }
    }
}
