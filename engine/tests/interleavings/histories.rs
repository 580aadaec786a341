//! The parts of the check of histories that start no threads.
#![allow(dead_code)]

#[path = "../histories/access.rs"]
pub(crate) mod access;
#[path = "../histories/check.rs"]
pub(crate) mod check;
#[path = "../histories/graph.rs"]
pub(crate) mod graph;
#[path = "../histories/history.rs"]
pub(crate) mod history;
#[path = "../histories/plan.rs"]
pub(crate) mod plan;
#[path = "../histories/session.rs"]
pub(crate) mod session;
#[path = "../histories/shared.rs"]
pub(crate) mod shared;
#[path = "../histories/versions.rs"]
pub(crate) mod versions;
