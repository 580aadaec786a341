//! Searches by sparse vectors and by several vectors. Scores are exact; which documents are scored is too,
//! but where a graph over all vectors of many documents brings the candidates.

use std::ops::Range;

use lumos_index::{
    GraphQuery, HnswView, Horizon, MaxSim, Metric, MultiVector, OrdinalSet, SparseSource,
    SparseVector, VectorError, Vectors,
};
use roaring::RoaringBitmap;

use super::Allowed;
use super::explain::Visit;
use super::legs::{Found, Nearest, by_segment, filled, told};
use super::plan::{Width, width};
use super::request::{SearchMode, SearchRequest};
use crate::memory::VectorColumn;
use crate::prepare::prepare_vector;
use crate::sealed::SealedVectors;
use crate::source::{SegmentView, Source};
use crate::state::{CollectionState, Place};
use crate::{DEFAULT_VECTOR_FIELD, Error, Result};

/// What is searched for.
#[derive(Debug)]
pub(crate) struct SeveralQuery {
    field: String,
    ask: Ask,
    width: Width,
    /// The score that hits must reach.
    within: Option<f32>,
}

/// Documents that are all compared, graph or not.
const FEW: usize = 2_000;
/// Vectors near each of the query whose documents are compared, as a multiple of the limit and at least.
const DEPTH: (usize, usize) = (16, 256);

#[derive(Debug)]
enum Ask {
    Sparse(SparseVector),
    /// Prepared as stored vectors are.
    Multi(Metric, MultiVector),
}

/// The query of a request by sparse or several vectors, `None` for all others; the inner `None` is that of a
/// collection that never had such a vector.
pub(crate) fn bind(
    state: &CollectionState,
    request: &SearchRequest,
) -> Result<Option<Option<SeveralQuery>>> {
    let invalid = |argument, detail: &str| Error::InvalidArgument {
        argument,
        detail: detail.to_string(),
    };
    let single = single(state, request);
    let multi = request.multi.as_ref().or(single.as_ref());
    if request.sparse.is_none() && multi.is_none() {
        return Ok(None);
    }
    let others = [
        request.vector.is_some() && single.is_none(),
        request.text.is_some() || request.words.is_some(),
    ];
    let both = request.sparse.is_some() && multi.is_some();
    let alone = matches!(request.mode, SearchMode::Auto | SearchMode::Vector);
    if both || others.contains(&true) || !alone {
        let detail = "are searched for alone: give no text and no other vector";
        return Err(invalid("sparse or several vectors", detail));
    }
    if request.within.is_some_and(f32::is_nan) {
        return Err(invalid("within", "must be a number"));
    }
    let width = width(request)?;
    let query = |field: &str, ask| SeveralQuery {
        field: field.to_string(),
        ask,
        width,
        within: request.within,
    };
    let schema = &state.schema;
    if let Some(vector) = &request.sparse {
        let names: Vec<&str> = schema.sparse.keys().map(String::as_str).collect();
        let field = choose(state, request, "sparse field", &names)?;
        return Ok(Some(
            field.map(|field| query(field, Ask::Sparse(vector.clone()))),
        ));
    }
    let Some(vectors) = multi else {
        return Ok(None);
    };
    let fields = schema.vectors.iter().filter(|(_, field)| field.multi);
    let names: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
    let Some(name) = choose(state, request, "field of several vectors", &names)? else {
        return Ok(Some(None));
    };
    let Some(field) = schema.vectors.get(name) else {
        return Ok(Some(None));
    };
    let mut numbers = Vec::with_capacity(vectors.numbers().len());
    for vector in vectors.iter() {
        let mut vector = vector.to_vec();
        prepare_vector(&state.name, *field, None, &mut vector)?;
        numbers.append(&mut vector);
    }
    let prepared = told(state, MultiVector::from_numbers(field.dimension, numbers))?;
    Ok(Some(Some(query(name, Ask::Multi(field.metric, prepared)))))
}

/// One vector that is searched for in a field of several.
fn single(state: &CollectionState, request: &SearchRequest) -> Option<MultiVector> {
    let vector = request.vector.as_ref()?;
    let name = request.vector_field.as_deref();
    let field = state
        .schema
        .vectors
        .get(name.unwrap_or(DEFAULT_VECTOR_FIELD))?;
    let several = field.multi.then(|| MultiVector::new([vector]).ok());
    several.flatten()
}

/// The field that is searched, of those there are.
fn choose<'s>(
    state: &CollectionState,
    request: &'s SearchRequest,
    kind: &str,
    names: &[&'s str],
) -> Result<Option<&'s str>> {
    let told = |detail: String| Error::InvalidArgument {
        argument: "vector_field",
        detail,
    };
    let known = match names {
        [] => "none".to_string(),
        names => names.join(", "),
    };
    match (request.vector_field.as_deref(), names) {
        (Some(name), names) if names.contains(&name) => Ok(Some(name)),
        (Some(name), _) => Err(told(format!(
            "\"{name}\" is no {kind} of collection \"{}\"; it has: {known}",
            state.name
        ))),
        (None, []) => Ok(None),
        (None, [name]) => Ok(Some(name)),
        (None, _) => Err(told(format!("is missing: there is more than one, {known}"))),
    }
}

