//! `lumos compact`: merges segments and drops what is deleted.

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::bytes;

/// Merge every collection into one segment and drop what is deleted.
#[derive(Debug, Args)]
pub(crate) struct Compact {}

impl Compact {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = context.existing()?;
        let size = || {
            let stats = db.stats();
            stats.log_bytes + stats.segment_bytes
        };
        let before = size();
        db.compact()?;
        let after = size();
        if context.out.is_json() {
            return context
                .out
                .json(&json!({ "bytes_before": before, "bytes_after": after }));
        }
        context
            .out
            .line(format!("{} -> {}", bytes(before), bytes(after)))
    }
}
