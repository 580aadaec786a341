//! Runs legs and fuses what they found.

use std::collections::BTreeMap;

use lumos_index::{ConvexLeg, RRF_K, fuse_convex_legs, fuse_dbsf, fuse_rrf, fuse_sum};

use super::super::Allowed;
use super::super::explain::{LegCost, Trace};
use super::super::hit::LegRank;
use super::super::legs::{self, Keywords, Nearest};
use super::super::request::Fusion;
use super::super::several;
use super::super::words::KeywordQuery;
use super::figure::Figure;
use super::plan::{Job, Planned};
use super::within::demanded_by;
use crate::Result;
use crate::database::MAX_LIMIT;
use crate::state::{CollectionState, Place};

/// What one leg says of the candidates of all.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) is_text: bool,
    pub(crate) is_vector: bool,
    pub(crate) higher_is_better: bool,
    /// The rank and the leg's own score of each candidate, where it has one.
    pub(crate) ranks: Vec<Option<LegRank>>,
}

/// The candidates of some legs, fused.
#[derive(Debug)]
pub(crate) struct Level {
    /// In order.
    pub(crate) places: Vec<Place>,
    /// Numbers of places with their scores, best first.
    pub(crate) fused: Vec<(usize, f32)>,
    pub(crate) columns: Vec<Column>,
    /// What the fused scores are.
    pub(crate) figure: Figure,
    /// Whether some leg would have brought more if it had been asked.
    pub(crate) more: bool,
    /// Whether a leg that brings as many as are wanted brought some that are better than it takes.
    pub(crate) in_the_way: bool,
}

impl Default for Level {
    /// Without candidates.
    fn default() -> Self {
        Level {
            places: Vec::new(),
            fused: Vec::new(),
            columns: Vec::new(),
            figure: Figure::Relevance,
            more: false,
            in_the_way: false,
        }
    }
}

/// Runs legs on one state within one filter.
pub(crate) struct Runner<'a> {
    pub(crate) state: &'a CollectionState,
    pub(crate) allowed: &'a [Allowed<'a>],
    pub(crate) excluded: &'a [Place],
    /// Candidates of a leg that does not say how many.
    pub(crate) depth: usize,
}

/// What a leg brings.
struct Found {
    places: Vec<Place>,
    /// The values of what a prefetch brings.
    values: BTreeMap<Place, f32>,
    figure: Figure,
    more: bool,
    /// As [`Level::in_the_way`], of what is prefetched.
    in_the_way: bool,
}

impl<'a> Runner<'a> {
    /// Runs legs within what the words of each demand: it holds for all legs beside them.
    pub(crate) fn level(
        &self,
        legs: &[Planned],
        fusion: Fusion,
        trace: &mut Trace,
    ) -> Result<Level> {
        match demanded_by(self.state, self.allowed, legs)? {
            Some(allowed) => Runner {
                allowed: &allowed,
                ..*self
            }
            .run(legs, fusion, trace),
            None => self.run(legs, fusion, trace),
        }
    }

    /// What one leg found is scored exactly by all, so that a document is not punished for lying past the depth
    /// of a leg.
    fn run(&self, legs: &[Planned], fusion: Fusion, trace: &mut Trace) -> Result<Level> {
        let mut found = Vec::with_capacity(legs.len());
        for leg in legs {
            let started = trace.start();
            let own = leg.own(self.state, self.allowed)?;
            let allowed = own.as_deref().unwrap_or(self.allowed);
            let depth = leg.depth.unwrap_or(self.depth);
            let mut cost = LegCost::new(&leg.name, kind(&leg.job), depth);
            let brought = self.find(leg, allowed, depth, trace, &mut cost)?;
            cost.found = brought.places.len();
            trace.leg(cost, started);
            found.push((own, brought));
        }
        let mut places: Vec<Place> = found
            .iter()
            .flat_map(|(_, f)| f.places.iter().copied())
            .collect();
        places.sort_unstable();
        places.dedup();
        places.retain(|place| self.excluded.binary_search(place).is_err());

        let scored = trace.start();
        let mut values = Vec::with_capacity(legs.len());
        for (leg, (_, brought)) in legs.iter().zip(&found) {
            let started = trace.start();
            values.push(self.values(leg, brought, &places)?);
            trace.leg_scored(&leg.name, started);
        }
        let mut in_the_way = found.iter().any(|(_, found)| found.in_the_way);
        let mut lists = Vec::with_capacity(legs.len());
        let mut columns = Vec::with_capacity(legs.len());
        for ((leg, (own, brought)), values) in legs.iter().zip(&found).zip(values) {
            let figure = brought.figure;
            let higher_is_better = figure.higher_is_better();
            // Behind what is worse than a leg takes it brings nothing that it takes.
            let last = brought.places.last();
            let last = last.and_then(|last| places.binary_search(last).ok());
            let last = last.and_then(|at| values.get(at).copied().flatten());
            let at_end =
                last.is_some_and(|last| leg.is_below(figure.score(last), higher_is_better));
            let mut above = false;
            let mut list: Vec<(u64, f32)> = (0..)
                .zip(values)
                .zip(&places)
                .filter_map(|((id, value), place)| {
                    let value = value?;
                    let fits = own.as_deref().is_none_or(|own| permits(own, *place));
                    let score = figure.score(value);
                    above |= fits && leg.is_above(score, higher_is_better);
                    (fits && leg.takes(score)).then_some((id, value))
                })
                .collect();
            in_the_way |= above && !at_end && leg.depth.is_none();
            list.sort_by(|a, b| figure.order(a.1, b.1).then(a.0.cmp(&b.0)));
            columns.push(Column {
                name: leg.name.clone(),
                is_text: matches!(leg.job, Job::Words(_)),
                is_vector: matches!(figure, Figure::Distance(_))
                    || matches!(leg.job, Job::Nothing | Job::Several(_)),
                higher_is_better,
                ranks: ranks(&list, figure, places.len()),
            });
            lists.push((leg.weight, figure, list));
        }
        let (fused, figure) = fuse(&lists, fusion);
        trace.fused(places.len(), scored);
        Ok(Level {
            places,
            fused,
            columns,
            figure,
            more: found.iter().any(|(_, found)| found.more),
            in_the_way,
        })
    }

