//! What is wrong with a formula, and where.

use std::ops::Range;

use thiserror::Error;

use crate::filter::FilterError;

/// What is wrong with a formula, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct FormulaError(FilterError);

impl FormulaError {
    pub(super) fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        FormulaError(FilterError::new(message, span))
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        FormulaError(self.0.with_hint(hint))
    }

    /// The fault of a filter that begins at `at` of the formula.
    pub(super) fn of_filter(error: &FilterError, at: usize) -> Self {
        let span = error.span();
        let moved = FilterError::new(error.message(), at + span.start..at + span.end);
        FormulaError(match error.hint() {
            Some(hint) => moved.with_hint(hint),
            None => moved,
        })
    }

    /// What is wrong, as a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// Where it is, in bytes of the input.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.0.span()
    }

    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    /// Two lines: the line of the input that is meant, and carets below the place.
    #[must_use]
    pub fn caret(&self, input: &str) -> String {
        self.0.caret(input)
    }
}