/// The field that examples are compared in: the one that is named, or the only one of sparse vectors or of
/// several, where there is none of the usual name.
pub(crate) fn example_field<'s>(state: &'s CollectionState, request: &'s SearchRequest) -> &'s str {
    if let Some(named) = &request.vector_field {
        return named;
    }
    let schema = &state.schema;
    if schema.vectors.contains_key(DEFAULT_VECTOR_FIELD) {
        return DEFAULT_VECTOR_FIELD;
    }
    let several = schema.vectors.iter().filter(|(_, field)| field.multi);
    let mut names = several.map(|(name, _)| name).chain(schema.sparse.keys());
    match (names.next(), names.next()) {
        (Some(only), None) => only,
        _ => DEFAULT_VECTOR_FIELD,
    }
}

impl SeveralQuery {
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// Whether documents may share nothing with it, and are not found then.
    pub(crate) fn is_sparse(&self) -> bool {
        matches!(self.ask, Ask::Sparse(_))
    }

    /// A word for it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.ask {
            Ask::Sparse(_) => "sparse",
            Ask::Multi(..) => "multi",
        }
    }
}

/// The score of each place, `None` where a row has no such vector or shares no dimension with the query.
pub(crate) fn scores(
    state: &CollectionState,
    query: &SeveralQuery,
    places: &[Place],
) -> Result<Vec<Option<f32>>> {
    let mut fault = None;
    let count = state.segments.len();
    let values = by_segment(count, places, None, |segment, rows| {
        let Some(view) = state.segments.get(segment) else {
            return vec![None; rows.len()];
        };
        let scored = match &query.ask {
            Ask::Sparse(vector) => Ok(sparse_scores(view, query, vector, rows)),
            Ask::Multi(metric, vectors) => multi_scores(view, query, *metric, vectors, rows),
        };
        scored.unwrap_or_else(|error| {
            fault = Some(error);
            vec![None; rows.len()]
        })
    });
    match fault {
        Some(error) => told(state, Err(error)),
        None => Ok(values),
    }
}

/// Those of some rows of each segment that share something with the query.
pub(crate) fn matching(
    state: &CollectionState,
    query: &SeveralQuery,
    mut rows: Vec<RoaringBitmap>,
) -> Result<Vec<RoaringBitmap>> {
    for (segment, rows) in rows.iter_mut().enumerate() {
        let places: Vec<Place> = rows.iter().map(|row| Place { segment, row }).collect();
        let scores = scores(state, query, &places)?.into_iter();
        let found = scores.zip(&places).filter(|(score, _)| {
            let within = |least: f32| score.is_some_and(|score| score >= least);
            score.is_some() && query.within.is_none_or(within)
        });
        *rows = found.map(|(_, place)| place.row).collect();
    }
    Ok(rows)
}

fn sparse_scores(
    view: &SegmentView,
    query: &SeveralQuery,
    vector: &SparseVector,
    rows: &[u32],
) -> Vec<Option<f32>> {
    let scored = match &view.source {
        Source::Memory(memory) => memory.read(|stored| {
            let postings = stored.sparse.get(&query.field)?;
            Some(SparseSource::Memory(postings, view.rows).scores(vector, rows))
        }),
        Source::Sealed(sealed) => {
            let index = sealed.sparse(&query.field);
            index.map(|index| SparseSource::Sealed(index, view.rows).scores(vector, rows))
        }
    };
    scored.unwrap_or_else(|| vec![None; rows.len()])
}

fn multi_scores(
    view: &SegmentView,
    query: &SeveralQuery,
    metric: Metric,
    vectors: &MultiVector,
    rows: &[u32],
) -> Result<Vec<Option<f32>>, VectorError> {
    let score = |data: Vectors<'_>, place: &dyn Fn(u32) -> Range<u32>| {
        let maxsim = MaxSim::new(data, metric, vectors)?;
        let places = rows.iter().map(|row| place(*row));
        let scores = places.map(|at| (!at.is_empty()).then(|| maxsim.score(at)));
        Ok(scores.collect())
    };
    let nothing = || Ok(vec![None; rows.len()]);
    match &view.source {
        Source::Memory(memory) => memory.read(|stored| match stored.vectors.get(&query.field) {
            Some(column) => {
                let data = Vectors::new(column.field.dimension, &column.tail)?;
                score(data, &|row| column.ordinals(row))
            }
            None => nothing(),
        }),
        Source::Sealed(sealed) => match sealed.vectors().get(&query.field) {
            Some(column) => score(column.data()?, &|row| column.ordinals(row)),
            None => nothing(),
        },
    }
}

