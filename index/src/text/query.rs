//! A keyword query as its author wrote it.

use super::error::TextQueryError;

/// Longest query, in bytes.
const MAX_BYTES: usize = 4 << 10;
/// Most words of a query.
const MAX_WORDS: usize = 256;

/// A keyword query.
///
/// Words are alternatives, ranked by BM25: a question can be asked as it is. Marks make it stricter:
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
/// ```
/// use lumos_index::TextQuery;
///
/// assert!(TextQuery::parse("how does +recovery work \"after a crash\"").is_ok());
/// assert!(TextQuery::parse("  ").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextQuery {
    pub(crate) clauses: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) occur: Occur,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occur {
    Should,
    Must,
    MustNot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Words,
    Phrase,
    Prefix,
    /// At most this many edits.
    Fuzzy(usize),
}

impl TextQuery {
    /// Whether words are marked as necessary or forbidden, so that a document that does not match is no
    /// answer, however near it is otherwise.
    pub fn is_strict(&self) -> bool {
        self.clauses
            .iter()
            .any(|clause| clause.occur != Occur::Should)
    }

    /// Reads a query; everything is a query but nothing, and more than 4 KiB or 256 words.
    ///
    /// # Errors
    /// [`TextQueryError`].
    pub fn parse(text: &str) -> Result<TextQuery, TextQueryError> {
        if text.trim().is_empty() {
            return Err(TextQueryError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(TextQueryError::TooLong {
                bytes: text.len(),
                limit: MAX_BYTES,
            });
        }
        let mut clauses = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (occur, body) = match first {
                '+' => (Occur::Must, rest.get(1..).unwrap_or_default()),
                '-' => (Occur::MustNot, rest.get(1..).unwrap_or_default()),
                _ => (Occur::Should, rest),
            };
            let (clause, after) = clause(occur, body);
            clauses.extend(clause);
            rest = after.trim_start();
        }
        let words = clauses
            .iter()
            .map(|clause| clause.text.split_whitespace().count())
            .sum();
        if words > MAX_WORDS {
            return Err(TextQueryError::TooManyWords {
                words,
                limit: MAX_WORDS,
            });
        }
        Ok(TextQuery { clauses })
    }
}

/// The clause at the start of a text, and what follows it.
fn clause(occur: Occur, text: &str) -> (Option<Clause>, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let (inner, after) = quoted.split_once('"').unwrap_or((quoted, ""));
        let clause = Clause {
            occur,
            kind: Kind::Phrase,
            text: inner.to_string(),
        };
        return ((!inner.trim().is_empty()).then_some(clause), after);
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c == '"')
        .unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end).unwrap_or((text, ""));
    let has_letters = |part: &str| part.chars().any(char::is_alphanumeric);
    let (kind, word) = if let Some(prefix) = word.strip_suffix('*').filter(|part| has_letters(part))
    {
        (Kind::Prefix, prefix)
    } else if let Some((word, edits)) = word.rsplit_once('~').filter(|(part, _)| has_letters(part))
    {
        match edits {
            "" | "1" => (Kind::Fuzzy(1), word),
            "2" => (Kind::Fuzzy(2), word),
            _ => (Kind::Words, word),
        }
    } else {
        (Kind::Words, word)
    };
    let clause = Clause {
        occur,
        kind,
        text: word.to_string(),
    };
    (has_letters(word).then_some(clause), after)
}
