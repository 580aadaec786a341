//! Every way documents, embeddings and answers can fail, with a stable code and a hint for each.

use std::io;
use std::path::PathBuf;

/// The result of a retrieval call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. `Display` is a sentence; [`Error::code`] is stable; [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed, or an embedder did.
    #[error(transparent)]
    Engine(#[from] lumos_engine::Error),
    /// A file or folder cannot be read.
    #[error("cannot {op} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `list`.
        op: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that holds no text.
    #[error("{} is not text: {detail}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// What tells so.
        detail: String,
    },
    /// A file past the largest size that is read.
    #[error("{} has {bytes} bytes, at most {limit} are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size that is read.
        limit: u64,
    },
    /// A line of a corpus that is no document.
    #[error("{}:{line}: {detail}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// The files of the built-in model do not load.
    #[error("the embedding model \"{model}\" does not load: {detail}")]
    Model {
        /// The model.
        model: String,
        /// What does not fit.
        detail: String,
    },
    /// What writes the answers failed.
    #[error("\"{model}\" failed to answer: {source}")]
    Generator {
        /// The model.
        model: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A question without words.
    #[error("the question is empty")]
    EmptyQuestion,
    /// Bookkeeping of an earlier run that does not decode.
    #[error("the record \"{key}\" of an earlier run cannot be read: {detail}")]
    Record {
        /// The key of the record.
        key: String,
        /// What does not fit.
        detail: String,
    },
    /// A blocking task was stopped or panicked.
    #[error("the work was stopped: {detail}")]
    Task {
        /// What the runtime said.
        detail: String,
    },
}

impl Error {
    /// The stable code: `E31xx`, `E3001` for the model; errors of the store keep theirs.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Engine(error) => error.code(),
            Error::Model { .. } => "E3001",
            Error::Io { .. } => "E3101",
            Error::NotText { .. } => "E3102",
            Error::TooLarge { .. } => "E3103",
            Error::Line { .. } => "E3104",
            Error::Generator { .. } => "E3105",
            Error::EmptyQuestion => "E3106",
            Error::Record { .. } => "E3107",
            Error::Task { .. } => "E3108",
        }
    }

    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Engine(error) => return error.hint(),
            Error::Model { .. } => "check that the model's files are complete",
            Error::Io { .. } => "check the path and its permissions",
            Error::NotText { .. } => "convert it to text, Markdown or HTML first",
            Error::TooLarge { .. } => "split the file, or list it in .ignore",
            Error::Line { .. } => {
                "a line must be a JSON object with \"_id\" and \"text\", both strings"
            }
            Error::Generator { .. } => {
                "try again, or ask without a model: the passages are quoted then"
            }
            Error::EmptyQuestion => "ask with some words",
            Error::Record { .. } => "index into a new collection",
            Error::Task { .. } => return None,
        };
        Some(hint.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sentences_with_a_code_and_a_hint() {
        let error = Error::Line {
            path: PathBuf::from("corpus.jsonl"),
            line: 7,
            detail: "\"_id\" is missing".to_string(),
        };
        assert_eq!(error.to_string(), "corpus.jsonl:7: \"_id\" is missing");
        assert_eq!(error.code(), "E3104");
        assert!(error.hint().is_some());
    }

    #[test]
    fn errors_of_the_store_keep_their_code() {
        assert_eq!(Error::from(lumos_engine::Error::ReadOnly).code(), "E1004");
    }
}
