//! `lumos bench ann`: recall, speed, size and opening time of approximate search.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lumos::{Element, Metric, VectorField};
use serde::Serialize;

use super::runner::{Pass, Runner, Width};
use super::scratch::Scratch;
use super::store::{self, Built, Store};
use super::truth::{MetricName, check_widths};
use super::vectors::{self, Rows};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{bytes, grouped};

/// Build an index through the public interface and measure approximate search on it.
///
/// One line per --ef: recall, queries a second, median and 99th percentile of the time of a query;
/// with each, what building took and what the store takes. The database is closed and opened again
/// between building and searching.
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
    /// Shares of the true neighbours to ask for, instead of widths
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "R,...",
        conflicts_with = "ef"
    )]
    recall: Vec<f32>,
    /// Ask for keys and scores only, and read no document
    #[arg(long)]
    keys: bool,
    /// Give all queries in one call
    #[arg(long)]
    batch: bool,
    /// Threads that search
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Search within filters that these percentages of the rows pass; the truth is computed
    #[arg(long, value_delimiter = ',', value_name = "P,...")]
    selectivity: Vec<f64>,
    /// Build the database here and keep it (default: a temporary directory, removed afterwards)
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Search the database that --keep has built before
    #[arg(long, requires = "keep")]
    reuse: bool,
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
    /// `null` where a recall was asked for.
    ef: Option<usize>,
    /// The share of true neighbours that was asked for instead.
    wanted: Option<f32>,
    k: usize,
    /// Whether searches gave keys and scores only.
    keys: bool,
    /// Whether all queries were given in one call.
    batch: bool,
    threads: usize,
    /// The percentage of the rows that the filter lets pass.
    selectivity: Option<f64>,
    #[serde(flatten)]
    pass: Pass,
    #[serde(flatten)]
    store: Store,
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
        let built = match self.reuse {
            true => Built::default(),
            false => {
                let field = self.field(base.width);
                store::build(directory, &base, field, !self.selectivity.is_empty())?
            }
        };
        drop(base);

        let before = store::resident_bytes();
        let (collection, opened) = store::open(directory)?;
        if collection.count()? != rows as u64 {
            return Err(Failure::argument("--reuse", "holds other rows than --base"));
        }
        let runner = Runner::new(collection, queries, (self.k, self.keys), self.threads)?;
        let widths = self.widths();
        // The first pass brings the pages in; what is reported comes from the second.
        if let Some(width) = widths.first() {
            runner.pass(&truth, *width, None, self.batch)?;
        }
        let resident = store::resident_bytes()
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        let store = Store {
            rows,
            dimension,
            metric: format!("{:?}", self.metric).to_lowercase(),
            built,
            bytes_on_disk: store::directory_bytes(directory)?,
            resident_bytes: resident,
            open_ms: opened.as_secs_f64() * 1e3,
        };
        if !context.out.is_json() {
            heading(&store, self.k, context)?;
        }
        let filters: Vec<Option<f64>> = match self.selectivity.is_empty() {
            true => vec![None],
            false => self.selectivity.iter().copied().map(Some).collect(),
        };
        for selectivity in filters {
            let filter = selectivity.map(store::filter);
            let within = filter.as_deref();
            let filtered = within.map(|filter| runner.truth(filter)).transpose()?;
            if let (Some(percent), false) = (selectivity, context.out.is_json()) {
                context
                    .out
                    .line(format!("within {percent} % of the rows"))?;
            }
            for width in &widths {
                let truth = filtered.as_ref().unwrap_or(&truth);
                let pass = runner.pass(truth, *width, within, self.batch)?;
                let (ef, wanted) = match *width {
                    Width::Ef(ef) => (Some(ef), None),
                    Width::Recall(recall) => (None, Some(recall)),
                };
                let measured = Measured {
                    ef,
                    wanted,
                    k: self.k,
                    keys: self.keys,
                    batch: self.batch,
                    threads: self.threads,
                    selectivity,
                    pass,
                    store: store.clone(),
                };
                print(&measured, context)?;
            }
        }
        Ok(())
    }

    fn widths(&self) -> Vec<Width> {
        match self.recall.is_empty() {
            true => self.ef.iter().copied().map(Width::Ef).collect(),
            false => self.recall.iter().copied().map(Width::Recall).collect(),
        }
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
        if self.threads == 0 {
            return Err(Failure::argument("--threads", "must be at least 1"));
        }
        if let Some(percent) = self
            .selectivity
            .iter()
            .find(|p| !(**p > 0.0 && **p <= 100.0))
        {
            let detail = format!("must be above 0 and at most 100 percent, it is {percent}");
            return Err(Failure::argument("--selectivity", detail));
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

fn heading(store: &Store, k: usize, context: &mut Context) -> Outcome {
    let resident = store.resident_bytes.map_or("unknown".to_string(), bytes);
    let seconds = store.built.build_seconds;
    let built = seconds.map_or_else(String::new, |seconds| format!("built in {seconds:.1} s, "));
    context.out.line(format!(
        "{} x {}, {}: {built}{} on disk, {resident} resident, opened in {:.1} ms",
        grouped(store.rows as u64),
        store.dimension,
        store.metric,
        bytes(store.bytes_on_disk),
        store.open_ms,
    ))?;
    context.out.line(format!(
        "{:>6} {:>10} {:>10} {:>10} {:>10}",
        "width",
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
        let width = match (measured.ef, measured.wanted) {
            (Some(ef), _) => ef.to_string(),
            (None, wanted) => wanted.unwrap_or_default().to_string(),
        };
        let Pass { recall, qps, .. } = measured.pass;
        let micros = |time: Option<f64>| time.map_or("-".to_string(), |time| format!("{time:.0}"));
        let (p50, p99) = (micros(measured.pass.p50_us), micros(measured.pass.p99_us));
        context.out.line(format!(
            "{width:>6} {recall:>10.4} {qps:>10.0} {p50:>10} {p99:>10}"
        ))?;
    }
    // A line is worth seeing when it is there: the next may take a while.
    context.out.finish()
}
