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

impl Kind {
    /// Whether it stands for all terms of a form.
    pub(crate) fn is_pattern(self) -> bool {
        !matches!(self, Kind::Words | Kind::Phrase { open: false, .. })
    }
}

impl Expr {
    /// Makes words of the patterns past so many.
    pub(crate) fn keep_patterns(&mut self, left: &mut usize) {
        match self {
            Expr::Leaf(leaf) if leaf.kind.is_pattern() => match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => leaf.kind = Kind::Words,
            },
            Expr::Leaf(_) => {}
            Expr::Bool(parts) => {
                let all = parts.must.iter_mut().chain(&mut parts.should);
                all.chain(&mut parts.not)
                    .for_each(|part| part.keep_patterns(left));
            }
            Expr::In { part, .. } | Expr::Boost { part, .. } => part.keep_patterns(left),
        }
    }

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

    /// What a row must match, whatever else it matches.
    pub(crate) fn required(&self) -> Option<Expr> {
        match self {
            Expr::Leaf(_) => None,
            Expr::In { .. } => Some(self.clone()),
            Expr::Boost { part, .. } => part.required(),
            Expr::Bool(parts) => {
                let all = parts.must.is_empty() || parts.at_least > 0;
                let is_free = parts.must.is_empty()
                    && parts.at_least <= 1
                    && !parts.should.iter().any(Expr::is_strict);
                (!is_free).then(|| {
                    Expr::Bool(Bool {
                        must: parts.must.clone(),
                        should: if all {
                            parts.should.clone()
                        } else {
                            Vec::new()
                        },
                        not: Vec::new(),
                        at_least: parts.at_least,
                    })
                })
            }
        }
    }

    /// What no row may match.
    pub(crate) fn forbidden(&self) -> Option<Expr> {
        match self {
            Expr::Leaf(_) | Expr::In { .. } => None,
            Expr::Boost { part, .. } => part.forbidden(),
            Expr::Bool(parts) => (!parts.not.is_empty()).then(|| {
                // Each as something that must be there: its words stand together, as where it is taken away.
                let alone = |part: &Expr| {
                    Expr::Bool(Bool {
                        must: vec![part.clone()],
                        ..Bool::default()
                    })
                };
                Expr::Bool(Bool {
                    should: parts.not.iter().map(alone).collect(),
                    ..Bool::default()
                })
            }),
        }
    }

    /// Whether there is something that a row must have, or must not.
    pub(crate) fn is_strict(&self) -> bool {
        self.required().is_some() || self.forbidden().is_some()
    }
}
