//! A filter as a tree.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::error::FilterError;
use super::pattern::{Pattern, Style};
use super::region::Region;
use super::side::{SideKey, SideKind, whole_path};
use super::value::{Form, Literal};
use super::words::Words;
use crate::text::TextQuery;

/// Most nodes of one filter; values of lists are counted apart.
pub(crate) const MAX_NODES: usize = 1_024;
/// Most values of all lists of one filter.
pub(crate) const MAX_VALUES: usize = 16_384;
/// Most regular expressions of one filter: each is an automaton, and filters that were asked are kept.
pub(crate) const MAX_REGEXES: usize = 32;
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
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Filter(pub(crate) Node);

/// How a value is compared with a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Op {
    /// Whether values in this order compare so.
    pub(crate) fn holds(self, order: Ordering) -> bool {
        match self {
            Op::Eq => order.is_eq(),
            Op::Ne => order.is_ne(),
            Op::Lt => order.is_lt(),
            Op::Lte => order.is_le(),
            Op::Gt => order.is_gt(),
            Op::Gte => order.is_ge(),
        }
    }
}

/// How many elements of an array must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quantifier {
    /// One or more.
    Any,
    /// All, and there is one.
    All,
    /// Not one.
    None,
}

/// The path is relative to the element within [`Node::Elements`], and empty for the element itself.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Node {
    Compare {
        path: String,
        op: Op,
        value: Literal,
    },
    Between {
        path: String,
        low: Literal,
        high: Literal,
    },
    In {
        path: String,
        values: Vec<Literal>,
    },
    /// A text fits a pattern.
    Fits {
        path: String,
        pattern: Pattern,
    },
    Exists {
        path: String,
    },
    /// The number of elements of an array compares so.
    Length {
        path: String,
        op: Op,
        value: Literal,
    },
    /// So many elements of an array match.
    Elements {
        path: String,
        quantifier: Quantifier,
        inner: Box<Node>,
    },
    /// A place lies in an area.
    Area {
        path: String,
        area: Region,
    },
    /// The words of a text field match a keyword query.
    Match {
        field: String,
        words: Words,
    },
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
}

impl Node {
    /// Calls `visit` with this node and all below it, with the arrays whose elements each is about.
    pub(crate) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Node, &[&'a str])) {
        let mut open: Vec<(&Node, Vec<&str>)> = vec![(self, Vec::new())];
        while let Some((node, within)) = open.pop() {
            visit(node, &within);
            match node {
                Node::And(nodes) | Node::Or(nodes) => {
                    open.extend(nodes.iter().map(|node| (node, within.clone())));
                }
                Node::Not(inner) => open.push((inner, within)),
                Node::Elements { path, inner, .. } => {
                    let mut within = within;
                    within.push(path);
                    open.push((inner, within));
                }
                _ => {}
            }
        }
    }

    fn path(&self) -> Option<&str> {
        match self {
            Node::Compare { path, .. }
            | Node::Between { path, .. }
            | Node::In { path, .. }
            | Node::Fits { path, .. }
            | Node::Exists { path }
            | Node::Length { path, .. }
            | Node::Elements { path, .. }
            | Node::Area { path, .. } => Some(path),
            Node::Match { .. } | Node::And(_) | Node::Or(_) | Node::Not(_) => None,
        }
    }

    /// The values that it names itself, and those of them that are a list.
    fn literals(&self) -> (Vec<&Literal>, &[Literal]) {
        match self {
            Node::Compare { value, .. } | Node::Length { value, .. } => (vec![value], &[]),
            Node::Between { low, high, .. } => (vec![low, high], &[]),
            Node::In { values, .. } => (Vec::new(), values),
            Node::Area {
                area: area @ Region::Polygon(_),
                ..
            } => (Vec::new(), area.numbers()),
            Node::Area { area, .. } => (area.numbers().iter().collect(), &[]),
            _ => (Vec::new(), &[]),
        }
    }

    fn literals_mut(&mut self, each: &mut impl FnMut(&mut Literal)) {
        match self {
            Node::Compare { value, .. } => each(value),
            Node::Between { low, high, .. } => {
                each(low);
                each(high);
            }
            Node::In { values, .. } => values.iter_mut().for_each(each),
            Node::And(nodes) | Node::Or(nodes) => {
                nodes.iter_mut().for_each(|node| node.literals_mut(each));
            }
            Node::Not(inner) | Node::Elements { inner, .. } => inner.literals_mut(each),
            Node::Fits { .. }
            | Node::Exists { .. }
            | Node::Length { .. }
            | Node::Area { .. }
            | Node::Match { .. } => {}
        }
    }
}

