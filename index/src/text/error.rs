//! What can go wrong with keyword queries and keyword indexes.

use std::ops::Range;

use thiserror::Error;

/// A keyword query that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextQueryError {
    /// Nothing but white space.
    #[error("the query is empty")]
    Empty,
    /// Past the limit of its length.
    #[error("the query has {bytes} bytes, at most {limit} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Past the limit of its words.
    #[error("the query has {words} words, at most {limit} are allowed")]
    TooManyWords {
        /// Its words.
        words: usize,
        /// The limit.
        limit: usize,
    },
    /// Past the limit of its patterns.
    #[error("the query has {patterns} patterns, at most {limit} are allowed")]
    TooManyPatterns {
        /// Its patterns.
        patterns: usize,
        /// The limit.
        limit: usize,
    },
    /// Its patterns stand for more terms than one query may have.
    #[error("the patterns of the query stand for more than {limit} terms together")]
    TooManyTerms {
        /// The limit.
        limit: usize,
    },
    /// A mistake in the strict language.
    #[error("{message}\n{}", crate::caret::caret(input, span))]
    Syntax {
        /// What is wrong.
        message: String,
        /// Where, in bytes of the query.
        span: Range<usize>,
        /// The query.
        input: String,
        /// What to write instead.
        hint: Option<String>,
    },
}

impl TextQueryError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            TextQueryError::Syntax { hint, .. } => hint.clone(),
            TextQueryError::TooManyTerms { .. } => {
                Some("write more of the words that each is to find".to_string())
            }
            _ => None,
        }
    }
}

/// A keyword index that cannot be built or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TextError {
    /// The bytes are no keyword index, or contradict themselves.
    #[error("the keyword index is damaged: {0}")]
    Damaged(String),
    /// The bytes were written by a later version.
    #[error("the keyword index has format version {found}, this build reads version {supported}")]
    Version {
        /// Version in the bytes.
        found: u32,
        /// Version that this build reads.
        supported: u32,
    },
    /// It could not be written.
    #[error("the keyword index cannot be written: {0}")]
    Write(String),
    /// The query asks for more than is looked for.
    #[error(transparent)]
    Query(#[from] TextQueryError),
}
