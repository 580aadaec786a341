//! What is wrong with a filter, and where.

use std::ops::Range;

use thiserror::Error;

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct FilterError {
    message: String,
    span: Range<usize>,
    hint: Option<String>,
}

impl FilterError {
    pub(crate) fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        FilterError {
            message: message.into(),
            span,
            hint: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn limit(detail: String) -> Self {
        FilterError::new(format!("the filter is past its limits: {detail}"), 0..0)
    }

    /// A path that no document has; `known` are those that some have.
    #[must_use]
    pub fn unknown_field(path: &str, input: &str, known: &[String]) -> Self {
        // Within ANY a path is written in two places: what is looked for is its last part then.
        let last = path.rsplit('.').next().unwrap_or(path);
        let span = [path, last].into_iter().find_map(|part| {
            let start = input.find(part)?;
            Some(start..start + part.len())
        });
        let error = FilterError::new(
            format!("unknown field \"{path}\""),
            span.unwrap_or(0..path.len()),
        );
        let near = known
            .iter()
            .map(|name| (distance(&path.to_lowercase(), &name.to_lowercase()), name))
            .filter(|(far, name)| *far <= 2.max(name.chars().count() / 3))
            .min();
        match near {
            Some((_, name)) => error.with_hint(format!("did you mean \"{name}\"?")),
            None if known.is_empty() => error.with_hint("no document has metadata yet"),
            None => {
                let shown: Vec<&str> = known.iter().take(12).map(String::as_str).collect();
                let more = if known.len() > shown.len() {
                    ", ..."
                } else {
                    ""
                };
                error.with_hint(format!("documents have: {}{more}", shown.join(", ")))
            }
        }
    }

    /// A text field that the collection does not have; `known` are those that it has.
    #[must_use]
    pub fn unknown_text_field(field: &str, input: &str, known: &[String]) -> Self {
        let start = input.find(field).unwrap_or(0);
        let message = format!("there is no text field \"{field}\"");
        let error = FilterError::new(message, start..start + field.len());
        error.with_hint(format!("text fields are: {}", known.join(", ")))
    }

    /// What is wrong, as a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is, in bytes of the input.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }

    /// Two lines: the line of the input that is meant, and carets below the place.
    #[must_use]
    pub fn caret(&self, input: &str) -> String {
        crate::caret::caret(input, &self.span)
    }
}

/// Edits between two words (Levenshtein), for suggestions; long words are not worth it.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let here = (*cell + 1)
                .min(left + 1)
                .min(diagonal + usize::from(x != y));
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
    }
    row.last().copied().unwrap_or_default()
}
