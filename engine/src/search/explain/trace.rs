//! What a search notes of itself while it runs; nothing, and no clock is read, unless it is explained.

use std::time::Instant;

use super::super::Allowed;
use super::{Explained, FilterCost, LegCost, Stage, StageTime};
use crate::search::Hit;

/// The notes.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// When the search began; `None` when nothing is noted.
    began: Option<Instant>,
    filter: Option<FilterCost>,
    legs: Vec<LegCost>,
    candidates: usize,
    stages: Vec<StageTime>,
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Trace {
    /// Notes nothing.
    pub(crate) fn off() -> Self {
        Trace::default()
    }

    /// Notes everything.
    pub(crate) fn on() -> Self {
        Trace {
            began: Some(Instant::now()),
            ..Trace::default()
        }
    }

    /// The moment at which a step begins.
    pub(crate) fn start(&self) -> Option<Instant> {
        self.began.map(|_| Instant::now())
    }

    /// Notes the time of a step that ends; steps that run again add up.
    pub(crate) fn stage(&mut self, stage: Stage, started: Option<Instant>) {
        let Some(started) = started else { return };
        let micros = micros(started);
        match self.stages.iter_mut().find(|known| known.stage == stage) {
            Some(known) => known.micros += micros,
            None => self.stages.push(StageTime { stage, micros }),
        }
    }

    /// Notes what the filter found.
    pub(crate) fn filter(&mut self, allowed: &[Allowed<'_>], started: Option<Instant>) {
        let Some(since) = started else { return };
        let rows: u64 = allowed.iter().map(|allowed| allowed.view().live()).sum();
        let matches: u64 = allowed.iter().map(Allowed::len).sum();
        self.filter = Some(FilterCost {
            rows,
            matches,
            selectivity: matches as f64 / rows.max(1) as f64,
            segments: allowed.len(),
            cached: allowed.iter().filter(|allowed| allowed.is_cached()).count(),
            micros: micros(since),
        });
        self.stage(Stage::Filter, started);
    }

    /// Notes what a leg found; one that runs again takes the place of itself.
    pub(crate) fn leg(&mut self, mut cost: LegCost, started: Option<Instant>) {
        let Some(since) = started else { return };
        cost.micros = micros(since);
        self.stage(Stage::Find, started);
        match self.legs.iter_mut().find(|known| known.leg == cost.leg) {
            Some(known) => {
                cost.micros += known.micros;
                cost.score_micros = known.score_micros;
                cost.add(known);
                *known = cost;
            }
            None => self.legs.push(cost),
        }
    }

    /// Notes the time that a leg took to score the candidates of all.
    pub(crate) fn leg_scored(&mut self, leg: &str, started: Option<Instant>) {
        let Some(since) = started else { return };
        if let Some(known) = self.legs.iter_mut().find(|known| known.leg == leg) {
            known.score_micros += micros(since);
        }
    }

    /// Notes that the candidates of all legs are scored and fused.
    pub(crate) fn fused(&mut self, candidates: usize, started: Option<Instant>) {
        self.candidates = candidates;
        self.stage(Stage::Fuse, started);
    }

    /// Notes how many candidates there are.
    pub(crate) fn found(&mut self, candidates: usize) {
        self.candidates = candidates;
    }

    /// The notes of the legs of a prefetch.
    pub(crate) fn below(&self) -> Trace {
        Trace {
            began: self.began,
            ..Trace::default()
        }
    }

    pub(crate) fn into_legs(self) -> Vec<LegCost> {
        self.legs
    }

    /// All of it, with the hits.
    pub(crate) fn explained(self, hits: Vec<Hit>) -> Explained {
        let mut segments = Vec::new();
        let mut open: Vec<&LegCost> = self.legs.iter().rev().collect();
        while let Some(leg) = open.pop() {
            segments.extend(leg.segments.iter().cloned());
            open.extend(leg.legs.iter().rev());
        }
        Explained {
            hits,
            filter: self.filter,
            segments,
            legs: self.legs,
            candidates: self.candidates,
            stages: self.stages,
            micros: self.began.map(micros).unwrap_or_default(),
        }
    }
}
