//! `lumos search`: ranked hits with the matches marked.

mod explain;
mod options;
mod print;
mod request;

pub(crate) use options::Search;

use crate::context::{self, Context};
use crate::failure::{Failure, Outcome};

impl Search {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        if self
            .query
            .as_ref()
            .is_some_and(|query| query.trim().is_empty())
        {
            return Err(Failure::argument("query", "must not be empty"));
        }
        let db = context.readable()?;
        let collection = if self.needs_no_model() {
            db.existing_collection(&self.collection)?
        } else {
            context::with_embedder(&db, &self.collection)?
        };
        let chain = self.chain(&collection)?;
        let filter = self.filter.as_deref().unwrap_or_default();
        let failed = |error| Failure::with_filter(error, filter);
        if let Some((field, size)) = self.grouped()? {
            let groups = chain.group_by(field, size).run().map_err(failed)?;
            return print::groups(&groups, context);
        }
        if self.explain {
            return explain::tell(&chain.explain().map_err(failed)?, context);
        }
        print::hits(&chain.run().map_err(failed)?, context)
    }
}
