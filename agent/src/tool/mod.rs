//! Tools: what a model may have done for it.

mod call;
mod function;
mod schema;
mod validate;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

pub(crate) use call::{Findings, Toolbox};
pub use function::FunctionTool;
#[doc(hidden)]
pub use function::{Returned, ViaDisplay, ViaSerialize, argument, async_call, blocking_call};
pub use schema::Parameters;
pub use validate::{ArgumentError, validate};

use crate::Citation;

/// A passage of a document that a tool found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Passage {
    /// Where it stands.
    pub citation: Citation,
    /// Its text, as the model shall read it.
    pub text: String,
}

impl Passage {
    /// A passage with the place it comes from.
    pub fn new(citation: Citation, text: impl Into<String>) -> Self {
        Passage {
            citation,
            text: text.into(),
        }
    }
}

/// What a tool returns.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ToolOutput {
    /// What the model reads.
    pub text: String,
    /// Passages that the answer may cite; the model reads them after the text, numbered.
    pub passages: Vec<Passage>,
}

impl ToolOutput {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        ToolOutput {
            text: text.into(),
            passages: Vec::new(),
        }
    }

    /// Passages of documents.
    pub fn passages(passages: Vec<Passage>) -> Self {
        ToolOutput {
            text: String::new(),
            passages,
        }
    }
}

impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        ToolOutput::text(text)
    }
}

impl From<&str> for ToolOutput {
    fn from(text: &str) -> Self {
        ToolOutput::text(text)
    }
}

impl From<Value> for ToolOutput {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => ToolOutput::text(text),
            Value::Null => ToolOutput::text("done"),
            value => ToolOutput::text(value.to_string()),
        }
    }
}

/// Why a tool call failed. The model reads it as the result of its call and may try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// There is no such tool.
    #[error("there is no tool \"{name}\"; there are: {known}")]
    Unknown {
        /// The name called.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The arguments do not fit the schema.
    #[error("the arguments do not fit: {}", list(.problems))]
    Arguments {
        /// What does not fit.
        problems: Vec<ArgumentError>,
    },
    /// The arguments are no JSON.
    #[error("the arguments are no JSON object: {detail}")]
    Malformed {
        /// What is wrong with them.
        detail: String,
    },
    /// The tool failed.
    #[error("{message}")]
    Failed {
        /// What it said.
        message: String,
    },
    /// The tool took too long.
    #[error("it did not finish in {} s", limit.as_secs_f32())]
    TimedOut {
        /// How long it had.
        limit: Duration,
    },
    /// The tool panicked.
    #[error("it broke down")]
    Panicked,
    /// The call was not allowed.
    #[error("it was not allowed: {reason}")]
    Denied {
        /// Why.
        reason: String,
    },
    /// The agent had spent its budget.
    #[error("it was not run: the budget of this turn is spent")]
    BudgetSpent,
}

fn list(problems: &[ArgumentError]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl ToolError {
    /// The tool failed with this message.
    pub fn failed(message: impl ToString) -> Self {
        ToolError::Failed {
            message: message.to_string(),
        }
    }
}

/// Something that a model may have done. `#[tool]` makes one of a function.
///
/// Once a conversation holds untrusted text, tools with side effects run only when approved. A tool
/// therefore counts as having side effects unless it says otherwise.
#[async_trait]
pub trait Tool: Debug + Send + Sync + 'static {
    /// The name that the model calls: 1 to 64 letters, digits, underscores and hyphens.
    fn name(&self) -> &str;

    /// What it does and when to use it; the model reads this.
    fn description(&self) -> &str;

    /// The JSON Schema of its arguments, an object.
    fn parameters(&self) -> &Value;

    /// Whether it writes, executes or uses the network (default yes). Calls of tools without side
    /// effects run in parallel.
    fn side_effects(&self) -> bool {
        true
    }

    /// Whether its output comes from places that nobody vouches for, such as documents or web pages
    /// (default no).
    fn untrusted(&self) -> bool {
        false
    }

    /// How long a call may take (default 60 s).
    fn timeout(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Runs it. The arguments fit [`Tool::parameters`].
    ///
    /// # Errors
    /// A [`ToolError`] that tells the model what went wrong.
    async fn call(&self, arguments: Value) -> Result<ToolOutput, ToolError>;
}
