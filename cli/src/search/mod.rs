//! `lumos search`: ranked hits with the matches marked.

mod batch;
mod explain;
mod options;
mod print;
mod request;

pub(crate) use options::Search;

use lumos::{Collection, Lumos};

use crate::context::{self, Context};
use crate::failure::{Failure, Outcome, Result};
use crate::{facets, find};

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
        if let Some(file) = &self.batch {
            return self.run_batch(file, &db, context);
        }
        if !self.is_ranked() {
            let collection = db.existing_collection(&self.collection)?;
            let filter = self.filter.as_deref();
            return self.listing.run(&collection, filter, self.limit, context);
        }
        let collection = self.searched(&db)?;
        let mut chain = self.chain(&collection)?;
        let filter = self.filter.as_deref().unwrap_or_default();
        let failed = |error| Failure::with_filter(error, filter);
        if !self.listing.facet.is_empty() {
            for facet in facets::parse(&self.listing.facet)? {
                chain = chain.facet(facet);
            }
            let found = chain.faceted().map_err(failed)?;
            print::hits(&found.hits, context)?;
            return find::tell(found.matches, &found.facets, context);
        }
        if let Some((field, size)) = self.grouped()? {
            let groups = chain.group_by(field, size).run().map_err(failed)?;
            return print::groups(&groups, context);
        }
        if self.explain {
            return explain::tell(&chain.explain().map_err(failed)?, context);
        }
        print::hits(&chain.run().map_err(failed)?, context)
    }
    /// The collection, with its model where that is needed.
    fn searched(&self, db: &Lumos) -> Result<Collection> {
        if self.needs_no_model() {
            return Ok(db.existing_collection(&self.collection)?);
        }
        context::with_embedder(db, &self.collection)
    }
}
