//! Legs checked against the schema they run on, before any work is done.

use std::collections::BTreeSet;

use lumos_index::Filter;

use super::super::plan::{Plan, VectorQuery, bind_vector, check_fusion};
use super::super::request::{Fusion, SearchRequest};
use super::super::several::{self, SeveralQuery, example_field};
use super::super::words::KeywordQuery;
use super::best::Best;
use super::{Ask, Example, Leg, MAX_DEPTH, MAX_LEGS, Recommend, Strategy};
use crate::database::MAX_LIMIT;
use crate::doc::DEFAULT_VECTOR_FIELD;
use crate::state::{CollectionState, Place};
use crate::{Error, Result};

/// Longest name of a leg, in bytes.
const MAX_NAME: usize = 64;

/// A leg that can be run.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) job: Job,
    pub(crate) weight: f32,
    /// Candidates, where the leg says how many.
    pub(crate) depth: Option<usize>,
    pub(crate) filter: Option<Filter>,
    at_least: Option<f32>,
    at_most: Option<f32>,
}

impl Planned {
    /// Whether a score is within what the leg takes.
    pub(super) fn takes(&self, score: f32) -> bool {
        self.at_least.is_none_or(|least| score >= least)
            && self.at_most.is_none_or(|most| score <= most)
    }

    /// Whether a score is better than the leg takes.
    pub(super) fn is_above(&self, score: f32, higher_is_better: bool) -> bool {
        match higher_is_better {
            true => self.at_most.is_some_and(|most| score > most),
            false => self.at_least.is_some_and(|least| score < least),
        }
    }

    /// Whether a score is worse than the leg takes.
    pub(super) fn is_below(&self, score: f32, higher_is_better: bool) -> bool {
        match higher_is_better {
            true => self.at_least.is_some_and(|least| score < least),
            false => self.at_most.is_some_and(|most| score > most),
        }
    }
}

/// What a leg does.
#[derive(Debug)]
pub(crate) enum Job {
    Near(VectorQuery),
    Words(KeywordQuery),
    Best(Best),
    /// By sparse vectors or by several.
    Several(SeveralQuery),
    Prefetch {
        legs: Vec<Planned>,
        fusion: Fusion,
        then: Option<Box<Planned>>,
    },
    /// By vector, where no vector was ever stored.
    Nothing,
}

/// All legs of a search.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) legs: Vec<Planned>,
    pub(crate) fusion: Fusion,
    /// Rows that are no hits, in order.
    pub(crate) excluded: Vec<Place>,
    /// Words that are shown where no leg has any.
    shown: Option<KeywordQuery>,
}

impl Tree {
    /// Whether there is one leg, whose best candidates are the hits.
    pub(crate) fn is_plain(&self) -> bool {
        match self.legs.as_slice() {
            [leg] => matches!(leg.job, Job::Near(_) | Job::Words(_) | Job::Nothing),
            _ => false,
        }
    }

    /// The words that are shown: those of the first keyword query, in the order in which the legs were given.
    pub(crate) fn words(&self) -> Option<&KeywordQuery> {
        fn first(legs: &[Planned]) -> Option<&KeywordQuery> {
            legs.iter().find_map(|leg| match &leg.job {
                Job::Words(query) => Some(query),
                Job::Prefetch { legs, then, .. } => {
                    first(legs).or_else(|| first(then.as_deref().map(std::slice::from_ref)?))
                }
                _ => None,
            })
        }
        first(&self.legs).or(self.shown.as_ref())
    }

    /// The first vector field that is searched.
    pub(crate) fn vector_field(&self) -> Option<&str> {
        fn first(legs: &[Planned]) -> Option<&str> {
            legs.iter().find_map(|leg| match &leg.job {
                Job::Near(query) => Some(query.field.as_str()),
                Job::Several(query) => Some(query.field()),
                Job::Best(best) => best.positive.first().map(|query| query.field.as_str()),
                Job::Prefetch { legs, then, .. } => then
                    .as_deref()
                    .and_then(|then| first(std::slice::from_ref(then)))
                    .or_else(|| first(legs)),
                _ => None,
            })
        }
        first(&self.legs)
    }
}

