//! An error at every I/O operation: the call that met it fails or the work is put off, nothing
//! acknowledged is lost, nothing panics, and after reopening everything goes on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;

use std::io::Write as _;
use std::sync::Arc;

use crash::model::{Model, Random};
use crash::script::{DIR, document};
use lumos_engine::{Batch, Checkup, Lumos, Result, Store};
use lumos_wal::{Fault, FaultVfs, MemVfs, OpKind, Vfs};

fn open(vfs: Arc<dyn Vfs>) -> Result<Lumos> {
    Lumos::options()
        .vfs(vfs)
        .background(false)
        .salt_seed(1)
        .open(DIR)
}

/// A fixed life: twelve commits, a seal after the fifth, a bulk load after the seventh, a merge after the
/// ninth. Returns the states that a later open may find, the first being that of the last acknowledged
/// commit.
fn live(vfs: Arc<dyn Vfs>) -> Vec<Model> {
    let mut random = Random::new(11);
    let mut kept = Model::default();
    let mut in_doubt = Vec::new();
    let Ok(db) = open(vfs.clone()) else {
        return vec![kept];
    };
    // The first documents of a kind that older builds do not know are announced in the manifest before they
    // are logged: where that fails the commit is refused, and nothing of it is there.
    let (mut announced, mut refused) = (false, false);
    for step in 0..12 {
        let mut next = in_doubt.last().unwrap_or(&kept).clone();
        let mut instead = kept.clone();
        let mut batch = Batch::new();
        let mut announces = false;
        for key in ["a", "b", "c"] {
            let doc = document(&format!("{key}{}", random.below(3)), &mut random);
            let is_new = !doc.sparse.is_empty() || !doc.multi.is_empty();
            announces |= is_new && !announced;
            for state in [&mut next, &mut instead] {
                let place = ("notes".to_string(), doc.key.clone());
                state.docs.insert(place, doc.clone());
            }
            batch.put("notes", doc);
        }
        match Store::write(&db, batch) {
            Ok(_) => {
                assert!(
                    in_doubt.is_empty() || refused,
                    "a commit was acknowledged after one had failed"
                );
                announced |= announces;
                kept = if refused { instead } else { next };
                refused = false;
                in_doubt.clear();
            }
            Err(error) => {
                refused |= announces && in_doubt.is_empty();
                assert!(error.code().starts_with("E10"), "{error}");
                // It may or may not be on disk; nothing after it is acknowledged.
                if in_doubt.is_empty() {
                    in_doubt.push(next);
                }
            }
        }
        // Reads go on whatever happened.
        let now = Model::read(&db);
        assert_eq!(now, kept, "step {step}");
        if step == 5 {
            let _ = db.flush();
        }
        if step == 7 {
            let mut next = in_doubt.last().unwrap_or(&kept).clone();
            let load = [document("a1", &mut random), document("d0", &mut random)];
            for doc in &load {
                next.docs
                    .insert(("notes".to_string(), doc.key.clone()), doc.clone());
            }
            let docs = db.existing_collection("notes");
            match docs.and_then(|docs| docs.ingest().run(load)) {
                Ok(_) => {
                    assert!(in_doubt.is_empty(), "loaded after a failed commit");
                    kept = next;
                }
                // A manifest may be there although its directory could not be synced.
                Err(_) if Model::read(&db) == next => kept = next,
                // In doubt when writing has stopped; otherwise it is not there and never will be.
                Err(_) => {
                    let goes_on = db.write(|tx| tx.kv("none").delete("none"));
                    if db.sync().is_err() || goes_on.is_err() {
                        in_doubt.push(next);
                    }
                }
            }
        }
        if step == 9 {
            let _ = db.compact();
        }
    }
    let mut states = vec![kept];
    states.append(&mut in_doubt);
    states
}

fn check(make: impl Fn(u64) -> Fault, story: &str) {
    let mut failed = 0;
    for n in 1.. {
        let disk = Arc::new(MemVfs::new());
        let faulty = Arc::new(FaultVfs::new(disk.clone()));
        faulty.inject(make(n));
        let states = live(faulty.clone());
        let fired = faulty.fired() > 0;
        drop(faulty);
        let db = open(disk).unwrap_or_else(|error| panic!("{story} {n}: does not open: {error}"));
        let found = Model::read(&db);
        assert!(
            states.contains(&found),
            "{story} {n}: {found:?} is none of {states:?}"
        );
        found.check_search(&db, story);
        db.collection("notes")
            .unwrap()
            .put(("later", "goes on"))
            .unwrap();
        db.compact().unwrap();
        db.verify().unwrap();
        failed += u64::from(fired);
        if !fired {
            break;
        }
    }
    assert!(failed > 20, "{story}: only {failed} operations could fail");
    writeln!(
        std::io::stderr().lock(),
        "io_errors: {story}: each of {failed} operations failed, nothing lost"
    )
    .unwrap();
}

#[test]
fn an_error_once_at_any_operation_loses_nothing() {
    check(Fault::nth, "once");
}

#[test]
fn a_disk_that_stays_broken_loses_nothing() {
    check(|n| Fault::nth(n).sticky(), "for good");
}

/// EINTR, past the layer that tries interrupted calls again.
#[test]
fn an_interrupted_operation_loses_nothing() {
    check(|n| Fault::nth(n).code(4), "interrupted");
}

/// ENOSPC halfway through a write.
#[test]
fn a_full_disk_loses_nothing() {
    let writes = [OpKind::Write, OpKind::SetLen];
    check(
        |n| Fault::nth(n).code(28).sticky().short_write().only(&writes),
        "full",
    );
}

#[test]
fn a_failed_sync_loses_nothing() {
    let syncs = [OpKind::SyncData, OpKind::SyncAll, OpKind::SyncDir];
    check(|n| Fault::nth(n).code(5).only(&syncs), "sync");
}

/// A segment was written and the manifest that names it was not, for want of room: every further try left
/// one more file behind, in the way of whoever wanted to make room.
#[test]
fn a_seal_or_merge_without_room_leaves_no_file_behind() {
    let writes = [OpKind::Write, OpKind::SetLen];
    for n in 1.. {
        let faulty = Arc::new(FaultVfs::new(Arc::new(MemVfs::new())));
        let db = open(faulty.clone()).unwrap();
        let docs = db.collection("notes").unwrap();
        for key in ["a", "b", "c", "d"] {
            docs.put((key, "the first")).unwrap();
            if key < "c" {
                db.flush().unwrap();
            }
        }
        docs.put(("a", "the second")).unwrap();
        faulty.inject(Fault::nth(n).code(28).sticky().only(&writes));
        let refused = [db.flush().is_err(), db.compact().is_err()];
        let fired = faulty.fired() > 0;
        faulty.clear();
        assert_eq!(fired, refused[1], "{n}");
        let diagnosis = db.doctor(&Checkup::new()).unwrap();
        assert!(diagnosis.is_healthy(), "{n}: {:?}", diagnosis.findings);
        // Where it was the end of a log file that could not be marked, writing has stopped.
        if let Err(error) = db.compact() {
            assert_eq!(error.code(), "E1005", "{n}");
        }
        assert_eq!(docs.count().unwrap(), 4);
        db.verify().unwrap();
        if !fired {
            assert!(n > 6, "only {n} operations could fail");
            break;
        }
    }
}
