//! Queries as users give them become requests.

use std::borrow::Cow;
use std::cell::LazyCell;

use lumos_index::Filter;

use super::builder::Search;
use super::hit::Hit;
use super::leg::{Ask, Leg};
use super::meaning;
use super::moment;
use super::query::Query;
use super::request::{Fusion, SearchMode, SearchRequest};
use super::several::example_field;
use crate::database::{MAX_LIMIT, check_limit};
use crate::state::CollectionState;
use crate::{EmbedKind, Error, Result, Snapshot};

/// Searches of one state with one filter.
#[derive(Debug)]
pub(super) struct Bound {
    snapshot: Snapshot,
    collection: String,
    pub(super) filter: Option<Filter>,
    pub(super) requests: Vec<SearchRequest>,
    /// For each request, the key that is not wanted among its hits.
    unwanted: Vec<Option<String>>,
}

impl Bound {
    pub(super) fn state(&self) -> Result<&CollectionState> {
        let state = self.snapshot.state().collection(&self.collection)?;
        Ok(state)
    }

    /// The first request and the filter.
    pub(super) fn one(&self) -> Result<(&SearchRequest, Option<&Filter>)> {
        let first = self
            .requests
            .first()
            .ok_or_else(|| Error::InvalidArgument {
                argument: "query",
                detail: "is missing".to_string(),
            })?;
        Ok((first, self.filter.as_ref()))
    }

    /// The key that is not wanted among the hits of request number `at`.
    pub(super) fn unwanted(&self, at: usize) -> Option<&str> {
        self.unwanted.get(at).and_then(Option::as_deref)
    }

    /// Takes what is not wanted out of the hits of request number `at`, and out of their ranks.
    pub(super) fn keep_hits(&self, at: usize, hits: &mut Vec<Hit>) {
        let unwanted = self.unwanted(at);
        let mut all = hits.iter();
        if let Some(place) = all.position(|hit| Some(hit.key()) == unwanted) {
            let gone = hits.remove(place);
            hits.iter_mut().for_each(|hit| hit.close_up(&gone));
        }
        self.keep(at, hits, Hit::key);
    }

    /// Takes what is not wanted out of the results of request number `at`.
    pub(super) fn keep<T>(&self, at: usize, hits: &mut Vec<T>, key: impl Fn(&T) -> &str) {
        let unwanted = self.unwanted(at);
        if let (Some(unwanted), Some(request)) = (unwanted, self.requests.get(at)) {
            hits.retain(|hit| key(hit) != unwanted);
            hits.truncate(request.limit.saturating_sub(1));
        }
    }
}

