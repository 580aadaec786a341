//! A model without a network: scripted for tests, or echoing for a first try.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use super::{ChatModel, ChatReply, ChatRequest, Message, ToolCall, Usage};
use crate::{Error, Result};

/// One answer of a scripted model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MockStep {
    /// It says this.
    Say(String),
    /// It calls these tools, each with its arguments as text.
    Call(Vec<(String, String)>),
    /// The service fails with this HTTP status.
    Fail(u16),
}

impl MockStep {
    /// It says this.
    pub fn say(text: impl Into<String>) -> Self {
        MockStep::Say(text.into())
    }

    /// It calls this tool.
    pub fn call(tool: impl Into<String>, arguments: Value) -> Self {
        MockStep::Call(vec![(tool.into(), arguments.to_string())])
    }

    /// It calls several tools at once.
    pub fn calls<'a>(calls: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        MockStep::Call(
            calls
                .into_iter()
                .map(|(tool, args)| (tool.to_string(), args.to_string()))
                .collect(),
        )
    }
}

impl From<&str> for MockStep {
    fn from(text: &str) -> Self {
        MockStep::say(text)
    }
}

#[derive(Debug)]
struct Script {
    steps: VecDeque<MockStep>,
    length: usize,
}

/// A model that answers the same to the same, without a network.
///
/// Without a script it repeats what the last message says. A question of the form
/// `/tool {"argument": 1}` makes it call that tool, and then say what the tool returned.
///
/// ```
/// # use lumos_agent::{ChatModel, ChatRequest, Message, MockModel, MockStep};
/// # use serde_json::json;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), lumos_agent::Error> {
/// let model = MockModel::script([
///     MockStep::call("weather", json!({"city": "Oslo"})),
///     MockStep::say("It is 21 C in Oslo."),
/// ]);
/// let request = ChatRequest::new(vec![Message::user("Weather in Oslo?")]);
/// assert_eq!(model.chat(&request).await?.tool_calls[0].name, "weather");
/// assert_eq!(model.chat(&request).await?.text, "It is 21 C in Oslo.");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MockModel {
    script: Option<Arc<Mutex<Script>>>,
    requests: Arc<Mutex<Vec<ChatRequest>>>,
}

impl MockModel {
    /// A model that repeats the last message.
    #[must_use]
    pub fn new() -> Self {
        MockModel::default()
    }

    /// A model that gives these answers one after the other, whatever it is asked.
    pub fn script<S: Into<MockStep>>(steps: impl IntoIterator<Item = S>) -> Self {
        let steps: VecDeque<MockStep> = steps.into_iter().map(Into::into).collect();
        let length = steps.len();
        MockModel {
            script: Some(Arc::new(Mutex::new(Script { steps, length }))),
            ..MockModel::default()
        }
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn answer(&self, request: &ChatRequest) -> Result<ChatReply> {
        let Some(script) = &self.script else {
            return Ok(echo(request));
        };
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(step) = script.steps.pop_front() else {
            return Err(Error::ScriptEnded {
                steps: script.length,
            });
        };
        let step_number = script.length - script.steps.len();
        Ok(match step {
            MockStep::Say(text) => ChatReply::text(text),
            MockStep::Call(calls) => ChatReply::calls(
                calls
                    .into_iter()
                    .enumerate()
                    .map(|(n, (name, arguments))| {
                        ToolCall::new(format!("mock_{step_number}_{n}"), name, arguments)
                    })
                    .collect(),
            ),
            MockStep::Fail(status) => {
                return Err(Error::Status {
                    endpoint: "mock".to_string(),
                    status,
                    detail: "as scripted".to_string(),
                });
            }
        })
    }
}

fn echo(request: &ChatRequest) -> ChatReply {
    let Some(last) = request.messages.last() else {
        return ChatReply::default();
    };
    if let Message::User { text } = last
        && let Some(line) = text.trim().strip_prefix('/')
    {
        let (tool, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if request.tools.iter().any(|known| known.name == tool) {
            let id = format!("mock_{}", request.messages.len());
            return ChatReply::calls(vec![ToolCall::new(id, tool, arguments.trim())]);
        }
    }
    ChatReply::text(last.text())
}

#[async_trait]
impl ChatModel for MockModel {
    fn name(&self) -> &str {
        "mock"
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatReply> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        let reply = self.answer(request)?;
        let read: usize = request.messages.iter().map(Message::estimated_tokens).sum();
        let written = Message::Assistant {
            text: reply.text.clone(),
            tool_calls: reply.tool_calls.clone(),
        };
        let usage = Usage::new(read as u64, written.estimated_tokens() as u64);
        Ok(reply.with_usage(usage))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::ToolSpec;
    use serde_json::json;

    #[tokio::test]
    async fn a_script_that_is_over_says_so() {
        let model = MockModel::script(["one"]);
        let request = ChatRequest::new(vec![Message::user("?")]);
        assert_eq!(model.chat(&request).await.unwrap().text, "one");
        let error = model.chat(&request).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the script of the mock model has only 1 steps"
        );
        assert_eq!(model.requests().len(), 2);
    }

    #[tokio::test]
    async fn the_echo_calls_a_tool_that_it_knows() {
        let model = MockModel::new();
        let ask = |text: &str| {
            ChatRequest::new(vec![Message::user(text)]).tools(vec![ToolSpec::new(
                "weather",
                "Weather.",
                json!({}),
            )])
        };
        let reply = model
            .chat(&ask("/weather {\"city\": \"Oslo\"}"))
            .await
            .unwrap();
        assert_eq!(reply.tool_calls[0].arguments, "{\"city\": \"Oslo\"}");
        assert_eq!(
            model.chat(&ask("/unknown {}")).await.unwrap().text,
            "/unknown {}"
        );
        assert_eq!(model.chat(&ask("hello")).await.unwrap().text, "hello");
    }
}
