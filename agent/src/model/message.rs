//! What is said in a conversation.

use serde::{Deserialize, Serialize};

/// A model's wish to call a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The id that the result must carry.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them: JSON, if it did well.
    pub arguments: String,
}

impl ToolCall {
    /// A call of this tool with these arguments.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        }
    }
}

/// What came of a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolResult {
    /// The id of the call.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// What the tool returned, or why it failed.
    pub content: String,
    /// Whether the content comes from documents or other places that nobody vouches for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untrusted: bool,
    /// Whether the call failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

impl ToolResult {
    /// The result of this call.
    pub fn new(call: &ToolCall, content: impl Into<String>) -> Self {
        ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: content.into(),
            untrusted: false,
            failed: false,
        }
    }

    /// Marks the content as coming from a place that nobody vouches for.
    #[must_use]
    pub fn untrusted(mut self, untrusted: bool) -> Self {
        self.untrusted = untrusted;
        self
    }

    /// Marks the call as failed.
    #[must_use]
    pub fn failed(mut self, failed: bool) -> Self {
        self.failed = failed;
        self
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Message {
    /// What the program tells the model to be.
    System {
        /// The text.
        text: String,
    },
    /// What a person says.
    User {
        /// The text.
        text: String,
    },
    /// What the model says, with the tools it wants to call.
    Assistant {
        /// The text, possibly empty beside tool calls.
        text: String,
        /// The calls, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool returned.
    Tool(ToolResult),
}

impl Message {
    /// A system message.
    pub fn system(text: impl Into<String>) -> Self {
        Message::System { text: text.into() }
    }

    /// A person's message.
    pub fn user(text: impl Into<String>) -> Self {
        Message::User { text: text.into() }
    }

    /// A model's message without tool calls.
    pub fn assistant(text: impl Into<String>) -> Self {
        Message::Assistant {
            text: text.into(),
            tool_calls: Vec::new(),
        }
    }

    /// The text of the message.
    pub fn text(&self) -> &str {
        match self {
            Message::System { text } | Message::User { text } | Message::Assistant { text, .. } => {
                text
            }
            Message::Tool(result) => &result.content,
        }
    }

    /// An estimate of its tokens that errs on the high side: a quarter of its ASCII bytes, one for
    /// every other character, and a few for the frame.
    pub fn estimated_tokens(&self) -> usize {
        let calls: usize = match self {
            Message::Assistant { tool_calls, .. } => tool_calls
                .iter()
                .map(|call| 8 + estimate(&call.name) + estimate(&call.arguments))
                .sum(),
            _ => 0,
        };
        4 + estimate(self.text()) + calls
    }
}

fn estimate(text: &str) -> usize {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let other = text.chars().filter(|c| !c.is_ascii()).count();
    ascii.div_ceil(4) + other
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Sessions are stored in this form; a change would make old ones unreadable.
    #[test]
    fn the_stored_form_of_messages_is_fixed() {
        let call = ToolCall::new("c1", "weather", r#"{"city":"Oslo"}"#);
        let messages = vec![
            Message::user("Weather?"),
            Message::Assistant {
                text: String::new(),
                tool_calls: vec![call.clone()],
            },
            Message::Tool(ToolResult::new(&call, "21 C").untrusted(true)),
            Message::assistant("It is 21 C."),
        ];
        let json = serde_json::to_string(&messages).unwrap();
        assert_eq!(
            json,
            r#"[{"role":"user","text":"Weather?"},{"role":"assistant","text":"","tool_calls":[{"id":"c1","name":"weather","arguments":"{\"city\":\"Oslo\"}"}]},{"role":"tool","call_id":"c1","name":"weather","content":"21 C","untrusted":true},{"role":"assistant","text":"It is 21 C."}]"#
        );
        assert_eq!(
            serde_json::from_str::<Vec<Message>>(&json).unwrap(),
            messages
        );
    }

    #[test]
    fn chinese_text_counts_one_token_a_character() {
        assert_eq!(Message::user("abcdefgh").estimated_tokens(), 6);
        assert_eq!(Message::user("\u{4f60}\u{597d}").estimated_tokens(), 6);
    }
}
