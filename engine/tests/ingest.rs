//! Bulk loads: rows past the log are found like any others, replace what has their keys, come back after a
//! crash as whole segments, and an interrupted load goes on where it stopped.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lumos_engine::{Checkup, Doc, Error, IngestProgress, Lumos, Metric, Schema};
use lumos_wal::{Fault, FaultVfs, MemVfs, OpKind};
use serde_json::json;

fn doc(n: usize, round: usize) -> Doc {
    let vector = [(n % 17) as f32 + 1.0, (n % 5) as f32, 1.0];
    Doc::new(format!("k{n:05}"))
        .text(format!("number{n} of round{round}"))
        .vector(vector)
        .meta(json!({"n": n, "round": round}))
}

fn open(vfs: &Arc<MemVfs>) -> Lumos {
    let options = Lumos::options().vfs(vfs.clone()).background(false);
    options.open("db").unwrap()
}

fn healthy(db: &Lumos) {
    let diagnosis = db.doctor(&Checkup::new()).unwrap();
    assert!(diagnosis.is_healthy(), "{diagnosis:?}");
}

#[test]
fn loaded_documents_are_found_in_every_way_and_replace_older_ones() {
    let vfs = Arc::new(MemVfs::new());
    let db = open(&vfs);
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..300).map(|n| doc(n, 0))).unwrap();
    db.flush().unwrap();
    docs.put_all((300..400).map(|n| doc(n, 0))).unwrap();
    let before = db.snapshot();

    // 200 to 699, of which the last 100 are there twice: the later one counts.
    let load = (200..700).map(|n| doc(n, 1));
    let load = load.chain((600..700).map(|n| doc(n, 2)));
    let done = docs.ingest().run(load).unwrap();
    assert_eq!((done.read, done.committed, done.segments), (600, 600, 1));
    assert_eq!(done.seqno, db.seqno());
    // And one of them is replaced and one deleted after all.
    docs.put(doc(250, 3)).unwrap();
    docs.delete("k00251").unwrap();

    let check = |db: &Lumos| {
        let docs = db.existing_collection("docs").unwrap();
        assert_eq!(docs.count().unwrap(), 699);
        let round = |n: usize| {
            let doc = docs.get(&format!("k{n:05}")).unwrap();
            doc.map(|doc| doc.meta["round"].as_u64().unwrap())
        };
        let rounds = [0, 199, 200, 399, 599, 600, 699, 250].map(round);
        let expected = [0, 0, 1, 1, 1, 2, 2, 3].map(Some);
        assert_eq!(rounds, expected);
        assert_eq!(round(251), None);
        for (filter, count) in [("round = 0", 200), ("round = 1", 398), ("round = 2", 100)] {
            assert_eq!(docs.count_matching(filter).unwrap(), count, "{filter}");
        }
        let hits = docs.search("round2").limit(1_000).run().unwrap();
        assert_eq!(hits.len(), 100);
        let near = docs.search([1.0, 2.0, 3.0].as_slice()).limit(1_000);
        assert_eq!(near.run().unwrap().len(), 699);
        healthy(db);
    };
    check(&db);
    assert_eq!(before.count("docs"), 400);
    assert_eq!(
        before.get("docs", "k00250").unwrap().unwrap().meta["round"],
        0
    );
    drop((before, docs, db));
    // Replay goes over rows that the manifest brought, and leaves them as they are.
    let db = open(&vfs);
    check(&db);
    db.compact().unwrap();
    check(&db);
    drop(db);
    check(&open(&vfs));
}

#[test]
fn an_interrupted_load_goes_on_where_it_stopped() {
    let vfs = Arc::new(MemVfs::new());
    let load = |bad: usize, seen: &Arc<Mutex<Vec<IngestProgress>>>| {
        let db = open(&vfs);
        let docs = db.collection("docs").unwrap();
        let seen = seen.clone();
        let load = docs.ingest().resumable("import").segment_bytes(1 << 20);
        let load = load.progress(move |at| seen.lock().unwrap().push(at));
        let wide = Schema::new().vector(64, Metric::Cosine);
        db.collection_with("docs", wide).unwrap();
        let vector = |n: usize| match n == bad {
            true => vec![f32::NAN; 64],
            false => (0..64).map(|i| ((n * 7 + i) % 13) as f32 + 1.0).collect(),
        };
        let outcome = load.run((0..9_000).map(|n| Doc::new(format!("k{n}")).vector(vector(n))));
        (outcome, docs.count().unwrap())
    };
    let seen = Arc::default();
    let (outcome, count) = load(7_500, &seen);
    assert!(matches!(outcome, Err(Error::Vector { .. })), "{outcome:?}");
    let last = seen.lock().unwrap().last().copied().unwrap();
    assert_eq!(last.read, 7_000, "whole batches before the bad one");
    assert_eq!(last.committed, count);
    assert!((3_000..7_000).contains(&count), "{count}");

    // The same load in a later process, with the bad document mended.
    let (outcome, total) = load(usize::MAX, &seen);
    let done = outcome.unwrap();
    assert_eq!((done.skipped, done.committed), (count, 9_000 - count));
    assert_eq!(total, 9_000);
    // It is over: what is loaded under this id now is another load.
    let (outcome, total) = load(usize::MAX, &seen);
    assert_eq!(outcome.unwrap().skipped, 0);
    assert_eq!(total, 9_000);
    healthy(&open(&vfs));
}

