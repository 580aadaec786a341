//! A disk that is really full: no signal, an error that says so, reads go on, nothing acknowledged is
//! lost, and once there is room again writes go on without reopening.
//!
//! Each story is lived by a process of its own, on a small file system that nobody else sees.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod full;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use full::documents::{MEGABYTE, check, check_state, commit, commit_until_full, doc, is_full};
use full::{CHILD, Disk, Way, names, used};
use lumos_engine::{Checkup, Collection, Error, Lumos, OpenOptions, field};

fn quiet() -> OpenOptions {
    Lumos::options().background(false)
}

fn reader(path: &Path) -> Lumos {
    Lumos::options().read_only(true).open(path).unwrap()
}

/// Waits until something holds that the background brings about.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(60), "{what}: not in a minute");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Not a test by itself: the process whose disk becomes full.
#[test]
fn child() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let mut parts = told.splitn(3, ':');
    let [story, way, dir] = [(); 3].map(|()| parts.next().unwrap());
    let disk = Disk::new(way, dir);
    let path = disk.dir.join("db");
    match story {
        "commits" => commits(&disk, &path),
        "room" => room(&path),
        "background" => background(&disk, &path),
        "deletes" => deletes(&disk, &path),
        "killed" => killed(&disk, &path),
        "killed grandchild" => acknowledge_until_full(&path),
        "upkeep" => upkeep(&disk, &path),
        "backup" => partial_backup(&disk, &path),
        other => panic!("no story {other}"),
    }
}

/// Commits until one is refused: it is not there, neither now nor later, and everything else is.
fn commits(disk: &Disk, path: &Path) {
    let db = quiet().open(path).unwrap();
    // Some of what is read is mapped.
    db.collection("docs").unwrap();
    (0..200).for_each(|n| commit(&db, n).unwrap());
    db.flush().unwrap();
    if !disk.limited {
        disk.fill_but(6 * MEGABYTE);
    }
    let mut refused = Vec::new();
    let mut next = commit_until_full(&db, 200);
    check(&db, 0..next, "full");
    check_state(&db, next, "full");
    let snapshot = db.snapshot();
    // It stays an error, not a poisoned handle; what still fits is acknowledged and kept.
    for _ in 0..50 {
        match db.kv("small").set("n", next) {
            Ok(_) => {}
            Err(error) => {
                assert!(is_full(&error), "{error}");
                refused.push(error);
            }
        }
        assert!(is_full(&commit(&db, next).unwrap_err()));
    }
    let follower = reader(path);
    check(&follower, 0..next, "followed while full");
    disk.free();
    let before = next;
    while next < before + 300 {
        commit(&db, next).unwrap();
        next += 1;
    }
    check(&db, 0..next, "freed");
    assert_eq!(snapshot.count("docs"), before);
    assert_eq!(follower.refresh().unwrap(), db.seqno());
    check(&follower, 0..next, "followed");
    drop((db, snapshot));
    let db = quiet().open(path).unwrap();
    check(&db, 0..next, "opened again");
    check_state(&db, next, "opened again");
    db.compact().unwrap();
    check(&db, 0..next, "compacted");
    assert!(db.doctor(&Checkup::new()).unwrap().is_healthy());
    println!("story: {before} commits kept, {next} after room was made");
}

/// A commit is refused when the disk is full, not when the log would like to grow by more than there is;
/// and what it tried to take is given back.
fn room(path: &Path) {
    let db = quiet().open(path).unwrap();
    let next = commit_until_full(&db, 0);
    let (log, size) = (db.stats().log_bytes, 16 * MEGABYTE);
    assert!(log > size * 9 / 10, "refused with {log} of {size} bytes");
    check(&db, 0..next, "full");
    // What the refused growth had written is not in the way of others.
    let frames = log + MEGABYTE / 2;
    assert!(used(path) <= frames, "{} for {log}", used(path));
    drop(db);
    let db = quiet().open(path).unwrap();
    check(&db, 0..next, "opened again");
    println!("story: {next} commits, {log} bytes of log on {size} bytes of disk");
}

/// Segments cannot be written in the background: the statistics say so, one write is told, reads go on,
/// and with room again the work is done.
fn background(disk: &Disk, path: &Path) {
    let options = Lumos::options().max_wal_bytes(2 * MEGABYTE);
    let db = options.open(path).unwrap();
    let mut next = 0;
    while db.stats().log_bytes < 3 * MEGABYTE / 2 {
        commit(&db, next).unwrap();
        next += 1;
    }
    disk.fill_but(0);
    // The log has made room for itself already.
    let mut told = Vec::new();
    while told.is_empty() {
        match commit(&db, next) {
            Ok(()) => next += 1,
            Err(error) => told.push(error),
        }
        assert!(next < 10_000, "nothing was told");
    }
    assert!(matches!(told[..], [Error::Background { .. }]), "{told:?}");
    let reason = db.stats().background_error.unwrap();
    assert!(reason.contains("No space left"), "{reason}");
    check(&db, 0..next, "full");
    // Told once, although each try is for another file.
    for _ in 0..10 {
        commit(&db, next).unwrap();
        next += 1;
        thread::sleep(Duration::from_millis(20));
    }
    check(&db, 0..next, "told");
    disk.free();
    eventually("the background goes on", || {
        // Work is tried again as writes go on.
        let written = commit(&db, next);
        next += u64::from(written.is_ok());
        let stats = db.stats();
        stats.background_error.is_none() && stats.collections[0].segments > 0
    });
    check(&db, 0..next, "freed");
    drop(db);
    let db = Lumos::open(path).unwrap();
    check(&db, 0..next, "opened again");
    println!("story: told once, {next} commits kept");
}

