//! Hybrid searches a second on the same documents and vectors: Lumos, two libraries glued together, SQLite.
//!
//! cargo bench --locked --bench hybrid
//!
//! `LUMOS_BENCH_DOCUMENTS` is the number of documents (100,000), `LUMOS_BENCH_TEXTS` a file with one document
//! a line instead of those made up here, `LUMOS_BENCH_ONLY` a part of the name of a kind of question,
//! `LUMOS_BENCH_WRITE` a folder that everything is written to for `benches/peers/hybrid.py`.
//! `CFLAGS="-mavx -DSQLITE_VEC_ENABLE_AVX"` lets sqlite-vec use its vector code, which it does not by itself.
//!
//! A question is four words of a document and its vector with noise. Where both legs answer, each brings its
//! best 200: that is what a hybrid search of Lumos takes for ten hits, and the others are asked for as many.
//! Lumos then scores whatever either leg found by both, and fuses the scores (or, as the others do, the ranks:
//! RRF with the constant 60). The others rank what a leg has not brought nowhere.
//!
//! The graph of usearch is searched at the least width at which its leg finds as much as that of Lumos (but
//! for two hits in a thousand), of the ten nearest and of the 200, and what it gives is compared exactly; within
//! filters all vectors are compared instead where that takes less time. sqlite-vec compares all. Lumos is on disk and gives keys, the others are
//! in memory and give numbers.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../corpus.rs"]
mod corpus;
mod files;
mod fused;
mod glued;
mod lumos;
#[path = "../postings.rs"]
mod postings;
mod questions;
mod sqlite;
mod store;
mod truth;
mod vectors;

use std::time::{Duration, Instant};

use glued::Glued;
use lumos::InLumos;
use questions::{DEPTH, K, Kind, Legs};
use sqlite::InSqlite;
use store::Store;
use truth::{Share, Truth};
use vectors::{DIMENSION, Vectors};

const ROUNDS: usize = 5;
/// Questions of a round at least, however long they take.
const FEW: usize = 20;

/// What was measured of one store.
pub(crate) struct Figures {
    /// Questions a second; nothing where it would be asked as another one is.
    rate: Option<f64>,
    /// What its leg by vector found, if there was one.
    share: Option<Share>,
    /// The share of questions whose document was among the ten.
    found: f64,
}

fn main() {
    let count = std::env::var("LUMOS_BENCH_DOCUMENTS").ok();
    let count = count
        .and_then(|count| count.parse().ok())
        .unwrap_or(100_000);
    let only = std::env::var("LUMOS_BENCH_ONLY").unwrap_or_default();
    let corpus = corpus::corpus(count);
    let vectors = Vectors::of(&corpus);
    let kinds = questions::kinds(&corpus, &vectors);
    let write = std::env::var("LUMOS_BENCH_WRITE").ok();
    if let Some(folder) = &write {
        files::write(folder.as_ref(), &corpus, &vectors, &kinds).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let lumos = InLumos::new(&folder.path().join("db"), &corpus.documents, &vectors);
    let mut stores: [Box<dyn Store + '_>; 4] = [
        Box::new(lumos.clone()),
        Box::new(lumos.by_ranks()),
        Box::new(Glued::new(&corpus.documents, &vectors)),
        Box::new(InSqlite::new(&corpus.documents, &vectors)),
    ];
    println!(
        "{} documents, {} different words, {DIMENSION} dimensions",
        corpus.documents.len(),
        corpus.words.len()
    );
    let measured: Vec<(&Kind, [Figures; 4])> = kinds
        .iter()
        .filter(|kind| kind.name.contains(&only))
        .map(|kind| (kind, figures(&mut stores, kind, &vectors)))
        .collect();
    if let Some(folder) = &write {
        files::write_figures(folder.as_ref(), &stores, &measured).unwrap();
    }
    print(&stores, &measured);
}

fn print(stores: &[Box<dyn Store + '_>; 4], measured: &[(&Kind, [Figures; 4])]) {
    let names = || stores.iter().map(|store| store.name());
    let head = |first: &str| println!("| {first} | {} |", names().collect::<Vec<_>>().join(" | "));
    head("questions a second, one thread");
    println!("|---|---|---|---|---|");
    for (kind, figures) in measured {
        line(kind.name, figures, |figures| {
            figures.rate.map(|rate| format!("{rate:.0}"))
        });
    }
    head(&format!(
        "share of the 10 (of the {DEPTH}) nearest that the leg by vector found; of documents asked for"
    ));
    println!("|---|---|---|---|---|");
    for (kind, figures) in measured {
        line(kind.name, figures, |figures| {
            let found = figures.found;
            Some(match figures.share {
                None => format!("-; {found:.3}"),
                Some(Share { of_ten, .. }) if kind.depth() == K => {
                    format!("{of_ten:.3}; {found:.3}")
                }
                Some(Share { of_ten, of_all }) => format!("{of_ten:.3} ({of_all:.3}); {found:.3}"),
            })
        });
    }
}

fn line(name: &str, figures: &[Figures], cell: impl Fn(&Figures) -> Option<String>) {
    let cells = figures.iter().map(cell);
    let cells: Vec<String> = cells
        .map(|cell| cell.unwrap_or_else(|| "-".to_string()))
        .collect();
    println!("| {name} | {} |", cells.join(" | "));
}

fn figures(stores: &mut [Box<dyn Store + '_>; 4], kind: &Kind, vectors: &Vectors) -> [Figures; 4] {
    let truth = Truth::of(kind, vectors);
    let by_vector = kind.legs != Legs::Words;
    if by_vector {
        let least = truth.share(&*stores[0], kind);
        for store in &mut *stores {
            store.tune(kind, &truth, least);
        }
    }
    let rates = rates(stores, kind);
    let mut at = 0;
    rates.map(|rate| {
        let store = &*stores[at];
        at += 1;
        Figures {
            rate,
            share: by_vector.then(|| truth.share(store, kind)),
            found: found(store, kind),
        }
    })
}

/// The best rate of each store of several rounds, taken in turns.
fn rates(stores: &[Box<dyn Store + '_>; 4], kind: &Kind) -> [Option<f64>; 4] {
    let mut best = [None; 4];
    for _ in 0..ROUNDS {
        for (at, (store, best)) in stores.iter().zip(&mut best).enumerate() {
            // Without fusion the second is the first.
            if at == 1 && kind.legs != Legs::Both {
                continue;
            }
            let (started, mut asked) = (Instant::now(), 0);
            for question in kind.questions.iter().cycle() {
                std::hint::black_box(store.ask(question, kind));
                asked += 1;
                // The whole of the questions where they are fast enough.
                let whole = asked % kind.questions.len() == 0;
                let late = Duration::from_millis(if whole { 300 } else { 1_000 });
                if asked >= FEW && started.elapsed() > late {
                    break;
                }
            }
            let rate = f64::from(asked as u32) / started.elapsed().as_secs_f64();
            *best = Some(best.map_or(rate, |best: f64| best.max(rate)));
        }
    }
    best
}

/// The share of questions whose document is among the ten.
fn found(store: &dyn Store, kind: &Kind) -> f64 {
    let there = kind.questions.iter().filter(|question| {
        let answer = store.ask(question, kind).numbers();
        answer.contains(&question.document)
    });
    there.count() as f64 / kind.questions.len() as f64
}