impl Filter {
    /// Parses a filter.
    ///
    /// # Errors
    /// What is wrong, where, and what to write instead. A filter has at most 1 MiB, 1,024 nodes, 16,384
    /// values in lists, of which a corner of a polygon is two, and 32 levels; a polygon 3 to 1,024 corners, a
    /// pattern 1 KiB, a regular expression 1 MiB as an automaton.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        super::parse::parse(text)
    }

    /// The metadata paths that it names, sorted, each once: those of elements with the path of their array.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths = BTreeSet::new();
        self.0.walk(&mut |node, within| {
            if let Some(path) = node.path() {
                paths.insert(whole_path(within, path));
            }
        });
        paths.into_iter().collect()
    }

    /// The text fields whose words it asks for, sorted, each once.
    #[must_use]
    pub fn text_fields(&self) -> Vec<String> {
        let mut fields = BTreeSet::new();
        self.0.walk(&mut |node, _| {
            if let Node::Match { field, words } = node {
                fields.insert(field.clone());
                let named = words.query().into_iter().flat_map(TextQuery::fields);
                fields.extend(named.map(str::to_string));
            }
        });
        fields.into_iter().collect()
    }

    /// What must be derived from documents beside columns to evaluate it, each once, in an order in which
    /// what is within arrays comes after them.
    #[must_use]
    pub fn sides(&self) -> Vec<SideKey> {
        let mut sides = BTreeSet::new();
        self.0.walk(&mut |node, within| {
            let (path, kind) = match node {
                Node::Elements { path, .. } => (path, SideKind::Elements),
                Node::Length { path, .. } => (path, SideKind::Lengths),
                Node::Area { path, .. } => (path, SideKind::Points),
                _ => return,
            };
            sides.insert(SideKey {
                within: within.iter().map(ToString::to_string).collect(),
                path: path.clone(),
                kind,
            });
        });
        sides.into_iter().collect()
    }

    /// The filter with the moment of `now()` in the place of it, when now is so many nanoseconds since
    /// 1970; `None` when there is no `now()` in it.
    #[must_use]
    pub fn resolve(&self, now: i128) -> Option<Filter> {
        let mut tells_now = false;
        self.0.walk(&mut |node, _| {
            let (few, list) = node.literals();
            let mut all = few.into_iter().chain(list);
            tells_now |= all.any(|literal| matches!(literal.0, Form::Now(_)));
        });
        tells_now.then(|| {
            let mut resolved = self.clone();
            resolved.0.literals_mut(&mut |literal| {
                if let Form::Now(moment) = literal.0 {
                    *literal = moment.at(now);
                }
            });
            resolved
        })
    }

    /// A number that equal filters have in common, and others hardly ever.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// Checks what a filter that was built can have wrong: a part that cannot be used, such as a comparison with
    /// NaN, matches nothing, and its opposite everything.
    ///
    /// ```
    /// use lumos_index::field;
    ///
    /// assert!(field("price").lt(9.5).check().is_ok());
    /// assert!((!field("price").lt(f64::NAN)).check().is_err());
    /// ```
    ///
    /// # Errors
    /// A part that cannot be used, and a filter past its limits.
    pub fn check(&self) -> Result<(), FilterError> {
        let (mut nodes, mut listed, mut regexes) = (0, 0, 0);
        let mut open = vec![(&self.0, 1, false)];
        while let Some((node, depth, of_element)) = open.pop() {
            nodes += 1;
            if depth > MAX_DEPTH {
                return Err(FilterError::limit(format!(
                    "nested deeper than {MAX_DEPTH} levels"
                )));
            }
            match node {
                Node::And(inner) | Node::Or(inner) => {
                    open.extend(inner.iter().map(|node| (node, depth + 1, of_element)));
                }
                Node::Not(inner) => open.push((inner, depth + 1, of_element)),
                Node::Elements { inner, .. } => open.push((inner, depth + 1, true)),
                Node::Fits { pattern, .. } => regexes += usize::from(pattern.style == Style::Regex),
                _ => {}
            }
            if regexes > MAX_REGEXES {
                return Err(too_many_regexes());
            }
            let (few, list) = node.literals();
            nodes += few.len();
            listed += list.len();
            check_node(node, of_element)?;
            for literal in few.into_iter().chain(list) {
                check_literal(literal)?;
            }
            if nodes > MAX_NODES {
                return Err(FilterError::limit(format!("longer than {MAX_NODES} nodes")));
            }
            if listed > MAX_VALUES {
                return Err(FilterError::limit(format!(
                    "more than {MAX_VALUES} values in lists"
                )));
            }
        }
        Ok(())
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

pub(crate) fn too_many_regexes() -> FilterError {
    FilterError::limit(format!("more than {MAX_REGEXES} regular expressions"))
}

fn check_node(node: &Node, of_element: bool) -> Result<(), FilterError> {
    let refuse = |what: &str| {
        Err(FilterError::new(
            format!("the filter cannot be used: {what}"),
            0..0,
        ))
    };
    match node {
        Node::Fits { pattern, .. } if pattern.fault().is_some() => {
            return refuse(pattern.fault().unwrap_or_default());
        }
        Node::Match { words, .. } if words.fault().is_some() => {
            return refuse(words.fault().unwrap_or_default());
        }
        Node::Match { .. } if of_element => {
            return refuse("MATCH is about the words of a document, not of an element");
        }
        Node::Between { low, high, .. } if low.kind() != high.kind() => {
            return refuse("BETWEEN needs two values of one kind");
        }
        Node::Area { area, .. } => {
            if let Some(fault) = area.fault() {
                return refuse(fault);
            }
        }
        Node::Length { path, .. } | Node::Elements { path, .. } if path.is_empty() => {
            return refuse(
                "an element has no elements of its own, arrays in arrays are taken apart",
            );
        }
        _ => {}
    }
    if node.path() == Some("") && !of_element {
        return refuse("element() stands only within any(), all() and none()");
    }
    Ok(())
}

fn check_literal(literal: &Literal) -> Result<(), FilterError> {
    match literal.0 {
        Form::NotANumber => Err(FilterError::limit(
            "it compares with NaN or infinity".to_string(),
        )),
        Form::Now(now) if now.is_too_far() => Err(FilterError::limit(
            "it is more than 10,000 years from now".to_string(),
        )),
        _ => Ok(()),
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
