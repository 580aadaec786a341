//! A long mixed life: memory, file descriptors and disk stay where they are, however long it lasts.
//! Elsewhere a database of a few collections came to hold 117,040 open files.
//!
//! Each life is that of a process of its own, so that the numbers are its own.
//! `LUMOS_SOAK_OPS=2000000 cargo test --release -p lumos-engine --test soak` looks longer;
//! `LUMOS_SOAK_ROWS` is how many rows are deleted at once.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;

use std::collections::VecDeque;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crash::model::Random;
use lumos_engine::{Batch, Doc, Durability, Lumos, Scan, SearchRequest, Store, field};
use serde_json::json;

/// Tells this program that it is the child, what it does and where.
const CHILD: &str = "LUMOS_SOAK_CHILD";
/// Enough for live documents to outweigh the half megabyte of log that an idle database may keep.
const KEYS: u64 = 8_000;
const MEGABYTE: u64 = 1 << 20;
/// What rows that are not sealed and merges may take.
const MEMORY_LIMIT: u64 = 16 * MEGABYTE;
/// What everything else may take: snapshots, searches, a follower with its own rows, the allocator.
const MEMORY_BESIDE: u64 = 48 * MEGABYTE;
/// Bytes of memory that a delete by filter may take for a key, and beside the keys.
const BYTES_A_KEY: u64 = 200;
const BESIDE_KEYS: u64 = 8 * MEGABYTE;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Anonymous memory of this process in bytes; mapped files are the page cache's.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() << 10
}

fn descriptors() -> u64 {
    std::fs::read_dir("/proc/self/fd").unwrap().count() as u64
}

/// Bytes that a directory takes on disk.
fn disk(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => disk(&entry.path()),
            Ok(data) => data.blocks() * 512,
            // Removed since it was listed.
            Err(_) => 0,
        })
        .sum()
}

/// Runs something and returns the most memory that this process had meanwhile.
fn peak<T>(run: impl FnOnce() -> T) -> (T, u64) {
    let (most, done) = (AtomicU64::new(memory()), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                most.fetch_max(memory(), Relaxed);
                thread::sleep(Duration::from_millis(1));
            }
        });
        let value = run();
        done.store(true, Relaxed);
        (value, most.load(Relaxed).max(memory()))
    })
}

/// Lets a child of this program do something, and prints what it tells.
fn live(what: &str, dir: &Path) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, format!("{what}:{}", dir.display()))
        // What is freed goes back to the system, so that it is not measured.
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_MMAP_THRESHOLD_", "65536")
        .env("MALLOC_TRIM_THRESHOLD_", "65536")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}{complained}");
    for line in said.lines() {
        if let Some((_, told)) = line.split_once("soak: ") {
            writeln!(std::io::stderr().lock(), "soak: {told}").unwrap();
        }
    }
}

/// Not a test by itself: the process that is measured.
#[test]
fn child() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (what, dir) = told.split_once(':').unwrap();
    match what {
        "life" => mixed_life(Path::new(dir)),
        "fill" => fill(Path::new(dir)),
        "delete" => delete(Path::new(dir)),
        other => panic!("nothing is called {other}"),
    }
}

fn doc(key: u64, random: &mut Random) -> Doc {
    let words = ["apple", "birch", "cedar", "dune", "ember", "frost"];
    let text: Vec<&str> = (0..12).map(|_| words[random.below(6) as usize]).collect();
    let vector: Vec<f32> = (0..24)
        .map(|_| random.below(2_000) as f32 - 999.5)
        .collect();
    Doc::new(format!("k{key:05}"))
        .text(text.join(" "))
        .vector(vector)
        .meta(json!({"key": key, "bucket": key % 200, "roll": random.below(1_000)}))
}

/// A database in use, and what is open beside it.
struct Life<'a> {
    dir: &'a Path,
    db: Option<Lumos>,
    follower: Option<Lumos>,
    snapshots: VecDeque<(lumos_engine::Snapshot, u64)>,
    random: Random,
}