impl<Q> Search<Q> {
    /// Binds queries to the current state: texts are embedded, all in one call, and keys looked up.
    pub(super) fn bind(mut self, queries: Vec<Query>) -> Result<Bound> {
        if let Some((input, source)) = self.filter_error.take() {
            return Err(Error::Filter { input, source });
        }
        if let Some((input, source)) = self.formula_error.take() {
            return Err(Error::Formula { input, source });
        }
        let snapshot = self.db.snapshot();
        let state = snapshot.state().collection(&self.collection)?;
        let mut request = std::mem::take(&mut self.request);
        if request.within.is_some() && !self.limited {
            request.limit = MAX_LIMIT;
        }
        if let Some(fusion) = self.fusion {
            request.fusion = fusion;
        }
        let filter = request.filter.take();
        // Read when it is needed, and once.
        let now = LazyCell::new(|| snapshot.now());
        let filter = filter.map(|filter| moment::of_filter(&filter, || *now).into_owned());
        let mut requests = vec![request; queries.len()];
        let mut unwanted = vec![None; queries.len()];
        for ((query, request), unwanted) in
            queries.into_iter().zip(&mut requests).zip(&mut unwanted)
        {
            match query {
                Query::Vector(vector) => request.vector = Some(vector),
                Query::Sparse(vector) => request.sparse = Some(vector),
                Query::Multi(vectors) => request.multi = Some(vectors),
                Query::Text(text) => request.text = Some(text),
                Query::Words(query) => request.words = Some(query),
                Query::Legs(legs) => request.legs = legs,
                Query::Recommend(recommend) => {
                    let mut leg = Leg::new(Ask::Recommend(recommend));
                    leg.fields.extend(request.vector_field.clone());
                    request.legs.push(leg);
                    let words = words(request);
                    request.legs.extend(words);
                }
                Query::Like(key) if self.extended || !request.is_plain() => {
                    let mut leg = Leg::like(key);
                    leg.fields.extend(request.vector_field.clone());
                    request.legs.push(leg);
                    if request.mode == SearchMode::Hybrid {
                        let words = words(request).ok_or_else(|| Error::InvalidArgument {
                            argument: "query",
                            detail: "is missing: give words to search for".to_string(),
                        })?;
                        request.legs.push(words);
                    }
                }
                Query::Like(key) => {
                    check_limit(request.limit)?;
                    let field = example_field(state, request).to_string();
                    let doc = state.get(&key)?.unwrap_or_default();
                    request.vector = doc.vector_field(&field).map(<[f32]>::to_vec);
                    request.sparse = doc.sparse_field(&field).cloned();
                    request.multi = doc.multi_field(&field).cloned();
                    let found = [
                        request.vector.is_some(),
                        request.sparse.is_some(),
                        request.multi.is_some(),
                    ];
                    if !found.contains(&true) {
                        return Err(Error::InvalidArgument {
                            argument: "like",
                            detail: format!("\"{key}\" has no vector in field \"{field}\""),
                        });
                    }
                    request.limit = request.limit.saturating_add(1).min(MAX_LIMIT);
                    *unwanted = Some(key);
                }
            }
        }
        self.embed(&mut requests)?;
        for request in &mut requests {
            let keep = self.fusion.is_some();
            meaning::embed(self.db.core(), &self.collection, request, keep)?;
            if let Cow::Owned(resolved) = moment::resolved(request, || *now) {
                *request = resolved;
            }
        }
        Ok(Bound {
            snapshot,
            collection: self.collection,
            filter,
            requests,
            unwanted,
        })
    }

    /// Gives the requests that are text alone their vectors, where the collection has a model.
    fn embed(&self, requests: &mut [SearchRequest]) -> Result<()> {
        let lacks_vector = |request: &&mut SearchRequest| {
            request.mode != SearchMode::Text
                && !(request.mode == SearchMode::Auto && request.is_for_keywords())
                && request.legs.is_empty()
                && request.text.is_some()
                && request.vector.is_none()
                && request.vector_field.is_none()
        };
        let mut due: Vec<&mut SearchRequest> = requests.iter_mut().filter(lacks_vector).collect();
        if due.is_empty() {
            return Ok(());
        }
        let Some(embedder) = self.db.core().embedder(&self.collection) else {
            return Ok(());
        };
        due.retain_mut(|request| {
            let known = embedder.supports(request.text.as_deref().unwrap_or_default());
            if !known {
                // The model does not speak this language: its vectors would be noise.
                request.mode = SearchMode::Text;
            }
            known
        });
        for due in due.chunks_mut(embedder.batch_size().max(1)) {
            let texts: Vec<&str> = due.iter().filter_map(|r| r.text.as_deref()).collect();
            let vectors = embedder.embed(&texts, EmbedKind::Query)?;
            for (request, vector) in due.iter_mut().zip(vectors) {
                request.vector = Some(vector);
                if self.fusion.is_none() {
                    let vector_weight = embedder.fusion_weight();
                    request.fusion = Fusion::Convex { vector_weight };
                }
            }
        }
        Ok(())
    }
}

/// The words of a request as a leg beside others.
fn words(request: &mut SearchRequest) -> Option<Leg> {
    let mut leg = Leg::text(request.text.take()?);
    leg.fields.clone_from(&request.text_fields);
    leg.boosts.clone_from(&request.boosts);
    Some(leg)
}
