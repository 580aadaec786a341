//! The feed of changes: whoever follows it has what the database has.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lumos_engine::{Doc, Error, Event, Lumos, OpenOptions, Scan, Schema, Store, field};
use lumos_wal::MemVfs;

fn options(vfs: &Arc<MemVfs>) -> OpenOptions {
    Lumos::options().vfs(vfs.clone()).background(false)
}

/// Documents and values as a consumer collects them.
#[derive(Debug, Default, PartialEq)]
struct Replica {
    docs: BTreeMap<(String, String), Doc>,
    values: BTreeMap<(String, String), Vec<u8>>,
    seqno: u64,
}

impl Replica {
    fn follow(&mut self, db: &Lumos) {
        for commit in db.changes(self.seqno).unwrap() {
            let commit = commit.unwrap();
            assert_eq!(commit.seqno, self.seqno + 1, "no commit is left out");
            self.seqno = commit.seqno;
            for event in commit.events {
                match event {
                    Event::Put { collection, doc } => {
                        self.docs.insert((collection, doc.key.clone()), doc);
                    }
                    Event::Deleted { collection, key } => {
                        self.docs.remove(&(collection, key));
                    }
                    Event::Dropped { collection } => {
                        self.docs.retain(|(name, _), _| *name != collection);
                    }
                    Event::KvSet { space, key, value } => {
                        self.values.insert((space, key), value);
                    }
                    Event::KvDeleted { space, key } => {
                        self.values.remove(&(space, key));
                    }
                    _ => {}
                }
            }
        }
    }

    fn of(db: &Lumos) -> Replica {
        let mut replica = Replica {
            seqno: db.seqno(),
            ..Replica::default()
        };
        for collection in db.collections() {
            let all = Scan::all().limit(10_000).vectors(true);
            for doc in db.scan(&collection, &all).unwrap() {
                replica
                    .docs
                    .insert((collection.clone(), doc.key.clone()), doc);
            }
        }
        for (key, value) in db.kv_scan("state", &Scan::all()).unwrap() {
            replica.values.insert(("state".to_string(), key), value);
        }
        replica
    }
}

#[test]
fn who_follows_the_feed_has_what_the_database_has() {
    let vfs = Arc::new(MemVfs::new());
    let db = options(&vfs).keep_changes(64 << 20).open("db").unwrap();
    let mut replica = Replica::default();
    let brief = Schema::new().ttl(Duration::from_millis(1));
    db.collection_with("cache", brief).unwrap();
    for round in 0..60_usize {
        let collection = ["docs", "more", "cache"][round % 3];
        db.write(|tx| {
            let vector = [round as f32 + 1.0, 2.0];
            tx.put(
                collection,
                Doc::new(format!("k{}", round % 7))
                    .text("text")
                    .vector(vector),
            )?;
            tx.put(
                collection,
                Doc::new(format!("x{round}")).field("round", round),
            )?;
            tx.kv("state").set(&format!("v{}", round % 5), round)
        })
        .unwrap();
        match round % 10 {
            2 => db.flush().unwrap(),
            4 => db.compact().unwrap(),
            5 => {
                let docs = db.collection("docs").unwrap();
                docs.delete(field("round").lt(round - 3)).unwrap();
            }
            6 => db.drop_collection("more").unwrap(),
            7 => {
                db.kv("state").delete("v1").unwrap();
                std::thread::sleep(Duration::from_millis(2));
                db.expire().unwrap();
            }
            9 => {
                replica.follow(&db);
                assert_eq!(replica, Replica::of(&db), "round {round}");
            }
            _ => {}
        }
    }
    // A consumer that begins late gets everything at once, after a reopening too, from a reader too.
    drop(db);
    for options in [
        options(&vfs).keep_changes(64 << 20),
        options(&vfs).read_only(true),
    ] {
        let db = options.open("db").unwrap();
        let mut late = Replica::default();
        late.follow(&db);
        assert_eq!(late, Replica::of(&db));
        assert_eq!(late, replica);
        assert!(db.changes(db.seqno()).unwrap().next().is_none());
    }
}

/// Without `keep_changes` the log goes when it is sealed; a consumer that is too late is told so.
#[test]
fn a_consumer_that_is_too_late_is_told() {
    let vfs = Arc::new(MemVfs::new());
    let db = options(&vfs).open("db").unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(("a", "one")).unwrap();
    assert_eq!(db.changes(0).unwrap().count(), db.seqno() as usize);
    db.flush().unwrap();
    let error = db.changes(0).unwrap_err();
    assert!(
        matches!(error, Error::ChangesGone { since: 0, .. }),
        "{error}"
    );
    assert_eq!(error.code(), "E2009");
    let seqno = db.seqno();
    docs.put(("b", "two")).unwrap();
    assert_eq!(db.changes(seqno).unwrap().count(), 1);
    let error = db.changes(seqno - 1).unwrap_err();
    assert!(matches!(error, Error::ChangesGone { .. }), "{error}");
    assert!(Lumos::memory().unwrap().changes(0).is_err());
}
