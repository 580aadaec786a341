//! A keyword query: as its author wrote it, leniently or strictly, or put together.

mod build;
mod display;
mod expr;
mod lenient;
mod lex;
mod strict;

pub(crate) use expr::{Bool, Expr, Kind, Leaf};

use std::ops::Range;

use super::error::TextQueryError;

/// Longest query, in bytes.
const MAX_BYTES: usize = 4 << 10;
/// Most words of a query.
const MAX_WORDS: usize = 256;
/// Most words of a query that stand for all words of their form.
const MAX_PATTERNS: usize = 64;
/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;

/// A keyword query, ranked by BM25.
///
/// [`TextQuery::parse`] takes any text, so that a question can be asked as it is; marks make it stricter:
///
/// | written | means |
/// |---|---|
/// | `wal segment` | either word, both are better |
/// | `"group commit"` | these words, one after the other |
/// | `+wal` | must be there |
/// | `-draft` | must not be there |
/// | `seg*` | words that begin so |
/// | `segmnet~1` | words at most one edit away (`~2`: two) |
///
/// [`TextQuery::parse_strict`] reads a language in which mistakes are errors:
///
/// | written | means |
/// |---|---|
/// | `a b`, `a OR b` | either |
/// | `a AND b`, `+a +b` | both |
/// | `a AND NOT b`, `a -b` | the first without the second |
/// | `(a b c)@2` | at least two of them |
/// | `"group commit"~3` | near each other: at most three places from where they belong, together |
/// | `"group com"*` | a phrase whose last word may go on |
/// | `seg*`, `se?m*nt` | words by their form |
/// | `segmnet~2` | words at most two edits away |
/// | `/seg(ment)?s?/` | words that a regular expression matches whole |
/// | `title:wal`, `title:(a b)` | in this field |
/// | `wal^2` | worth twice as much |
///
/// ```
/// use lumos_index::TextQuery;
///
/// assert!(TextQuery::parse("how does +recovery work \"after a crash\"").is_ok());
/// assert!(TextQuery::parse("  ").is_err());
/// let query = TextQuery::parse_strict("title:(wal OR \"group commit\"~2) AND NOT draft^0.5")?;
/// assert_eq!(query.fields().collect::<Vec<_>>(), ["title"]);
/// let error = TextQuery::parse_strict("wal AND (").unwrap_err();
/// assert!(error.to_string().contains('^'), "it points at the place");
/// # Ok::<(), lumos_index::TextQueryError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TextQuery {
    pub(crate) expr: Expr,
}

impl TextQuery {
    /// Whether words are marked as necessary or forbidden, so that a document may be no answer, however near it is
    /// otherwise; see [`Demands`](crate::Demands).
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.expr.is_strict()
    }

    /// Reads a query; everything is a query but nothing, and more than 4 KiB or 256 words. Of words with a mark
    /// that makes a pattern of them the first 64 are patterns.
    ///
    /// # Errors
    /// [`TextQueryError`].
    pub fn parse(text: &str) -> Result<TextQuery, TextQueryError> {
        check_length(text)?;
        let mut expr = lenient::parse(text);
        expr.keep_patterns(&mut { MAX_PATTERNS });
        check_words(&expr)?;
        Ok(TextQuery { expr })
    }

    /// Reads a query of the strict language, of at most 4 KiB, 256 words, 64 patterns and 32
    /// levels.
    ///
    /// # Errors
    /// [`TextQueryError::Syntax`] with the place; what is past the limits.
    pub fn parse_strict(text: &str) -> Result<TextQuery, TextQueryError> {
        check_length(text)?;
        let expr = strict::parse(text).map_err(|fault| fault.within(text))?;
        check_words(&expr)?;
        Ok(TextQuery { expr })
    }

    /// The fields that the query names itself.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let mut fields: Vec<&str> = Vec::new();
        self.expr.each_field(&mut |field, _| fields.push(field));
        fields.into_iter()
    }

    /// The words that are looked for, without the signs.
    #[must_use]
    pub fn text(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        self.expr.each_leaf(&mut |leaf| words.push(&leaf.text));
        words.join(" ")
    }

    /// Says that a field which the query names is not one of those that there are; `input` is what was
    /// read.
    #[must_use]
    pub fn unknown_field(&self, field: &str, input: &str, known: &[String]) -> TextQueryError {
        let mut place = 0..0;
        self.expr.each_field(&mut |name, span| {
            if name == field && place.is_empty() {
                place = span.clone();
            }
        });
        let known = match known {
            [] => "none".to_string(),
            known => known.join(", "),
        };
        let fault = Fault::new(format!("there is no text field \"{field}\""), place)
            .hint(format!("text fields are: {known}"));
        fault.within(input)
    }
}

fn check_length(text: &str) -> Result<(), TextQueryError> {
    if text.trim().is_empty() {
        return Err(TextQueryError::Empty);
    }
    if text.len() > MAX_BYTES {
        return Err(TextQueryError::TooLong {
            bytes: text.len(),
            limit: MAX_BYTES,
        });
    }
    Ok(())
}

fn check_words(expr: &Expr) -> Result<(), TextQueryError> {
    let (mut words, mut patterns) = (0, 0);
    count(expr, &mut |leaf| {
        words += leaf.text.split_whitespace().count();
        patterns += usize::from(leaf.kind.is_pattern());
    });
    if words > MAX_WORDS {
        return Err(TextQueryError::TooManyWords {
            words,
            limit: MAX_WORDS,
        });
    }
    if patterns > MAX_PATTERNS {
        return Err(TextQueryError::TooManyPatterns {
            patterns,
            limit: MAX_PATTERNS,
        });
    }
    Ok(())
}

/// Calls `each` with every leaf, what is taken away too.
fn count(expr: &Expr, each: &mut impl FnMut(&Leaf)) {
    match expr {
        Expr::Leaf(leaf) => each(leaf),
        Expr::Bool(parts) => {
            let all = parts.must.iter().chain(&parts.should).chain(&parts.not);
            all.for_each(|part| count(part, each));
        }
        Expr::In { part, .. } | Expr::Boost { part, .. } => count(part, each),
    }
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq)]
struct Fault {
    message: String,
    span: Range<usize>,
    hint: Option<String>,
}

impl Fault {
    fn new(message: impl Into<String>, span: Range<usize>) -> Fault {
        Fault {
            message: message.into(),
            span,
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    fn within(self, input: &str) -> TextQueryError {
        TextQueryError::Syntax {
            input: input.to_string(),
            message: self.message,
            span: self.span,
            hint: self.hint,
        }
    }
}
