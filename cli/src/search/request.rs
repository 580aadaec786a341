//! From the command line to a search.

use std::sync::Arc;

use lumos::{
    Collection, DEFAULT_TEXT_FIELD, Fusion, Leg, LexicalOverlap, Mmr, MultiVector, Normalise,
    Query, Reranker, Search as Chain, SearchBatch, SparseVector,
};
use serde_json::Value;

use super::options::{FusionKind, NormaliseKind, RerankKind, Search};
use crate::failure::{Failure, Result};
use crate::jsonl;

/// Candidates that are scored again, at least.
const RERANKED: usize = 100;
/// Bytes of a snippet.
const SNIPPET_BYTES: usize = 240;
/// Hits of a group, unless said otherwise.
const GROUP: usize = 3;
/// Weight of relevance when the re-ranker is asked for by name alone.
const HALF: f32 = 0.5;

impl Search {
    /// Whether anything is searched for, so that there are ranks.
    pub(super) fn is_ranked(&self) -> bool {
        self.query.is_some() || self.is_near() || !self.leg.is_empty()
    }

    /// Whether nothing has to be embedded, so that the model need not be loaded.
    pub(super) fn needs_no_model(&self) -> bool {
        let meaning = |leg: &String| leg.starts_with("meaning");
        let mut given = self.leg.iter().chain(&self.then);
        let legs = !self.leg.is_empty() && !given.any(meaning);
        self.text || self.is_near() || legs
    }

    /// Whether vectors are given, or documents that have some.
    fn is_near(&self) -> bool {
        let near = [&self.near, &self.near_sparse, &self.near_multi];
        near.iter().any(|near| near.is_some()) || !self.like.is_empty()
    }

    /// The search, but for its groups.
    pub(super) fn chain(&self, collection: &Collection) -> Result<Chain> {
        let query = self.asked()?;
        let by_words = matches!(query, Query::Text(_));
        self.with_options(collection.search(query), collection, by_words)
    }

    /// Many searches by words.
    pub(super) fn chains(
        &self,
        collection: &Collection,
        queries: &[String],
    ) -> Result<SearchBatch> {
        let queries = queries.iter().map(String::as_str);
        self.with_options(collection.search_batch(queries), collection, true)
    }

    fn with_options<Q>(
        &self,
        search: Chain<Q>,
        collection: &Collection,
        by_words: bool,
    ) -> Result<Chain<Q>> {
        let embedded = collection.schema()?.model.is_some();
        let mut search = search.highlight("text");
        if let Some(field) = &self.vector_field {
            search = search.vector_field(field.as_str());
        }
        if let Some(limit) = self.limit {
            search = search.limit(limit);
        }
        if self.vector && !embedded {
            return Err(Failure::argument(
                "--vector",
                format!(
                    "needs a model, and collection \"{}\" records none",
                    collection.name()
                ),
            ));
        }
        if by_words {
            if self.text || (!self.hybrid && !self.vector && !embedded) {
                search = search.keywords();
            } else if !self.vector {
                search = search.hybrid();
            }
        }
        if self.strict {
            search = search.strict();
        }
        if self.as_you_type {
            search = search.as_you_type();
        }
        search = self.in_fields(search)?;
        if let Some(count) = self.snippets {
            search = search.snippets(count, SNIPPET_BYTES);
        }
        if let Some(fusion) = self.fused()? {
            search = search.fusion(fusion);
        }
        if let Some(filter) = &self.filter {
            search = search.filter(filter.as_str());
        }
        if let Some(ef) = self.ef {
            search = search.ef(ef);
        }
        if let Some(recall) = self.recall {
            search = search.recall(recall);
        }
        if self.exact {
            search = search.exact();
        }
        if let Some(score) = self.within {
            search = search.within(score);
        }
        if let Some(formula) = &self.score {
            search = search.score(formula.as_str());
        }
        if let Some(score) = self.min_score {
            search = search.score_at_least(score);
        }
        if let Some(score) = self.max_score {
            search = search.score_at_most(score);
        }
        if let Some(lambda) = self.mmr {
            search = search.diversify(lambda);
        }
        if let Some(kind) = self.rerank {
            let reranker: Arc<dyn Reranker> = match kind {
                RerankKind::Lexical => Arc::new(LexicalOverlap),
                RerankKind::Mmr => Arc::new(Mmr::new(HALF)),
            };
            search = search.rerank(reranker, self.limit.unwrap_or_default().max(RERANKED));
        }
        Ok(search)
    }

    /// The text fields that are searched, with what they are worth, and shown.
    fn in_fields<Q>(&self, mut search: Chain<Q>) -> Result<Chain<Q>> {
        for field in &self.field {
            let (name, worth) = match field.rsplit_once('^') {
                None => (field.as_str(), None),
                Some((name, worth)) => {
                    let number = worth.parse::<f32>().map_err(|_| {
                        let detail = format!("\"{worth}\" behind ^ is no number");
                        Failure::argument("--field", detail)
                    })?;
                    (name, Some(number))
                }
            };
            search = search.text_field(name);
            if name != DEFAULT_TEXT_FIELD {
                search = search.highlight(name);
            }
            if let Some(worth) = worth {
                search = search.boost(name, worth);
            }
        }
        Ok(search)
    }

