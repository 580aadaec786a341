//! The two legs of a search over all segments of a collection.

use lumos_index::{Demands, Horizon, Neighbor, TextSearch, TextSource, VectorError};
use lumos_wal::sync::RwLockReadGuard;
use roaring::RoaringBitmap;

use super::Allowed;
use super::explain::{SegmentSearch, Visit};
use super::plan::VectorQuery;
use super::words::KeywordQuery;
use crate::memory::Rows;
use crate::source::Source;
use crate::state::{CollectionState, Place};
use crate::{Error, Result};

/// A row with the figure of one leg: a distance or a keyword score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) place: Place,
    pub(crate) value: f32,
}

/// Rows near a query, and what was done to find them, by number of segment.
#[derive(Debug, Default)]
pub(crate) struct Nearest {
    pub(crate) found: Vec<Found>,
    visits: Vec<(usize, Visit)>,
}

impl Nearest {
    /// Notes what was done in a segment, this time and before.
    pub(crate) fn visited(&mut self, segment: usize, mut visit: Visit) {
        let mut known = self.visits.iter_mut();
        match known.find(|(known, _)| *known == segment) {
            Some((_, known)) => {
                visit.stats.visited += known.stats.visited;
                visit.stats.distances += known.stats.distances;
                *known = visit;
            }
            None => self.visits.push((segment, visit)),
        }
    }

    /// Adds what a segment has.
    fn add(&mut self, segment: usize, (neighbors, visit): (Vec<Neighbor>, Visit)) {
        self.visited(segment, visit);
        self.found
            .extend(neighbors.into_iter().map(|neighbor| Found {
                place: Place {
                    segment,
                    row: neighbor.row,
                },
                value: neighbor.distance,
            }));
    }

    /// Keeps the `k` nearest, in order.
    fn keep(&mut self, k: usize) {
        let found = &mut self.found;
        found.sort_by(|a, b| a.value.total_cmp(&b.value).then(a.place.cmp(&b.place)));
        found.truncate(k);
    }

    /// What was done, in users' terms.
    pub(crate) fn segments(&self, allowed: &[Allowed<'_>]) -> Vec<SegmentSearch> {
        let visits = self.visits.iter();
        let told = visits.filter_map(|(at, visit)| {
            let allowed = allowed.get(*at)?;
            let view = allowed.view();
            Some(SegmentSearch {
                segment: view.name(),
                rows: u64::from(view.rows),
                matches: allowed.len(),
                route: visit.stats.route.into(),
                ef: visit.ef,
                visited: visit.stats.visited,
                distances: visit.stats.distances,
            })
        });
        told.collect()
    }
}

/// Neighbours of a search for all within a distance that are asked for first.
const FIRST_WITHIN: usize = 64;

/// The `k` nearest rows, or as many of them as are within the distance asked for; nearest first, ties by
/// place.
pub(crate) fn nearest(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    query: &VectorQuery,
    k: usize,
) -> Result<Nearest> {
    let mut nearest = Nearest::default();
    let mut wanted = match query.within {
        Some(_) => FIRST_WITHIN.min(k),
        None => k,
    };
    loop {
        nearest.found.clear();
        add_nearest(state, allowed, query, wanted, &mut nearest)?;
        let found = &mut nearest.found;
        let all = found.len();
        let reached = found.partition_point(|found| query.reaches(found.value));
        found.truncate(reached);
        if reached < all || all < wanted || wanted == k {
            return Ok(nearest);
        }
        wanted = wanted.saturating_mul(4).min(k);
    }
}

fn add_nearest(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    query: &VectorQuery,
    k: usize,
    nearest: &mut Nearest,
) -> Result<()> {
    let mut horizon = horizon(allowed, query, k);
    for (segment, allowed) in filled(allowed) {
        let result = match &allowed.view().source {
            Source::Memory(memory) => memory.nearest(query, k, allowed, &mut horizon),
            Source::Sealed(sealed) => match sealed.vectors().get(&query.field) {
                Some(vectors) => vectors.nearest(query, k, allowed, &mut horizon),
                None => continue,
            },
        };
        nearest.add(segment, told(state, result)?);
    }
    nearest.keep(k);
    Ok(())
}

/// [`nearest`] for several queries at once. Those of a batch differ in the vector alone: sealed
/// segments are searched for all of them in turn.
pub(crate) fn nearest_all(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    queries: &[&VectorQuery],
    k: usize,
) -> Result<Vec<Nearest>> {
    let like = |query: &&VectorQuery| match queries.first() {
        Some(first) => {
            query.within.is_none() && query.field == first.field && query.width == first.width
        }
        None => true,
    };
    if queries.len() < 2 || !queries.iter().all(like) {
        let alone = |query: &&VectorQuery| nearest(state, allowed, query, k);
        return queries.iter().map(alone).collect();
    }
    let mut all: Vec<Nearest> = queries.iter().map(|_| Nearest::default()).collect();
    let mut horizons: Vec<Horizon> = (queries.iter())
        .map(|query| horizon(allowed, query, k))
        .collect();
    for (segment, allowed) in filled(allowed) {
        let results = match &allowed.view().source {
            Source::Memory(memory) => (queries.iter().zip(&mut horizons))
                .map(|(query, horizon)| memory.nearest(query, k, allowed, horizon))
                .collect(),
            Source::Sealed(sealed) => match sealed.vectors().get(&queries[0].field) {
                Some(vectors) => vectors.nearest_all(queries, k, allowed, &mut horizons),
                None => continue,
            },
        };
        for (nearest, found) in all.iter_mut().zip(told(state, results)?) {
            nearest.add(segment, found);
        }
    }
    for nearest in &mut all {
        nearest.keep(k);
    }
    Ok(all)
}

/// The segments that have rows that may be found, by number.
pub(crate) fn filled<'a, 'b>(
    allowed: &'a [Allowed<'b>],
) -> impl Iterator<Item = (usize, &'a Allowed<'b>)> + Clone {
    let segments = allowed.iter().enumerate();
    segments.filter(|(_, allowed)| !allowed.is_empty())
}

