//! The engine under schedulers that choose every interleaving: at random, and by PCT (Burckhardt et al.,
//! ASPLOS 2010). Sessions run all kinds of transactions while segments are sealed and merged, and what
//! they saw is checked as in `isolation`.
//!
//! `LUMOS_SEEDS=0..10000 cargo test --release -p lumos-engine --features shuttle --test interleavings`
//! looks longer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../crash/mod.rs"]
mod crash;
#[path = "../../../wal/tests/interleavings/explore.rs"]
mod explore;
mod histories;
mod planted;

use std::sync::Arc;

use explore::{explore, first_failure};
use histories::check::check;
use histories::session::Session;
use histories::shared::{Plant, Shared};
use lumos_engine::{Durability, Lumos};
use lumos_wal::MemVfs;
use shuttle::rand::Rng;
use shuttle::thread;

/// Schedules are those of so many seeds, unless `LUMOS_SEEDS` says which.
const SEEDS: u64 = 200;
/// Bytes of stack of each thread.
const STACK: usize = 4 << 20;
/// A schedule of a planted bug that is longer never ends.
const STEPS: usize = 200_000;

const SESSIONS: usize = 3;

/// How a model is run.
#[derive(Clone, Copy)]
struct Setting {
    durability: Durability,
    background: bool,
    transactions: usize,
    plant: Plant,
}

fn open(setting: Setting, vfs: &MemVfs) -> Lumos {
    Lumos::options()
        .vfs(Arc::new(vfs.clone()))
        .durability(setting.durability)
        .background(setting.background)
        // The background seals whenever it is woken.
        .max_wal_bytes(0)
        .salt_seed(1)
        .open("db")
        .unwrap()
}

/// Runs sessions to their end beside someone who seals and merges, opens the database again, and checks
/// what all of them saw.
fn model(setting: Setting) {
    let vfs = MemVfs::new();
    let shared = Shared::new(open(setting, &vfs), setting.plant, setting.transactions);
    let mut history = shared.history();
    thread::scope(|scope| {
        let maintenance = scope.spawn(|| {
            shared.db.flush().unwrap();
            shared.db.compact().unwrap();
        });
        let sessions: Vec<_> = (0..SESSIONS)
            .map(|n| {
                let seed = shuttle::rand::thread_rng().r#gen();
                let session = Session::new(&shared, n, seed);
                scope.spawn(move || session.run())
            })
            .collect();
        for session in sessions {
            history.txns.extend(session.join().unwrap().0);
        }
        maintenance.join().unwrap();
    });
    shared.read_all(&mut history);
    let shared = shared.reopened(|| open(setting, &vfs));
    shared.read_all(&mut history);
    let findings = check(&history);
    if let Some(finding) = findings.first() {
        panic!("{finding}");
    }
}

const SETTING: Setting = Setting {
    durability: Durability::Sync,
    background: false,
    transactions: 10,
    plant: Plant::None,
};

/// Transactions, deletes by filter, snapshots and searches beside a flush and a merge: no update is lost,
/// every snapshot is one commit, nobody waits for ever, and opening again finds the same.
#[test]
fn transactions_beside_a_flush_and_a_merge_are_serializable() {
    explore("engine", || model(SETTING));
}

/// The same with buffered commits and the background thread, which seals and merges whenever it is woken,
/// at any moment, and which closing has to stop.
#[test]
fn transactions_beside_the_background_are_serializable() {
    explore("engine with background", || {
        model(Setting {
            durability: Durability::Buffered,
            background: true,
            ..SETTING
        });
    });
}

/// Wrong uses of the same engine are found, so that the model above can find wrong engines.
#[test]
fn planted_mistakes_of_sessions_are_found() {
    fn planted(plant: Plant) -> Option<u64> {
        let setting = Setting {
            transactions: 24,
            ..SETTING
        };
        match plant {
            Plant::TornSnapshot => first_failure(300, move || {
                model(Setting {
                    plant: Plant::TornSnapshot,
                    ..setting
                });
            }),
            _ => first_failure(300, move || {
                model(Setting {
                    plant: Plant::ReadBefore,
                    ..setting
                });
            }),
        }
    }
    let found = [planted(Plant::TornSnapshot), planted(Plant::ReadBefore)];
    println!("interleavings: planted mistakes of sessions found by seeds {found:?}");
    assert!(found.iter().all(Option::is_some), "{found:?}");
}
