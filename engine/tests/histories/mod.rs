//! Histories of transactions, and the check for isolation anomalies in them.

pub(crate) mod check;
pub(crate) mod graph;
pub(crate) mod history;
mod mutated;
pub(crate) mod plan;
mod planted;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod versions;
