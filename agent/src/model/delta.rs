//! One answer put together from the pieces of a stream.

use super::wire::{WireReply, WireUsage, arguments_text, finish};
use super::{ChatReply, ToolCall};

/// Tool calls in one answer that are kept.
const MAX_CALLS: usize = 128;

/// The answer so far.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    text: String,
    calls: Vec<ToolCall>,
    usage: WireUsage,
    reason: Option<String>,
    any: bool,
}

impl Deltas {
    /// Adds a piece and returns its text.
    pub(crate) fn add(&mut self, piece: WireReply) -> Result<String, &'static str> {
        if let Some(usage) = piece.usage {
            self.usage = usage;
        }
        let Some(choice) = piece.choices.into_iter().next() else {
            return Ok(String::new());
        };
        self.any = true;
        if choice.finish_reason.is_some() {
            self.reason = choice.finish_reason;
        }
        for call in choice.delta.tool_calls {
            // Without an index a piece with an id begins a call and one without continues the last.
            let at = call.index.unwrap_or(match &call.id {
                Some(_) => self.calls.len(),
                None => self.calls.len().saturating_sub(1),
            });
            if at >= MAX_CALLS {
                return Err("it calls too many tools");
            }
            while self.calls.len() <= at {
                self.calls
                    .push(ToolCall::new(format!("call_{}", self.calls.len()), "", ""));
            }
            let Some(known) = self.calls.get_mut(at) else {
                continue;
            };
            if let Some(id) = call.id.filter(|id| !id.is_empty()) {
                known.id = id;
            }
            if let Some(name) = call.function.name {
                // Some services repeat the name in every piece.
                if known.name != name {
                    known.name.push_str(&name);
                }
            }
            known
                .arguments
                .push_str(&arguments_text(call.function.arguments));
        }
        let text = choice
            .delta
            .content
            .or(choice.delta.refusal)
            .unwrap_or_default();
        self.text.push_str(&text);
        Ok(text)
    }

    /// The whole answer.
    pub(crate) fn finish(self) -> Result<ChatReply, &'static str> {
        if !self.any {
            return Err("the stream has no choices");
        }
        if self.reason.is_none() {
            return Err("the stream broke off");
        }
        if self.calls.iter().any(|call| call.name.is_empty()) {
            return Err("a tool call has no name");
        }
        Ok(ChatReply {
            finish: finish(self.reason.as_deref(), !self.calls.is_empty()),
            text: self.text,
            tool_calls: self.calls,
            usage: self.usage.into(),
            cost: self.usage.cost,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::Finish;
    use serde_json::{Value, json};

    fn run(pieces: Vec<Value>) -> Result<ChatReply, &'static str> {
        let mut deltas = Deltas::default();
        for piece in pieces {
            deltas.add(serde_json::from_value(piece).unwrap())?;
        }
        deltas.finish()
    }

    #[test]
    fn two_calls_are_put_together_from_interleaved_pieces() {
        let call = |index: usize, id: Value, name: Value, arguments: &str| {
            json!({"choices": [{"delta": {"tool_calls": [{"index": index, "id": id,
                "function": {"name": name, "arguments": arguments}}]}}]})
        };
        let reply = run(vec![
            json!({"choices": [{"delta": {"role": "assistant", "content": ""}}]}),
            call(0, json!("a"), json!("weather"), "{\"ci"),
            call(1, json!("b"), json!("time"), "{}"),
            call(0, Value::Null, Value::Null, "ty\":\"Oslo\"}"),
            json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}),
        ])
        .unwrap();
        assert_eq!(
            reply.tool_calls,
            [
                ToolCall::new("a", "weather", "{\"city\":\"Oslo\"}"),
                ToolCall::new("b", "time", "{}")
            ]
        );
        assert_eq!(
            (reply.usage.input_tokens, reply.finish),
            (9, Finish::ToolCalls)
        );
    }

    /// Half an answer that looks like a whole one is worse than an error.
    #[test]
    fn a_stream_that_breaks_off_is_an_error() {
        assert!(run(vec![json!({"choices": [{"delta": {"content": "It is"}}]})]).is_err());
        assert!(run(vec![]).is_err());
    }

    #[test]
    fn a_huge_index_is_refused_without_allocating_for_it() {
        let piece = json!({"choices": [{"delta": {"tool_calls": [{"index": usize::MAX}]}}]});
        assert_eq!(run(vec![piece]), Err("it calls too many tools"));
    }
}