    fn find(
        &self,
        leg: &Planned,
        allowed: &[Allowed<'_>],
        depth: usize,
        trace: &mut Trace,
        cost: &mut LegCost,
    ) -> Result<Found> {
        let state = self.state;
        // Rows that are no hits take no place of one that is.
        let wanted = depth.saturating_add(self.excluded.len()).min(MAX_LIMIT);
        // A leg that says how many it brings has brought them.
        let grows = |full: bool| full && leg.depth.is_none() && depth < MAX_LIMIT;
        let places = |nearest: &Nearest| nearest.found.iter().map(|found| found.place).collect();
        let mut found = Found {
            places: Vec::new(),
            values: BTreeMap::new(),
            figure: Figure::Relevance,
            more: false,
            in_the_way: false,
        };
        match &leg.job {
            Job::Nothing => {}
            Job::Near(query) => {
                let nearest = legs::nearest(state, allowed, query, wanted)?;
                found.places = places(&nearest);
                found.figure = Figure::Distance(query.metric);
                found.more = grows(nearest.found.len() >= wanted);
                cost.segments = nearest.segments(allowed);
            }
            Job::Words(query) => {
                let top = top(state, allowed, query, wanted)?;
                found.more = grows(top.len() >= wanted);
                found.places = top;
            }
            Job::Best(best) => {
                let (all, more, ways) = best.find(state, allowed, wanted)?;
                found.places = all;
                found.figure = Figure::Similarity;
                found.more = grows(more);
                cost.segments = ways.iter().flat_map(|way| way.segments(allowed)).collect();
            }
            Job::Several(query) => {
                let nearest = several::best(state, allowed, query, wanted)?;
                found.places = places(&nearest);
                found.more = grows(nearest.found.len() >= wanted);
                cost.segments = nearest.segments(allowed);
            }
            Job::Prefetch { legs, fusion, then } => {
                let inner = Runner { allowed, ..*self };
                let mut below = trace.below();
                let level = inner.level(legs, *fusion, &mut below)?;
                cost.legs = below.into_legs();
                found.in_the_way = level.in_the_way;
                let mut best = level.fused;
                found.more = grows(level.more || best.len() > depth);
                best.truncate(depth);
                let at = |id: usize| level.places.get(id).copied();
                found.values = best
                    .iter()
                    .filter_map(|(id, score)| Some((at(*id)?, *score)))
                    .collect();
                found.figure = match level.figure {
                    // Fused distances of one leg alone: what users see of them, nearer being less.
                    Figure::Distance(_) if !level.figure.higher_is_better() => {
                        found
                            .values
                            .values_mut()
                            .for_each(|far| *far = 1.0 / (1.0 + *far));
                        Figure::Similarity
                    }
                    Figure::Distance(_) => Figure::Similarity,
                    figure => figure,
                };
                found.places = best.iter().filter_map(|(id, _)| at(*id)).collect();
                if let Some(then) = then {
                    let mut candidates = found.places.clone();
                    candidates.sort_unstable();
                    let own = then.own(inner.state, inner.allowed)?;
                    let (values, figure) = inner.scores(then, &candidates)?;
                    let fits = |place: Place| own.as_deref().is_none_or(|own| permits(own, place));
                    found.values = (candidates.into_iter().zip(values))
                        .filter_map(|(place, value)| Some((place, value?)))
                        .filter(|(place, value)| fits(*place) && then.takes(figure.score(*value)))
                        .collect();
                    found.figure = figure;
                    found
                        .places
                        .retain(|place| found.values.contains_key(place));
                }
            }
        }
        Ok(found)
    }

    /// The value that a leg gives each place.
    fn values(&self, leg: &Planned, found: &Found, places: &[Place]) -> Result<Vec<Option<f32>>> {
        match &leg.job {
            Job::Prefetch { .. } => Ok(places
                .iter()
                .map(|p| found.values.get(p).copied())
                .collect()),
            Job::Words(query) => score(self.state, query, places),
            _ => Ok(self.scores(leg, places)?.0),
        }
    }

    /// The value that what a leg asks gives each place, whatever the leg has found.
    fn scores(&self, leg: &Planned, places: &[Place]) -> Result<(Vec<Option<f32>>, Figure)> {
        Ok(match &leg.job {
            Job::Near(query) => (
                legs::distances(self.state, query, places),
                Figure::Distance(query.metric),
            ),
            Job::Best(best) => (best.scores(self.state, places), Figure::Similarity),
            Job::Several(query) => (
                several::scores(self.state, query, places)?,
                Figure::Relevance,
            ),
            Job::Words(query) => (score(self.state, query, places)?, Figure::Relevance),
            Job::Prefetch { .. } | Job::Nothing => (vec![None; places.len()], Figure::Relevance),
        })
    }
}

fn kind(job: &Job) -> &'static str {
    match job {
        Job::Near(_) | Job::Nothing => "vector",
        Job::Words(_) => "keywords",
        Job::Best(_) => "best score",
        Job::Several(query) => query.kind(),
        Job::Prefetch { then: None, .. } => "prefetch",
        Job::Prefetch { then: Some(_), .. } => "prefetch, then ranked",
    }
}

