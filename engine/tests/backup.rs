//! Copies of a database that is written meanwhile, and databases made from copies that may be hostile.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lumos_engine::{Doc, Error, Lumos, Scan, Store};
use lumos_wal::{Fault, FaultVfs, MemVfs, OpenMode, Vfs, read_all};
use serde_json::json;

fn doc(key: usize) -> Doc {
    let vector = [(key % 7) as f32 + 1.0, (key % 11) as f32, 1.0];
    Doc::new(format!("k{key:06}"))
        .text(format!("number{key} of many"))
        .vector(vector)
        .meta(json!({"key": key}))
}

/// Everything that a database holds, as text.
fn contents(db: &Lumos) -> String {
    let scan = Scan::all().limit(100_000).vectors(true);
    let docs = db.scan("docs", &scan).unwrap();
    let state = db.kv_scan("state", &Scan::all()).unwrap();
    format!("{docs:?} {state:?}")
}

/// Two collections and a key move together in every commit; every backup that is taken meanwhile shows
/// them together, and as of a commit that was acknowledged when it began or later.
#[test]
fn a_hot_backup_is_one_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let db = Lumos::open(&path).unwrap();
    let reader = || Lumos::options().read_only(true).open(&path).unwrap();
    db.write(|tx| tx.kv("state").set("last", 0)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for key in 1.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let pair = db.write(|tx| {
                    tx.put("docs", doc(key))?;
                    tx.put("more", doc(key))?;
                    tx.kv("state").set("last", key)
                });
                pair.unwrap();
                match key % 40 {
                    0 => db.compact().unwrap(),
                    20 => db.flush().unwrap(),
                    _ => {}
                }
            }
        });
        for n in 0..24 {
            let least = db.kv("state").get::<usize>("last").unwrap().unwrap();
            let target = dir.path().join(format!("copy{n}"));
            // From the handle that writes, and from one that only reads.
            let report = match n % 2 {
                0 => db.backup(&target).unwrap(),
                _ => reader().backup(&target).unwrap(),
            };
            let copy = Lumos::open(&target).unwrap();
            assert_eq!(copy.seqno(), report.seqno);
            let last = copy.kv("state").get::<usize>("last").unwrap().unwrap();
            assert!(last >= least, "backup {n} has {last}, {least} was there");
            for collection in ["docs", "more"] {
                assert_eq!(copy.snapshot().count(collection), last as u64, "{n}");
            }
            copy.verify().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// A backup on the same disk shares files with the original; it is whole all the same when the original
/// merges them away.
#[test]
fn linked_files_outlive_the_original() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path().join("db")).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..500).map(doc)).unwrap();
    db.flush().unwrap();
    docs.delete("k000007").unwrap();
    let expected = contents(&db);
    let copy = dir.path().join("copy");
    let report = db.backup(&copy).unwrap();
    assert!(report.linked > 0 && report.linked == report.files);
    assert_eq!(docs.delete(lumos_engine::field("key").gte(0)).unwrap(), 499);
    db.compact().unwrap();
    drop((docs, db));
    std::fs::remove_dir_all(dir.path().join("db")).unwrap();

    let restored = dir.path().join("restored");
    let report = Lumos::restore(&copy, &restored).unwrap();
    assert_eq!(report.linked, 0);
    assert_eq!(contents(&Lumos::open(&restored).unwrap()), expected);
    assert_eq!(contents(&Lumos::open(&copy).unwrap()), expected);
}

#[test]
fn a_backup_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path().join("db")).unwrap();
    let used = dir.path().join("used");
    std::fs::create_dir(&used).unwrap();
    std::fs::write(used.join("notes.txt"), "mine").unwrap();
    for error in [
        db.backup(&used).unwrap_err(),
        Lumos::restore(dir.path().join("db"), &used).unwrap_err(),
    ] {
        assert!(matches!(
            error,
            Error::InvalidArgument { .. } | Error::NotFound { .. }
        ));
    }
    assert_eq!(std::fs::read_dir(&used).unwrap().count(), 1);
    let memory = Lumos::memory().unwrap().backup(dir.path().join("no"));
    assert!(
        memory
            .unwrap_err()
            .to_string()
            .contains("export it instead")
    );
    let missing = Lumos::restore(dir.path().join("nothing"), dir.path().join("new"));
    assert!(missing.is_err());
}

/// Links in a backup could make a restore read what its owner must not show.
#[test]
fn links_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path().join("db")).unwrap();
    db.collection("docs").unwrap().put(doc(1)).unwrap();
    db.flush().unwrap();
    let copy = dir.path().join("copy");
    db.backup(&copy).unwrap();
    let segments = copy.join("segments");
    let name = std::fs::read_dir(&segments).unwrap().next().unwrap();
    let segment = name.unwrap().path();
    std::fs::rename(&segment, dir.path().join("elsewhere.seg")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere.seg", &segment).unwrap();
    let target = dir.path().join("restored");
    let error = Lumos::restore(&copy, &target).unwrap_err();
    assert!(
        error.to_string().contains("is a link or a device"),
        "{error}"
    );
    assert!(!target.exists());
}