    fn asked(&self) -> Result<Query> {
        if !self.leg.is_empty() {
            return Ok(Query::Legs(self.legs()?));
        }
        if let Some(vector) = &self.near {
            return Ok(Query::Vector(parse_vector("--near", vector)?));
        }
        if let Some(text) = &self.near_sparse {
            return Ok(Query::Sparse(parse_sparse("--near-sparse", text)?));
        }
        if let Some(text) = &self.near_multi {
            return Ok(Query::Multi(parse_multi("--near-multi", text)?));
        }
        Ok(match (self.like.as_slice(), self.unlike.as_slice()) {
            ([], _) => self.query.as_deref().unwrap_or_default().into(),
            ([key], []) => lumos::like(key.as_str()),
            (like, unlike) => lumos::recommend(like, unlike).into(),
        })
    }

    fn legs(&self) -> Result<Vec<Leg>> {
        let mut legs = Vec::with_capacity(self.leg.len());
        for leg in &self.leg {
            let leg = parse_leg("--leg", leg)?;
            legs.push(match self.candidates {
                Some(depth) => leg.depth(depth),
                None => leg,
            });
        }
        let Some(then) = &self.then else {
            return Ok(legs);
        };
        let mut found = Leg::prefetch(legs);
        if let Some(fusion) = self.fused()? {
            found = found.fusion(fusion);
        }
        Ok(vec![found.then(parse_leg("--then", then)?)])
    }

    fn fused(&self) -> Result<Option<Fusion>> {
        if self.rrf_k.is_some() && self.fusion != Some(FusionKind::Rrf) {
            return Err(Failure::argument("--rrf-k", "goes with --fusion rrf"));
        }
        if self.normalise.is_some() && self.fusion != Some(FusionKind::Sum) {
            return Err(Failure::argument("--normalise", "goes with --fusion sum"));
        }
        Ok(self.fusion.map(|kind| match kind {
            FusionKind::Convex => Fusion::default(),
            FusionKind::Rrf => Fusion::Rrf {
                k: self.rrf_k.unwrap_or_default(),
            },
            FusionKind::Sum => Fusion::Sum {
                normalise: match self.normalise {
                    Some(NormaliseKind::ZScore) => Normalise::ZScore,
                    Some(NormaliseKind::Max) => Normalise::Max,
                    Some(NormaliseKind::MinMax) | None => Normalise::MinMax,
                },
            },
            FusionKind::Dbsf => Fusion::Dbsf,
        }))
    }

    /// The field and the size of groups.
    pub(super) fn grouped(&self) -> Result<Option<(&str, usize)>> {
        let Some(text) = &self.group_by else {
            return Ok(None);
        };
        let (field, size) = match text.rsplit_once(':') {
            Some((field, size)) => match size.parse() {
                Ok(size) => (field, size),
                Err(_) => {
                    let detail = format!("\"{size}\" is no number of hits: write FIELD:3");
                    return Err(Failure::argument("--group-by", detail));
                }
            },
            None => (text.as_str(), GROUP),
        };
        if field.is_empty() {
            return Err(Failure::argument("--group-by", "needs a field"));
        }
        Ok(Some((field, size)))
    }
}

/// `text@title:rotate keys^2`.
fn parse_leg(option: &'static str, text: &str) -> Result<Leg> {
    let wrong = |detail: String| Err(Failure::argument(option, format!("\"{text}\" {detail}")));
    let Some((head, body)) = text.split_once(':') else {
        return wrong("has no colon: write text:WORDS or vector:[1, 0]".to_string());
    };
    let (kind, field) = match head.split_once('@') {
        Some((kind, field)) => (kind, Some(field)),
        None => (head, None),
    };
    let (body, weight) = match body.rsplit_once('^') {
        Some((body, weight)) => match weight.trim().parse::<f32>() {
            Ok(weight) => (body, Some(weight)),
            Err(_) => return wrong(format!("has weight \"{weight}\": write a number after ^")),
        },
        None => (body, None),
    };
    let mut leg = match kind {
        "text" => Leg::text(body),
        "meaning" => Leg::meaning(body),
        "vector" => Leg::vector(parse_vector(option, body)?),
        "sparse" => Leg::sparse(parse_sparse(option, body)?),
        "multi" => Leg::multi(parse_multi(option, body)?),
        "like" => Leg::like(body),
        _ => {
            return wrong(format!(
                "is of kind \"{kind}\": there are text, meaning, vector, sparse, multi, like"
            ));
        }
    };
    if let Some(field) = field {
        leg = leg.field(field);
    }
    if let Some(weight) = weight {
        leg = leg.weight(weight);
    }
    Ok(leg)
}

fn parse_json(option: &'static str, text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Failure::argument(option, format!("is not JSON: {error}")))
}

fn parse_sparse(option: &'static str, text: &str) -> Result<SparseVector> {
    let vector = jsonl::sparse(option, parse_json(option, text)?);
    vector.map_err(|detail| told(option, &detail))
}

fn parse_multi(option: &'static str, text: &str) -> Result<MultiVector> {
    let vectors = jsonl::multi(option, parse_json(option, text)?);
    vectors.map_err(|detail| told(option, &detail))
}

/// A fault of an option, which is named before it already.
fn told(option: &'static str, detail: &str) -> Failure {
    let named = format!("\"{option}\" ");
    Failure::argument(option, detail.strip_prefix(&named).unwrap_or(detail))
}

fn parse_vector(argument: &'static str, text: &str) -> Result<Vec<f32>> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Failure::argument(argument, format!("is not a JSON array: {error}")))?;
    jsonl::numbers(argument, &value)
        .map_err(|_| Failure::argument(argument, "must be a JSON array of numbers"))
}