/// The `k` best documents with their scores, the best first, ties by place; and what was done to find them.
pub(crate) fn best(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    query: &SeveralQuery,
    k: usize,
) -> Result<Nearest> {
    let mut nearest = Nearest::default();
    for (segment, allowed) in filled(allowed) {
        let (rows, visit) = match &query.ask {
            Ask::Sparse(vector) => {
                let (rows, scored) = sparse(query, vector, allowed, k);
                (rows, Visit::scan(scored))
            }
            Ask::Multi(metric, vectors) => told(state, multi(query, *metric, vectors, allowed, k))?,
        };
        nearest.visited(segment, visit);
        nearest
            .found
            .extend(rows.into_iter().map(|(value, row)| Found {
                place: Place { segment, row },
                value,
            }));
    }
    let found = &mut nearest.found;
    found.retain(|found| query.within.is_none_or(|within| found.value >= within));
    found.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.place.cmp(&b.place)));
    found.truncate(k);
    Ok(nearest)
}

/// The best rows of a segment with their scores.
type Best = Vec<(f32, u32)>;

/// Also how many rows were scored.
fn sparse(
    query: &SeveralQuery,
    vector: &SparseVector,
    allowed: &Allowed<'_>,
    k: usize,
) -> (Best, usize) {
    let (view, accept) = (allowed.view(), allowed.bitmap());
    let top = |source: SparseSource<'_>| source.top(vector, k, accept.as_deref());
    match &view.source {
        Source::Memory(memory) => memory.read(|rows| {
            let postings = rows.sparse.get(&query.field);
            postings.map(|postings| top(SparseSource::Memory(postings, view.rows)))
        }),
        Source::Sealed(sealed) => {
            let index = sealed.sparse(&query.field);
            index.map(|index| top(SparseSource::Sealed(index, view.rows)))
        }
    }
    .unwrap_or_default()
}

fn multi(
    query: &SeveralQuery,
    metric: Metric,
    vectors: &MultiVector,
    allowed: &Allowed<'_>,
    k: usize,
) -> Result<(Best, Visit), VectorError> {
    match &allowed.view().source {
        Source::Memory(memory) => {
            // Copied, so that no commit waits for the comparison.
            let copied = memory.read(|rows| {
                let column: &VectorColumn = rows.vectors.get(&query.field)?;
                let documents = documents(&column.tail_rows, allowed);
                Some((column.field.dimension, column.tail.clone(), documents))
            });
            let Some((dimension, data, documents)) = copied else {
                return Ok((Best::new(), Visit::scan(0)));
            };
            let data = Vectors::new(dimension, &data)?;
            let best = MaxSim::new(data, metric, vectors)?.top(&documents, k);
            Ok((best, Visit::scan(documents.len())))
        }
        Source::Sealed(sealed) => {
            let Some(column) = sealed.vectors().get(&query.field) else {
                return Ok((Best::new(), Visit::scan(0)));
            };
            let data = column.data()?;
            let maxsim = MaxSim::new(data, metric, vectors)?;
            let mut documents = documents(column.row_list().unwrap_or_default(), allowed);
            let width = column.ef(query.width, k).filter(|_| documents.len() > FEW);
            let mut visit = match column.graph().zip(width) {
                Some((graph, ef)) => {
                    let ef = ef.max(k.saturating_mul(DEPTH.0)).max(DEPTH.1);
                    near(column, &graph, metric, vectors, ef, &mut documents)?
                }
                None => Visit::default(),
            };
            visit.stats.distances += documents.len();
            Ok((maxsim.top(&documents, k), visit))
        }
    }
}

/// Keeps the documents that have one of the `ef` vectors nearest to some vector of the query.
fn near(
    column: &SealedVectors,
    graph: &HnswView<'_>,
    metric: Metric,
    vectors: &MultiVector,
    ef: usize,
    documents: &mut Vec<(u32, Range<u32>)>,
) -> Result<Visit, VectorError> {
    let data = column.data()?;
    let permitted: usize = documents.iter().map(|(_, at)| at.len()).sum();
    let ordinals = documents.iter().flat_map(|(_, at)| at.clone());
    let allowed = (permitted < data.len()).then(|| OrdinalSet::collect(data.len(), ordinals));
    let (mut rows, mut visit) = (RoaringBitmap::new(), Visit::default());
    for vector in vectors.iter() {
        let asked = GraphQuery {
            vector,
            k: ef,
            ef,
            allowed: allowed.as_ref(),
        };
        let horizon = &mut Horizon::default();
        let (found, stats) = graph.search_beside(data, metric, asked, horizon)?;
        rows.extend(found.iter().map(|neighbor| column.row(neighbor.row)));
        visit.ef = ef;
        visit.stats.route = stats.route;
        visit.stats.visited += stats.visited;
        visit.stats.distances += stats.distances;
    }
    documents.retain(|(row, _)| rows.contains(*row));
    Ok(visit)
}

/// The rows that may be found, and where the vectors of each are.
fn documents(rows: &[u32], allowed: &Allowed<'_>) -> Vec<(u32, Range<u32>)> {
    let mut documents = Vec::new();
    let mut start = 0;
    for several in rows.chunk_by(|a, b| a == b) {
        let end = start + several.len() as u32;
        if let Some(row) = several.first().filter(|row| allowed.permits(**row)) {
            documents.push((*row, start..end));
        }
        start = end;
    }
    documents
}