/// Checks everything that can be wrong with the legs of a request.
pub(crate) fn plan(state: &CollectionState, request: &SearchRequest) -> Result<Tree> {
    let mut planner = Planner {
        state,
        request,
        count: 0,
        excluded: BTreeSet::new(),
    };
    let legs = planner.level(&request.legs, 1)?;
    check_fusion(request.fusion)?;
    Ok(Tree {
        legs,
        fusion: request.fusion,
        excluded: planner.excluded.into_iter().collect(),
        shown: None,
    })
}

/// The legs of a request that has none of its own: those of its vector and its words.
pub(crate) fn single(plan: Plan, fusion: Fusion) -> Tree {
    let leg = |name: &str, job| Planned {
        name: name.to_string(),
        job,
        weight: 1.0,
        depth: None,
        filter: None,
        at_least: None,
        at_most: None,
    };
    let vector = plan.vector.map(|query| leg("vector", Job::Near(query)));
    let words = plan.keywords.map(|query| leg("text", Job::Words(query)));
    let several = plan
        .several
        .map(|query| leg(query.kind(), Job::Several(query)));
    Tree {
        legs: vector.into_iter().chain(words).chain(several).collect(),
        fusion,
        excluded: Vec::new(),
        shown: plan.shown,
    }
}

fn invalid(argument: &'static str, detail: String) -> Error {
    Error::InvalidArgument { argument, detail }
}

struct Planner<'a> {
    state: &'a CollectionState,
    request: &'a SearchRequest,
    count: usize,
    excluded: BTreeSet<Place>,
}

