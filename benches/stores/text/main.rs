//! Keyword searches a second on the same documents: Lumos, tantivy by itself, SQLite's FTS5, in turns.
//!
//! cargo bench --locked --bench text
//!
//! `LUMOS_BENCH_DOCUMENTS` is the number of documents (100,000), `LUMOS_BENCH_TEXTS` a file with one document
//! a line instead of those made up here, `LUMOS_BENCH_ONLY` a part of the name of a kind of query.
//!
//! All index with positions and stem English. Lumos is on disk with everything that a collection has, and
//! gives keys; the others are in memory and give the numbers of documents. Of ten scores, those of Lumos and
//! tantivy are compared: both compute BM25, from mean lengths that differ by up to 5 %, since Lumos counts
//! lengths as they are stored.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../corpus.rs"]
mod corpus;
mod questions;
mod stores;

use std::time::{Duration, Instant};

use questions::Kind;
use stores::{InLumos, InSqlite, InTantivy, Store};

const ROUNDS: usize = 5;

fn main() {
    let count = std::env::var("LUMOS_BENCH_DOCUMENTS").ok();
    let count = count
        .and_then(|count| count.parse().ok())
        .unwrap_or(100_000);
    let only = std::env::var("LUMOS_BENCH_ONLY").unwrap_or_default();
    let corpus = corpus::corpus(count);
    let folder = tempfile::tempdir().unwrap();
    let stores: [Box<dyn Store>; 3] = [
        Box::new(InLumos::new(&folder.path().join("db"), &corpus.documents)),
        Box::new(InTantivy::new(&corpus.documents)),
        Box::new(InSqlite::new(&corpus.documents)),
    ];
    println!(
        "{} documents, {} different words",
        corpus.documents.len(),
        corpus.words.len()
    );
    println!(
        "| queries a second, one thread | {} | {} | {} | Lumos / tantivy | same scores |",
        stores[0].name(),
        stores[1].name(),
        stores[2].name()
    );
    println!("|---|---|---|---|---|---|");
    for kind in questions::kinds(&corpus) {
        if kind.name.contains(&only) {
            let rates = rates(&stores, &kind);
            let [lumos, tantivy, sqlite] = rates;
            let same = same(&stores, &kind);
            println!(
                "| {} | {lumos:.0} | {tantivy:.0} | {sqlite:.0} | {:.2} | {:.0} % |",
                kind.name,
                lumos / tantivy,
                same * 100.0
            );
        }
    }
}

/// The best rate of each store of several rounds, taken in turns.
fn rates(stores: &[Box<dyn Store>; 3], kind: &Kind) -> [f64; 3] {
    let mut best = [0.0f64; 3];
    for _ in 0..ROUNDS {
        for (store, best) in stores.iter().zip(&mut best) {
            if store.ask(&kind.questions[0]).is_empty() && kind.name.starts_with("fuzzy") {
                continue;
            }
            let (started, mut asked) = (Instant::now(), 0);
            while started.elapsed() < Duration::from_millis(200) {
                for question in &kind.questions {
                    std::hint::black_box(store.ask(question));
                }
                asked += kind.questions.len();
            }
            *best = best.max(asked as f64 / started.elapsed().as_secs_f64());
        }
    }
    best
}

/// The share of questions to which Lumos and tantivy give the same scores.
fn same(stores: &[Box<dyn Store>; 3], kind: &Kind) -> f64 {
    let alike = kind.questions.iter().filter(|question| {
        let (a, b) = (stores[0].ask(question), stores[1].ask(question));
        a.len() == b.len()
            && a.iter()
                .zip(&b)
                .all(|(a, b)| (a - b).abs() < 5e-2 * b.abs().max(1.0))
    });
    alike.count() as f64 / kind.questions.len() as f64
}
