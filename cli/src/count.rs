//! `lumos count`: how many documents there are, or match.

use clap::Args;
use serde_json::json;

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::facets;
use crate::failure::{Failure, Outcome};

/// Count the documents of a collection, or those that match a filter.
#[derive(Debug, Args)]
pub(crate) struct Count {
    /// Only documents that match
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    #[arg(long, value_name = "SPEC", help = facets::HELP)]
    facet: Vec<String>,
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
        let asked = facets::parse(&self.facet)?;
        let counted = match (asked.is_empty(), &self.filter) {
            (true, _) => Vec::new(),
            (false, Some(input)) => collection
                .facets(input.as_str(), &asked)
                .map_err(|error| Failure::with_filter(error, input))?,
            (false, None) => collection.find_all().facets(&asked)?,
        };
        if context.out.is_json() {
            let mut told = json!({ "collection": self.collection, "count": count });
            if !counted.is_empty() {
                told["facets"] = json!(counted);
            }
            return context.out.json(&told);
        }
        context.out.line(count.to_string())?;
        facets::print(&counted, context)
    }
}
