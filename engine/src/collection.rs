//! The handle of one collection.

use std::sync::Arc;

use lumos_index::Filter;

use crate::database::Lumos;
use crate::op::Op;
use crate::search::{
    Hit, Leg, Query, Search, SearchBatch, SearchRequest, answer, execute, meaning,
};
use crate::{Batch, Doc, Error, Ingest, Result, Scan, Schema, Seqno};

/// Documents put in one commit by [`Collection::put_all`].
const PUT_ALL_BATCH: usize = 1_000;

/// A collection of documents; see [`Lumos::collection`].
#[derive(Debug, Clone)]
pub struct Collection {
    db: Lumos,
    name: String,
}

/// What [`Collection::delete`] removes.
#[derive(Debug, Clone)]
pub enum Selection {
    /// The document of this key.
    Key(String),
    /// Every document that matches.
    Matching(Filter),
}

impl From<&str> for Selection {
    fn from(key: &str) -> Self {
        Selection::Key(key.to_string())
    }
}

impl From<String> for Selection {
    fn from(key: String) -> Self {
        Selection::Key(key)
    }
}

impl From<&String> for Selection {
    fn from(key: &String) -> Self {
        Selection::Key(key.clone())
    }
}

impl From<Filter> for Selection {
    fn from(filter: Filter) -> Self {
        Selection::Matching(filter)
    }
}