/// Documents are deleted to make room. That takes a little room itself, and gives much back.
fn deletes(disk: &Disk, path: &Path) {
    let db = quiet().open(path).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..1_500).map(doc)).unwrap();
    db.compact().unwrap();
    disk.fill_but(0);
    let next = commit_until_full(&db, 1_500);
    disk.free_some(MEGABYTE + MEGABYTE / 2);
    let before = used(path);
    assert!(docs.delete(field("n").gte(100)).unwrap() >= 1_400);
    db.compact().unwrap();
    let after = used(path);
    assert!(after < before / 3, "{before} bytes before, {after} after");
    check(&db, 0..100, "deleted");
    let next_after = commit_until_full(&db, next);
    assert!(next_after > next + 500, "only {} more", next_after - next);
    check(&db, (0..100).chain(next..next_after), "written again");
    drop((docs, db));
    let db = quiet().open(path).unwrap();
    check(&db, (0..100).chain(next..next_after), "opened again");
    println!(
        "story: {before} bytes became {after}, {} more commits",
        next_after - next
    );
}

/// The part of `killed` that is killed.
fn acknowledge_until_full(path: &Path) {
    let db = Lumos::options().max_wal_bytes(MEGABYTE).open(path).unwrap();
    let mut out = std::io::stdout().lock();
    let mut next = 0;
    let mut refused = 0;
    while refused < 20 {
        match commit(&db, next) {
            Ok(()) => {
                writeln!(out, "acknowledged {next}").unwrap();
                next += 1;
            }
            Err(Error::Background { .. }) => {}
            Err(error) => {
                assert!(is_full(&error), "{error}");
                refused += 1;
            }
        }
    }
    writeln!(out, "full").unwrap();
    out.flush().unwrap();
    // Until it is killed.
    loop {
        let _ = commit(&db, next);
    }
}

/// A process is killed on the full disk. The next one opens what it left, there and then.
fn killed(disk: &Disk, path: &Path) {
    disk.fill_but(12 * MEGABYTE);
    let way = if disk.limited { "Limit" } else { "Mount" };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(
            CHILD,
            format!("killed grandchild:{way}:{}", disk.dir.display()),
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line == "full" {
            break;
        }
        if let Some(number) = line.strip_prefix("acknowledged ") {
            acknowledged = number.parse::<u64>().unwrap() + 1;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    disk.fill_but(0);

    // At most the commit that it was at.
    let count = |db: &Lumos| db.snapshot().count("docs");
    let db = reader(path);
    let kept = count(&db);
    assert!(
        (acknowledged..=acknowledged + 1).contains(&kept),
        "{kept} of {acknowledged}"
    );
    check(&db, 0..kept, "read after the kill");
    drop(db);
    // Whatever recovery cut off is filled again, so that every step meets a full disk.
    for round in ["first", "second"] {
        disk.fill_but(0);
        let db = quiet().open(path).unwrap();
        check(&db, 0..kept, round);
        disk.fill_but(0);
        assert!(is_full(&commit(&db, kept).unwrap_err()));
        check(&db, 0..kept, round);
    }
    disk.fill_but(0);
    let db = quiet().open(path).unwrap();
    disk.free();
    for n in kept..kept + 100 {
        commit(&db, n).unwrap();
    }
    db.compact().unwrap();
    check(&db, 0..kept + 100, "freed");
    check_state(&db, kept + 100, "freed");
    assert!(db.doctor(&Checkup::new()).unwrap().is_healthy());
    println!("story: {acknowledged} acknowledged, {kept} kept");
}

/// Flush, compact and import meet the full disk: each fails, leaves nothing behind, and works later.
fn upkeep(disk: &Disk, path: &Path) {
    let db = quiet().open(path).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..400).map(doc)).unwrap();
    db.flush().unwrap();
    docs.put_all((400..800).map(doc)).unwrap();
    let folders = ["segments", "tmp"].map(|name| path.join(name));
    let listing = || folders.each_ref().map(|folder| names(folder));
    let before = listing();
    for room in [0, 8 << 10, 64 << 10, 256 << 10, 512 << 10, 1 << 20] {
        disk.fill_but(room);
        for attempt in 0..3 {
            let error = db.flush().unwrap_err();
            assert!(is_full(&error), "{room} bytes, attempt {attempt}: {error}");
            let error = db.compact().unwrap_err();
            assert!(is_full(&error), "{room} bytes, attempt {attempt}: {error}");
            assert_eq!(listing(), before, "{room} bytes, attempt {attempt}");
        }
        check(&db, 0..800, "full");
    }
    disk.free();
    db.flush().unwrap();

    // A merge that has no room for its result.
    let before = listing();
    disk.fill_but(MEGABYTE);
    let error = db.compact().unwrap_err();
    assert!(is_full(&error), "{error}");
    assert_eq!(listing(), before);
    check(&db, 0..800, "not merged");
    disk.free();
    db.compact().unwrap();
    check(&db, 0..800, "merged");

    // An import stops, keeps what it has committed, and can be repeated.
    let source = Lumos::memory().unwrap();
    let other = source.collection("docs").unwrap();
    other.put_all((800..2_400).map(doc)).unwrap();
    let mut lines = Vec::new();
    source.export(&mut lines).unwrap();
    disk.fill_but(5 * MEGABYTE);
    let error = db.import(&mut lines.as_slice()).unwrap_err();
    assert!(is_full(&error), "{error}");
    let kept = docs.count().unwrap();
    assert!(kept == 800 || kept == 1_800, "{kept}: half a commit");
    check(&db, 0..kept, "half an import");
    disk.free();
    db.import(&mut lines.as_slice()).unwrap();
    drop((docs, db));
    let db = quiet().open(path).unwrap();
    check(&db, 0..2_400, "imported");
    assert!(db.doctor(&Checkup::new()).unwrap().is_healthy());
    println!("story: 36 flushes and compactions refused, an import of 1600 repeated");
}

