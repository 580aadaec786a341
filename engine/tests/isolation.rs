//! Transactions of many threads, checked for everything that must not happen when they are strictly
//! serializable: an independent reading of the histories, not of the code.
//!
//! `LUMOS_SEEDS=0..1000 cargo test -p lumos-engine --test isolation` looks longer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;
mod histories;

use std::io::Write as _;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use histories::check::check;
use histories::history::Finding;
use histories::run::live;
use histories::shared::Plant;

const TRANSACTIONS: usize = 5_000;

fn seeds() -> Range<u64> {
    let text = std::env::var("LUMOS_SEEDS").unwrap_or_default();
    let bounds = text
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    bounds.map_or(0..100, |(from, to): (u64, u64)| from..to)
}

/// Many threads read and write lists, registers and sets through every kind of transaction and every leg,
/// while segments are sealed and merged: the result is as if they had come one after the other, in an
/// order that the clock and the commit numbers agree with.
#[test]
fn histories_of_many_threads_are_strictly_serializable() {
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    let (conflicts, transactions) = (AtomicU64::new(0), AtomicU64::new(0));
    let findings: Vec<(u64, Finding)> = std::thread::scope(|scope| {
        let work = || {
            let mut all = Vec::new();
            loop {
                let seed = next.fetch_add(1, SeqCst);
                if seed >= seeds.end {
                    return all;
                }
                let lived = live(seed, TRANSACTIONS, Plant::None);
                assert!(lived.flushes > 0, "seed {seed}: nothing was sealed");
                conflicts.fetch_add(lived.conflicts as u64, SeqCst);
                transactions.fetch_add(TRANSACTIONS as u64, SeqCst);
                all.extend(check(&lived.history).into_iter().map(|f| (seed, f)));
            }
        };
        let workers = [scope.spawn(work), scope.spawn(work)];
        let joined = workers.into_iter().map(|worker| worker.join());
        // A failed check has said where; its panic is passed on.
        joined
            .flat_map(|outcome| outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    for (seed, finding) in findings.iter().take(10) {
        println!("seed {seed}: {finding}");
    }
    writeln!(
        std::io::stderr().lock(),
        "isolation: {} histories, {} transactions, {} anomalies",
        seeds.end - seeds.start,
        transactions.into_inner(),
        findings.len()
    )
    .unwrap();
    assert!(findings.is_empty());
    assert!(
        conflicts.into_inner() > 0,
        "no transaction met another: nothing was tested"
    );
}