impl Collection {
    pub(crate) fn new(db: Lumos, name: &str) -> Self {
        Collection {
            db,
            name: name.to_string(),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The database it belongs to.
    pub fn database(&self) -> &Lumos {
        &self.db
    }

    /// Inserts or replaces a document, as its own commit. Takes a [`Doc`] or `(key, text)`.
    ///
    /// # Errors
    /// `DimensionMismatch`, `Vector` (NaN, infinite, zero under cosine), `FieldType`, `InvalidArgument`
    /// for a key or document past its limits, `ReadOnly`, `Storage`. Nothing is written then.
    pub fn put(&self, doc: impl Into<Doc>) -> Result<Seqno> {
        let mut batch = Batch::new();
        batch.put(&self.name, doc);
        self.db.write_embedded(batch)
    }

    /// Inserts or replaces documents, 1,000 a commit; returns how many.
    ///
    /// # Errors
    /// As [`Collection::put`]; the commits before the one that failed stay.
    pub fn put_all<D: Into<Doc>>(&self, docs: impl IntoIterator<Item = D>) -> Result<u64> {
        let mut batch = Batch::new();
        let mut count = 0;
        for doc in docs {
            batch.put(&self.name, doc);
            count += 1;
            if batch.len() == PUT_ALL_BATCH {
                self.db.write_embedded(std::mem::take(&mut batch))?;
            }
        }
        if !batch.is_empty() {
            self.db.write_embedded(batch)?;
        }
        Ok(count)
    }

    /// Starts a bulk load: documents become sealed segments directly, past the log, each segment one commit.
    /// For many documents at once; a few are better `put`.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Lumos};
    /// let db = Lumos::memory()?;
    /// let docs = db.collection("docs")?;
    /// let load = docs.ingest().resumable("first import").progress(|at| println!("{}", at.read));
    /// let done = load.run((0..5_000).map(|n| Doc::new(format!("k{n}")).field("n", n)))?;
    /// assert_eq!((done.committed, docs.count()?), (5_000, 5_000));
    /// # Ok(())
    /// # }
    /// ```
    pub fn ingest(&self) -> Ingest {
        Ingest::new(self.db.clone(), &self.name)
    }

    /// The document of a key, with its vectors as stored (of unit length under cosine).
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<Doc>> {
        self.db.snapshot().get(&self.name, key)
    }

    /// Deletes a document by key, or every document that matches a filter, in one commit; returns how
    /// many there were. A delete by filter holds the keys of what it deletes in memory, about three
    /// times, and nothing else: a million keys of 20 bytes are some 70 MB.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Lumos, field};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").field("year", 1999))?;
    /// docs.put(Doc::new("b").field("year", 2026))?;
    /// assert_eq!(docs.delete(field("year").lt(2000))?, 1);
    /// assert_eq!(docs.delete("b")?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Filter` for an unknown field, `ReadOnly`, `Storage`.
    pub fn delete(&self, selection: impl Into<Selection>) -> Result<u64> {
        let core = self.db.core();
        core.admit()?;
        // What is deleted is decided and logged under one guard: keys, not the filter, are replayed.
        let guard = core.exclusive();
        let state = core.state();
        let state = state.collection(&self.name)?;
        let id = state.id;
        let (count, op) = match selection.into() {
            Selection::Key(key) => match state.find(&key)? {
                Some(_) => {
                    let key = Arc::from(key);
                    (1, Op::Delete { id, key })
                }
                None => return Ok(0),
            },
            Selection::Matching(filter) => {
                let filter = self.resolved(filter);
                let keys = execute::matching_keys(state, &filter)?;
                if keys.is_empty() {
                    return Ok(0);
                }
                (keys.len() as u64, Op::DeleteMany { id, keys })
            }
        };
        core.commit_exclusive(&guard, vec![op])?;
        Ok(count)
    }

    /// Number of documents.
    ///
    /// # Errors
    /// `UnknownCollection` when it was dropped.
    pub fn count(&self) -> Result<u64> {
        Ok(self.db.core().state().collection(&self.name)?.live())
    }

    /// Number of documents that match a filter.
    ///
    /// # Errors
    /// `Filter` for a bad filter or an unknown field.
    pub fn count_matching(&self, filter: impl lumos_index::IntoFilter) -> Result<u64> {
        let input = filter.input();
        let filter = filter.into_filter();
        let filter = filter.map_err(|source| Error::Filter { input, source })?;
        let filter = self.resolved(filter);
        execute::count(self.db.core().state().collection(&self.name)?, &filter)
    }

    /// A filter with the moment of now in the place of `now()`.
    pub(crate) fn resolved(&self, filter: Filter) -> Filter {
        let now = self.db.core().options.clock.now();
        filter.resolve(now).unwrap_or(filter)
    }

    /// The schema as stored.
    ///
    /// # Errors
    /// `UnknownCollection` when it was dropped.
    pub fn schema(&self) -> Result<Schema> {
        Ok((*self.db.core().state().collection(&self.name)?.schema).clone())
    }

    /// Documents in key order.
    ///
    /// # Errors
    /// Only when the database cannot be read.
    pub fn scan(&self, scan: &Scan) -> Result<Vec<Doc>> {
        self.db.snapshot().scan(&self.name, scan)
    }

    /// Starts a search from text, from a vector, or from a stored document ([`like`](crate::like)).
    pub fn search(&self, query: impl Into<Query>) -> Search {
        Search::new(self.db.clone(), &self.name, query.into())
    }

    /// Starts many searches with one set of options, on all cores: queries as for [`Collection::search`].
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// # use lumos_engine::{Doc, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").text("snow").vector([1.0, 0.0]))?;
    /// docs.put(Doc::new("b").text("rain").vector([0.0, 1.0]))?;
    /// let by_vector = docs.search_batch([[1.0, 0.1], [0.1, 1.0]]).limit(1).run()?;
    /// assert_eq!((by_vector[0][0].key(), by_vector[1][0].key()), ("a", "b"));
    /// let by_word = docs.search_batch(["rain", "snow"]).keywords().run()?;
    /// assert_eq!((by_word[0][0].key(), by_word[1][0].key()), ("b", "a"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_batch<Q: Into<Query>>(
        &self,
        queries: impl IntoIterator<Item = Q>,
    ) -> SearchBatch {
        let queries = queries.into_iter().map(Into::into).collect();
        Search::new(self.db.clone(), &self.name, queries)
    }

    /// Starts a search by several legs whose rankings are fused: by keyword, by vectors of one field or of
    /// several, by examples, or by what other legs have found.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Fusion, Leg, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").text("rotate keys").vector([1.0, 0.0]))?;
    /// docs.put(Doc::new("b").text("turn a key").vector([0.9, 0.2]))?;
    /// docs.put(Doc::new("c").text("snow").vector([0.0, 1.0]))?;
    /// let legs = [Leg::text("rotate keys").weight(2.0), Leg::vector([1.0, 0.1]), Leg::like("b")];
    /// let hits = docs.search_legs(legs).fusion(Fusion::Rrf { k: 60 }).run()?;
    /// assert_eq!(hits[0].key(), "a");
    /// assert_eq!((hits[0].legs[0].name.as_str(), hits[0].legs[0].rank), ("text", 1));
    /// // Words find the candidates, a vector ranks them.
    /// let leg = Leg::prefetch([Leg::text("keys")]).then(Leg::vector([0.8, 0.3]));
    /// assert_eq!(docs.search_legs([leg]).run()?[0].key(), "b");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Every leg brings its best candidates and scores the candidates of all exactly; a document is no worse
    /// for lying past the depth of a leg. What `+` demands and `-` forbids in a leg by keyword holds for the
    /// legs beside it. Limits: 64 legs, prefetches 8 levels deep.
    pub fn search_legs(&self, legs: impl IntoIterator<Item = Leg>) -> Search {
        self.search(Query::Legs(legs.into_iter().collect()))
    }

    /// Runs many different searches at once on all cores, on one state; the hits of each, in order. Requests
    /// are taken as they are: of texts, only those of legs by meaning are embedded.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Lumos, SearchRequest};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").text("snow").vector([1.0, 0.0]))?;
    /// docs.put(Doc::new("b").text("rain").vector([0.0, 1.0]))?;
    /// let requests = [SearchRequest::text("rain"), SearchRequest::vector([0.9, 0.1]).limit(1)];
    /// let all = docs.search_all(&requests)?;
    /// assert_eq!((all[0][0].key(), all[1][0].key()), ("b", "a"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Search::run`], of the first request that is wrong.
    pub fn search_all(&self, requests: &[SearchRequest]) -> Result<Vec<Vec<Hit>>> {
        let snapshot = self.db.snapshot();
        if !requests.iter().any(meaning::is_due) {
            return answer::search_all(&snapshot, &self.name, requests);
        }
        let mut requests = requests.to_vec();
        for request in &mut requests {
            let set = request.fusion != crate::Fusion::default();
            meaning::embed(self.db.core(), &self.name, request, set)?;
        }
        answer::search_all(&snapshot, &self.name, &requests)
    }
}
