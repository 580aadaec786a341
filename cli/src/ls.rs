//! `lumos ls`: keys, documents, collections.

use clap::Args;
use lumos::Scan;
use serde_json::json;

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::failure::Outcome;
use crate::snippet;

/// Documents read at once.
const PAGE: usize = 1_000;

/// List keys in order; with --json the documents.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Only keys that start with this
    #[arg(long, default_value = "", value_name = "TEXT")]
    prefix: String,
    /// At most this many
    #[arg(long, short = 'n', value_name = "N")]
    limit: Option<usize>,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
    /// With --json: print the vectors too
    #[arg(long)]
    vectors: bool,
    /// List the collections instead
    #[arg(long, conflicts_with_all = ["prefix", "vectors", "limit"])]
    collections: bool,
}

impl Ls {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = context.readable()?;
        if self.collections {
            let snapshot = db.snapshot();
            for name in db.collections() {
                if context.out.is_json() {
                    let count = snapshot.count(&name);
                    context
                        .out
                        .json(&json!({ "collection": name, "documents": count }))?;
                } else {
                    context.out.line(name)?;
                }
            }
            return Ok(());
        }
        db.existing_collection(&self.collection)?;
        // One snapshot: a writer beside this command cannot make a key appear twice or not at all.
        let snapshot = db.snapshot();
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut after: Option<String> = None;
        while left > 0 {
            let mut scan = Scan::all()
                .prefix(self.prefix.as_str())
                .limit(left.min(PAGE))
                .vectors(self.vectors && context.out.is_json());
            if let Some(key) = after.take() {
                scan = scan.after(key);
            }
            let page = snapshot.scan(&self.collection, &scan)?;
            if page.is_empty() {
                break;
            }
            left = left.saturating_sub(page.len());
            for doc in &page {
                if context.out.is_json() {
                    context.out.json(doc)?;
                } else {
                    context.out.line(snippet::name(&doc.key))?;
                }
            }
            after = page.last().map(|doc| doc.key.clone());
        }
        Ok(())
    }
}
