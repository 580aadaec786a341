//! Every way documents, embeddings and answers can fail, with a stable code and a hint for each.

use crate::LoadError;

/// The result of a retrieval call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. `Display` is a sentence; [`Error::code`] is stable; [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed, or an embedder did.
    #[error(transparent)]
    Engine(#[from] lumos_engine::Error),
    /// A file or folder cannot be read, or is not text.
    #[error(transparent)]
    Load(#[from] LoadError),
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
            Error::Load(LoadError::Io { .. }) => "E3101",
            Error::Load(LoadError::TooLarge { .. }) => "E3103",
            Error::Load(_) => "E3102",
            Error::Generator { .. } => "E3104",
            Error::EmptyQuestion => "E3105",
            Error::Record { .. } => "E3106",
            Error::Task { .. } => "E3107",
        }
    }

    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Engine(error) => return error.hint(),
            Error::Model { .. } => "check that the model's files are complete",
            Error::Load(LoadError::Io { .. }) => "check the path and its permissions",
            Error::Load(LoadError::TooLarge { .. }) => "split the file, or list it in .ignore",
            Error::Load(_) => "convert it to text, Markdown or HTML first",
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
        let path = std::path::PathBuf::from("scan.pdf");
        let error = Error::from(LoadError::Unsupported {
            path,
            extension: "pdf".to_string(),
        });
        assert_eq!(error.to_string(), "no loader for pdf files: scan.pdf");
        assert_eq!(error.code(), "E3102");
        assert!(error.hint().is_some());
    }

    #[test]
    fn errors_of_the_store_keep_their_code() {
        assert_eq!(Error::from(lumos_engine::Error::ReadOnly).code(), "E1004");
    }
}
