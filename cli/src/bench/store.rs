//! The database that searches are measured on.

use std::path::Path;
use std::time::{Duration, Instant};

use lumos::{Collection, DEFAULT_VECTOR_FIELD, Doc, Lumos, Schema, VectorField};
use serde::Serialize;
use serde_json::json;

use super::vectors::Rows;
use crate::failure::{Failure, Result};
use crate::progress;

const COLLECTION: &str = "bench";
/// Buckets that rows are spread over, for filters of a known selectivity.
const BUCKETS: u32 = 10_000;

/// What the store took to build and takes to hold.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Store {
    pub(super) rows: usize,
    pub(super) dimension: usize,
    pub(super) metric: String,
    #[serde(flatten)]
    pub(super) built: Built,
    pub(super) bytes_on_disk: u64,
    /// Growth of the process's resident set from before opening to after the first pass of searches;
    /// `null` where the system does not tell.
    pub(super) resident_bytes: Option<u64>,
    pub(super) open_ms: f64,
}

/// How long building took; all `null` for a store that was there.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Built {
    /// From the first document put to the last segment merged, every commit durable.
    pub(super) build_seconds: Option<f64>,
    /// The time of all processors in it; `null` where the system does not tell.
    pub(super) build_cpu_seconds: Option<f64>,
}

/// The bucket of a row: a multiplicative hash, so that a filter has nothing to do with where a row lies.
pub(super) fn bucket(row: u32) -> u32 {
    row.wrapping_mul(2_654_435_761) % BUCKETS
}

/// The filter that this percentage of the rows passes.
pub(super) fn filter(percent: f64) -> String {
    format!("bucket < {}", percent * f64::from(BUCKETS) / 100.0)
}

/// Loads all rows, keyed by their number, and merges them into one segment.
pub(super) fn build(
    directory: &Path,
    base: &Rows<f32>,
    field: VectorField,
    buckets: bool,
) -> Result<Built> {
    let bar = progress::bar(Some(base.len() as u64), "building");
    let db = Lumos::open(directory)?;
    if !db.collections().is_empty() {
        return Err(Failure::argument(
            "--keep",
            "must name a directory without a database; --reuse searches the one that is there",
        ));
    }
    let (started, cpu) = (Instant::now(), cpu_time());
    let collection = db.collection_with(
        COLLECTION,
        Schema::new().vector_with(DEFAULT_VECTOR_FIELD, field),
    )?;
    // One graph for all, made when they are in.
    let load = collection.ingest().index_behind(true);
    load.run((0_u32..).zip(base.iter()).map(|(row, vector)| {
        bar.inc(1);
        let doc = Doc::new(row.to_string()).vector(vector);
        match buckets {
            true => doc.meta(json!({ "bucket": bucket(row) })),
            false => doc,
        }
    }))?;
    db.compact()?;
    bar.finish_and_clear();
    let cpu = cpu_time().zip(cpu);
    let cpu = cpu.map(|(after, before)| after.saturating_sub(before).as_secs_f64());
    Ok(Built {
        build_seconds: Some(started.elapsed().as_secs_f64()),
        build_cpu_seconds: cpu,
    })
}

/// Opens a database that was built, and how long that took.
pub(super) fn open(directory: &Path) -> Result<(Collection, Duration)> {
    let started = Instant::now();
    let db = Lumos::options()
        .read_only(true)
        .create(false)
        .open(directory)?;
    let took = started.elapsed();
    Ok((db.existing_collection(COLLECTION)?, took))
}

/// The time that this process has had of all processors, where /proc tells.
fn cpu_time() -> Option<Duration> {
    const TICKS_A_SECOND: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the name of the program, in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis(
        (user + system) * 1000 / TICKS_A_SECOND,
    ))
}

/// The resident set of this process, where /proc tells.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// The bytes of all files below a directory.
pub(super) fn directory_bytes(directory: &Path) -> Result<u64> {
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
    fn buckets_are_about_even_wherever_rows_lie() {
        for from in [0, 30_000] {
            let low = (from..from + 10_000).filter(|row| bucket(*row) < 1_000);
            assert!((800..1_200).contains(&low.count()));
        }
        assert_eq!(filter(10.0), "bucket < 1000");
        assert_eq!(filter(0.01), "bucket < 1");
    }

    #[test]
    fn the_time_of_the_processors_goes_on() {
        let before = cpu_time();
        let mut sum = 0_u64;
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(200) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(1));
        }
        assert_eq!(before.is_some(), cfg!(target_os = "linux"));
        assert!(cpu_time() > before || before.is_none());
    }
}
