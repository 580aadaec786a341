//! Passes over all queries.

use std::time::{Duration, Instant};

use lumos::{Collection, EngineError, Hit, ScoredKey, Search};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Serialize;

use super::vectors::Rows;
use crate::failure::{Failure, Result};

/// How far the graph is searched.
#[derive(Debug, Clone, Copy)]
pub(super) enum Width {
    Ef(usize),
    Recall(f32),
}

/// What a pass over all queries gave.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Pass {
    /// The share of the true neighbours that was found.
    pub(super) recall: f64,
    /// Queries a second, on all threads together.
    pub(super) qps: f64,
    /// `null` where all queries were given in one call.
    pub(super) p50_us: Option<f64>,
    pub(super) p99_us: Option<f64>,
}

/// Searches for all queries, on some threads.
#[derive(Debug)]
pub(super) struct Runner {
    collection: Collection,
    queries: Rows<f32>,
    k: usize,
    keys: bool,
    threads: usize,
    pool: ThreadPool,
}

impl Runner {
    pub(super) fn new(
        collection: Collection,
        queries: Rows<f32>,
        (k, keys): (usize, bool),
        threads: usize,
    ) -> Result<Runner> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Failure::argument("--threads", error.to_string()))?;
        Ok(Runner {
            collection,
            queries,
            k,
            keys,
            threads,
            pool,
        })
    }

    /// The exact neighbours of every query within a filter.
    pub(super) fn truth(&self, filter: &str) -> Result<Rows<u32>> {
        let search = self.collection.search_batch(self.queries.iter());
        let all = search.limit(self.k).exact().filter(filter).keys()?;
        let width = all.first().map_or(0, Vec::len);
        if width == 0 {
            let detail = "lets no row pass: was the database built with --selectivity?";
            return Err(Failure::argument("--selectivity", detail));
        }
        let numbers = all.iter().flatten().map(|found| number(&found.key));
        Ok(Rows {
            width,
            numbers: numbers.collect(),
        })
    }

    /// Searches for every query once.
    pub(super) fn pass(
        &self,
        truth: &Rows<u32>,
        width: Width,
        filter: Option<&str>,
        batch: bool,
    ) -> Result<Pass> {
        let started = Instant::now();
        let (found, mut times, total) = match batch {
            true => {
                let (found, took) = self.in_one_call(width, filter)?;
                (found, Vec::new(), took)
            }
            false => {
                let (found, times) = self.one_by_one(width, filter)?;
                let total = match self.threads {
                    1 => times.iter().sum(),
                    _ => started.elapsed(),
                };
                (found, times, total)
            }
        };
        times.sort_unstable();
        let k = self.k.min(truth.width);
        let hits = found.iter().zip(truth.iter()).map(|(found, truth)| {
            let wanted = truth.get(..k).unwrap_or(truth);
            found.iter().filter(|id| wanted.contains(id)).count()
        });
        let wanted = self.queries.len() * k;
        Ok(Pass {
            recall: hits.sum::<usize>() as f64 / wanted.max(1) as f64,
            qps: self.queries.len() as f64 / total.as_secs_f64().max(f64::MIN_POSITIVE),
            p50_us: percentile(&times, 50),
            p99_us: percentile(&times, 99),
        })
    }

    /// What is timed is the call, as it is where each query has one.
    fn in_one_call(&self, width: Width, filter: Option<&str>) -> Result<(Vec<Vec<u32>>, Duration)> {
        let search = self.collection.search_batch(self.queries.iter());
        let search = self.with_options(search, width, filter);
        let started = Instant::now();
        Ok(match self.keys {
            true => {
                let found = self.pool.install(|| search.keys())?;
                let took = started.elapsed();
                (found.iter().map(|found| numbers(found)).collect(), took)
            }
            false => {
                let found = self.pool.install(|| search.run())?;
                let took = started.elapsed();
                let keys = |hits: &Vec<Hit>| hits.iter().map(|h| number(h.key())).collect();
                (found.iter().map(keys).collect(), took)
            }
        })
    }

    fn one_by_one(
        &self,
        width: Width,
        filter: Option<&str>,
    ) -> Result<(Vec<Vec<u32>>, Vec<Duration>)> {
        let queries: Vec<&[f32]> = self.queries.iter().collect();
        let one = |query: &&[f32]| {
            let search = self.collection.search(*query);
            let search = self.with_options(search, width, filter);
            let started = Instant::now();
            let (found, took) = match self.keys {
                true => {
                    let found = search.keys()?;
                    let took = started.elapsed();
                    (numbers(&found), took)
                }
                false => {
                    let hits = search.run()?;
                    let took = started.elapsed();
                    (hits.iter().map(|hit| number(hit.key())).collect(), took)
                }
            };
            Ok((found, took))
        };
        let all: std::result::Result<Vec<(Vec<u32>, Duration)>, EngineError> = match self.threads {
            1 => queries.iter().map(one).collect(),
            _ => self
                .pool
                .install(|| queries.par_iter().with_min_len(8).map(one).collect()),
        };
        Ok(all?.into_iter().unzip())
    }

    fn with_options<Q>(&self, search: Search<Q>, width: Width, filter: Option<&str>) -> Search<Q> {
        let search = search.limit(self.k);
        let search = match width {
            Width::Ef(ef) => search.ef(ef),
            Width::Recall(recall) => search.recall(recall),
        };
        match filter {
            Some(filter) => search.filter(filter),
            None => search,
        }
    }
}

fn numbers(found: &[ScoredKey]) -> Vec<u32> {
    found.iter().map(|found| number(&found.key)).collect()
}

/// The number of a row from its key; every key of the database is one.
fn number(key: &str) -> u32 {
    key.parse().unwrap_or(u32::MAX)
}

/// In microseconds, from sorted times.
fn percentile(times: &[Duration], percent: usize) -> Option<f64> {
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).map(|time| time.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_come_from_the_sorted_times() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_micros).collect();
        assert_eq!(percentile(&times, 50).map(f64::round), Some(51.0));
        assert_eq!(percentile(&times, 99).map(f64::round), Some(100.0));
        assert_eq!(percentile(&[], 50), None);
    }
}