/// The best `k` rows of a keyword query.
fn top(
    state: &CollectionState,
    allowed: &[Allowed<'_>],
    query: &KeywordQuery,
    k: usize,
) -> Result<Vec<Place>> {
    let found = Keywords::new(state, query).bind()?.top(allowed, k)?;
    Ok(found.iter().map(|found| found.place).collect())
}

/// The score of each place in a keyword query, `None` where it does not match.
fn score(
    state: &CollectionState,
    query: &KeywordQuery,
    places: &[Place],
) -> Result<Vec<Option<f32>>> {
    let scores = Keywords::new(state, query).bind()?.scores(places)?;
    let matching = scores
        .into_iter()
        .map(|score| (score > 0.0).then_some(score));
    Ok(matching.collect())
}

fn permits(allowed: &[Allowed<'_>], place: Place) -> bool {
    let allowed = allowed.get(place.segment);
    allowed.is_some_and(|allowed| allowed.permits(place.row))
}

/// The rank of each of `count` ids in a list that is sorted.
fn ranks(list: &[(u64, f32)], figure: Figure, count: usize) -> Vec<Option<LegRank>> {
    let mut ranks = vec![None; count];
    for (rank, (id, value)) in (1..).zip(list) {
        if let Some(slot) = ranks.get_mut(*id as usize) {
            let score = figure.score(*value);
            *slot = Some(LegRank { rank, score });
        }
    }
    ranks
}

/// The weight of a leg, what its values are, and these by the numbers of places, best first.
type List = (f32, Figure, Vec<(u64, f32)>);

/// One ranking of all lists. A list that is alone is the ranking.
fn fuse(lists: &[List], fusion: Fusion) -> (Vec<(usize, f32)>, Figure) {
    let numbered = |(id, score): (u64, f32)| (id as usize, score);
    if let [(_, figure, list)] = lists {
        let scored = list
            .iter()
            .map(|&(id, value)| numbered((id, figure.score(value))));
        return (scored.collect(), *figure);
    }
    let similar: Vec<Vec<(u64, f32)>> = lists
        .iter()
        .map(|(_, figure, list)| {
            list.iter()
                .map(|&(id, value)| (id, figure.similarity(value)))
                .collect()
        })
        .collect();
    let weighted: Vec<(f32, &[(u64, f32)])> = lists
        .iter()
        .zip(&similar)
        .map(|((weight, ..), list)| (*weight, list.as_slice()))
        .collect();
    let fused = match fusion {
        Fusion::Convex { vector_weight } => {
            let legs = lists.iter().zip(&weighted);
            let legs: Vec<ConvexLeg<'_>> = legs
                .map(|((_, figure, _), &(weight, scores))| ConvexLeg {
                    similarity: figure.is_similarity(),
                    weight,
                    scores,
                })
                .collect();
            fuse_convex_legs(&legs, vector_weight)
        }
        Fusion::Rrf { k } => {
            let constant = if k == 0 { RRF_K } else { k as f32 };
            fuse_rrf(&weighted, constant)
        }
        Fusion::Sum { normalise } => fuse_sum(&weighted, normalise),
        Fusion::Dbsf => fuse_dbsf(&weighted),
    };
    (fused.into_iter().map(numbered).collect(), Figure::Relevance)
}
