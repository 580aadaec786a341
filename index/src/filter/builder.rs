//! Filters written in Rust.

use super::error::FilterError;
use super::expr::{Filter, Node, Op};
use super::path::normalise;
use super::value::Literal;

/// A metadata field to be compared; see [`field`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    path: String,
}

/// Begins a comparison of a metadata field, by dotted path.
///
/// ```
/// use lumos_index::field;
///
/// let filter = field("author.name").eq("Ada") | field("tags").is_in(["math", "logic"]);
/// assert_eq!(filter.to_string(), "author.name = 'Ada' OR tags IN ('math', 'logic')");
/// ```
#[must_use]
pub fn field(path: &str) -> Field {
    Field {
        path: normalise(path),
    }
}

impl Field {
    fn compare(self, op: Op, value: impl Into<Literal>) -> Filter {
        Filter(Node::Compare {
            path: self.path,
            op,
            value: value.into(),
        })
    }

    /// The field has this value; of an array, some element has.
    pub fn eq(self, value: impl Into<Literal>) -> Filter {
        self.compare(Op::Eq, value)
    }

    /// The field has a value, and [`Field::eq`] does not hold.
    pub fn ne(self, value: impl Into<Literal>) -> Filter {
        self.compare(Op::Ne, value)
    }

    /// Less; only values of the literal's own type compare.
    pub fn lt(self, value: impl Into<Literal>) -> Filter {
        self.compare(Op::Lt, value)
    }

    /// Less or equal.
    pub fn lte(self, value: impl Into<Literal>) -> Filter {
        self.compare(Op::Lte, value)
    }

    /// Greater.
    pub fn gt(self, value: impl Into<Literal>) -> Filter {
        self.compare(Op::Gt, value)
    }

    /// Greater or equal.
    pub fn gte(self, value: impl Into<Literal>) -> Filter {
        self.compare(Op::Gte, value)
    }

    /// The field has one of these values.
    pub fn is_in<T: Into<Literal>>(self, values: impl IntoIterator<Item = T>) -> Filter {
        let values = values.into_iter().map(Into::into).collect();
        Filter(Node::In {
            path: self.path,
            values,
        })
    }

    /// The field has a value that is not null.
    pub fn exists(self) -> Filter {
        Filter(Node::Exists { path: self.path })
    }

    /// The field is missing or null.
    pub fn is_null(self) -> Filter {
        !self.exists()
    }
}

/// What can be used as a filter: text or an expression.
pub trait IntoFilter {
    /// The filter.
    ///
    /// # Errors
    /// Text that does not parse, or an expression past its limits.
    fn into_filter(self) -> Result<Filter, FilterError>;

    /// The text of the filter, for messages.
    fn input(&self) -> String;
}

impl IntoFilter for &str {
    fn into_filter(self) -> Result<Filter, FilterError> {
        Filter::parse(self)
    }

    fn input(&self) -> String {
        (*self).to_string()
    }
}

impl IntoFilter for String {
    fn into_filter(self) -> Result<Filter, FilterError> {
        Filter::parse(&self)
    }

    fn input(&self) -> String {
        self.clone()
    }
}

impl IntoFilter for &String {
    fn into_filter(self) -> Result<Filter, FilterError> {
        Filter::parse(self)
    }

    fn input(&self) -> String {
        (*self).clone()
    }
}

impl IntoFilter for Filter {
    fn into_filter(self) -> Result<Filter, FilterError> {
        self.check()
    }

    fn input(&self) -> String {
        self.to_string()
    }
}
