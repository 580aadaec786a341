//! A request checked against the schema it runs on, and bound to the rows it may find.

use std::collections::BTreeSet;

use lumos_index::{Filter, FilterError, Metric};

use super::allowed::Allowed;
use super::matches::BoundFilter;
use super::request::{Fusion, SearchMode, SearchRequest};
use super::several::{self, SeveralQuery};
use super::words::KeywordQuery;
use crate::database::check_limit;
use crate::doc::DEFAULT_VECTOR_FIELD;
use crate::state::CollectionState;
use crate::{Error, Result};

/// The vector side of a search.
#[derive(Debug)]
pub(crate) struct VectorQuery {
    pub(crate) field: String,
    pub(crate) metric: Metric,
    /// As stored vectors are: of unit length under cosine.
    pub(crate) vector: Vec<f32>,
    pub(crate) width: Width,
    /// The score that hits must reach.
    pub(crate) within: Option<f32>,
}

/// How far a graph is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Width {
    /// Candidates kept.
    Ef(usize),
    /// As many candidates as a recall takes.
    Recall(f32),
    /// Not at all: every vector is compared.
    Exact,
}

/// Candidates that are kept at most for a recall; more are dearer than to compare all vectors of most
/// segments.
const MOST_KEPT: usize = 4096;

impl VectorQuery {
    /// The largest number of candidates that a segment may keep.
    pub(crate) fn horizon(&self, k: usize) -> usize {
        match self.width {
            Width::Ef(ef) => ef.max(k),
            Width::Recall(_) => MOST_KEPT.max(k),
            Width::Exact => 0,
        }
    }

    /// Whether a distance is near enough.
    pub(crate) fn reaches(&self, distance: f32) -> bool {
        let score = self.metric.score(distance);
        self.within
            .is_none_or(|within| match self.metric.higher_is_better() {
                true => score >= within,
                false => score <= within,
            })
    }
}

/// What a search does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) vector: Option<VectorQuery>,
    pub(crate) keywords: Option<KeywordQuery>,
    /// By sparse vectors or by several, and by nothing else.
    pub(crate) several: Option<SeveralQuery>,
    /// Words that are shown in what is found by vector.
    pub(crate) shown: Option<KeywordQuery>,
}

impl Plan {
    /// The vector side, if there is no other.
    pub(crate) fn vector_alone(&self) -> Option<&VectorQuery> {
        self.vector.as_ref().filter(|_| self.keywords.is_none())
    }

    /// Checks everything that can be wrong with a request, but its filter, before any work is done.
    pub(crate) fn new(state: &CollectionState, request: &SearchRequest) -> Result<Plan> {
        check_limit(request.limit)?;
        check_fusion(request.fusion)?;
        let missing = |argument, detail: &str| Err(invalid(argument, detail.to_string()));
        if let Some(several) = several::bind(state, request)? {
            return Ok(Plan {
                vector: None,
                keywords: None,
                several,
                shown: None,
            });
        }
        let (by_vector, by_text) = match request.mode {
            SearchMode::Auto => (request.vector.is_some(), request.vector.is_none()),
            SearchMode::Vector => (true, false),
            SearchMode::Text => (false, true),
            SearchMode::Hybrid => (true, true),
        };
        if by_vector && request.vector.is_none() {
            return missing(
                "vector",
                "is missing: give one, or set an embedder for the collection",
            );
        }
        if by_text && request.text.is_none() && request.words.is_none() {
            return missing("query", "is missing: give words to search for");
        }
        let vector = match &request.vector {
            Some(vector) if by_vector => bind_vector(state, request, vector)?,
            _ => None,
        };
        let keywords = match (&request.words, &request.text) {
            (Some(query), _) if by_text => {
                Some(KeywordQuery::new(state, request, query.clone(), "")?)
            }
            (None, Some(text)) if by_text => Some(KeywordQuery::parse(state, request, text)?),
            _ => None,
        };
        if request.within.is_some() && (by_text || !by_vector) {
            return missing("within", "needs a search by vector alone");
        }
        let shown = match &request.text {
            // What is no keyword query is searched by its meaning all the same.
            Some(text) if !by_text && !request.highlight.is_empty() => {
                KeywordQuery::parse(state, request, text).ok()
            }
            _ => None,
        };
        Ok(Plan {
            vector,
            keywords,
            several: None,
            shown,
        })
    }
}

pub(super) fn check_fusion(fusion: Fusion) -> Result<()> {
    match fusion {
        Fusion::Convex { vector_weight } if !(0.0..=1.0).contains(&vector_weight) => {
            let detail = format!("has a vector weight of {vector_weight}: it must be 0 to 1");
            Err(invalid("fusion", detail))
        }
        _ => Ok(()),
    }
}

