//! Consent to what a tool is about to do.

use async_trait::async_trait;

use crate::ToolCall;

/// Whether a call may run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approval {
    /// It may.
    Allow,
    /// It may not; the model reads why.
    Deny(String),
}

/// Decides on calls of tools with side effects once a conversation holds untrusted text. Without one,
/// such calls are denied.
///
/// A function from the call to a `bool` is one.
#[async_trait]
pub trait Approve: Send + Sync + 'static {
    /// Decides. It may take its time, such as to ask a person.
    async fn approve(&self, call: &ToolCall) -> Approval;
}

#[async_trait]
impl<F: Fn(&ToolCall) -> bool + Send + Sync + 'static> Approve for F {
    async fn approve(&self, call: &ToolCall) -> Approval {
        if self(call) {
            Approval::Allow
        } else {
            Approval::Deny("it was not approved".to_string())
        }
    }
}
