//! `lumos set`: changes metadata of every document that matches, in one commit.

use clap::Args;
use serde_json::{Value, json};

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome, Result};
use crate::output::counted;

/// Set metadata fields of every document that matches a filter, in one commit.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Fields and their values as JSON: year=2026 lang='"en"' author.name='"Ada"'; null removes
    #[arg(required = true, value_name = "FIELD=JSON")]
    fields: Vec<String>,
    /// The documents
    #[arg(long, value_name = "FILTER")]
    filter: String,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
}

impl Set {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let fields: Vec<(&str, Value)> = self
            .fields
            .iter()
            .map(|field| assignment(field))
            .collect::<Result<_>>()?;
        let db = context.existing()?;
        let collection = db.existing_collection(&self.collection)?;
        let changed = collection.update(self.filter.as_str(), |doc| {
            for (path, value) in &fields {
                doc.set(path, value.clone());
            }
        });
        let changed = changed.map_err(|error| Failure::with_filter(error, &self.filter))?;
        Context::settle(&db)?;
        if context.out.is_json() {
            return context
                .out
                .json(&json!({ "collection": self.collection, "changed": changed }));
        }
        context
            .out
            .line(format!("{} changed", counted(changed, "document")))
    }
}

fn assignment(text: &str) -> Result<(&str, Value)> {
    let wrong = |detail: String| Failure::argument("field", detail);
    let Some((path, value)) = text.split_once('=').filter(|(path, _)| !path.is_empty()) else {
        return Err(wrong(format!(
            "\"{text}\" must be FIELD=JSON, as in year=2026"
        )));
    };
    match serde_json::from_str(value) {
        Ok(value) => Ok((path, value)),
        Err(_) => Err(wrong(format!(
            "\"{path}\" has no JSON value: write {path}='\"{value}\"' for a text"
        ))),
    }
}
