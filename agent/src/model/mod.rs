//! Chat models: what is asked of them and what they answer.

mod delta;
mod message;
mod mock;
mod openai;
mod provider;
mod sse;
mod wire;

use std::fmt::Debug;
use std::ops::AddAssign;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use message::{Message, ToolCall, ToolResult};
pub use mock::{MockModel, MockStep};
pub use openai::OpenAi;
pub(crate) use provider::names as provider_names;
pub use provider::{IntoModel, ModelSpec};
pub use sse::{SseEvent, SseOverflow, SseParser};

use crate::Result;

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToolSpec {
    /// The name to call it by.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Value,
}

impl ToolSpec {
    /// A tool of this name.
    pub fn new(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        ToolSpec {
            name: name.into(),
            description: description.into(),
            parameters,
        }
    }
}

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
    /// Randomness, 0 to 2; the provider's default when `None`.
    pub temperature: Option<f32>,
    /// Tokens it may answer with; the provider's default when `None`.
    pub max_tokens: Option<u32>,
}

impl ChatRequest {
    /// A request with this conversation.
    #[must_use]
    pub fn new(messages: Vec<Message>) -> Self {
        ChatRequest {
            messages,
            ..ChatRequest::default()
        }
    }

    /// The tools it may call.
    #[must_use]
    pub fn tools(mut self, tools: Vec<ToolSpec>) -> Self {
        self.tools = tools;
        self
    }

    /// Randomness, 0 to 2.
    #[must_use]
    pub fn temperature(mut self, temperature: Option<f32>) -> Self {
        self.temperature = temperature;
        self
    }

    /// Tokens it may answer with.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: Option<u32>) -> Self {
        self.max_tokens = max_tokens;
        self
    }
}

/// Tokens that were read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the requests.
    pub input_tokens: u64,
    /// Tokens of the answers.
    pub output_tokens: u64,
}

impl Usage {
    /// This many tokens in and out.
    #[must_use]
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Usage {
            input_tokens,
            output_tokens,
        }
    }

    /// Tokens in and out together.
    pub fn total(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
    }
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Finish {
    /// It had said all.
    #[default]
    Stop,
    /// It wants tools to be called.
    ToolCalls,
    /// It reached the limit of tokens.
    Length,
    /// The provider held the answer back.
    Filtered,
}

/// What a model answers.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ChatReply {
    /// The text, possibly empty beside tool calls.
    pub text: String,
    /// The tools it wants to call, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Tokens read and written, zero when the provider does not say.
    pub usage: Usage,
    /// Cost in US dollars, when the provider says.
    pub cost: Option<f64>,
    /// Why it stopped.
    pub finish: Finish,
}

impl ChatReply {
    /// An answer in words.
    pub fn text(text: impl Into<String>) -> Self {
        ChatReply {
            text: text.into(),
            ..ChatReply::default()
        }
    }

    /// An answer that calls tools.
    pub fn calls(tool_calls: Vec<ToolCall>) -> Self {
        ChatReply {
            tool_calls,
            finish: Finish::ToolCalls,
            ..ChatReply::default()
        }
    }

    /// Sets the tokens read and written.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }
}

/// A model that continues a conversation. Handles are shared between tasks as `Arc<dyn ChatModel>`.
///
/// # Errors
/// Both methods fail when the model or its service does.
#[async_trait]
pub trait ChatModel: Debug + Send + Sync + 'static {
    /// The model's name, for messages and records.
    fn name(&self) -> &str;

    /// Continues the conversation.
    async fn chat(&self, request: &ChatRequest) -> Result<ChatReply>;

    /// Continues the conversation and hands over the text piece by piece as it comes.
    async fn stream(
        &self,
        request: &ChatRequest,
        on_text: &mut (dyn for<'t> FnMut(&'t str) + Send),
    ) -> Result<ChatReply> {
        let reply = self.chat(request).await?;
        if !reply.text.is_empty() {
            on_text(&reply.text);
        }
        Ok(reply)
    }
}

#[async_trait]
impl<M: ChatModel + ?Sized> ChatModel for Arc<M> {
    fn name(&self) -> &str {
        (**self).name()
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatReply> {
        (**self).chat(request).await
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        on_text: &mut (dyn for<'t> FnMut(&'t str) + Send),
    ) -> Result<ChatReply> {
        (**self).stream(request, on_text).await
    }
}
