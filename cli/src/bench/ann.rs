//! `lumos bench ann`: recall, speed, size and opening time of approximate search.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use lumos::{Collection, DEFAULT_VECTOR_FIELD, Doc, Element, Lumos, Metric, Schema, VectorField};
use serde::Serialize;

use super::scratch::Scratch;
use super::truth::{MetricName, check_widths};
use super::vectors::{self, Rows};
use crate::context::Context;
use crate::failure::{Failure, Outcome, Result};
use crate::output::{bytes, grouped};
use crate::progress;

const COLLECTION: &str = "bench";

/// Build an index through the public interface and measure approximate search on it.
///
/// One line per --ef: recall, queries a second on one thread, median and 99th percentile of the
/// time of a query; with each, what building took and what the store takes. The database is
/// closed and opened again between building and searching.
#[derive(Debug, Args)]
pub(crate) struct Ann {
    /// The vectors that are searched (.fvecs)
    #[arg(long, value_name = "FILE")]
    base: PathBuf,
    /// The vectors that are searched for (.fvecs)
    #[arg(long, value_name = "FILE")]
    query: PathBuf,
    /// The exact neighbours of each query (.ivecs), as lumos bench truth makes them
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// How two vectors are compared
    #[arg(long, value_enum)]
    metric: MetricName,
    /// What the numbers are kept as (default: bits for hamming and jaccard, f32 for all others)
    #[arg(long, value_enum)]
    element: Option<ElementName>,
    /// Neighbours asked for
    #[arg(long, short, default_value_t = 10, value_name = "N")]
    k: usize,
    /// Widths of the graph search
    #[arg(long, value_delimiter = ',', value_name = "N,...",
        default_values_t = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512])]
    ef: Vec<usize>,
    /// Ask for keys and scores only, and read no document
    #[arg(long)]
    keys: bool,
    /// Build the database here and keep it (default: a temporary directory, removed afterwards)
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// What the numbers of a vector are kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ElementName {
    /// 32-bit floats
    F32,
    /// 16-bit floats
    F16,
    /// The upper half of 32-bit floats
    Bf16,
    /// 8-bit integers and a step for each vector
    I8,
    /// Bits, for hamming and jaccard
    Bits,
}

/// What one width of the graph search gives.
#[derive(Debug, Serialize)]
struct Measured {
    ef: usize,
    k: usize,
    /// Whether searches gave keys and scores only.
    keys: bool,
    recall: f64,
    /// Queries a second, one thread.
    qps: f64,
    p50_us: f64,
    p99_us: f64,
    #[serde(flatten)]
    store: Store,
}

/// What the store took to build and takes to hold.
#[derive(Debug, Clone, Serialize)]
struct Store {
    rows: usize,
    dimension: usize,
    metric: String,
    /// From the first document put to the last segment merged, every commit durable.
    build_seconds: f64,
    bytes_on_disk: u64,
    /// Growth of the process's resident set from before opening to after the first pass of searches;
    /// `null` where the system does not tell.
    resident_bytes: Option<u64>,
    open_ms: f64,
}

impl Ann {
    /// The field that is built.
    fn field(&self, dimension: usize) -> VectorField {
        let metric = match self.metric {
            MetricName::L2 => Metric::L2,
            MetricName::Cosine => Metric::Cosine,
            MetricName::Dot => Metric::Dot,
            MetricName::L1 => Metric::L1,
            MetricName::Hamming => Metric::Hamming,
            MetricName::Jaccard => Metric::Jaccard,
        };
        let element = match self.element {
            None if metric.is_of_sets() => Element::Bits,
            None | Some(ElementName::F32) => Element::F32,
            Some(ElementName::F16) => Element::F16,
            Some(ElementName::Bf16) => Element::Bf16,
            Some(ElementName::I8) => Element::I8,
            Some(ElementName::Bits) => Element::Bits,
        };
        VectorField::new(dimension, metric).element(element)
    }

    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let base = vectors::read_floats(&self.base)?;
        let queries = vectors::read_floats(&self.query)?;
        let truth = vectors::read_ids(&self.truth)?;
        self.check(&base, &queries, &truth)?;
        let scratch;
        let directory: &Path = match &self.keep {
            Some(directory) => directory,
            None => {
                scratch = Scratch::new()?;
                scratch.path()
            }
        };
        let (rows, dimension) = (base.len(), base.width);
        let build_seconds = build(directory, &base, self.field(base.width))?.as_secs_f64();
        drop(base);

