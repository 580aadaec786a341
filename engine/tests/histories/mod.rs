//! Histories of transactions, and the check for isolation anomalies in them.

mod access;
pub(crate) mod check;
pub(crate) mod graph;
pub(crate) mod history;
mod mutated;
pub(crate) mod plan;
mod planted;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod shared;
pub(crate) mod versions;
