//! Every way an agent or its model can fail, with a stable code and a hint for each.

use std::time::Duration;

/// The result of an agent call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. `Display` is a sentence without keys or query strings; [`Error::code`] is
/// stable; [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither the program nor the environment names a model.
    #[error("no model configured")]
    NoModel,
    /// The provider needs a key and the environment has none.
    #[error("no key for {provider}: {variable} is not set")]
    MissingKey {
        /// The provider of the model string.
        provider: &'static str,
        /// The environment variable that should hold the key.
        variable: &'static str,
    },
    /// The part of a model string before the first `/` is no provider.
    #[error("unknown model provider \"{provider}\"")]
    UnknownProvider {
        /// What the model string begins with.
        provider: String,
    },
    /// A base URL that does not parse, or that would send a key in clear text.
    #[error("base URL {endpoint} cannot be used: {detail}")]
    BaseUrl {
        /// Scheme, host and port, as far as they could be read.
        endpoint: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A key with characters that an HTTP header cannot carry.
    #[error("the key for {endpoint} has characters that an HTTP header cannot carry")]
    InvalidKey {
        /// Scheme, host and port.
        endpoint: String,
    },
    /// The HTTP client could not be made.
    #[error("cannot set up HTTPS: {detail}")]
    Tls {
        /// What the TLS library said.
        detail: String,
    },
    /// The provider refused the key.
    #[error("{endpoint} refused the key (status {status}){}", suffix(.detail))]
    Unauthorized {
        /// Scheme, host and port.
        endpoint: String,
        /// 401 or 403.
        status: u16,
        /// What the provider said, without the key.
        detail: String,
    },
    /// Too many requests, and waiting as long as asked would take too long.
    #[error("{endpoint} allows no more requests now{}{}", wait(.retry_after), suffix(.detail))]
    RateLimited {
        /// Scheme, host and port.
        endpoint: String,
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
        /// What the provider said, without the key.
        detail: String,
    },
    /// An answer with a status that is neither success nor one of the above.
    #[error("{endpoint} answered with status {status}{}", suffix(.detail))]
    Status {
        /// Scheme, host and port.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// What the provider said, without the key.
        detail: String,
    },
    /// The provider answered with a redirect, which would take the key elsewhere.
    #[error("{endpoint} answered with a redirect (status {status}), which is not followed")]
    Redirect {
        /// Scheme, host and port.
        endpoint: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer in time.
    #[error("{endpoint} did not answer in time")]
    Timeout {
        /// Scheme, host and port.
        endpoint: String,
    },
    /// The connection could not be made or broke.
    #[error("cannot reach {endpoint}: {source}")]
    Network {
        /// Scheme, host and port.
        endpoint: String,
        /// What the HTTP client said, without the URL.
        source: reqwest::Error,
    },
    /// The answer is longer than the limit.
    #[error("{endpoint} sent more than {limit} bytes")]
    TooLarge {
        /// Scheme, host and port.
        endpoint: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is not what the protocol promises.
    #[error("the answer of {endpoint} cannot be read: {detail}")]
    MalformedReply {
        /// Scheme, host and port.
        endpoint: String,
        /// What does not fit, without the answer's text.
        detail: String,
    },
    /// A scripted model was asked more often than its script has steps.
    #[error("the script of the mock model has only {steps} steps")]
    ScriptEnded {
        /// Steps in the script.
        steps: usize,
    },
    /// A model that is not one of this crate's failed.
    #[error("model \"{model}\" failed: {source}")]
    Model {
        /// The model's name.
        model: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Two tools of one agent have the same name.
    #[error("two tools are named \"{name}\"")]
    DuplicateTool {
        /// The name.
        name: String,
    },
    /// A tool name that providers do not accept.
    #[error("\"{name}\" cannot be the name of a tool")]
    ToolName {
        /// The name.
        name: String,
    },
    /// A session name outside its limits.
    #[error("\"{name}\" cannot be the name of a session")]
    SessionName {
        /// The name, cut to 64 characters.
        name: String,
    },
    /// A question without text.
    #[error("the question is empty")]
    EmptyQuestion,
    /// Another turn of the session was committed meanwhile; nothing of this one was written.
    #[error("session \"{session}\" was changed by another turn; this turn was not saved")]
    SessionConflict {
        /// The session.
        session: String,
    },
    /// A stored session or memory record cannot be read.
    #[error("cannot read the stored {what} \"{key}\": {source}")]
    Stored {
        /// What kind of record it is.
        what: &'static str,
        /// Its key.
        key: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// A thread that worked for the agent did not finish.
    #[error("a background task of the agent stopped: {source}")]
    Task {
        /// Why.
        source: tokio::task::JoinError,
    },
    /// The operating system gave no random bytes.
    #[error("the system's random source failed")]
    Random,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] lumos_engine::Error),
}

fn suffix(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(": {detail}")
    }
}

fn wait(after: &Option<Duration>) -> String {
    after
        .map(|after| format!(" (try again in {} s)", after.as_secs()))
        .unwrap_or_default()
}

impl Error {
    /// The stable code: `E30xx` models, `E40xx` agents; errors of the store keep theirs.
    pub fn code(&self) -> &'static str {
        match self {
            Error::NoModel => "E3002",
            Error::MissingKey { .. } => "E3003",
            Error::UnknownProvider { .. } => "E3004",
            Error::BaseUrl { .. } => "E3005",
            Error::Unauthorized { .. } | Error::InvalidKey { .. } => "E3006",
            Error::RateLimited { .. } => "E3007",
            Error::Status { .. } => "E3008",
            Error::Timeout { .. } => "E3009",
            Error::Network { .. } => "E3010",
            Error::TooLarge { .. } => "E3011",
            Error::Redirect { .. } => "E3012",
            Error::MalformedReply { .. } => "E3013",
            Error::Tls { .. } => "E3014",
            Error::ScriptEnded { .. } => "E3015",
            Error::Model { .. } => "E3016",
            Error::DuplicateTool { .. } | Error::ToolName { .. } => "E4001",
            Error::SessionName { .. } => "E4002",
            Error::EmptyQuestion => "E4003",
            Error::SessionConflict { .. } => "E4004",
            Error::Stored { .. } => "E4005",
            Error::Task { .. } => "E4006",
            Error::Random => "E4007",
            Error::Store(error) => error.code(),
        }
    }

    /// What the caller can do about it, with a line of code or a setting.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::NoModel => {
                "set OPENAI_API_KEY, or use .model(\"ollama/qwen3\"), or .model(\"mock\") for tests"
                    .to_string()
            }
            Error::MissingKey { variable, .. } => {
                format!("set {variable}, or use .model(\"ollama/qwen3\")")
            }
            Error::UnknownProvider { .. } => format!(
                "use one of {}, or set OPENAI_BASE_URL",
                crate::model::provider_names().join(", ")
            ),
            Error::BaseUrl { .. } => {
                "give an https URL, or http on this machine, without user name".to_string()
            }
            Error::InvalidKey { .. } | Error::Unauthorized { .. } => {
                "check the key and that it may use this model".to_string()
            }
            Error::RateLimited { .. } => "wait, or use a key with a higher limit".to_string(),
            Error::Status { status: 404, .. } => {
                "check the model name and the base URL".to_string()
            }
            Error::Status { .. } | Error::Timeout { .. } => {
                "try again; if it lasts, check the provider's status page".to_string()
            }
            Error::Network { .. } => "check the base URL and that the service runs".to_string(),
            Error::Redirect { .. } => "set the base URL to the address it redirects to".to_string(),
            Error::TooLarge { .. } => "ask for less, with max_tokens".to_string(),
            Error::MalformedReply { .. } => {
                "check that the base URL is that of an OpenAI-compatible service".to_string()
            }
            Error::Tls { .. } => "install the system's CA certificates".to_string(),
            Error::ScriptEnded { .. } => "add a step to the script".to_string(),
            Error::DuplicateTool { .. } => "rename one with #[tool(name = \"...\")]".to_string(),
            Error::ToolName { .. } => {
                "use 1 to 64 letters, digits, underscores and hyphens".to_string()
            }
            Error::SessionName { .. } => {
                "use 1 to 200 bytes without control characters".to_string()
            }
            Error::EmptyQuestion => "give some text".to_string(),
            Error::SessionConflict { .. } => {
                "send it again, and run one turn of a session at a time".to_string()
            }
            Error::Stored { .. } => "delete the session and begin anew".to_string(),
            Error::Store(error) => return error.hint(),
            Error::Model { .. } | Error::Task { .. } | Error::Random => return None,
        };
        Some(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is promised word for word to users and to scripts that match on it.
    #[test]
    fn the_missing_model_reads_as_documented() {
        let error = Error::NoModel;
        assert_eq!(error.code(), "E3002");
        assert_eq!(error.to_string(), "no model configured");
        assert_eq!(
            error.hint().as_deref(),
            Some(
                "set OPENAI_API_KEY, or use .model(\"ollama/qwen3\"), or .model(\"mock\") for tests"
            )
        );
    }

    #[test]
    fn a_rate_limit_says_how_long_to_wait() {
        let error = Error::RateLimited {
            endpoint: "https://api.example.com".to_string(),
            retry_after: Some(Duration::from_secs(90)),
            detail: "slow down".to_string(),
        };
        assert_eq!(
            error.to_string(),
            "https://api.example.com allows no more requests now (try again in 90 s): slow down"
        );
    }
}