impl Life<'_> {
    fn path(&self) -> std::path::PathBuf {
        self.dir.join("db")
    }

    fn db(&self) -> &Lumos {
        self.db.as_ref().unwrap()
    }

    fn open(&mut self) {
        self.snapshots.clear();
        self.follower = None;
        self.db = None;
        let options = Lumos::options()
            .durability(Durability::Buffered)
            .memory_limit(MEMORY_LIMIT as usize)
            .max_wal_bytes(2 * MEGABYTE);
        self.db = Some(options.open(self.path()).unwrap());
        let options = Lumos::options().read_only(true);
        self.follower = Some(options.open(self.path()).unwrap());
    }

    fn put(&mut self) {
        let mut batch = Batch::new();
        for _ in 0..=self.random.below(8) {
            let key = self.random.below(KEYS);
            batch.put("docs", doc(key, &mut self.random));
        }
        let key = format!("n{}", self.random.below(500));
        batch.kv_set("state", key, vec![7; 100]);
        Store::write(self.db(), batch).unwrap();
    }

    fn search(&mut self, with: u64) {
        let docs = self.db().collection("docs").unwrap();
        let vector: Vec<f32> = (0..24).map(|i| (i + with) as f32 - 11.5).collect();
        let found = match with % 4 {
            0 => docs.search(&vector).run(),
            1 => docs.search("cedar frost").run(),
            2 => docs.search(&vector).filter("bucket < 50").run(),
            _ => docs.search("dune").vector(vector).hybrid().run(),
        };
        assert!(found.unwrap().len() <= 10);
        let key = format!("k{:05}", self.random.below(KEYS));
        let stored = docs.get(&key).unwrap();
        assert!(stored.is_none_or(|doc| doc.key == key));
    }

    /// Snapshots are held for a while, and show what they showed.
    fn snapshot(&mut self) {
        if self.snapshots.len() == 4
            && let Some((snapshot, count)) = self.snapshots.pop_front()
        {
            assert_eq!(snapshot.count("docs"), count);
            let request = SearchRequest::text("ember").limit(5);
            assert!(snapshot.search("docs", &request).unwrap().len() <= 5);
        }
        let snapshot = self.db().snapshot();
        let count = snapshot.count("docs");
        self.snapshots.push_back((snapshot, count));
    }

    /// Lets go of snapshots, has all work done, and looks at what is left.
    fn rest(&mut self) -> AtRest {
        self.snapshots.clear();
        self.db().compact().unwrap();
        self.follow();
        AtRest {
            memory: memory(),
            disk: disk(&self.path()),
        }
    }

    fn follow(&mut self) {
        let follower = self.follower.as_ref().unwrap();
        assert_eq!(follower.refresh().unwrap(), self.db().seqno());
        assert_eq!(
            follower.snapshot().count("docs"),
            self.db().snapshot().count("docs")
        );
    }

    fn backup(&self) {
        let copy = self.dir.join("copy");
        self.db().backup(&copy).unwrap();
        std::fs::remove_dir_all(&copy).unwrap();
    }

    fn step(&mut self) {
        let with = self.random.next() >> 8;
        let key = format!("k{:05}", self.random.below(KEYS));
        match self.random.below(100) {
            0..55 => self.put(),
            55..65 => {
                let docs = self.db().collection("docs").unwrap();
                assert!(docs.delete(key).unwrap() <= 1);
            }
            65..67 => {
                let docs = self.db().collection("docs").unwrap();
                docs.delete(field("bucket").eq(with % 200)).unwrap();
            }
            67..72 => {
                let space = self.db().kv("state");
                space.delete(&format!("n{}", with % 500)).unwrap();
                space.scan(&Scan::all().limit(20)).unwrap();
            }
            72..95 => self.search(with),
            95..98 => self.snapshot(),
            _ => self.follow(),
        }
    }
}

/// The most of each number in one quarter of a life. How far the background was behind is in it.
#[derive(Clone, Copy, Debug, Default)]
struct Most {
    memory: u64,
    disk: u64,
    descriptors: u64,
}

/// What is taken at the end of a quarter, when nothing is left to do.
#[derive(Clone, Copy, Debug, Default)]
struct AtRest {
    memory: u64,
    disk: u64,
}