/// Half of a backup: it opens as nothing, harms nobody, and is whole the next time.
fn partial_backup(disk: &Disk, path: &Path) {
    let db = quiet().open(path).unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put_all((0..100).map(doc)).unwrap();
    check_backups(disk, &docs, 100, &[0, 100 << 10, 300 << 10]);
    // Longer than what a backup writes at once.
    docs.put_all((100..2_600).map(doc)).unwrap();
    check_backups(disk, &docs, 2_600, &[MEGABYTE, 9 * MEGABYTE]);
    db.flush().unwrap();
    docs.put_all((2_600..3_000).map(doc)).unwrap();
    check_backups(disk, &docs, 3_000, &[0, 64 << 10, MEGABYTE]);
    assert!(db.doctor(&Checkup::new()).unwrap().is_healthy());
    println!("story: 8 halves of backups opened as nothing");
}

fn check_backups(disk: &Disk, docs: &Collection, count: u64, rooms: &[u64]) {
    let db = docs.database();
    for room in rooms {
        let story = format!("{room} bytes for a backup of {count}");
        let copy = disk.dir.join("copy");
        disk.fill_but(*room);
        let error = db.backup(&copy).unwrap_err();
        assert!(is_full(&error), "{story}: {error}");
        disk.free();
        let restored = Lumos::restore(&copy, disk.dir.join("restored"));
        assert!(restored.is_err(), "{story}: it was restored");
        if copy.exists() {
            let opened = Lumos::options().create(false).open(&copy);
            let opened = opened.map(|db| db.seqno());
            assert!(opened.is_err(), "{story}: opened with {opened:?}");
            std::fs::remove_dir_all(&copy).unwrap();
        }
        assert_eq!(docs.count().unwrap(), count);
        db.verify().unwrap();
    }
    let copy = disk.dir.join("copy");
    db.backup(&copy).unwrap();
    check(&quiet().open(&copy).unwrap(), 0..count, "the backup");
    std::fs::remove_dir_all(&copy).unwrap();
}

/// Commits until the disk is full, reads meanwhile, and goes on when there is room.
#[test]
fn a_full_disk_refuses_commits_and_loses_none() {
    Way::of_this_machine().live("commits", 96);
}

/// A log that may not grow past a limit on the size of files, as `ulimit -f` sets it, is as good as full.
#[test]
fn a_limit_on_the_size_of_files_refuses_commits_and_loses_none() {
    Way::Limit.live("commits", 0);
}

/// The stories that need a file system of their own; without one the first is all there is.
fn mounted(story: &str, megabytes: u64) {
    match Way::of_this_machine() {
        Way::Limit => writeln!(
            std::io::stderr().lock(),
            "disk_full: {story}: no file system could be mounted here"
        )
        .unwrap(),
        way => way.live(story, megabytes),
    }
}

/// The log asked for sixteen megabytes at once, was refused, and had eaten all that was left.
#[test]
fn the_log_uses_the_disk_to_the_end() {
    mounted("room", 16);
}

#[test]
fn a_background_that_finds_the_disk_full_tells_and_recovers() {
    mounted("background", 64);
}

#[test]
fn deleted_documents_make_room() {
    mounted("deletes", 24);
}

#[test]
fn a_process_killed_on_a_full_disk_loses_nothing() {
    mounted("killed", 64);
}

#[test]
fn upkeep_on_a_full_disk_fails_and_leaves_nothing_behind() {
    mounted("upkeep", 32);
}

/// What was written of a log opened as a database with half of the documents.
#[test]
fn half_of_a_backup_does_not_open() {
    mounted("backup", 64);
}
