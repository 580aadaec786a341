//! Vectors a second into the database, beside what the machine's memory does.
//!
//! cargo bench --locked --bench ingest
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::time::Instant;

use lumos_engine::{Batch, Doc, Lumos, Store};

const DIMENSION: usize = 384;
const DURABLE: usize = 50_000;
const BATCH: usize = 100;
const ROUNDS: usize = 3;

fn rows() -> usize {
    let rows = std::env::var("LUMOS_INGEST_ROWS").ok();
    rows.and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000)
}

fn vectors(rows: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..rows * DIMENSION)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Rows a second of a piece of work, the median of a few.
fn rate(rows: usize, mut work: impl FnMut() -> f64) -> f64 {
    median((0..ROUNDS).map(|_| rows as f64 / work()).collect())
}

fn put_durably(data: &[f32]) -> f64 {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let db = Lumos::open(dir.path().join("db")).unwrap();
    db.collection("docs").unwrap();
    let begun = Instant::now();
    let rows = data.chunks_exact(DIMENSION).enumerate().collect::<Vec<_>>();
    for rows in rows.chunks(BATCH) {
        let mut batch = Batch::new();
        for (n, vector) in rows {
            batch.put("docs", Doc::new(format!("v{n:08}")).vector(vector.to_vec()));
        }
        Store::write(&db, batch).unwrap();
    }
    begun.elapsed().as_secs_f64()
}

fn load(db: &Lumos, keys: &[String], data: &[f32], batch: usize, behind: bool) -> f64 {
    let docs = db.collection("docs").unwrap();
    let begun = Instant::now();
    for (keys, data) in keys.chunks(batch).zip(data.chunks(batch * DIMENSION)) {
        let load = docs.ingest().index_behind(behind);
        load.vectors(keys, data).unwrap();
    }
    let time = begun.elapsed().as_secs_f64();
    assert_eq!(docs.count().unwrap(), keys.len() as u64);
    time
}

fn main() {
    let rows = rows();
    let data = vectors(rows);
    let keys: Vec<String> = (0..rows).map(|n| format!("v{n:08}")).collect();
    let part = DURABLE.min(rows);
    let durable = rate(part, || put_durably(&data[..part * DIMENSION]));
    let copied = rate(rows, || {
        let mut to = Vec::new();
        let begun = Instant::now();
        to.extend_from_slice(&data);
        std::hint::black_box(&mut to);
        begun.elapsed().as_secs_f64()
    });
    let in_memory = |batch: usize| {
        rate(rows, || {
            let db = Lumos::memory().unwrap();
            load(&db, &keys, &data, batch, true)
        })
    };
    let (large, small) = (in_memory(100_000), in_memory(10_000));
    let on_disk = |behind: bool| {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let db = Lumos::options().background(false);
        let db = db.open(dir.path().join("db")).unwrap();
        load(&db, &keys[..part], &data[..part * DIMENSION], part, behind)
    };
    let (behind, indexed) = (rate(part, || on_disk(true)), rate(part, || on_disk(false)));
    println!("Vectors of {DIMENSION} numbers a second, median of {ROUNDS}:\n");
    println!("| way | rows | vectors/s |\n|---|--:|--:|");
    println!("| durable commits of {BATCH} documents, indexed behind | {part} | {durable:.0} |");
    println!("| bulk load to disk, with its graph | {part} | {indexed:.0} |");
    println!("| bulk load to disk, graph left for later | {part} | {behind:.0} |");
    println!("| bulk load into memory, batches of 10,000, indexed behind | {rows} | {small:.0} |");
    println!("| the same, batches of 100,000 | {rows} | {large:.0} |");
    println!("| copying the numbers into new memory, one thread | {rows} | {copied:.0} |");
}
