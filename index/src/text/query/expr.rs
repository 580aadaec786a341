//! A keyword query as a tree.

use std::ops::Range;

/// A part of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// Words, or one word that stands for several terms.
    Leaf(Leaf),
    /// Parts that belong together.
    Bool(Bool),
    /// In these fields only; where they are named in the query.
    In {
        field: String,
        span: Range<usize>,
        part: Box<Expr>,
    },
    /// Worth so many times as much.
    Boost { factor: f32, part: Box<Expr> },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// What must, should and must not match.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bool {
    pub(crate) must: Vec<Expr>,
    pub(crate) should: Vec<Expr>,
    pub(crate) not: Vec<Expr>,
    /// How many of `should` must match; with nothing in `must`, at least one.
    pub(crate) at_least: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each word for itself.
    Words,
    /// The words one after the other, with so much slack; the last may be the start of a word.
    Phrase { slop: u32, open: bool },
    /// Terms that begin so.
    Prefix,
    /// Terms at most this many edits away.
    Fuzzy(u8),
    /// Terms by `*` for any characters and `?` for one.
    Wildcard,
    /// Terms that a regular expression matches whole.
    Regex,
}

impl Expr {
    pub(crate) fn leaf(kind: Kind, text: impl Into<String>) -> Expr {
        Expr::Leaf(Leaf {
            kind,
            text: text.into(),
        })
    }

    /// Calls `each` with every field that is named, and where.
    pub(crate) fn each_field<'e>(&'e self, each: &mut impl FnMut(&'e str, &'e Range<usize>)) {
        match self {
            Expr::Leaf(_) => {}
            Expr::Bool(parts) => {
                let all = parts.must.iter().chain(&parts.should).chain(&parts.not);
                all.for_each(|part| part.each_field(each));
            }
            Expr::In { field, span, part } => {
                each(field, span);
                part.each_field(each);
            }
            Expr::Boost { part, .. } => part.each_field(each),
        }
    }

    /// Calls `each` with every leaf that is looked for.
    pub(crate) fn each_leaf<'e>(&'e self, each: &mut impl FnMut(&'e Leaf)) {
        match self {
            Expr::Leaf(leaf) => each(leaf),
            Expr::Bool(parts) => {
                let all = parts.must.iter().chain(&parts.should);
                all.for_each(|part| part.each_leaf(each));
            }
            Expr::In { part, .. } | Expr::Boost { part, .. } => part.each_leaf(each),
        }
    }

    /// Whether there is something that a row must have, or must not.
    pub(crate) fn is_strict(&self) -> bool {
        match self {
            Expr::Leaf(_) => false,
            Expr::Bool(parts) => {
                !parts.must.is_empty()
                    || !parts.not.is_empty()
                    || parts.at_least > 1
                    || parts.should.iter().any(Expr::is_strict)
            }
            Expr::In { .. } => true,
            Expr::Boost { part, .. } => part.is_strict(),
        }
    }
}
