//! Vectors a second into the database, beside what the machine's memory does.
//!
//! cargo bench --locked --bench ingest
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::time::Instant;

use lumos_engine::{Batch, Doc, Lumos, Store};

const DIMENSION: usize = 384;
const DURABLE: usize = 50_000;
const BATCH: usize = 100;
const ROUNDS: usize = 5;

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

/// Rows a second of a piece of work: the median of a few and the fastest. New memory is slow where the
/// machine that this one runs on has to find it first.
fn rate(rows: usize, mut work: impl FnMut() -> f64) -> String {
    let mut rates: Vec<f64> = (0..ROUNDS).map(|_| rows as f64 / work()).collect();
    rates.sort_by(f64::total_cmp);
    format!(
        "{rows} | {:.0} | {:.0}",
        rates[ROUNDS / 2],
        rates[ROUNDS - 1]
    )
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
    let copy = |to: &mut Vec<f32>| {
        let begun = Instant::now();
        to.extend_from_slice(&data);
        std::hint::black_box(to);
        begun.elapsed().as_secs_f64()
    };
    let copied = rate(rows, || copy(&mut Vec::new()));
    let mut known = data.clone();
    let copied_again = rate(rows, || {
        known.clear();
        copy(&mut known)
    });
    drop(known);
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
    println!("Vectors of {DIMENSION} numbers a second, {ROUNDS} rounds:\n");
    println!("| way | rows | median | fastest |\n|---|--:|--:|--:|");
    for (way, rate) in [
        ("durable commits of 100 documents, indexed behind", durable),
        ("bulk load to disk, with its graph", indexed),
        ("bulk load to disk, graph left for later", behind),
        (
            "bulk load into memory, batches of 10,000, indexed behind",
            small,
        ),
        ("the same, batches of 100,000", large),
        ("copying the numbers into new memory, one thread", copied),
        ("copying them over memory in use, one thread", copied_again),
    ] {
        println!("| {way} | {rate} |");
    }
}
