//! Keyword searches a second on the same documents: Lumos, tantivy by itself, which is given terms or the text
//! that Lumos is given, and SQLite's FTS5, in turns.
//!
//! cargo bench --locked --bench text
//!
//! `LUMOS_BENCH_DOCUMENTS` is the number of documents (100,000), `LUMOS_BENCH_TEXTS` a file with one document
//! a line instead of those made up here, `LUMOS_BENCH_ONLY` a part of the name of a kind of query.
//! `LUMOS_BENCH_WRITE` is a folder into which documents and questions are written, for `benches/peers/text.py`.
//!
//! All index with positions and stem English. Lumos is on disk with everything that a collection has, and
//! gives keys; the others are in memory and give the numbers of documents. Of ten scores, those of Lumos and
//! tantivy are compared: both compute BM25, from mean lengths that differ by up to 5 %, since Lumos counts
//! lengths as they are stored.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../corpus.rs"]
mod corpus;
mod files;
#[path = "../postings.rs"]
mod postings;
mod questions;
mod stores;

use std::rc::Rc;
use std::time::{Duration, Instant};

use questions::Kind;
use stores::{InLumos, InSqlite, InTantivy, Parsed, Store};

const ROUNDS: usize = 5;

fn main() {
    let count = std::env::var("LUMOS_BENCH_DOCUMENTS").ok();
    let count = count
        .and_then(|count| count.parse().ok())
        .unwrap_or(100_000);
    let only = std::env::var("LUMOS_BENCH_ONLY").unwrap_or_default();
    let corpus = corpus::corpus(count);
    let kinds = questions::kinds(&corpus);
    if let Ok(folder) = std::env::var("LUMOS_BENCH_WRITE") {
        files::write(folder.as_ref(), &corpus, &kinds).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let tantivy = Rc::new(InTantivy::new(&corpus.documents));
    let stores: [Rc<dyn Store>; 4] = [
        Rc::new(InLumos::new(&folder.path().join("db"), &corpus.documents)),
        tantivy.clone(),
        Rc::new(Parsed::new(tantivy)),
        Rc::new(InSqlite::new(&corpus.documents)),
    ];
    println!(
        "{} documents, {} different words",
        corpus.documents.len(),
        corpus.words.len()
    );
    println!(
        "| queries a second, one thread | {} | Lumos to tantivy | same scores |",
        stores.each_ref().map(|store| store.name()).join(" | "),
    );
    println!("|---|---|---|---|---|---|---|");
    for kind in kinds {
        if kind.name.contains(&only) {
            let rates = rates(&stores, &kind);
            let [lumos, terms, text, sqlite] = rates;
            let same = same(&stores, &kind);
            println!(
                "| {} | {lumos:.0} | {terms:.0} | {text:.0} | {sqlite:.0} | {:.2}, {:.2} | {:.0} % |",
                kind.name,
                lumos / terms,
                lumos / text,
                same * 100.0
            );
        }
    }
}

/// The best rate of each store of several rounds, taken in turns.
fn rates(stores: &[Rc<dyn Store>; 4], kind: &Kind) -> [f64; 4] {
    let mut best = [0.0f64; 4];
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
fn same(stores: &[Rc<dyn Store>; 4], kind: &Kind) -> f64 {
    let alike = kind.questions.iter().filter(|question| {
        let (a, b) = (stores[0].ask(question), stores[1].ask(question));
        a.len() == b.len()
            && a.iter()
                .zip(&b)
                .all(|(a, b)| (a - b).abs() < 5e-2 * b.abs().max(1.0))
    });
    alike.count() as f64 / kind.questions.len() as f64
}
