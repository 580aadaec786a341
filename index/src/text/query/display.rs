//! A query written in the strict language.

use std::fmt;

use super::TextQuery;
use super::expr::{Bool, Expr, Kind, Leaf};

impl fmt::Display for TextQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expr {
            Expr::Bool(parts) if parts.at_least == 0 => write_parts(f, parts),
            expr => write_expr(f, expr),
        }
    }
}

fn write_expr(f: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::Leaf(leaf) => write_leaf(f, leaf),
        Expr::Bool(parts) => {
            f.write_str("(")?;
            write_parts(f, parts)?;
            f.write_str(")")?;
            match parts.at_least {
                0 => Ok(()),
                count => write!(f, "@{count}"),
            }
        }
        Expr::In { field, part, .. } => {
            write!(f, "{field}:")?;
            write_atom(f, part)
        }
        Expr::Boost { factor, part } => {
            match **part {
                Expr::In { .. } => write_expr(f, part)?,
                _ => write_atom(f, part)?,
            }
            write!(f, "^{factor}")
        }
    }
}

/// A part as one: in parentheses unless it is a leaf or has some.
fn write_atom(f: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::Leaf(_) | Expr::Bool(_) => write_expr(f, expr),
        _ => {
            f.write_str("(")?;
            write_expr(f, expr)?;
            f.write_str(")")
        }
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, parts: &Bool) -> fmt::Result {
    let all = (parts.must.iter().map(|part| ("+", part)))
        .chain(parts.should.iter().map(|part| ("", part)))
        .chain(parts.not.iter().map(|part| ("-", part)));
    for (number, (sign, part)) in all.enumerate() {
        let space = if number > 0 { " " } else { "" };
        write!(f, "{space}{sign}")?;
        write_expr(f, part)?;
    }
    Ok(())
}

fn write_leaf(f: &mut fmt::Formatter<'_>, leaf: &Leaf) -> fmt::Result {
    let text = leaf.text.as_str();
    match leaf.kind {
        Kind::Words => write_word(f, text, ""),
        Kind::Prefix => {
            write_word(f, text, "")?;
            f.write_str("*")
        }
        Kind::Fuzzy(edits) => {
            write_word(f, text, "")?;
            write!(f, "~{edits}")
        }
        Kind::Wildcard => write_word(f, text, "*?"),
        Kind::Phrase { slop, open } => {
            write!(f, "\"{}\"", text.replace('"', "\\\""))?;
            match (slop, open) {
                (_, true) => f.write_str("*"),
                (0, false) => Ok(()),
                (slop, false) => write!(f, "~{slop}"),
            }
        }
        Kind::Regex => write!(f, "/{}/", text.replace('/', "\\/")),
    }
}

/// A word with a backslash before every sign but those of `marks`.
fn write_word(f: &mut fmt::Formatter<'_>, text: &str, marks: &str) -> fmt::Result {
    let words = ["AND", "OR", "NOT"].contains(&text);
    for (number, c) in text.chars().enumerate() {
        let sign = !c.is_alphanumeric() && !marks.contains(c);
        if sign || (words && number == 0) {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    Ok(())
}