        let before = resident_bytes();
        let started = Instant::now();
        let db = Lumos::options()
            .read_only(true)
            .create(false)
            .open(directory)?;
        let open_ms = started.elapsed().as_secs_f64() * 1e3;
        let collection = db.existing_collection(COLLECTION)?;
        // The first pass brings the pages in; what is reported comes from the second.
        if let Some(ef) = self.ef.first() {
            self.pass(&collection, &queries, &truth, *ef)?;
        }
        let resident = resident_bytes()
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        let store = Store {
            rows,
            dimension,
            metric: format!("{:?}", self.metric).to_lowercase(),
            build_seconds,
            bytes_on_disk: directory_bytes(directory)?,
            resident_bytes: resident,
            open_ms,
        };
        if !context.out.is_json() {
            heading(&store, self.k, context)?;
        }
        for ef in &self.ef {
            let (recall, mut times) = self.pass(&collection, &queries, &truth, *ef)?;
            let total: Duration = times.iter().sum();
            times.sort_unstable();
            let measured = Measured {
                ef: *ef,
                k: self.k,
                keys: self.keys,
                recall,
                qps: times.len() as f64 / total.as_secs_f64().max(f64::MIN_POSITIVE),
                p50_us: percentile(&times, 50),
                p99_us: percentile(&times, 99),
                store: store.clone(),
            };
            print(&measured, context)?;
        }
        Ok(())
    }

    /// Searches for every query once: the share of true neighbours found, and the time of each
    /// query.
    fn pass(
        &self,
        collection: &Collection,
        queries: &Rows<f32>,
        truth: &Rows<u32>,
        ef: usize,
    ) -> Result<(f64, Vec<Duration>)> {
        let k = self.k;
        let mut found = 0;
        let mut times = Vec::with_capacity(queries.len());
        for (query, truth) in queries.iter().zip(truth.iter()) {
            let search = collection.search(query).limit(k).ef(ef);
            let wanted = truth.get(..k).unwrap_or(truth);
            let is_wanted = |key: &str| key.parse().is_ok_and(|id: u32| wanted.contains(&id));
            let started = Instant::now();
            if self.keys {
                let hits = search.keys()?;
                times.push(started.elapsed());
                found += hits.iter().filter(|hit| is_wanted(&hit.key)).count();
            } else {
                let hits = search.run()?;
                times.push(started.elapsed());
                found += hits.iter().filter(|hit| is_wanted(hit.key())).count();
            }
        }
        Ok((found as f64 / (queries.len() * k) as f64, times))
    }

    fn check(&self, base: &Rows<f32>, queries: &Rows<f32>, truth: &Rows<u32>) -> Outcome {
        check_widths(&self.query, base, queries)?;
        let fault = |detail: String| Failure::contents(self.truth.display().to_string(), detail);
        if truth.len() != queries.len() {
            return Err(fault(format!(
                "has {} rows for {} queries",
                truth.len(),
                queries.len()
            )));
        }
        if self.k == 0 || self.k > truth.width {
            return Err(Failure::argument(
                "k",
                format!(
                    "must be 1 to {}, the width of the truth; it is {}",
                    truth.width, self.k
                ),
            ));
        }
        match truth.numbers.iter().find(|id| **id as usize >= base.len()) {
            Some(id) => Err(fault(format!(
                "names row {id}, the base has {}",
                base.len()
            ))),
            None => Ok(()),
        }
    }
}

/// Puts all rows, keyed by their number, and merges them into one segment.
fn build(directory: &Path, base: &Rows<f32>, field: VectorField) -> Result<Duration> {
    let bar = progress::bar(Some(base.len() as u64), "building");
    let db = Lumos::open(directory)?;
    if !db.collections().is_empty() {
        return Err(Failure::argument(
            "--keep",
            "must name a directory without a database",
        ));
    }
    let started = Instant::now();
    let collection = db.collection_with(
        COLLECTION,
        Schema::new().vector_with(DEFAULT_VECTOR_FIELD, field),
    )?;
    collection.put_all(base.iter().enumerate().map(|(row, vector)| {
        bar.inc(1);
        Doc::new(row.to_string()).vector(vector)
    }))?;
    db.compact()?;
    bar.finish_and_clear();
    Ok(started.elapsed())
}

/// In microseconds, from sorted times.
fn percentile(times: &[Duration], percent: usize) -> f64 {
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

fn heading(store: &Store, k: usize, context: &mut Context) -> Outcome {
    let resident = store.resident_bytes.map_or("unknown".to_string(), bytes);
    context.out.line(format!(
        "{} x {}, {}: built in {:.1} s, {} on disk, {resident} resident, opened in {:.1} ms",
        grouped(store.rows as u64),
        store.dimension,
        store.metric,
        store.build_seconds,
        bytes(store.bytes_on_disk),
        store.open_ms,
    ))?;
    context.out.line(format!(
        "{:>6} {:>10} {:>10} {:>10} {:>10}",
        "ef",
        format!("recall@{k}"),
        "queries/s",
        "p50 us",
        "p99 us"
    ))
}

fn print(measured: &Measured, context: &mut Context) -> Outcome {
    if context.out.is_json() {
        context.out.json(measured)?;
    } else {
        context.out.line(format!(
            "{:>6} {:>10.4} {:>10.0} {:>10.0} {:>10.0}",
            measured.ef, measured.recall, measured.qps, measured.p50_us, measured.p99_us
        ))?;
    }
    // A line is worth seeing when it is there: the next may take a while.
    context.out.finish()
}

/// The resident set of this process, where /proc tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// The bytes of all files below a directory.
fn directory_bytes(directory: &Path) -> Result<u64> {
    let failed = |source| Failure::read(directory, source);
    let mut total = 0;
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let metadata = entry.metadata().map_err(failed)?;
        total += if metadata.is_dir() {
            directory_bytes(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_come_from_the_sorted_times() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_micros).collect();
        assert_eq!(percentile(&times, 50).round(), 51.0);
        assert_eq!(percentile(&times, 99).round(), 100.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }
}
