//! A filter as a tree.

use std::collections::BTreeSet;

use super::error::FilterError;
use super::value::{Form, Literal};

/// Most nodes of one filter.
pub(crate) const MAX_NODES: usize = 1_024;
/// Deepest nesting of one filter.
pub(crate) const MAX_DEPTH: usize = 32;

/// Which documents match, by their metadata.
///
/// Parsed from text with [`Filter::parse`] or built with [`field`](crate::field); both give the same.
///
/// ```
/// use lumos_index::{Filter, field};
///
/// let text = Filter::parse("year >= 2025 AND NOT lang IN ('zh', 'ja')")?;
/// let built = field("year").gte(2025).and(!field("lang").is_in(["zh", "ja"]));
/// assert_eq!(text, built);
/// # Ok::<(), lumos_index::FilterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(pub(crate) Node);

/// How a value is compared with a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Compare {
        path: String,
        op: Op,
        value: Literal,
    },
    In {
        path: String,
        values: Vec<Literal>,
    },
    Exists {
        path: String,
    },
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
}

impl Filter {
    /// Parses a filter.
    ///
    /// # Errors
    /// What is wrong, where, and what to write instead. A filter has at most 16 KiB, 1,024 nodes and 32
    /// levels.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        super::parse::parse(text)
    }

    /// The metadata paths that it names, sorted, each once.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        let mut paths = BTreeSet::new();
        let mut open = vec![&self.0];
        while let Some(node) = open.pop() {
            match node {
                Node::Compare { path, .. } | Node::In { path, .. } | Node::Exists { path } => {
                    paths.insert(path.as_str());
                }
                Node::And(nodes) | Node::Or(nodes) => open.extend(nodes),
                Node::Not(node) => open.push(node),
            }
        }
        paths.into_iter().collect()
    }

    /// Checks the limits, for filters that were built.
    pub(crate) fn check(self) -> Result<Filter, FilterError> {
        let mut nodes = 0;
        let mut open = vec![(&self.0, 1)];
        while let Some((node, depth)) = open.pop() {
            nodes += 1;
            if depth > MAX_DEPTH {
                return Err(FilterError::limit(format!(
                    "nested deeper than {MAX_DEPTH} levels"
                )));
            }
            let values: &[Literal] = match node {
                Node::Compare { value, .. } => std::slice::from_ref(value),
                Node::In { values, .. } => values,
                Node::Exists { .. } => &[],
                Node::And(inner) | Node::Or(inner) => {
                    open.extend(inner.iter().map(|node| (node, depth + 1)));
                    &[]
                }
                Node::Not(inner) => {
                    open.push((inner, depth + 1));
                    &[]
                }
            };
            nodes += values.len();
            if values.iter().any(|value| value.0 == Form::NotANumber) {
                return Err(FilterError::limit(
                    "it compares with NaN or infinity".to_string(),
                ));
            }
            if nodes > MAX_NODES {
                return Err(FilterError::limit(format!("longer than {MAX_NODES} nodes")));
            }
        }
        Ok(self)
    }

    fn join(self, other: Filter, all: bool) -> Filter {
        let mut nodes = Vec::new();
        for node in [self.0, other.0] {
            match node {
                Node::And(inner) if all => nodes.extend(inner),
                Node::Or(inner) if !all => nodes.extend(inner),
                node => nodes.push(node),
            }
        }
        Filter(if all {
            Node::And(nodes)
        } else {
            Node::Or(nodes)
        })
    }

    /// Both match.
    #[must_use]
    pub fn and(self, other: impl Into<Filter>) -> Filter {
        self.join(other.into(), true)
    }

    /// One matches or both.
    #[must_use]
    pub fn or(self, other: impl Into<Filter>) -> Filter {
        self.join(other.into(), false)
    }
}

impl std::ops::Not for Filter {
    type Output = Filter;

    fn not(self) -> Filter {
        Filter(Node::Not(Box::new(self.0)))
    }
}

impl std::ops::BitAnd for Filter {
    type Output = Filter;

    fn bitand(self, other: Filter) -> Filter {
        self.and(other)
    }
}

impl std::ops::BitOr for Filter {
    type Output = Filter;

    fn bitor(self, other: Filter) -> Filter {
        self.or(other)
    }
}
