//! Calls of tools: found, checked, allowed, run within their time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::Value;

use super::{Tool, ToolError, ToolOutput, validate};
use crate::approve::{Approval, Approve};
use crate::{Citation, Error, Result, ToolCall, ToolResult, ToolSpec};

/// Calls in one answer of a model that are run.
const MAX_CALLS: usize = 32;
/// Bytes of a tool's output that the model reads.
const MAX_OUTPUT: usize = 64 << 10;

/// The tools of an agent, each under its own name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Toolbox {
    tools: Vec<Arc<dyn Tool>>,
}

/// What a conversation has come to hold through its tools.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Whether there is text that nobody vouches for.
    pub(crate) untrusted: bool,
    /// Passages that were found, numbered from 1.
    pub(crate) passages: Vec<Citation>,
}

impl Toolbox {
    pub(crate) fn new(tools: Vec<Arc<dyn Tool>>) -> Result<Toolbox> {
        for (n, tool) in tools.iter().enumerate() {
            let name = tool.name();
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
                return Err(Error::ToolName {
                    name: name.chars().take(64).collect(),
                });
            }
            if tools[..n].iter().any(|other| other.name() == name) {
                return Err(Error::DuplicateTool {
                    name: name.to_string(),
                });
            }
        }
        Ok(Toolbox { tools })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools
            .iter()
            .map(|tool| ToolSpec::new(tool.name(), tool.description(), tool.parameters().clone()))
            .collect()
    }

    fn find(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    /// Runs the calls: those without side effects next to each other at once, the others one by one.
    pub(crate) async fn run(
        &self,
        calls: &[ToolCall],
        findings: &mut Findings,
        approve: Option<&dyn Approve>,
    ) -> Vec<ToolResult> {
        let mut results = Vec::with_capacity(calls.len());
        let mut rest = &calls[..calls.len().min(MAX_CALLS)];
        while let Some(first) = rest.first() {
            let harmless = rest
                .iter()
                .take_while(|call| !self.has_side_effects(call))
                .count();
            let (now, later) = rest.split_at(harmless.max(1));
            if harmless == 0 {
                let outcome = match permit(first, findings, approve).await {
                    Ok(()) => self.call(first).await,
                    Err(denied) => Err(denied),
                };
                results.push(self.result(first, outcome, findings));
            } else {
                let outcomes = join_all(now.iter().map(|call| self.call(call))).await;
                for (call, outcome) in now.iter().zip(outcomes) {
                    results.push(self.result(call, outcome, findings));
                }
            }
            rest = later;
        }
        results.extend(self.refuse(&calls[results.len()..]));
        results
    }

    /// The results of calls that are not run any more.
    pub(crate) fn refuse(&self, calls: &[ToolCall]) -> Vec<ToolResult> {
        let text = format!("error: {}", ToolError::BudgetSpent);
        calls
            .iter()
            .map(|call| ToolResult::new(call, text.as_str()).failed(true))
            .collect()
    }

    fn has_side_effects(&self, call: &ToolCall) -> bool {
        // A tool that does not exist has none.
        self.find(&call.name)
            .is_some_and(|tool| tool.side_effects())
    }

    async fn call(&self, call: &ToolCall) -> Result<ToolOutput, ToolError> {
        let Some(tool) = self.find(&call.name) else {
            let known: Vec<&str> = self.tools.iter().map(|tool| tool.name()).collect();
            return Err(ToolError::Unknown {
                name: call.name.clone(),
                known: known.join(", "),
            });
        };
        let arguments = arguments(&call.arguments)?;
        validate(tool.parameters(), &arguments)
            .map_err(|problems| ToolError::Arguments { problems })?;
        let limit = tool.timeout();
        // What a tool does to its own state when it panics is its own affair: nothing of it is read here.
        let run = AssertUnwindSafe(tool.call(arguments)).catch_unwind();
        match tokio::time::timeout(limit, run).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ToolError::Panicked),
            Err(_) => Err(ToolError::TimedOut { limit }),
        }
    }

    /// What the model reads of the outcome; passages are numbered on.
    fn result(
        &self,
        call: &ToolCall,
        outcome: Result<ToolOutput, ToolError>,
        findings: &mut Findings,
    ) -> ToolResult {
        let untrusted = self.find(&call.name).is_some_and(|tool| tool.untrusted());
        let output = match outcome {
            Ok(output) => output,
            Err(error) => {
                // An error may repeat what was found.
                findings.untrusted |= untrusted;
                return ToolResult::new(call, format!("error: {error}"))
                    .failed(true)
                    .untrusted(untrusted);
            }
        };
        // Passages come from documents, whatever the tool says of itself.
        let untrusted = untrusted || !output.passages.is_empty();
        findings.untrusted |= untrusted;
        let mut text = output.text;
        for passage in output.passages {
            let mut citation = passage.citation;
            citation.number = findings.passages.len() + 1;
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&format!("[{}] {}\n", citation.number, citation.place()));
            text.push_str(&passage.text);
            findings.passages.push(citation);
        }
        ToolResult::new(call, shortened(text)).untrusted(untrusted)
    }
}

/// Once there is untrusted text, what it may have talked the model into needs consent.
async fn permit(
    call: &ToolCall,
    findings: &Findings,
    approve: Option<&dyn Approve>,
) -> Result<(), ToolError> {
    if !findings.untrusted {
        return Ok(());
    }
    let reason = match approve {
        None => {
            "the conversation holds text of documents, and nobody approved the call".to_string()
        }
        Some(approve) => match approve.approve(call).await {
            Approval::Allow => return Ok(()),
            Approval::Deny(reason) => reason,
        },
    };
    Err(ToolError::Denied { reason })
}

/// The arguments as JSON; none at all is an empty object.
fn arguments(text: &str) -> Result<Value, ToolError> {
    if text.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ToolError::Malformed {
            detail: "it is of another kind".to_string(),
        }),
        Err(error) => Err(ToolError::Malformed {
            detail: error.to_string(),
        }),
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > MAX_OUTPUT {
        let mut end = MAX_OUTPUT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let left_out = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("\n... {left_out} bytes left out"));
    }
    text
}
