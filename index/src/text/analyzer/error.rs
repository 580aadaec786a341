//! What is wrong with the description of an analyzer, and where.

use std::ops::Range;

use thiserror::Error;

use crate::caret::caret;
use crate::filter::distance;

/// What is wrong with the description of an analyzer, and where.
///
/// ```
/// use lumos_index::Analyzer;
///
/// let error = Analyzer::named("ngarm(2,3)").unwrap_err();
/// assert_eq!(error.to_string(), "there is no analyzer \"ngarm\"");
/// assert_eq!(error.hint().as_deref(), Some("did you mean \"ngram\"?"));
/// assert_eq!(error.caret("ngarm(2,3)"), "ngarm(2,3)\n^^^^^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct AnalyzerError {
    message: String,
    span: Range<usize>,
    hint: Option<String>,
}

impl AnalyzerError {
    pub(super) fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        AnalyzerError {
            message: message.into(),
            span,
            hint: None,
        }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A name that is none of those known.
    pub(super) fn unknown(what: &str, name: &str, span: Range<usize>, known: &[&str]) -> Self {
        let near = known
            .iter()
            .map(|known| (distance(&name.to_lowercase(), known), known))
            .filter(|(far, _)| *far <= 2)
            .min();
        let hint = match near {
            Some((_, known)) => format!("did you mean \"{known}\"?"),
            None => format!("there is: {}", known.join(", ")),
        };
        AnalyzerError::new(format!("there is no {what} \"{name}\""), span).with_hint(hint)
    }

    /// What is wrong, as a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is, in bytes of the description.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }

    /// Two lines: the line of the description that is meant, and carets below the place.
    #[must_use]
    pub fn caret(&self, input: &str) -> String {
        caret(input, &self.span)
    }
}