/// One segment has no need to know how far another one has come.
fn horizon(allowed: &[Allowed<'_>], query: &VectorQuery, k: usize) -> Horizon {
    match filled(allowed).nth(1) {
        Some(_) => Horizon::new(query.horizon(k)),
        None => Horizon::default(),
    }
}

pub(crate) fn told<T>(
    state: &CollectionState,
    result: std::result::Result<T, VectorError>,
) -> Result<T> {
    result.map_err(|source| Error::Vector {
        collection: state.name.clone(),
        source,
    })
}

/// The exact distance of each place, `None` where a row has no vector.
pub(crate) fn distances(
    state: &CollectionState,
    query: &VectorQuery,
    places: &[Place],
) -> Vec<Option<f32>> {
    let segments = &state.segments;
    by_segment(segments.len(), places, None, |segment, rows| match segments
        .get(segment)
        .map(|view| &view.source)
    {
        Some(Source::Memory(memory)) => memory.distances(query, rows),
        Some(Source::Sealed(sealed)) => {
            let vectors = sealed.vectors().get(&query.field);
            vectors.map_or_else(Vec::new, |vectors| vectors.distances(query, rows))
        }
        None => Vec::new(),
    })
}

/// The keyword leg of one search.
pub(crate) struct Keywords<'a> {
    state: &'a CollectionState,
    query: &'a KeywordQuery,
    /// The rows of the segments in memory, held while the search runs; one for each segment.
    held: Vec<Option<RwLockReadGuard<'a, Rows>>>,
}

impl<'a> Keywords<'a> {
    pub(crate) fn new(state: &'a CollectionState, query: &'a KeywordQuery) -> Self {
        let held = state
            .segments
            .iter()
            .map(|view| view.as_memory().map(|memory| memory.read_rows()))
            .collect();
        Keywords { state, query, held }
    }

