//! A session: transactions of all kinds that the database has, one after another, noted as it saw them.

use std::sync::atomic::Ordering::SeqCst;

use lumos_engine::{
    Batch, Doc, Error, Result, Scan, SearchRequest, Snapshot, Store, Transaction, field,
};

use super::access::{Place, get_lists, read, read_docs, request, scores, write};
use super::history::{Element, Op, Txn};
use super::plan::{self, COLLECTIONS, DOC_LISTS, KV_LISTS, SPACE};
use super::shared::{Plant, Shared};
use crate::crash::model::Random;

pub(crate) struct Session<'a> {
    shared: &'a Shared,
    number: usize,
    random: Random,
    txns: Vec<Txn>,
    conflicts: usize,
    held: Option<Held>,
}

/// A snapshot with what a search on it found first.
struct Held {
    snapshot: Snapshot,
    collection: &'static str,
    request: SearchRequest,
    found: Vec<(String, u32)>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(shared: &'a Shared, number: usize, seed: u64) -> Self {
        Session {
            shared,
            number,
            random: Random::new(seed),
            txns: Vec::new(),
            conflicts: 0,
            held: None,
        }
    }

    /// Runs until there are enough transactions; returns them, and how many met a conflict.
    pub(crate) fn run(mut self) -> (Vec<Txn>, usize) {
        while let Some(generation) = self.shared.next() {
            match self.random.below(100) {
                0..34 => self.update_lists(generation),
                34..54 => self.compare_and_set(generation),
                54..72 => self.write_blindly(generation),
                72..76 => self.empty_set(generation),
                76..90 => self.read_snapshot(generation),
                90..94 => self.count_set(generation),
                _ => self.read_values(generation),
            }
            if self.random.below(8) == 0 {
                std::thread::yield_now();
            }
        }
        (self.txns, self.conflicts)
    }

    fn begin(&self) -> Txn {
        Txn {
            session: self.number,
            begin: self.shared.now(),
            ..Txn::default()
        }
    }

    fn end(&mut self, mut txn: Txn) {
        txn.end = self.shared.now();
        self.txns.push(txn);
    }

    /// Ends a transaction that hopes for a value to be there.
    fn end_conditional(&mut self, mut txn: Txn, outcome: Result<u64>) {
        match outcome {
            Ok(number) => txn.number = Some(number),
            Err(Error::Conflict { .. }) => {
                txn.aborted = true;
                self.conflicts += 1;
            }
            Err(error) => panic!("{error}"),
        }
        self.end(txn);
    }

    fn place(&mut self) -> Place {
        let at = self.random.below((KV_LISTS + 2 * DOC_LISTS) as u64) as usize;
        match at.checked_sub(KV_LISTS) {
            None => Place::Kv(at),
            Some(at) => Place::Doc(at % 2, at / 2),
        }
    }

    /// A write transaction that reads lists and appends to most of them, once or more; or changes its mind.
    fn update_lists(&mut self, generation: usize) {
        let mut steps = Vec::new();
        for _ in 0..=self.random.below(3) {
            let place = self.place();
            let appends = [0, 1, 1, 1, 1, 2][self.random.below(6) as usize];
            let elements: Vec<Element> = (0..appends).map(|_| self.shared.element()).collect();
            steps.push((place, elements));
        }
        let changes_its_mind = self.random.below(12) == 0;
        let mut txn = self.begin();
        let before: Vec<Vec<Element>> = match self.shared.plant {
            Plant::ReadBefore => steps
                .iter()
                .map(|(place, _)| self.read_outside(generation, *place))
                .collect(),
            _ => Vec::new(),
        };
        let outcome = self.shared.db.write(|tx| {
            for (at, (place, elements)) in steps.iter().enumerate() {
                let object = place.object(generation);
                let mut value = match before.get(at) {
                    Some(value) => value.clone(),
                    None => read(tx, generation, *place)?,
                };
                txn.ops.push(Op::Read {
                    object,
                    value: value.clone(),
                });
                for element in elements {
                    value.push(*element);
                    write(tx, generation, *place, &value)?;
                    txn.ops.push(Op::Write {
                        object,
                        element: *element,
                    });
                    if before.is_empty() {
                        value = read(tx, generation, *place)?;
                        txn.ops.push(Op::Read {
                            object,
                            value: value.clone(),
                        });
                    }
                }
            }
            match changes_its_mind {
                true => Err(Error::NotFound {
                    path: "changed its mind".into(),
                }),
                false => Ok(()),
            }
        });
        match outcome {
            Ok(()) => {}
            Err(Error::NotFound { .. }) if changes_its_mind => txn.aborted = true,
            Err(error) => panic!("{error}"),
        }
        self.end(txn);
    }

