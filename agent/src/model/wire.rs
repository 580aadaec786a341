//! The JSON of the OpenAI chat completions protocol.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ChatReply, ChatRequest, Finish, Message, ToolCall, Usage};

/// The body of a request.
#[derive(Debug, Serialize)]
pub(crate) struct WireRequest<'a> {
    model: &'a str,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
}

impl<'a> WireRequest<'a> {
    /// The body that asks `model` this.
    pub(crate) fn new(model: &'a str, request: &ChatRequest, stream: bool) -> Self {
        WireRequest {
            model,
            messages: request.messages.iter().map(message).collect(),
            tools: request
                .tools
                .iter()
                .map(|tool| {
                    json!({"type": "function", "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    }})
                })
                .collect(),
            temperature: request.temperature,
            max_tokens: request.max_tokens,
            stream,
            stream_options: stream.then(|| json!({"include_usage": true})),
        }
    }
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({"role": "system", "content": text}),
        Message::User { text } => json!({"role": "user", "content": text}),
        Message::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({"role": "assistant", "content": text})
        }
        Message::Assistant { text, tool_calls } => {
            let calls: Vec<Value> = tool_calls
                .iter()
                .map(|call| {
                    json!({"id": call.id, "type": "function",
                        "function": {"name": call.name, "arguments": call.arguments}})
                })
                .collect();
            let content = if text.is_empty() {
                Value::Null
            } else {
                json!(text)
            };
            json!({"role": "assistant", "content": content, "tool_calls": calls})
        }
        Message::Tool(result) => {
            json!({"role": "tool", "tool_call_id": result.call_id, "content": result.content})
        }
    }
}

// Services write null where others leave a field out.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The body of an answer, whole or one piece of a stream; unknown fields are ignored.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireReply {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) choices: Vec<WireChoice>,
    #[serde(default)]
    pub(crate) usage: Option<WireUsage>,
    #[serde(default)]
    pub(crate) error: Option<WireError>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireChoice {
    /// What a whole answer holds.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) message: WireMessage,
    /// What a piece of a stream holds.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) delta: WireMessage,
    #[serde(default)]
    pub(crate) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireMessage {
    #[serde(default)]
    pub(crate) content: Option<String>,
    #[serde(default)]
    pub(crate) refusal: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) tool_calls: Vec<WireCall>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireCall {
    /// Which call of a stream this piece belongs to.
    #[serde(default)]
    pub(crate) index: Option<usize>,
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) function: WireFunction,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireFunction {
    #[serde(default)]
    pub(crate) name: Option<String>,
    // Some services send the object itself instead of its text.
    #[serde(default)]
    pub(crate) arguments: Option<Value>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct WireUsage {
    #[serde(default, deserialize_with = "or_default")]
    prompt_tokens: u64,
    #[serde(default, deserialize_with = "or_default")]
    completion_tokens: u64,
    #[serde(default)]
    pub(crate) cost: Option<f64>,
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Usage {
        Usage::new(usage.prompt_tokens, usage.completion_tokens)
    }
}

/// `{"message": "..."}`, or a bare text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum WireError {
    Object { message: String },
    Text(String),
    Other(Value),
}

impl WireError {
    /// What the provider said.
    pub(crate) fn message(&self) -> String {
        match self {
            WireError::Object { message } | WireError::Text(message) => message.clone(),
            WireError::Other(value) => value.to_string(),
        }
    }
}

/// The arguments of a call as text.
pub(crate) fn arguments_text(arguments: Option<Value>) -> String {
    match arguments {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    }
}

/// The reason to stop.
pub(crate) fn finish(reason: Option<&str>, has_calls: bool) -> Finish {
    match reason {
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::Filtered,
        // Some services say "stop" although they call tools.
        _ if has_calls => Finish::ToolCalls,
        _ => Finish::Stop,
    }
}

impl WireReply {
    /// The answer, or what is missing from it.
    pub(crate) fn into_reply(self) -> Result<ChatReply, &'static str> {
        let usage = self.usage.unwrap_or_default();
        let choice = self.choices.into_iter().next().ok_or("it has no choices")?;
        let mut tool_calls = Vec::new();
        for (n, call) in choice.message.tool_calls.into_iter().enumerate() {
            tool_calls.push(ToolCall {
                id: call
                    .id
                    .filter(|id| !id.is_empty())
                    .unwrap_or_else(|| format!("call_{n}")),
                name: call.function.name.ok_or("a tool call has no name")?,
                arguments: arguments_text(call.function.arguments),
            });
        }
        Ok(ChatReply {
            finish: finish(choice.finish_reason.as_deref(), !tool_calls.is_empty()),
            text: choice
                .message
                .content
                .or(choice.message.refusal)
                .unwrap_or_default(),
            tool_calls,
            usage: usage.into(),
            cost: usage.cost,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{ToolResult, ToolSpec};

    #[test]
    fn a_conversation_with_a_tool_call_is_written_as_the_protocol_wants() {
        let call = ToolCall::new("c1", "weather", r#"{"city":"Oslo"}"#);
        let request = ChatRequest::new(vec![
            Message::system("Be brief."),
            Message::user("Weather?"),
            Message::Assistant {
                text: String::new(),
                tool_calls: vec![call.clone()],
            },
            Message::Tool(ToolResult::new(&call, "21 C")),
        ])
        .tools(vec![ToolSpec::new(
            "weather",
            "Current weather.",
            json!({"type": "object"}),
        )])
        .max_tokens(Some(50));
        let body = serde_json::to_value(WireRequest::new("m", &request, true)).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "m",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Weather?"},
                    {"role": "assistant", "content": null, "tool_calls": [{"id": "c1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]},
                    {"role": "tool", "tool_call_id": "c1", "content": "21 C"},
                ],
                "tools": [{"type": "function", "function": {"name": "weather",
                    "description": "Current weather.", "parameters": {"type": "object"}}}],
                "max_tokens": 50,
                "stream": true,
                "stream_options": {"include_usage": true},
            })
        );
    }

    fn read(json: Value) -> Result<ChatReply, &'static str> {
        serde_json::from_value::<WireReply>(json)
            .unwrap()
            .into_reply()
    }

    #[test]
    fn answers_of_lenient_services_are_read() {
        let reply = read(
            json!({"choices": [{"message": {"role": "assistant", "content": null,
            "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
            "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
        )
        .unwrap();
        assert_eq!(
            reply.tool_calls,
            [ToolCall::new("call_0", "f", r#"{"a":1}"#)]
        );
        assert_eq!(reply.finish, Finish::ToolCalls);
        assert_eq!(reply.usage, Usage::new(3, 4));
        assert_eq!(read(json!({"choices": []})), Err("it has no choices"));
        assert_eq!(
            read(json!({"choices": [{"message": {"refusal": "no"}, "finish_reason": "length"}]}))
                .map(|reply| (reply.text, reply.finish)),
            Ok(("no".to_string(), Finish::Length))
        );
    }
}
