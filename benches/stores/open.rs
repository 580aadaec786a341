//! Opening a store of a million vectors, and the time to its first answer.
//!
//! cargo bench --locked --bench open
//!
//! The store is made once and kept for the next run: LUMOS_OPEN_ROWS (default 1,000,000) vectors of 384
//! numbers in one segment with its graph, and nothing in the log.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use lumos_engine::{Lumos, OpenOptions};

const DIMENSION: usize = 384;
const CLUSTERS: usize = 2_000;
const OPENS: usize = 21;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// Vector `n`: its cluster's centre and some noise.
fn vector(n: usize, into: &mut Vec<f32>) {
    let mut centre = Random((n % CLUSTERS) as u64 * 0x9e37_79b9 + 1);
    let mut noise = Random(n as u64 * 0x1_0000_01b3 + 7);
    into.extend((0..DIMENSION).map(|_| centre.next() + 0.7 * noise.next()));
}

fn make(path: &Path, rows: usize) {
    let begun = Instant::now();
    let keys: Vec<String> = (0..rows).map(|n| format!("v{n:08}")).collect();
    let mut data = Vec::with_capacity(rows * DIMENSION);
    (0..rows).for_each(|n| vector(n, &mut data));
    let db = Lumos::open(path).unwrap();
    let docs = db.collection("docs").unwrap();
    let load = docs.ingest().segment_bytes(usize::MAX);
    let done = load.vectors(&keys, &data).unwrap();
    println!(
        "made {} vectors in {} segments in {:.1} s",
        done.committed,
        done.segments,
        begun.elapsed().as_secs_f64()
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Opens and asks once; returns how long each took.
fn first_answer(options: OpenOptions, path: &Path, query: &[f32]) -> (Duration, Duration) {
    let begun = Instant::now();
    let db = options.open(path).unwrap();
    let opened = begun.elapsed();
    let docs = db.existing_collection("docs").unwrap();
    let hits = docs.search(query).limit(10).run().unwrap();
    let answered = begun.elapsed();
    assert_eq!(hits.len(), 10);
    (opened, answered)
}

fn bytes_on_disk(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata().unwrap() {
            data if data.is_dir() => bytes_on_disk(&entry.path()),
            data => data.len(),
        })
        .sum()
}

fn main() {
    let rows = std::env::var("LUMOS_OPEN_ROWS").ok();
    let rows: usize = rows.and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("open-{rows}"));
    if !path.join("MANIFEST").exists() {
        make(&path, rows);
    }
    let megabytes = bytes_on_disk(&path) >> 20;
    println!("{rows} vectors of {DIMENSION}, {megabytes} MiB on disk, median of {OPENS}:\n");
    let queries: Vec<Vec<f32>> = (0..OPENS)
        .map(|n| {
            let mut query = Vec::new();
            vector(rows + n * 37, &mut query);
            query
        })
        .collect();
    println!("| handle | open, ms | open and first answer, ms | later answers, ms |");
    println!("|---|--:|--:|--:|");
    for (name, read_only) in [("reading", true), ("writing", false)] {
        let options = || Lumos::options().read_only(read_only).background(false);
        let times = queries
            .iter()
            .map(|query| first_answer(options(), &path, query));
        let (opened, answered): (Vec<_>, Vec<_>) = times.unzip();
        let db = options().open(&path).unwrap();
        let docs = db.existing_collection("docs").unwrap();
        let warm = || {
            queries.iter().map(|query| {
                let begun = Instant::now();
                docs.search(query).limit(10).run().unwrap();
                begun.elapsed()
            })
        };
        warm().count();
        let ms = |times: Vec<Duration>| median(times).as_secs_f64() * 1e3;
        let (opened, answered, later) = (ms(opened), ms(answered), ms(warm().collect()));
        println!("| {name} | {opened:.2} | {answered:.2} | {later:.3} |");
    }
}
