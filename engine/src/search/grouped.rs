//! A search for groups.

use super::answer::{self, Extras};
use super::builder::Search;
use super::choose::Group;
use super::query::Query;
use crate::Result;

/// A search whose hits are put into groups; see [`Search::group_by`].
#[derive(Debug, Clone)]
#[must_use = "a search does nothing until .run()"]
pub struct GroupedSearch {
    pub(super) search: Search,
    pub(super) field: String,
    pub(super) size: usize,
}

impl GroupedSearch {
    /// Runs the search on the current state: the groups, by their best hits.
    ///
    /// # Errors
    /// As [`Search::run`]; `InvalidArgument` for sizes past their limits.
    pub fn run(mut self) -> Result<Vec<Group>> {
        let reranker = self.search.reranker.take();
        let query = std::mem::replace(&mut self.search.query, Query::Vector(Vec::new()));
        self.search.extended = true;
        let bound = self.search.bind(vec![query])?;
        let (request, filter) = bound.one()?;
        let extras = Extras {
            reranker: reranker
                .as_ref()
                .map(|(reranker, depth)| (&**reranker, *depth)),
            group: Some((&self.field, self.size)),
        };
        answer::groups(bound.state()?, request, filter, &extras)
    }
}