/// `None` when no vector was stored yet.
pub(super) fn bind_vector(
    state: &CollectionState,
    request: &SearchRequest,
    vector: &[f32],
) -> Result<Option<VectorQuery>> {
    let width = width(request)?;
    if request.within.is_some_and(f32::is_nan) {
        return Err(invalid("within", "must be a number".to_string()));
    }
    let name = request
        .vector_field
        .as_deref()
        .unwrap_or(DEFAULT_VECTOR_FIELD);
    let Some(field) = state.schema.vectors.get(name) else {
        if state.schema.vectors.is_empty() && request.vector_field.is_none() {
            return Ok(None);
        }
        let known: Vec<&str> = state.schema.vectors.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "none".to_string()
        } else {
            known.join(", ")
        };
        return Err(Error::InvalidArgument {
            argument: "vector_field",
            detail: format!(
                "\"{name}\" is not in collection \"{}\"; it has: {known}",
                state.name
            ),
        });
    };
    if vector.len() != field.dimension {
        return Err(Error::DimensionMismatch {
            collection: state.name.clone(),
            expected: field.dimension,
            got: vector.len(),
            model: state.schema.model.clone(),
        });
    }
    let mut vector = vector.to_vec();
    field
        .metric
        .prepare(&mut vector)
        .map_err(|source| Error::Vector {
            collection: state.name.clone(),
            source,
        })?;
    Ok(Some(VectorQuery {
        field: name.to_string(),
        metric: field.metric,
        vector,
        width,
        within: request.within,
    }))
}

pub(super) fn width(request: &SearchRequest) -> Result<Width> {
    if request.ef == 0 {
        return Err(invalid("ef", "must be at least 1".to_string()));
    }
    match request.recall {
        Some(recall) if !(recall > 0.0 && recall <= 1.0) => {
            let detail = format!("must be above 0 and at most 1, it is {recall}");
            Err(invalid("recall", detail))
        }
        Some(1.0) => Ok(Width::Exact),
        _ if request.exact => Ok(Width::Exact),
        Some(recall) => Ok(Width::Recall(recall)),
        None => Ok(Width::Ef(request.ef)),
    }
}

fn invalid(argument: &'static str, detail: String) -> Error {
    Error::InvalidArgument { argument, detail }
}

/// The rows of every segment that are live and match. `now()` in the filter was resolved before, where the
/// clock is known.
///
/// # Errors
/// `Filter` when it cannot be used, or names a field that no document has and no schema declares.
pub(crate) fn bind_filter<'a>(
    state: &'a CollectionState,
    filter: Option<&Filter>,
) -> Result<Vec<Allowed<'a>>> {
    let Some(filter) = filter else {
        return Ok(state.segments.iter().map(Allowed::all).collect());
    };
    filter.check().map_err(|source| Error::Filter {
        input: filter.to_string(),
        source,
    })?;
    check_paths(state, filter)?;
    let filter = BoundFilter::new(filter, || state.schema.analyzers());
    let segments = state.segments.iter();
    segments
        .map(|view| Allowed::matching_filter(view, &filter))
        .collect()
}

fn check_paths(state: &CollectionState, filter: &Filter) -> Result<()> {
    for path in filter.paths() {
        check_path(state, &path, || filter.to_string())?;
    }
    let texts = &state.schema.texts;
    let mut fields = filter.text_fields().into_iter();
    match fields.find(|field| !texts.is_empty() && !texts.contains_key(field)) {
        Some(field) => {
            let input = filter.to_string();
            let known: Vec<String> = texts.keys().cloned().collect();
            let source = FilterError::unknown_text_field(&field, &input, &known);
            Err(Error::Filter { input, source })
        }
        None => Ok(()),
    }
}

/// Checks that a document has this metadata path, or that the schema declares it.
pub(crate) fn check_path(
    state: &CollectionState,
    path: &str,
    input: impl FnOnce() -> String,
) -> Result<()> {
    let is_empty = || state.segments.iter().all(|view| view.rows == 0);
    // An object is known by what it holds.
    let inside = format!("{path}.");
    let mut declared = state.schema.fields.keys();
    if state.segments.iter().any(|view| view.knows(path))
        || declared.any(|known| known == path || known.starts_with(&inside))
        || is_empty()
    {
        return Ok(());
    }
    let mut known: BTreeSet<String> = state.schema.fields.keys().cloned().collect();
    for view in &state.segments {
        known.extend(view.paths());
    }
    let input = input();
    let known: Vec<String> = known.into_iter().collect();
    let source = FilterError::unknown_field(path, &input, &known);
    Err(Error::Filter { input, source })
}
