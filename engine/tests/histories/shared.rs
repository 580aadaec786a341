//! What the sessions of one history share.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};

use lumos_engine::{Lumos, Scan};

use super::access::read_docs;
use super::history::{History, Op, Txn};
use super::plan;

/// Transactions for which a generation of objects is used.
const LIFETIME: usize = 250;
/// The session that reads everything at the end.
const LAST: usize = usize::MAX;

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
    /// For this many transactions on an open database, which gets its collections.
    pub(crate) fn new(db: Lumos, plant: Plant, transactions: usize) -> Self {
        for collection in plan::COLLECTIONS {
            db.collection_with(collection, plan::schema()).unwrap();
        }
        let generations = transactions.div_ceil(LIFETIME);
        Shared {
            db,
            plant,
            transactions,
            begun: AtomicUsize::new(0),
            clock: AtomicU64::new(0),
            elements: AtomicU64::new(1),
            emptied: (0..generations).map(|_| Default::default()).collect(),
        }
    }

    /// A history without transactions.
    pub(crate) fn history(&self) -> History {
        History {
            objects: plan::objects(self.emptied.len()),
            txns: Vec::new(),
        }
    }

    /// Goes on with another handle, as after opening again.
    pub(crate) fn reopened(self, open: impl FnOnce() -> Lumos) -> Self {
        let Shared {
            db,
            plant,
            transactions,
            begun,
            clock,
            elements,
            emptied,
        } = self;
        drop(db);
        Shared {
            db: open(),
            plant,
            transactions,
            begun,
            clock,
            elements,
            emptied,
        }
    }

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

    /// How many transactions have begun, and whether that is all.
    pub(crate) fn begun(&self) -> (usize, bool) {
        let begun = self.begun.load(SeqCst);
        (begun, begun >= self.transactions)
    }

    /// Reads every object, in one transaction for documents and one for values.
    pub(crate) fn read_all(&self, history: &mut History) {
        let generations = self.emptied.len();
        let snapshot = self.db.snapshot();
        let mut docs = Txn {
            session: LAST,
            begin: self.now(),
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
        docs.end = self.now();
        let mut values = Txn {
            session: LAST,
            begin: self.now(),
            ..Txn::default()
        };
        for generation in 0..generations {
            for slot in 0..plan::KV_LISTS {
                let key = plan::list_key(generation, slot);
                let value = self.db.kv(plan::SPACE).get_bytes(&key).unwrap();
                values.ops.push(Op::Read {
                    object: plan::kv_list(generation, slot),
                    value: plan::from_bytes(&value.unwrap_or_default()),
                });
            }
        }
        values.end = self.now();
        history.txns.extend([docs, values]);
    }
}