impl Planner<'_> {
    fn level(&mut self, legs: &[Leg], depth: usize) -> Result<Vec<Planned>> {
        if depth > MAX_DEPTH {
            let detail = format!("are prefetched deeper than {MAX_DEPTH} levels");
            return Err(invalid("legs", detail));
        }
        if legs.is_empty() {
            let detail = "are missing: a prefetch needs one at least".to_string();
            return Err(invalid("legs", detail));
        }
        let names = names(legs)?;
        let named = legs.iter().zip(names);
        named
            .map(|(leg, name)| self.leg(leg, name, depth))
            .collect()
    }

    fn leg(&mut self, leg: &Leg, name: String, depth: usize) -> Result<Planned> {
        self.count += 1;
        if self.count > MAX_LEGS {
            return Err(invalid("legs", format!("are more than {MAX_LEGS}")));
        }
        if let Some((input, source)) = leg.refused.clone() {
            return Err(Error::Filter { input, source });
        }
        let wrong = |detail: String| Err(invalid("leg", format!("\"{name}\" {detail}")));
        if !(leg.weight >= 0.0 && leg.weight.is_finite()) {
            let weight = leg.weight;
            return wrong(format!("has weight {weight}: it must be 0 or more"));
        }
        if let Some(depth) = leg.depth
            && !(1..=MAX_LIMIT).contains(&depth)
        {
            return wrong(format!("has depth {depth}: it must be 1 to {MAX_LIMIT}"));
        }
        if [leg.at_least, leg.at_most]
            .iter()
            .flatten()
            .any(|score| score.is_nan())
        {
            return wrong("has a threshold that is not a number".to_string());
        }
        let job = self.job(leg, &name, depth)?;
        Ok(Planned {
            name,
            job,
            weight: leg.weight,
            depth: leg.depth,
            filter: leg.filter.clone(),
            at_least: leg.at_least,
            at_most: leg.at_most,
        })
    }

    fn job(&mut self, leg: &Leg, name: &str, depth: usize) -> Result<Job> {
        let wrong = |detail: &str| Err(invalid("leg", format!("\"{name}\" {detail}")));
        let is_text = matches!(leg.ask, Ask::Text(_) | Ask::Words(_));
        if leg.fields.len() > 1 && !is_text {
            return wrong("names several fields: a leg by vector searches one");
        }
        // What the leg asks, as a search of its own.
        let asked = SearchRequest {
            vector_field: leg.fields.first().cloned(),
            text_fields: if is_text {
                leg.fields.clone()
            } else {
                Vec::new()
            },
            boosts: leg.boosts.clone(),
            language: self.request.language,
            ef: self.request.ef,
            recall: self.request.recall,
            exact: self.request.exact,
            ..SearchRequest::default()
        };
        match &leg.ask {
            Ask::Vector(_) | Ask::Meaning(_) | Ask::Recommend(_) | Ask::Prefetch { .. }
                if !leg.boosts.is_empty() =>
            {
                wrong("boosts a field: only a leg by keyword can")
            }
            Ask::Text(text) => Ok(Job::Words(KeywordQuery::parse(self.state, &asked, text)?)),
            Ask::Words(query) => {
                let query = KeywordQuery::new(self.state, &asked, query.clone(), "")?;
                Ok(Job::Words(query))
            }
            Ask::Vector(vector) => self.near(&asked, vector),
            Ask::Sparse(vector) => self.several(SearchRequest {
                sparse: Some(vector.clone()),
                ..asked
            }),
            Ask::Multi(vectors) => self.several(SearchRequest {
                multi: Some(vectors.clone()),
                ..asked
            }),
            Ask::Meaning(_) => match &leg.embedded {
                Some(vector) => self.near(&asked, vector),
                None => wrong("is by meaning, which needs an embedder: set one for the collection"),
            },
            Ask::Recommend(recommend) => self.recommend(&asked, recommend, name),
            Ask::Prefetch { .. } if !leg.fields.is_empty() => {
                wrong("names a field: name the fields of its legs")
            }
            Ask::Prefetch { legs, fusion, then } => {
                check_fusion(*fusion)?;
                let legs = self.level(legs, depth + 1)?;
                let then = match then.as_deref() {
                    Some(Leg {
                        ask: Ask::Prefetch { .. },
                        ..
                    }) => return wrong("ends in a prefetch: it must end in what ranks"),
                    Some(leg) => Some(Box::new(self.leg(leg, format!("{name}.then"), depth)?)),
                    None => None,
                };
                Ok(Job::Prefetch {
                    legs,
                    fusion: *fusion,
                    then,
                })
            }
        }
    }

    fn several(&self, asked: SearchRequest) -> Result<Job> {
        let query = several::bind(self.state, &asked)?.flatten();
        Ok(query.map_or(Job::Nothing, Job::Several))
    }

    fn near(&self, asked: &SearchRequest, vector: &[f32]) -> Result<Job> {
        // A field of several vectors takes one as a query of one.
        let one = SearchRequest {
            vector: Some(vector.to_vec()),
            ..asked.clone()
        };
        if let Some(query) = several::bind(self.state, &one)? {
            return Ok(query.map_or(Job::Nothing, Job::Several));
        }
        let query = bind_vector(self.state, asked, vector)?;
        Ok(query.map_or(Job::Nothing, Job::Near))
    }

    fn recommend(&mut self, asked: &SearchRequest, of: &Recommend, name: &str) -> Result<Job> {
        if of.positive.is_empty() {
            let detail = format!("\"{name}\" has no positive example: give one at least");
            return Err(invalid("leg", detail));
        }
        if let ([Example::Key(key)], []) = (&of.positive[..], &of.negative[..])
            && let Some(job) = self.like(asked, key)?
        {
            return Ok(job);
        }
        let positive = self.examples(asked, &of.positive)?;
        let negative = self.examples(asked, &of.negative)?;
        if of.strategy == Strategy::BestScore {
            let field = vector_field(asked);
            let stored = self.state.schema.vectors.get(field);
            if stored.is_some_and(|stored| stored.multi) {
                let detail = format!(
                    "\"{name}\" takes the best score in field \"{field}\", where a document has several \
                     vectors: take the average"
                );
                return Err(invalid("leg", detail));
            }
            let bind = |vectors: Vec<Vec<f32>>| -> Result<Option<Vec<VectorQuery>>> {
                let queries = vectors.iter().map(|v| bind_vector(self.state, asked, v));
                queries.collect()
            };
            let (positive, negative) = (bind(positive)?, bind(negative)?);
            return Ok(match (positive, negative) {
                (Some(positive), Some(negative)) => Job::Best(Best { positive, negative }),
                _ => Job::Nothing,
            });
        }
        if let ([alone], []) = (positive.as_slice(), negative.as_slice()) {
            return self.near(asked, alone);
        }
        // Every example is checked alone: the average of two may be the one of others, or nothing.
        for vector in positive.iter().chain(&negative) {
            bind_vector(self.state, asked, vector)?;
        }
        let mut query = average(&positive);
        if !negative.is_empty() {
            let away = average(&negative);
            for (x, away) in query.iter_mut().zip(away) {
                *x += *x - away;
            }
        }
        let query: Vec<f32> = query.into_iter().map(|x| x as f32).collect();
        self.near(asked, &query)
    }

    /// Like a document, in a field of sparse vectors or of several; `None` in others, and without a vector.
    fn like(&mut self, asked: &SearchRequest, key: &str) -> Result<Option<Job>> {
        let (field, schema) = (example_field(self.state, asked), &self.state.schema);
        let several = schema.vectors.get(field).is_some_and(|field| field.multi);
        if !several && !schema.sparse.contains_key(field) {
            return Ok(None);
        }
        let Some(place) = self.state.find(key)? else {
            return Ok(None);
        };
        let doc = self.state.doc(place, true)?;
        let (sparse, multi) = (doc.sparse_field(field), doc.multi_field(field));
        if sparse.is_none() && multi.is_none() {
            return Ok(None);
        }
        self.excluded.insert(place);
        let asked = SearchRequest {
            vector_field: Some(field.to_string()),
            sparse: sparse.cloned(),
            multi: multi.filter(|_| sparse.is_none()).cloned(),
            ..asked.clone()
        };
        self.several(asked).map(Some)
    }

    /// The vectors of examples; documents among them are excluded from the hits.
    fn examples(&mut self, asked: &SearchRequest, examples: &[Example]) -> Result<Vec<Vec<f32>>> {
        let field = vector_field(asked);
        let mut vectors = Vec::with_capacity(examples.len());
        for example in examples {
            match example {
                Example::Vector(vector) => vectors.push(vector.clone()),
                Example::Key(key) => {
                    let place = self.state.find(key)?;
                    let doc = place.map(|place| self.state.doc(place, true)).transpose()?;
                    let vector = doc.as_ref().and_then(|doc| doc.vector_field(field));
                    let Some(vector) = vector else {
                        let detail = format!("\"{key}\" has no vector in field \"{field}\"");
                        return Err(invalid("like", detail));
                    };
                    vectors.push(vector.to_vec());
                    self.excluded.extend(place);
                }
            }
        }
        Ok(vectors)
    }
}

