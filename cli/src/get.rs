//! `lumos get`: documents as JSON lines.

use clap::Args;

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome};

/// Print documents as JSON, one a line.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Keys of the documents
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
    /// Print the vectors too
    #[arg(long)]
    vectors: bool,
}

impl Get {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = context.readable()?;
        let collection = db.existing_collection(&self.collection)?;
        let mut missing = Vec::new();
        for key in self.keys {
            match collection.get(&key)? {
                Some(mut doc) => {
                    if !self.vectors {
                        doc.vectors.clear();
                    }
                    context.out.json(&doc)?;
                }
                None => missing.push(key),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::Missing {
            collection: self.collection,
            keys: missing,
        })
    }
}
