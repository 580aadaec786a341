//! One error over the engine, retrieval and agents, so that `?` works across them.

use std::fmt;

/// The result of a Lumos call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in whichever layer.
///
/// `Display` is a sentence, [`Error::code`] is stable, [`Error::hint`] says what to do.
///
/// ```
/// use lumos::prelude::*;
///
/// # fn main() -> lumos::Result<()> {
/// let db = Lumos::memory()?;
/// let error = lumos::Error::from(db.existing_collection("dcos").unwrap_err());
/// assert_eq!(error.code(), "E2002");
/// assert_eq!(error.to_string(), "there is no collection \"dcos\"");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Storage, documents, search: codes `E1xxx` and `E2xxx`.
    Engine(lumos_engine::Error),
    /// Loading, embedding, answering.
    Rag(lumos_rag::Error),
    /// Models, tools, agents.
    Agent(lumos_agent::Error),
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Engine(error) => error.code(),
            Error::Rag(error) => error.code(),
            Error::Agent(error) => error.code(),
        }
    }

    /// What to do about it, with a command or a line of code.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Engine(error) => error.hint(),
            Error::Rag(error) => error.hint(),
            Error::Agent(error) => error.hint(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Engine(error) => error.fmt(formatter),
            Error::Rag(error) => error.fmt(formatter),
            Error::Agent(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Each is displayed as itself, so its own source comes next.
        match self {
            Error::Engine(error) => error.source(),
            Error::Rag(error) => error.source(),
            Error::Agent(error) => error.source(),
        }
    }
}

impl From<lumos_engine::Error> for Error {
    fn from(error: lumos_engine::Error) -> Self {
        Error::Engine(error)
    }
}

impl From<lumos_engine::TextQueryError> for Error {
    fn from(error: lumos_engine::TextQueryError) -> Self {
        Error::Engine(error.into())
    }
}

impl From<lumos_rag::Error> for Error {
    fn from(error: lumos_rag::Error) -> Self {
        Error::Rag(error)
    }
}

impl From<lumos_agent::Error> for Error {
    fn from(error: lumos_agent::Error) -> Self {
        Error::Agent(error)
    }
}
