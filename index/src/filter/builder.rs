//! Filters written in Rust.

use super::error::FilterError;
use super::expr::{Filter, Node, Op, Quantifier};
use super::path::normalise;
use super::pattern::{Pattern, Style};
use super::region::Region;
use super::value::Literal;
use super::words::Words;
use crate::text::TextQuery;

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

/// The element itself, in what [`Field::any`], [`Field::all`] and [`Field::none`] ask of elements.
///
/// ```
/// use lumos_index::{Filter, element, field};
///
/// let built = field("tags").any(element().starts_with("db-"));
/// assert_eq!(built, Filter::parse("tags ANY (STARTS WITH 'db-')")?);
/// # Ok::<(), lumos_index::FilterError>(())
/// ```
#[must_use]
pub fn element() -> Field {
    Field {
        path: String::new(),
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

    /// The field has a value between two of one kind, ends included; of an array, one element has.
    pub fn between(self, low: impl Into<Literal>, high: impl Into<Literal>) -> Filter {
        Filter(Node::Between {
            path: self.path,
            low: low.into(),
            high: high.into(),
        })
    }

    fn fits(self, style: Style, pattern: &str) -> Filter {
        Filter(Node::Fits {
            path: self.path,
            pattern: Pattern::new(style, pattern),
        })
    }

    /// The field has a text that begins so.
    pub fn starts_with(self, prefix: &str) -> Filter {
        self.fits(Style::Prefix, prefix)
    }

    /// The field has a text that is, as a whole, like a pattern: `%` stands for any characters, `_` for one,
    /// `\` before one of them for itself.
    pub fn like(self, pattern: &str) -> Filter {
        self.fits(Style::Like, pattern)
    }

    /// The field has a text that is, as a whole, like a pattern: `*` stands for any characters, `?` for one,
    /// `[a-z]` for one of some, `[^a-z]` for one of the others.
    pub fn glob(self, pattern: &str) -> Filter {
        self.fits(Style::Glob, pattern)
    }

    /// The field has a text in which a regular expression matches, in the syntax of the crate `regex`.
    pub fn regex(self, pattern: &str) -> Filter {
        self.fits(Style::Regex, pattern)
    }

    fn elements(self, quantifier: Quantifier, inner: Filter) -> Filter {
        Filter(Node::Elements {
            path: self.path,
            quantifier,
            inner: Box::new(inner.0),
        })
    }

    /// The words of this text field match a keyword query.
    ///
    /// ```
    /// use lumos_index::{Filter, TextQuery, field};
    ///
    /// let built = field("body").matches(TextQuery::phrase("group commit", 0)?);
    /// assert_eq!(built, Filter::parse("body MATCH '\"group commit\"'")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matches(self, query: TextQuery) -> Filter {
        Filter(Node::Match {
            field: self.path,
            words: Words::built(query),
        })
    }

    /// An element of the array matches: one and the same in everything that is asked of it. Fields of
    /// [`field`] are those of the element; the element itself is [`element`].
    ///
    /// ```
    /// use lumos_index::{Filter, field};
    ///
    /// let built = field("items").any(field("price").gt(10).and(field("qty").lt(5)));
    /// assert_eq!(built, Filter::parse("items ANY (price > 10 AND qty < 5)")?);
    /// # Ok::<(), lumos_index::FilterError>(())
    /// ```
    pub fn any(self, inner: impl Into<Filter>) -> Filter {
        self.elements(Quantifier::Any, inner.into())
    }

    /// Every element of the array matches, and there is one.
    pub fn all(self, inner: impl Into<Filter>) -> Filter {
        self.elements(Quantifier::All, inner.into())
    }

    /// No element of the array matches; there may be no array.
    pub fn none(self, inner: impl Into<Filter>) -> Filter {
        self.elements(Quantifier::None, inner.into())
    }

    /// The number of elements of the array.
    ///
    /// ```
    /// use lumos_index::{Filter, field};
    ///
    /// assert_eq!(field("tags").length().gt(2), Filter::parse("LENGTH(tags) > 2")?);
    /// # Ok::<(), lumos_index::FilterError>(())
    /// ```
    #[must_use]
    pub fn length(self) -> Length {
        Length { path: self.path }
    }

    /// The field is a place, `{"lat": .., "lon": ..}` in degrees, at most so many metres from a point on the
    /// surface of a sphere.
    pub fn within(self, lat: f64, lon: f64, metres: f64) -> Filter {
        Filter(Node::Area {
            path: self.path,
            area: Region::Circle([lat.into(), lon.into(), metres.into()]),
        })
    }

    /// The field is a place between two parallels and two meridians, in degrees; when `west` is greater than
    /// `east`, across the antimeridian.
    pub fn in_box(self, south: f64, west: f64, north: f64, east: f64) -> Filter {
        let bounds = [south, west, north, east].map(Literal::from);
        Filter(Node::Area {
            path: self.path,
            area: Region::Box(bounds),
        })
    }

    /// The field is a place in the polygon with these corners, 3 to 1,024, each a latitude and a longitude in
    /// degrees, or on one of its sides. The last side leads back to the first corner. Sides are straight in
    /// latitude and longitude and go the shorter way round, across the antimeridian if that is shorter; the
    /// polygon must not go around the Earth or a pole. What sides that cross enclose twice is outside.
    ///
    /// ```
    /// use lumos_index::{Filter, field};
    ///
    /// let built = field("place").polygon([(59.0, 10.0), (59.0, 12.0), (61.5, 11.0)]);
    /// assert_eq!(built, Filter::parse("POLYGON(place, 59 10, 59 12, 61.5 11)")?);
    /// # Ok::<(), lumos_index::FilterError>(())
    /// ```
    pub fn polygon(self, corners: impl IntoIterator<Item = (f64, f64)>) -> Filter {
        let corners = corners.into_iter();
        let corners = corners.map(|(lat, lon)| [lat.into(), lon.into()]);
        Filter(Node::Area {
            path: self.path,
            area: Region::Polygon(corners.collect()),
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

/// The number of elements of an array, to be compared; see [`Field::length`]. A field that is missing or null
/// has none, and compares with nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Length {
    path: String,
}

impl Length {
    fn compare(self, op: Op, value: u32) -> Filter {
        Filter(Node::Length {
            path: self.path,
            op,
            value: value.into(),
        })
    }

    /// There are so many.
    pub fn eq(self, count: u32) -> Filter {
        self.compare(Op::Eq, count)
    }

    /// There are more or fewer.
    pub fn ne(self, count: u32) -> Filter {
        self.compare(Op::Ne, count)
    }

    /// There are fewer.
    pub fn lt(self, count: u32) -> Filter {
        self.compare(Op::Lt, count)
    }

    /// There are as many or fewer.
    pub fn lte(self, count: u32) -> Filter {
        self.compare(Op::Lte, count)
    }

    /// There are more.
    pub fn gt(self, count: u32) -> Filter {
        self.compare(Op::Gt, count)
    }

    /// There are as many or more.
    pub fn gte(self, count: u32) -> Filter {
        self.compare(Op::Gte, count)
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
        self.check()?;
        Ok(self)
    }

    fn input(&self) -> String {
        self.to_string()
    }
}