fn backup_in_memory() -> Arc<MemVfs> {
    let vfs = Arc::new(MemVfs::new());
    let options = Lumos::options().vfs(vfs.clone()).background(false);
    let db = options.open("db").unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..300).map(doc)).unwrap();
    db.flush().unwrap();
    docs.delete("k000003").unwrap();
    db.kv("state").set("a", 1).unwrap();
    db.flush().unwrap();
    docs.put(doc(900)).unwrap();
    db.backup("copy").unwrap();
    vfs
}

fn files(vfs: &MemVfs, dir: &Path) -> Vec<std::path::PathBuf> {
    let folders = [dir.to_path_buf(), dir.join("segments"), dir.join("wal")];
    let paths = folders.iter().flat_map(|folder| {
        let names = vfs.read_dir(folder).unwrap_or_default();
        names.into_iter().map(|name| folder.join(name))
    });
    paths.filter(|path| read_all(vfs, path).is_ok()).collect()
}

/// One changed bit anywhere: the restore is refused, or, where nothing was stored, the same.
#[test]
fn damage_is_not_restored() {
    let pristine = backup_in_memory();
    let whole = Lumos::options().vfs(pristine.clone()).open("copy").unwrap();
    let expected = contents(&whole);
    drop(whole);
    let mut refused = 0;
    for round in 0..400_usize {
        let vfs = backup_in_memory();
        let files = files(&vfs, Path::new("copy"));
        let path = &files[round % files.len()];
        let mut bytes = read_all(&*vfs, path).unwrap();
        let at = round * 7_919 % bytes.len();
        bytes[at] ^= 1 << (round % 8);
        vfs.remove_file(path).unwrap();
        let file = vfs.open(path, OpenMode::CreateNew).unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        match Lumos::options().vfs(vfs.clone()).restore("copy", "new") {
            Err(error) => {
                refused += 1;
                assert!(["E1010", "E1011"].contains(&error.code()), "{error}");
                // Nothing that opens as a database is left.
                let left = files_named(&vfs, "new");
                assert!(left.iter().all(|path| path == Path::new("new/INCOMPLETE")));
                assert!(Lumos::options().vfs(vfs).open("new").is_err() || left.is_empty());
            }
            Ok(_) => {
                let db = Lumos::options().vfs(vfs).open("new").unwrap();
                let found = contents(&db);
                // The last frame of a log may have been torn as well as changed.
                assert!(
                    found == expected || path.starts_with("copy/wal"),
                    "{path:?} {at}"
                );
            }
        }
    }
    assert!(refused > 200, "only {refused} of 400 changes were noticed");
}

fn files_named(vfs: &MemVfs, dir: &str) -> Vec<std::path::PathBuf> {
    files(vfs, Path::new(dir))
}

/// Every operation of a backup fails once: the original is unharmed, and the copy opens whole or not at
/// all.
#[test]
fn a_backup_that_fails_harms_nobody() {
    let mut failed = 0;
    for n in 1.. {
        let disk = Arc::new(MemVfs::new());
        let faulty = Arc::new(FaultVfs::new(disk.clone()));
        let options = Lumos::options().vfs(faulty.clone()).background(false);
        let db = options.open("db").unwrap();
        let docs = db.collection("docs").unwrap();
        docs.put_all((0..50).map(doc)).unwrap();
        db.flush().unwrap();
        docs.put(doc(60)).unwrap();
        let expected = contents(&db);
        faulty.inject(Fault::nth(n).code(5));
        let outcome = db.backup("copy");
        let fired = faulty.fired() > 0;
        faulty.clear();
        assert_eq!(contents(&db), expected);
        drop((docs, db));
        let original = Lumos::options().vfs(disk.clone()).open("db").unwrap();
        assert_eq!(contents(&original), expected);
        drop(original);
        let copy = Lumos::options().vfs(disk).create(false).open("copy");
        match (outcome, copy) {
            (Ok(_), copy) => assert_eq!(contents(&copy.unwrap()), expected),
            (Err(_), Ok(copy)) => {
                let found = contents(&copy);
                let nothing = copy.collections().is_empty();
                assert!(nothing || found == expected, "{n}: half a copy");
            }
            (Err(_), Err(_)) => {}
        }
        failed += u64::from(fired);
        if !fired {
            break;
        }
    }
    assert!(failed > 20, "only {failed} operations could fail");
}

/// What was committed last is in the log and nowhere else: a backup of it is not told as empty.
#[test]
fn the_log_counts_in_the_size_of_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path().join("db")).unwrap();
    db.kv("state").set_bytes("key", vec![7; 5_000]).unwrap();
    let copy = dir.path().join("copy");
    let report = db.backup(&copy).unwrap();
    assert_eq!(report.files, 0);
    assert!(report.bytes > 5_000 && report.bytes < 10_000, "{report:?}");
    let restored = Lumos::restore(&copy, dir.path().join("again")).unwrap();
    assert_eq!(restored.bytes, report.bytes);
}
