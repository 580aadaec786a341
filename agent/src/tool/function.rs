//! Tools made of functions, by hand or by `#[tool]`.

use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ArgumentError, Tool, ToolError, ToolOutput};

/// The result of a call, later.
type Pending = Pin<Box<dyn Future<Output = Result<ToolOutput, ToolError>> + Send>>;
/// A function from arguments to a call.
type Function = Box<dyn Fn(Map<String, Value>) -> Pending + Send + Sync>;

/// A tool made of a function.
///
/// ```
/// # use lumos_agent::{FunctionTool, Parameters, Tool, ToolOutput};
/// let tool = FunctionTool::new("upper", "Puts text into capitals.", |arguments| async move {
///     let text = arguments.get("text").and_then(|text| text.as_str()).unwrap_or_default();
///     Ok(ToolOutput::text(text.to_uppercase()))
/// })
/// .parameters(Parameters::new().required::<String>("text", None).build())
/// .side_effects(false);
/// assert_eq!(tool.name(), "upper");
/// ```
pub struct FunctionTool {
    name: String,
    description: String,
    parameters: Value,
    side_effects: bool,
    untrusted: bool,
    timeout: Duration,
    function: Function,
}

impl FunctionTool {
    /// A tool without arguments and with side effects that runs this function.
    pub fn new<F, R>(name: impl Into<String>, description: impl Into<String>, function: F) -> Self
    where
        F: Fn(Map<String, Value>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<ToolOutput, ToolError>> + Send + 'static,
    {
        FunctionTool {
            name: name.into(),
            description: description.into(),
            parameters: super::Parameters::new().build(),
            side_effects: true,
            untrusted: false,
            timeout: Duration::from_secs(60),
            function: Box::new(move |arguments| Box::pin(function(arguments))),
        }
    }

    /// The JSON Schema of its arguments (default: none are taken).
    #[must_use]
    pub fn parameters(mut self, parameters: Value) -> Self {
        self.parameters = parameters;
        self
    }

    /// Whether it writes, executes or uses the network (default yes).
    #[must_use]
    pub fn side_effects(mut self, side_effects: bool) -> Self {
        self.side_effects = side_effects;
        self
    }

    /// Whether nobody vouches for its output (default no).
    #[must_use]
    pub fn untrusted(mut self, untrusted: bool) -> Self {
        self.untrusted = untrusted;
        self
    }

    /// How long a call may take (default 60 s).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl Debug for FunctionTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool")
            .field("name", &self.name)
            .field("side_effects", &self.side_effects)
            .field("untrusted", &self.untrusted)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Tool for FunctionTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> &Value {
        &self.parameters
    }

    fn side_effects(&self) -> bool {
        self.side_effects
    }

    fn untrusted(&self) -> bool {
        self.untrusted
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    async fn call(&self, arguments: Value) -> Result<ToolOutput, ToolError> {
        match arguments {
            Value::Object(arguments) => (self.function)(arguments).await,
            _ => Err(ToolError::Malformed {
                detail: "it is of another kind".to_string(),
            }),
        }
    }
}

/// Takes one argument out; a missing one reads as null, which is `None` for an `Option`.
#[doc(hidden)]
pub fn argument<T: DeserializeOwned>(
    arguments: &mut Map<String, Value>,
    name: &str,
) -> Result<T, ToolError> {
    let value = arguments.remove(name).unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|error| ToolError::Arguments {
        problems: vec![ArgumentError {
            path: name.to_string(),
            detail: error.to_string(),
        }],
    })
}

/// Runs a call that was made ready.
#[doc(hidden)]
pub async fn async_call<R>(ready: Result<R, ToolError>) -> Result<ToolOutput, ToolError>
where
    R: Future<Output = Result<ToolOutput, ToolError>> + Send,
{
    ready?.await
}

/// Runs a call that blocks, on a thread for such calls.
#[doc(hidden)]
pub async fn blocking_call<F>(ready: Result<F, ToolError>) -> Result<ToolOutput, ToolError>
where
    F: FnOnce() -> Result<ToolOutput, ToolError> + Send + 'static,
{
    let run = ready?;
    tokio::task::spawn_blocking(run)
        .await
        .unwrap_or(Err(ToolError::Panicked))
}

/// What a function returned, on its way to text: as JSON if it serialises, else as it displays.
#[doc(hidden)]
#[derive(Debug)]
pub struct Returned<T>(pub T);

/// The first choice: the value serialises. A text stays as it is.
#[doc(hidden)]
pub trait ViaSerialize {
    /// The text for the model.
    fn output(self) -> Result<ToolOutput, ToolError>;
}

impl<T: Serialize> ViaSerialize for Returned<T> {
    fn output(self) -> Result<ToolOutput, ToolError> {
        serde_json::to_value(&self.0)
            .map(ToolOutput::from)
            .map_err(ToolError::failed)
    }
}

/// The second choice, found when the first does not apply: the value displays.
#[doc(hidden)]
pub trait ViaDisplay {
    /// The text for the model.
    fn output(self) -> Result<ToolOutput, ToolError>;
}

impl<T: Display> ViaDisplay for &Returned<T> {
    fn output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::text(self.0.to_string()))
    }
}
