//! `lumos bench truth`: exact nearest neighbours by comparing everything with everything, apart from the
//! database's own code, so that it can be judged by them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::vectors::{self, Rows};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::grouped;
use crate::progress;

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricName {
    /// Euclidean distance
    L2,
    /// Cosine similarity
    Cosine,
    /// Dot product
    Dot,
    /// Manhattan distance
    L1,
    /// Number of bits that differ, a component above zero being a 1
    Hamming,
    /// Jaccard similarity of the components above zero
    Jaccard,
}

/// Compute the exact nearest neighbours of every query into .ivecs.
#[derive(Debug, Args)]
pub(crate) struct Truth {
    /// The vectors that are searched (.fvecs)
    #[arg(long, value_name = "FILE")]
    base: PathBuf,
    /// The vectors that are searched for (.fvecs)
    #[arg(long, value_name = "FILE")]
    query: PathBuf,
    /// How two vectors are compared
    #[arg(long, value_enum)]
    metric: MetricName,
    /// Neighbours of each query
    #[arg(long, short, default_value_t = 100, value_name = "N")]
    k: usize,
    /// The .ivecs file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Truth {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let base = vectors::read_floats(&self.base)?;
        let queries = vectors::read_floats(&self.query)?;
        check_widths(&self.query, &base, &queries)?;
        if self.k == 0 {
            return Err(Failure::argument("k", "must be at least 1"));
        }
        let bar = progress::bar(Some(queries.len() as u64), "comparing");
        let k = self.k.min(base.len());
        let mut nearest: Vec<Vec<u32>> = vec![Vec::new(); queries.len()];
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        let share = queries.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            for (part, queries) in nearest
                .chunks_mut(share)
                .zip(queries.numbers.chunks(share * queries.width))
            {
                let (base, bar) = (&base, &bar);
                scope.spawn(move || {
                    for (slot, query) in part.iter_mut().zip(queries.chunks_exact(base.width)) {
                        *slot = exact(base, query, self.metric, k);
                        bar.inc(1);
                    }
                });
            }
        });
        bar.finish_and_clear();
        let rows = Rows {
            width: k,
            numbers: nearest.concat(),
        };
        vectors::write_ids(&self.out, &rows)?;
        if context.out.is_json() {
            return context.out.json(&json!({ "queries": rows.len(), "k": k }));
        }
        let queries = grouped(rows.len() as u64);
        context
            .out
            .line(format!("{k} exact neighbours of {queries} queries"))
    }
}

/// Refuses queries of another dimension than the base's.
pub(crate) fn check_widths(
    path: &std::path::Path,
    base: &Rows<f32>,
    queries: &Rows<f32>,
) -> Outcome {
    if base.width == queries.width {
        return Ok(());
    }
    let detail = format!(
        "has vectors of {} numbers, the base has {}",
        queries.width, base.width
    );
    Err(Failure::contents(path.display().to_string(), detail))
}

/// The rows nearest to a query, nearest first, ties by row.
fn exact(base: &Rows<f32>, query: &[f32], metric: MetricName, k: usize) -> Vec<u32> {
    let mut ranked: Vec<(f32, u32)> = base
        .iter()
        .zip(0..)
        .map(|(row, id)| (farness(row, query, metric), id))
        .collect();
    let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if k < ranked.len() {
        ranked.select_nth_unstable_by(k, order);
        ranked.truncate(k);
    }
    ranked.sort_unstable_by(order);
    ranked.into_iter().map(|(_, id)| id).collect()
}

/// Smaller is nearer.
fn farness(row: &[f32], query: &[f32], metric: MetricName) -> f32 {
    match metric {
        MetricName::L2 => sum(row, query, |a, b| (a - b) * (a - b)),
        MetricName::Dot => -sum(row, query, |a, b| a * b),
        // The query's length changes no order.
        MetricName::Cosine => {
            let length = sum(row, row, |a, b| a * b).sqrt();
            -sum(row, query, |a, b| a * b) / length
        }
        MetricName::L1 => sum(row, query, |a, b| (a - b).abs()),
        MetricName::Hamming => sum(row, query, |a, b| f32::from((a > 0.0) != (b > 0.0))),
        MetricName::Jaccard => {
            let either = sum(row, query, |a, b| f32::from(a > 0.0 || b > 0.0));
            let both = sum(row, query, |a, b| f32::from(a > 0.0 && b > 0.0));
            if either > 0.0 { -both / either } else { -1.0 }
        }
    }
}

/// Sums in sixteen lanes, which the compiler keeps in vector registers.
fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(*a, *b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| term(*a, *b)).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_ranks_as_it_is_defined() {
        let base = Rows {
            width: 2,
            numbers: vec![1.0, 0.0, 10.0, 10.0, 0.0, 1.0, 2.0, 0.1],
        };
        let query = [1.0, 0.1];
        assert_eq!(exact(&base, &query, MetricName::L2, 4), [0, 3, 2, 1]);
        assert_eq!(exact(&base, &query, MetricName::Dot, 4), [1, 3, 0, 2]);
        assert_eq!(exact(&base, &query, MetricName::Cosine, 2), [3, 0]);
        assert_eq!(exact(&base, &query, MetricName::L1, 4), [0, 3, 2, 1]);
        assert_eq!(exact(&base, &query, MetricName::Hamming, 4), [1, 3, 0, 2]);
        assert_eq!(exact(&base, &query, MetricName::Jaccard, 2), [1, 3]);
    }

    #[test]
    fn equal_rows_are_ranked_by_number() {
        let base = Rows {
            width: 1,
            numbers: vec![2.0; 50],
        };
        assert_eq!(exact(&base, &[1.0], MetricName::L2, 3), [0, 1, 2]);
    }

    #[test]
    fn sums_cover_what_is_left_after_the_lanes() {
        let ones = vec![1.0; 37];
        assert_eq!(sum(&ones, &ones, |a, b| a * b), 37.0);
    }
}