    fn read_outside(&self, generation: usize, place: Place) -> Vec<Element> {
        match place {
            Place::Kv(slot) => {
                let key = plan::list_key(generation, slot);
                let value = self.shared.db.kv(SPACE).get_bytes(&key).unwrap();
                plan::from_bytes(&value.unwrap_or_default())
            }
            Place::Doc(collection, slot) => {
                let key = plan::list_key(generation, slot);
                let doc = self.shared.db.get(COLLECTIONS[collection], &key).unwrap();
                plan::elements(doc.as_ref())
            }
        }
    }

    /// Reads one or two values, each by itself, and writes them if they are still the same, together with
    /// marks in both collections.
    fn compare_and_set(&mut self, generation: usize) {
        let first = self.random.below(KV_LISTS as u64) as usize;
        let second = self.random.below(KV_LISTS as u64) as usize;
        let mut slots = vec![first, second];
        slots.dedup();
        let mut read = self.begin();
        let value = self.read_outside(generation, Place::Kv(first));
        read.ops.push(Op::Read {
            object: plan::kv_list(generation, first),
            value: value.clone(),
        });
        self.end(read);
        let mut values = vec![value];
        values.extend(slots.get(1).map(|slot| {
            // Not noted: the precondition will say whether it was read.
            self.read_outside(generation, Place::Kv(*slot))
        }));
        if self.random.below(3) == 0 {
            std::thread::yield_now();
        }
        if self.shared.next().is_none() {
            return;
        }
        let mut batch = Batch::new();
        let mut txn = self.begin();
        for (slot, value) in slots.into_iter().zip(values) {
            let (key, object) = (
                plan::list_key(generation, slot),
                plan::kv_list(generation, slot),
            );
            let element = self.shared.element();
            let expected = (!value.is_empty()).then(|| plan::to_bytes(&value));
            batch.kv_expect(SPACE, &key, expected);
            let next: Vec<Element> = value.iter().copied().chain([element]).collect();
            batch.kv_set(SPACE, &key, plan::to_bytes(&next));
            txn.ops.push(Op::Read { object, value });
            txn.ops.push(Op::Write { object, element });
        }
        for collection in 0..2 {
            self.mark(&mut batch, &mut txn, generation, collection);
        }
        let outcome = Store::write(&self.shared.db, batch);
        self.end_conditional(txn, outcome);
    }

    fn mark(&self, batch: &mut Batch, txn: &mut Txn, generation: usize, collection: usize) {
        let element = self.shared.element();
        batch.put(COLLECTIONS[collection], plan::mark_doc(generation, element));
        txn.ops.push(Op::Write {
            object: plan::set(generation, collection),
            element,
        });
    }

    /// Writes to several places without having read anything.
    fn write_blindly(&mut self, generation: usize) {
        let mut batch = Batch::new();
        let mut txn = self.begin();
        let both = self.random.below(3);
        for collection in 0..2 {
            if both == 2 || both == collection as u64 {
                self.mark(&mut batch, &mut txn, generation, collection);
            }
        }
        if self.random.below(2) == 0 {
            let [a, b, c] = [(); 3].map(|()| self.shared.element());
            batch.kv_set(SPACE, plan::BANNER, plan::to_bytes(&[c]));
            for (collection, element) in [a, b].into_iter().enumerate() {
                batch.put(COLLECTIONS[collection], plan::banner_doc(element));
            }
            let objects = [plan::register(0), plan::register(1), plan::KV_REGISTER];
            for (object, element) in objects.into_iter().zip([a, b, c]) {
                txn.ops.push(Op::Write { object, element });
            }
        }
        if self.shared.plant == Plant::EarlyAcknowledgement {
            txn.end = self.shared.now();
        }
        txn.number = Some(Store::write(&self.shared.db, batch).unwrap());
        match self.shared.plant {
            Plant::EarlyAcknowledgement => self.txns.push(txn),
            _ => self.end(txn),
        }
    }

    /// Deletes every mark of a generation, once in its life.
    fn empty_set(&mut self, generation: usize) {
        let collection = self.random.below(2) as usize;
        let object = plan::set(generation, collection);
        let mut txn = self.begin();
        if self.shared.emptied[generation][collection].swap(true, SeqCst) {
            txn.ops.extend(self.count(generation, collection));
            return self.end(txn);
        }
        let docs = self
            .shared
            .db
            .existing_collection(COLLECTIONS[collection])
            .unwrap();
        let marks = field("generation")
            .eq(generation as i64)
            .and(field("kind").eq("mark"));
        let removed = docs.delete(marks).unwrap() as usize;
        txn.ops.push(match removed {
            0 => Op::Count { object, count: 0 },
            removed => Op::Clear { object, removed },
        });
        self.end(txn);
    }