/// The disk fails at each operation of a load in turn: what was there stays, and the segment is there as a
/// whole or not at all.
#[test]
fn a_load_that_fails_leaves_what_was_there() {
    for n in 1.. {
        let faulty = Arc::new(FaultVfs::new(Arc::new(MemVfs::new())));
        let options = || Lumos::options().vfs(faulty.clone()).background(false);
        let db = options().open("db").unwrap();
        let docs = db.collection("docs").unwrap();
        docs.put_all((0..20).map(|n| doc(n, 0))).unwrap();
        let kinds = [
            OpKind::Open,
            OpKind::Write,
            OpKind::SyncAll,
            OpKind::SyncData,
            OpKind::SyncDir,
            OpKind::Rename,
        ];
        faulty.inject(Fault::nth(n).only(&kinds));
        let load = docs
            .ingest()
            .resumable("x")
            .run((10..40).map(|n| doc(n, 1)));
        let fired = faulty.fired() > 0;
        faulty.clear();
        drop((docs, db));
        let db = options().open("db").unwrap();
        let docs = db.existing_collection("docs").unwrap();
        let there = docs.count_matching("round = 1").unwrap();
        let all = docs.count().unwrap();
        match load {
            Ok(_) => assert_eq!((there, all), (30, 40), "operation {n}"),
            Err(_) => assert!(
                (there, all) == (0, 20) || (there, all) == (30, 40),
                "operation {n}: {there} of {all}"
            ),
        }
        // Loaded again under its id, it is complete in any case.
        let again = docs
            .ingest()
            .resumable("x")
            .run((10..40).map(|n| doc(n, 1)));
        let again = again.unwrap();
        match there {
            0 => assert_eq!(again.read, 30),
            // The note of a load that reached its end may be gone.
            _ => assert_eq!(again.read + again.skipped, 30),
        }
        assert_eq!(docs.count_matching("round = 1").unwrap(), 30);
        healthy(&db);
        if !fired {
            assert!(n > 10, "only {n} operations could fail");
            break;
        }
    }
}

/// Other threads put and delete the same keys, seal and merge while documents are loaded.
#[test]
fn a_load_and_commits_do_not_disturb_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::options()
        .max_wal_bytes(256 << 10)
        .open(dir.path().join("db"))
        .unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(doc(0, 0)).unwrap();
    let over = AtomicBool::new(false);
    let last = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut round = 10;
            while !over.load(Ordering::Relaxed) {
                for n in (0..2_000).step_by(137) {
                    docs.put(doc(n, round)).unwrap();
                    docs.delete(format!("k{:05}", n + 1)).unwrap();
                }
                round += 1;
                if round % 3 == 0 {
                    db.flush().unwrap();
                }
            }
            round
        });
        for round in 1..6 {
            docs.ingest()
                .run((0..2_000).map(|n| doc(n, round)))
                .unwrap();
            db.doctor(&Checkup::new().fix(true)).unwrap();
        }
        over.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    assert!(last > 10);
    docs.ingest().run((0..2_000).map(|n| doc(n, 6))).unwrap();
    assert_eq!(docs.count().unwrap(), 2_000);
    assert_eq!(docs.count_matching("round = 6").unwrap(), 2_000);
    healthy(&db);
    let seqno = db.seqno();
    drop((docs, db));
    let db = Lumos::open(dir.path().join("db")).unwrap();
    assert_eq!(db.seqno(), seqno);
    assert_eq!(db.snapshot().count("docs"), 2_000);
    healthy(&db);
}

#[test]
fn vectors_are_loaded_from_a_matrix_and_indexed_behind() {
    const DIMENSION: usize = 16;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let keys: Vec<String> = (0..10_000).map(|n| format!("v{n}")).collect();
    let data: Vec<f32> = (0..keys.len() * DIMENSION)
        .map(|at| {
            let mixed = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f32 - 8_388_608.0
        })
        .collect();
    for db in [Lumos::memory().unwrap(), Lumos::open(&path).unwrap()] {
        let docs = db.collection("docs").unwrap();
        let load = || docs.ingest().index_behind(true).segment_bytes(1 << 20);
        let error = load().vectors(&keys, &data[1..]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no vector for each of 10000 keys")
        );
        let mut spoiled = data.clone();
        spoiled[7 * DIMENSION] = f32::INFINITY;
        assert!(matches!(
            load().vectors(&keys, &spoiled),
            Err(Error::Vector { .. })
        ));
        assert_eq!(docs.count().unwrap(), 0);

        let done = load().vectors(&keys, &data).unwrap();
        assert_eq!(done.committed, 10_000);
        assert_eq!(docs.count().unwrap(), 10_000);
        let narrow = load().vectors(&keys[..1], &data[..8]).unwrap_err();
        assert!(matches!(narrow, Error::DimensionMismatch { .. }));
        assert_eq!(db.stats().collections[0].damaged_segments, 0);

        // Found before there is a graph and after.
        let query = &data[5_000 * DIMENSION..5_001 * DIMENSION];
        assert_eq!(docs.search(query).run().unwrap()[0].key(), "v5000");
        let begun = Instant::now();
        // The second segment is too small for a graph.
        while db.stats().collections[0].vectors[0].indexed < 8_192 {
            assert!(begun.elapsed() < Duration::from_secs(60), "no graph");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(docs.search(query).run().unwrap()[0].key(), "v5000");
        healthy(&db);
    }
    let db = Lumos::options().read_only(true).open(&path).unwrap();
    assert_eq!(db.snapshot().count("docs"), 10_000);
    let docs = db.existing_collection("docs").unwrap();
    let refused = docs.ingest().run([doc(1, 1)]);
    assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
}
