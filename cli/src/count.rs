//! `lumos count`: how many documents there are, or match.

use clap::Args;
use serde_json::json;

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome};

/// Count the documents of a collection, or those that match a filter.
#[derive(Debug, Args)]
pub(crate) struct Count {
    /// Only documents that match
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
}

impl Count {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = context.readable()?;
        let collection = db.existing_collection(&self.collection)?;
        let count = match &self.filter {
            Some(input) => collection
                .count_matching(input.as_str())
                .map_err(|error| Failure::with_filter(error, input))?,
            None => collection.count()?,
        };
        if context.out.is_json() {
            return context
                .out
                .json(&json!({ "collection": self.collection, "count": count }));
        }
        context.out.line(count.to_string())
    }
}