/// The vector field that is searched.
fn vector_field(asked: &SearchRequest) -> &str {
    let named = asked.vector_field.as_deref();
    named.unwrap_or(DEFAULT_VECTOR_FIELD)
}

/// The average of vectors of one length; where lengths differ, an error was found before.
fn average(vectors: &[Vec<f32>]) -> Vec<f64> {
    let dimension = vectors.first().map_or(0, Vec::len);
    let mut sum = vec![0.0; dimension];
    for vector in vectors {
        for (sum, &x) in sum.iter_mut().zip(vector) {
            *sum += f64::from(x);
        }
    }
    let count = vectors.len().max(1) as f64;
    sum.iter_mut().for_each(|x| *x /= count);
    sum
}

/// A name for each leg, no two the same.
fn names(legs: &[Leg]) -> Result<Vec<String>> {
    let mut taken = BTreeSet::new();
    for name in legs.iter().filter_map(|leg| leg.name.as_deref()) {
        if name.is_empty() || name.len() > MAX_NAME {
            let detail = format!(
                "\"{name}\" has a name of {} bytes: 1 to 64 are allowed",
                name.len()
            );
            return Err(invalid("leg", detail));
        }
        if !taken.insert(name.to_string()) {
            let detail = format!("\"{name}\" is there twice: name each leg differently");
            return Err(invalid("leg", detail));
        }
    }
    let named = legs.iter().map(|leg| match &leg.name {
        Some(name) => name.clone(),
        None => {
            let base = match leg.ask {
                Ask::Text(_) | Ask::Words(_) => "text",
                Ask::Vector(_) => "vector",
                Ask::Sparse(_) => "sparse",
                Ask::Multi(_) => "multi",
                Ask::Meaning(_) => "meaning",
                Ask::Recommend(_) => "recommend",
                Ask::Prefetch { .. } => "prefetch",
            };
            let free = std::iter::once(base.to_string())
                .chain((2..).map(|n| format!("{base}_{n}")))
                .find(|name| !taken.contains(name))
                .unwrap_or_default();
            taken.insert(free.clone());
            free
        }
    });
    Ok(named.collect())
}