fn mixed_life(dir: &Path) {
    let mut life = Life {
        dir,
        db: None,
        follower: None,
        snapshots: VecDeque::new(),
        random: Random::new(5),
    };
    life.open();
    let baseline = memory();
    let operations = number("LUMOS_SOAK_OPS", 20_000).max(400);
    let mut quarters = [Most::default(); 4];
    let mut rests = [AtRest::default(); 4];
    for operation in 0..operations {
        life.step();
        if operation % (operations / 12) == operations / 13 {
            life.backup();
        }
        if operation % (operations / 8) == operations / 9 {
            life.open();
        }
        if operation % (operations / 200) == 0 {
            let most = &mut quarters[(operation * 4 / operations) as usize];
            let open = descriptors();
            most.descriptors = most.descriptors.max(open);
            most.memory = most.memory.max(memory());
            most.disk = most.disk.max(disk(&life.path()));
            let handles = [life.db.as_ref(), life.follower.as_ref()];
            let stats = handles.map(|db| db.unwrap().stats());
            let segments: u64 = stats
                .iter()
                .map(|stats| {
                    let sealed: usize = stats.collections.iter().map(|c| c.segments).sum();
                    (sealed + stats.pinned.segments) as u64
                })
                .sum();
            assert!(
                open <= 64 + 3 * segments,
                "{open} files, {segments} segments"
            );
        }
        if (operation + 1) % (operations / 4) == 0
            && let Some(rest) = rests.get_mut((operation * 4 / operations) as usize)
        {
            *rest = life.rest();
        }
    }
    let [_, second, _, last] = rests;
    assert!(
        last.memory <= second.memory + second.memory / 4 + 4 * MEGABYTE,
        "memory grows: {rests:?}"
    );
    assert!(
        last.disk <= second.disk + second.disk / 2 + 2 * MEGABYTE,
        "the disk fills: {rests:?}"
    );
    let most = quarters.iter().map(|most| most.memory).max().unwrap();
    let bound = MEMORY_LIMIT + MEMORY_BESIDE;
    assert!(
        most <= baseline + bound,
        "{most} bytes of memory, {baseline} before"
    );

    // What snapshots and the past took comes back by itself.
    life.snapshots.clear();
    life.follower = None;
    life.put();
    let live = fresh(&life);
    let begun = Instant::now();
    let mut took = disk(&life.path());
    while took > 2 * live {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{took} bytes on disk, {live} live: {:?}",
            life.db().stats()
        );
        thread::sleep(Duration::from_millis(50));
        took = disk(&life.path());
    }
    life.db().verify().unwrap();
    println!(
        "soak: {operations} operations, at most {} files, {} KiB of memory ({} before, {:?} at rest), {} KiB of disk, {} KiB at the end beside {} live",
        quarters.iter().map(|most| most.descriptors).max().unwrap(),
        most >> 10,
        baseline >> 10,
        rests.map(|rest| rest.memory >> 10),
        quarters.iter().map(|most| most.disk >> 10).max().unwrap(),
        took >> 10,
        live >> 10,
    );
}

/// Bytes that the same documents take in a database made anew.
fn fresh(life: &Life<'_>) -> u64 {
    let path = life.dir.join("fresh");
    let db = Lumos::options().background(false).open(&path).unwrap();
    let scan = Scan::all().limit(100_000).vectors(true);
    let docs = life.db().snapshot().scan("docs", &scan).unwrap();
    db.collection("docs").unwrap().put_all(docs).unwrap();
    for (key, value) in life.db().kv("state").scan(&Scan::all()).unwrap() {
        db.kv("state").set_bytes(&key, value).unwrap();
    }
    db.compact().unwrap();
    drop(db);
    disk(&path)
}

/// Rows to be deleted, as small as they can be.
fn fill(dir: &Path) {
    let options = Lumos::options().durability(Durability::Buffered);
    let db = options.open(dir.join("db")).unwrap();
    let docs = db.collection("docs").unwrap();
    let rows = number("LUMOS_SOAK_ROWS", 1_000_000);
    let row = |n: u64| Doc::new(format!("key-{n:08}")).field("n", n);
    docs.put_all((0..rows).map(row)).unwrap();
    docs.put(Doc::new("stays").field("n", -1)).unwrap();
    db.flush().unwrap();
}

fn delete(dir: &Path) {
    let options = Lumos::options().background(false);
    let db = options.open(dir.join("db")).unwrap();
    let docs = db.collection("docs").unwrap();
    let rows = number("LUMOS_SOAK_ROWS", 1_000_000);
    let (seqno, before) = (db.seqno(), memory());
    let (deleted, most) = peak(|| docs.delete(field("n").gte(0)).unwrap());
    assert_eq!((deleted, db.seqno()), (rows, seqno + 1));
    let grown = most.saturating_sub(before);
    assert!(
        grown <= rows * BYTES_A_KEY + BESIDE_KEYS,
        "{grown} bytes for {rows} keys"
    );
    println!(
        "soak: {rows} rows deleted by one filter in one commit, {} bytes of memory a key ({} KiB)",
        grown / rows,
        grown >> 10
    );
}

#[test]
fn a_long_mixed_life_does_not_grow() {
    let dir = tempfile::tempdir().unwrap();
    live("life", dir.path());
}

/// A million keys in one commit: what it costs is bounded by a number of bytes a key.
#[test]
fn a_delete_by_filter_of_very_many_rows_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    live("fill", dir.path());
    live("delete", dir.path());
    let db = Lumos::open(dir.path().join("db")).unwrap();
    let docs = db.collection("docs").unwrap();
    assert_eq!(docs.count().unwrap(), 1);
    assert!(docs.get("key-00000000").unwrap().is_none());
    db.compact().unwrap();
    assert_eq!(docs.scan(&Scan::all()).unwrap()[0].key, "stays");
    db.verify().unwrap();
}
