//! `lumos rm`: removes documents by key or by filter, in one commit.

use clap::Args;
use lumos::Filter;
use serde_json::json;

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome};
use crate::output::counted;

/// Remove documents by key or by filter, in one commit.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Keys of the documents; one that does not exist is no error
    #[arg(
        required_unless_present = "filter",
        conflicts_with = "filter",
        value_name = "KEY"
    )]
    keys: Vec<String>,
    /// Remove every document that matches
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
}

impl Rm {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = context.existing()?;
        let collection = db.existing_collection(&self.collection)?;
        let removed = match &self.filter {
            Some(input) => {
                let filter =
                    Filter::parse(input).map_err(|source| Failure::filter(input, source))?;
                collection
                    .delete(filter)
                    .map_err(|error| Failure::with_filter(error, input))?
            }
            None => db.write(|transaction| {
                let mut removed = 0;
                for key in &self.keys {
                    // A key named twice is one document.
                    if transaction.get(&self.collection, key)?.is_some() {
                        transaction.delete(&self.collection, key)?;
                        removed += 1;
                    }
                }
                Ok(removed)
            })?,
        };
        if context.out.is_json() {
            return context
                .out
                .json(&json!({ "collection": self.collection, "removed": removed }));
        }
        context
            .out
            .line(format!("{} removed", counted(removed, "document")))
    }
}