    fn count(&self, generation: usize, collection: usize) -> Option<Op> {
        let docs = self
            .shared
            .db
            .existing_collection(COLLECTIONS[collection])
            .unwrap();
        let filter = format!("generation = {generation} AND kind = \"mark\"");
        let count = docs.count_matching(filter.as_str()).unwrap() as usize;
        Some(Op::Count {
            object: plan::set(generation, collection),
            count,
        })
    }

    fn count_set(&mut self, generation: usize) {
        let collection = self.random.below(2) as usize;
        let mut txn = self.begin();
        txn.ops.extend(self.count(generation, collection));
        self.end(txn);
    }

    /// Reads much through several legs of one snapshot.
    fn read_snapshot(&mut self, generation: usize) {
        let mut txn = self.begin();
        let mut snapshot = self.shared.db.snapshot();
        if self.shared.plant == Plant::OldSnapshot
            && let Some(held) = &self.held
        {
            snapshot = held.snapshot.clone();
        }
        txn.sees = Some(snapshot.seqno());
        let first = self.random.below(2) as usize;
        let collections = match self.random.below(3) {
            0 => vec![first, 1 - first],
            _ => vec![first],
        };
        for collection in collections {
            let name = COLLECTIONS[collection];
            for _ in 0..2 {
                if self.shared.plant == Plant::TornSnapshot {
                    snapshot = self.shared.db.snapshot();
                    txn.sees = None;
                }
                let ops = match self.random.below(4) {
                    0 => get_lists(&snapshot, generation, collection),
                    1 => {
                        let scan = Scan::all().prefix(plan::prefix(generation));
                        let found = snapshot.scan(name, &scan).unwrap();
                        read_docs(generation, collection, &found)
                    }
                    leg => {
                        let found = snapshot.search(name, &request(generation, leg)).unwrap();
                        let docs: Vec<Doc> = found.into_iter().map(|hit| hit.doc).collect();
                        read_docs(generation, collection, &docs)
                    }
                };
                txn.ops.extend(ops);
            }
        }
        self.end(txn);
        self.ask_again(generation, first);
    }

    /// A snapshot that was kept while others committed, sealed and merged gives the same answer, with the
    /// same scores.
    fn ask_again(&mut self, generation: usize, collection: usize) {
        match &self.held {
            None => {
                let snapshot = self.shared.db.snapshot();
                let collection = COLLECTIONS[collection];
                let request = request(generation, 2 + self.random.below(2));
                let found = scores(snapshot.search(collection, &request).unwrap());
                self.held = Some(Held {
                    snapshot,
                    collection,
                    request,
                    found,
                });
            }
            Some(held) => {
                let found = held.snapshot.search(held.collection, &held.request);
                assert_eq!(scores(found.unwrap()), held.found, "{:?}", held.request);
                if self.random.below(8) == 0 {
                    self.held = None;
                }
            }
        }
    }

    /// Reads values only: one, all of a generation, or values and documents in a transaction.
    fn read_values(&mut self, generation: usize) {
        let mut txn = self.begin();
        match self.random.below(3) {
            0 => {
                let value = self.shared.db.kv(SPACE).get_bytes(plan::BANNER).unwrap();
                txn.ops.push(Op::Read {
                    object: plan::KV_REGISTER,
                    value: plan::from_bytes(&value.unwrap_or_default()),
                });
            }
            1 => {
                let scan = Scan::all().prefix(plan::prefix(generation));
                let pairs = self.shared.db.kv(SPACE).scan(&scan).unwrap();
                for slot in 0..KV_LISTS {
                    let key = plan::list_key(generation, slot);
                    let pair = pairs.iter().find(|(other, _)| *other == key);
                    txn.ops.push(Op::Read {
                        object: plan::kv_list(generation, slot),
                        value: pair.map_or(Vec::new(), |(_, value)| plan::from_bytes(value)),
                    });
                }
            }
            _ => {
                let places = [self.place(), self.place(), self.place()];
                let read_all = |tx: &mut Transaction<'_>| {
                    for place in places {
                        let object = place.object(generation);
                        let value = read(tx, generation, place)?;
                        txn.ops.push(Op::Read { object, value });
                    }
                    Ok(())
                };
                self.shared.db.write(read_all).unwrap();
            }
        }
        self.end(txn);
    }
}
