//! Putting a query together.

use super::expr::{Bool, Expr, Kind};
use super::strict::MAX_SLOP;
use super::{TextQuery, TextQueryError, check_length};

/// What it is worth that words stand as they were typed.
const TOGETHER: f32 = 3.0;

impl TextQuery {
    /// Any of the words, each of which makes a document better.
    ///
    /// ```
    /// use lumos_index::TextQuery;
    ///
    /// let query = TextQuery::all([
    ///     TextQuery::phrase("group commit", 2)?.boost(2.0),
    ///     TextQuery::any([TextQuery::words("wal")?, TextQuery::prefix("seg")?]),
    /// ])
    /// .without(TextQuery::words("draft")?);
    /// assert_eq!(query, TextQuery::parse_strict("\"group commit\"~2^2 AND (wal OR seg*) AND NOT draft")?);
    /// # Ok::<(), lumos_index::TextQueryError>(())
    /// ```
    ///
    /// # Errors
    /// What is empty or too long.
    pub fn words(text: &str) -> Result<TextQuery, TextQueryError> {
        leaf(Kind::Words, text)
    }

    /// The words one after the other; with `slop` they may stand so many places from where they belong,
    /// together, at most 64. The first 256 terms that a field makes of them are looked for.
    ///
    /// # Errors
    /// As [`TextQuery::words`].
    pub fn phrase(text: &str, slop: u32) -> Result<TextQuery, TextQueryError> {
        let slop = slop.min(MAX_SLOP);
        leaf(Kind::Phrase { slop, open: false }, text)
    }

    /// Words that begin so.
    ///
    /// # Errors
    /// As [`TextQuery::words`].
    pub fn prefix(text: &str) -> Result<TextQuery, TextQueryError> {
        leaf(Kind::Prefix, text)
    }

    /// Words at most two edits away.
    ///
    /// # Errors
    /// As [`TextQuery::words`].
    pub fn fuzzy(text: &str, edits: u8) -> Result<TextQuery, TextQueryError> {
        leaf(Kind::Fuzzy(edits.min(2)), text)
    }

    /// What someone has typed so far: its words, of which the last may go on.
    ///
    /// # Errors
    /// As [`TextQuery::words`].
    pub fn as_you_type(text: &str) -> Result<TextQuery, TextQueryError> {
        check_length(text)?;
        let typed = text.trim_start();
        let (before, last) = match typed.rfind(char::is_whitespace) {
            Some(at) => typed.split_at_checked(at).unwrap_or((typed, "")),
            None => ("", typed),
        };
        let last = last.trim();
        if last.is_empty() {
            return TextQuery::words(text);
        }
        let prefix = TextQuery::prefix(last)?;
        if before.trim().is_empty() {
            return Ok(prefix);
        }
        let open = Kind::Phrase {
            slop: 0,
            open: true,
        };
        let words = TextQuery::words(before)?;
        // The words in this order come before others.
        let together = Expr::Boost {
            factor: TOGETHER,
            part: Box::new(Expr::leaf(open, typed)),
        };
        Ok(TextQuery {
            expr: Expr::Bool(Bool {
                must: vec![prefix.expr],
                should: vec![words.expr, together],
                ..Bool::default()
            }),
        })
    }

    /// What all of these match.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = TextQuery>) -> TextQuery {
        let must = parts.into_iter().map(|part| part.expr).collect();
        TextQuery {
            expr: Expr::Bool(Bool {
                must,
                ..Bool::default()
            }),
        }
    }

    /// What any of these match.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = TextQuery>) -> TextQuery {
        let should = parts.into_iter().map(|part| part.expr).collect();
        TextQuery {
            expr: Expr::Bool(Bool {
                should,
                ..Bool::default()
            }),
        }
    }

    /// Without what another query matches.
    #[must_use]
    pub fn without(self, other: TextQuery) -> TextQuery {
        let parts = match self.expr {
            Expr::Bool(parts) if parts.should.is_empty() => Bool {
                not: parts.not.into_iter().chain([other.expr]).collect(),
                ..parts
            },
            expr => Bool {
                must: vec![expr],
                not: vec![other.expr],
                ..Bool::default()
            },
        };
        TextQuery {
            expr: Expr::Bool(parts),
        }
    }

    /// Worth so many times as much, 0 to 1,000. Boosts of boosts multiply, to at most a million.
    #[must_use]
    pub fn boost(self, factor: f32) -> TextQuery {
        TextQuery {
            expr: Expr::Boost {
                factor: if factor.is_nan() {
                    1.0
                } else {
                    factor.clamp(0.0, 1000.0)
                },
                part: Box::new(self.expr),
            },
        }
    }

    /// In this text field only.
    #[must_use]
    pub fn within(self, field: &str) -> TextQuery {
        TextQuery {
            expr: Expr::In {
                field: field.to_string(),
                span: 0..0,
                part: Box::new(self.expr),
            },
        }
    }
}

fn leaf(kind: Kind, text: &str) -> Result<TextQuery, TextQueryError> {
    check_length(text)?;
    let query = TextQuery {
        expr: Expr::leaf(kind, text),
    };
    super::check_words(&query.expr)?;
    Ok(query)
}