    /// The query bound to all segments, with their statistics.
    pub(crate) fn bind(&self) -> Result<KeywordSearch<'_>> {
        let KeywordQuery {
            analyzers,
            query,
            fields,
            ..
        } = self.query;
        let search = TextSearch::new(query, analyzers, fields, self.sources());
        Ok(KeywordSearch {
            state: self.state,
            search: search.map_err(Error::from)?,
        })
    }

    /// What the query demands of documents that other legs find, in each segment.
    pub(crate) fn demands(&self) -> Result<Option<Vec<Demands>>> {
        let KeywordQuery {
            analyzers,
            query,
            fields,
            ..
        } = self.query;
        Demands::new(query, analyzers, fields, || self.sources()).map_err(Error::from)
    }

    fn sources(&self) -> Vec<Option<TextSource<'_>>> {
        let views = self.state.segments.iter().zip(&self.held);
        let sources = views.map(|(view, held)| {
            let source = match (&view.source, held) {
                (Source::Memory(_), Some(rows)) => {
                    Some(TextSource::memory(&rows.postings, view.rows))
                }
                (Source::Sealed(sealed), _) => sealed.text().map(TextSource::sealed),
                (Source::Memory(_), None) => None,
            };
            source.map(|source| source.without(&view.deletes))
        });
        sources.collect()
    }
}

/// The rows that other legs may find beside a keyword query; `None` when all that are allowed.
pub(crate) fn demanded<'a>(
    state: &CollectionState,
    allowed: &[Allowed<'a>],
    query: &KeywordQuery,
) -> Result<Option<Vec<Allowed<'a>>>> {
    // The rows in memory are not held for words that demand nothing.
    if !query.query.is_strict() {
        return Ok(None);
    }
    let Some(demands) = Keywords::new(state, query).demands()? else {
        return Ok(None);
    };
    let both = allowed.iter().zip(&demands);
    let narrowed = both.map(|(allowed, demands)| allowed.narrowed(demands));
    Ok(Some(narrowed.collect()))
}

/// A keyword query bound to the segments of a state.
pub(crate) struct KeywordSearch<'a> {
    state: &'a CollectionState,
    search: TextSearch<'a>,
}

impl KeywordSearch<'_> {
    /// The best `k` rows of those allowed, best first.
    pub(crate) fn top(&self, allowed: &[Allowed<'_>], k: usize) -> Result<Vec<Found>> {
        let none = RoaringBitmap::new();
        let accept: Vec<Option<&RoaringBitmap>> = allowed
            .iter()
            .map(|allowed| match allowed.is_empty() {
                true => Some(&none),
                false => allowed.matching(),
            })
            .collect();
        let top = self.search.top(k, &accept).map_err(Error::from)?;
        let found = top.into_iter().map(|(value, segment, row)| Found {
            place: Place { segment, row },
            value,
        });
        Ok(found.collect())
    }

    /// The score of each place, 0 where it does not match.
    pub(crate) fn scores(&self, places: &[Place]) -> Result<Vec<f32>> {
        let mut failed = None;
        let segments = self.state.segments.len();
        let scores = by_segment(segments, places, 0.0, |segment, rows| {
            self.search.scores(segment, rows).unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            })
        });
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(scores),
        }
    }

    /// The live rows of a segment that match.
    pub(crate) fn matches(&self, segment: usize) -> Result<RoaringBitmap> {
        self.search.matches(segment).map_err(Error::from)
    }
}

/// Calls `read` once for each segment, in order, with its rows; gives the values in the order of
/// `places`.
pub(crate) fn by_segment<T: Copy>(
    segments: usize,
    places: &[Place],
    missing: T,
    mut read: impl FnMut(usize, &[u32]) -> Vec<T>,
) -> Vec<T> {
    let mut values = vec![missing; places.len()];
    for segment in 0..segments {
        let mut wanted: Vec<(u32, usize)> = places
            .iter()
            .enumerate()
            .filter(|(_, place)| place.segment == segment)
            .map(|(at, place)| (place.row, at))
            .collect();
        if wanted.is_empty() {
            continue;
        }
        wanted.sort_unstable();
        let rows: Vec<u32> = wanted.iter().map(|(row, _)| *row).collect();
        for ((_, at), value) in wanted.into_iter().zip(read(segment, &rows)) {
            if let Some(slot) = values.get_mut(at) {
                *slot = value;
            }
        }
    }
    values
}
