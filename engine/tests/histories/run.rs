//! Histories of an open database, written by sessions on threads of their own.

use std::path::Path;
use std::sync::Arc;

use lumos_engine::{Durability, Lumos};
use lumos_wal::MemVfs;

use super::history::History;
use super::session::Session;
use super::shared::{Plant, Shared};

const SESSIONS: usize = 4;
/// Transactions from one flush to the next; every third also merges.
const MAINTENANCE: usize = 400;

/// A history, and what took part in it.
pub(crate) struct Lived {
    pub(crate) history: History,
    pub(crate) conflicts: usize,
    pub(crate) flushes: usize,
}

/// Opens a database as the seed says: in memory only, or on files in memory, synced or not.
fn open(seed: u64, vfs: &MemVfs) -> Lumos {
    let durability = match seed % 3 {
        0 => return Lumos::memory().unwrap(),
        1 => Durability::Buffered,
        _ => Durability::Sync,
    };
    Lumos::options()
        .vfs(Arc::new(vfs.clone()))
        .durability(durability)
        .max_wal_bytes(32 << 10)
        .open(Path::new("db"))
        .unwrap()
}

/// Lets sessions run this many transactions together, and reads everything at the end: as it is then,
/// and as it is found when the database is opened again.
pub(crate) fn live(seed: u64, transactions: usize, plant: Plant) -> Lived {
    let vfs = MemVfs::new();
    let shared = Shared::new(open(seed, &vfs), plant, transactions);
    let mut lived = Lived {
        history: shared.history(),
        conflicts: 0,
        flushes: 0,
    };
    std::thread::scope(|scope| {
        let maintenance = scope.spawn(|| maintain(&shared));
        let sessions: Vec<_> = (0..SESSIONS)
            .map(|n| {
                let session = Session::new(&shared, n, seed * SESSIONS as u64 + n as u64);
                scope.spawn(move || session.run())
            })
            .collect();
        for session in sessions {
            // A failed check has said where; its panic is passed on.
            let (txns, conflicts) = session
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            lived.history.txns.extend(txns);
            lived.conflicts += conflicts;
        }
        lived.flushes = maintenance.join().unwrap();
    });
    shared.read_all(&mut lived.history);
    let on_files = !seed.is_multiple_of(3);
    if on_files {
        let shared = shared.reopened(|| open(seed, &vfs));
        shared.read_all(&mut lived.history);
    }
    lived
}

/// Seals and merges while the sessions run; returns how often.
fn maintain(shared: &Shared) -> usize {
    let mut flushes = 0;
    loop {
        let (begun, all) = shared.begun();
        if all {
            return flushes;
        }
        if begun / MAINTENANCE > flushes {
            flushes += 1;
            match flushes % 3 {
                0 => shared.db.compact().unwrap(),
                _ => shared.db.flush().unwrap(),
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
