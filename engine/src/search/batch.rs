//! Many searches at once.

use super::answer::{self, Extras};
use super::builder::Search;
use super::query::Query;
use super::{Hit, ScoredKey};
use crate::Result;

/// Many searches with one set of options, see [`Collection::search_batch`](crate::Collection::search_batch).
///
/// All methods of [`Search`] hold for every query. The searches see one state of the database, evaluate
/// the filter once, embed texts together and run on all cores: on the threads of the current rayon pool.
pub type SearchBatch = Search<Vec<Query>>;

impl Search<Vec<Query>> {
    /// Runs all searches: the hits of each, in the order of the queries.
    ///
    /// # Errors
    /// As [`Search::run`], when any of the queries is wrong: that of the first of them.
    pub fn run(mut self) -> Result<Vec<Vec<Hit>>> {
        let queries = std::mem::take(&mut self.query);
        let reranker = self.reranker.take();
        let extras = Extras {
            reranker: reranker
                .as_ref()
                .map(|(reranker, depth)| (&**reranker, *depth)),
            group: None,
        };
        let bound = self.bind(queries)?;
        let state = bound.state()?;
        let mut all = answer::batch(state, &bound.requests, bound.filter.as_ref(), &extras)?;
        for (at, hits) in all.iter_mut().enumerate() {
            bound.keep_hits(at, hits);
        }
        Ok(all)
    }

    /// Runs all searches and reads no document: keys and scores, as [`Search::keys`] gives them.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").vector([1.0, 0.0]))?;
    /// docs.put(Doc::new("b").vector([0.0, 1.0]))?;
    /// let found = docs.search_batch([[0.9, 0.1], [0.2, 0.8]]).limit(1).keys()?;
    /// assert_eq!(found[0][0].key, "a");
    /// assert_eq!(found[1][0].key, "b");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`SearchBatch::run`].
    pub fn keys(mut self) -> Result<Vec<Vec<ScoredKey>>> {
        let queries = std::mem::take(&mut self.query);
        let reranker = self.reranker.take();
        let extras = Extras {
            reranker: reranker
                .as_ref()
                .map(|(reranker, depth)| (&**reranker, *depth)),
            group: None,
        };
        let bound = self.bind(queries)?;
        let state = bound.state()?;
        let mut all = answer::batch_keys(state, &bound.requests, bound.filter.as_ref(), &extras)?;
        for (at, found) in all.iter_mut().enumerate() {
            bound.keep(at, found, |found| &found.key);
        }
        Ok(all)
    }
}
