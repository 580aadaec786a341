//! Agents on Lumos: chat models, tools, and sessions that live in the database.
//!
//! **What it is.** [`ChatModel`] with a client of OpenAI-compatible services and a scripted
//! [`MockModel`]; [`Tool`]s, whose arguments are checked against their schema before they run;
//! [`Agent`], the loop between the two with a budget of steps; [`Session`]s, each turn of which is
//! one commit in the store of a [`Memory`]. [`RagTool`] makes a tool of a
//! [`Rag`](lumos_rag::Rag), [`generator`] lets a model write its answers.
//!
//! **What it is not.** A gateway to every provider's own protocol, and no sandbox: a tool runs in
//! this process with its rights. Text from documents is fenced off and stops tools with side effects
//! unless they are approved; that contains injected instructions, it does not make them impossible.
//!
//! ```
//! use lumos_agent::{Agent, Memory, MockModel, MockStep};
//! use lumos_engine::Lumos;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> lumos_agent::Result<()> {
//! let db = Lumos::memory()?;
//! let model = MockModel::script(["Hello Ada.", "You are Ada."]);
//! let agent = Agent::builder().model(model).memory(Memory::open(&db)).build();
//! agent.session("ada").chat("I am Ada.").await?;
//! let reply = agent.session("ada").chat("Who am I?").await?;
//! assert_eq!(reply.to_string(), "You are Ada.");
//! assert_eq!(Memory::open(&db).sessions().await?, ["ada"]);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod agent;
mod approve;
mod documents;
mod endpoint;
mod error;
mod fence;
mod generator;
mod http;
mod memory;
mod model;
mod nonce;
mod reply;
mod retry;
mod secret;
mod session;
mod tool;
mod turn;

pub use agent::{Agent, AgentBuilder, simple};
pub use approve::{Approval, Approve};
pub use documents::RagTool;
pub use error::{Error, Result};
pub use generator::generator;
pub use http::HttpLimits;
pub use lumos_rag::Citation;
pub use memory::Memory;
pub use model::{
    ChatModel, ChatReply, ChatRequest, Finish, IntoModel, Message, MockModel, MockStep, ModelSpec,
    OpenAi, SseEvent, SseOverflow, SseParser, ToolCall, ToolResult, ToolSpec, Usage,
};
pub use reply::{Reply, StopReason};
pub use retry::RetryPolicy;
#[doc(no_inline)]
pub use schemars;
pub use secret::Secret;
pub use session::Session;
pub use tool::{
    ArgumentError, FunctionTool, Parameters, Passage, Tool, ToolError, ToolOutput, validate,
};

/// What the code that `#[tool]` writes calls; not for use by hand.
#[doc(hidden)]
pub mod expanded {
    pub use crate::tool::{
        Returned, ViaDisplay, ViaSerialize, argument, async_call, blocking_call,
    };
}
