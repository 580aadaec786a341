//! Histories of an open database, written by sessions on threads of their own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};

use lumos_engine::{Durability, Lumos, Scan, Snapshot};
use lumos_wal::MemVfs;

use super::history::{History, Op, Txn};
use super::plan;
use super::session::{Session, read_docs};

/// Transactions for which a generation of objects is used.
const LIFETIME: usize = 250;
const SESSIONS: usize = 4;
/// Transactions from one flush to the next; every third also merges.
const MAINTENANCE: usize = 400;

/// A mistake in the use of the database, which the check must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    None,
    /// Every leg of a read-only transaction asks a snapshot of its own.
    TornSnapshot,
    /// What a transaction writes is derived from reads that it did not do itself.
    ReadBefore,
    /// A snapshot is used again for later transactions.
    OldSnapshot,
    /// A session is told of a commit before it happens.
    EarlyAcknowledgement,
}

/// What the sessions of one history share.
pub(crate) struct Shared {
    pub(crate) db: Lumos,
    pub(crate) plant: Plant,
    transactions: usize,
    begun: AtomicUsize,
    clock: AtomicU64,
    elements: AtomicU64,
    /// Whether a set was or is being emptied, by generation and collection.
    pub(crate) emptied: Vec<[AtomicBool; 2]>,
}

impl Shared {
    /// The generation of the next transaction; `None` when there are enough.
    pub(crate) fn next(&self) -> Option<usize> {
        let number = self.begun.fetch_add(1, SeqCst);
        (number < self.transactions).then_some(number / LIFETIME)
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }

    pub(crate) fn element(&self) -> u64 {
        self.elements.fetch_add(1, SeqCst)
    }
}

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
    let db = open(seed, &vfs);
    for collection in plan::COLLECTIONS {
        db.collection_with(collection, plan::schema()).unwrap();
    }
    let generations = transactions.div_ceil(LIFETIME);
    let shared = Shared {
        db,
        plant,
        transactions,
        begun: AtomicUsize::new(0),
        clock: AtomicU64::new(0),
        elements: AtomicU64::new(1),
        emptied: (0..generations).map(|_| Default::default()).collect(),
    };
    let mut lived = Lived {
        history: History {
            objects: plan::objects(generations),
            txns: Vec::new(),
        },
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
    read_all(&shared, &shared.db, generations, &mut lived.history);
    let Shared { db, clock, .. } = shared;
    let on_files = !seed.is_multiple_of(3);
    if on_files {
        drop(db);
        let shared = Shared {
            db: open(seed, &vfs),
            plant,
            transactions,
            begun: AtomicUsize::new(transactions),
            clock,
            elements: AtomicU64::new(0),
            emptied: Vec::new(),
        };
        read_all(&shared, &shared.db, generations, &mut lived.history);
    }
    lived
}

/// Seals and merges while the sessions run; returns how often.
fn maintain(shared: &Shared) -> usize {
    let mut flushes = 0;
    loop {
        let begun = shared.begun.load(SeqCst);
        if begun >= shared.transactions {
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

/// Reads every object, in one transaction for documents and one for values.
fn read_all(shared: &Shared, db: &Lumos, generations: usize, history: &mut History) {
    let snapshot: Snapshot = db.snapshot();
    let mut docs = Txn {
        session: SESSIONS,
        begin: shared.now(),
        sees: Some(snapshot.seqno()),
        ..Txn::default()
    };
    for generation in 0..generations {
        for (at, collection) in plan::COLLECTIONS.iter().enumerate() {
            let scan = Scan::all().prefix(plan::prefix(generation));
            let found = snapshot.scan(collection, &scan).unwrap();
            docs.ops.extend(read_docs(generation, at, &found));
        }
    }
    for (at, collection) in plan::COLLECTIONS.iter().enumerate() {
        let banner = snapshot.get(collection, plan::BANNER).unwrap();
        docs.ops.push(Op::Read {
            object: plan::register(at),
            value: plan::elements(banner.as_ref()),
        });
    }
    docs.end = shared.now();
    let mut values = Txn {
        session: SESSIONS,
        begin: shared.now(),
        ..Txn::default()
    };
    for generation in 0..generations {
        for slot in 0..plan::KV_LISTS {
            let key = plan::list_key(generation, slot);
            let value = db.kv(plan::SPACE).get_bytes(&key).unwrap();
            values.ops.push(Op::Read {
                object: plan::kv_list(generation, slot),
                value: plan::from_bytes(&value.unwrap_or_default()),
            });
        }
    }
    values.end = shared.now();
    history.txns.extend([docs, values]);
}
