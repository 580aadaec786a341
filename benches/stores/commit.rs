//! Durable commits a second: Lumos, a bare `write + fdatasync` loop, SQLite, redb and fjall, writing the same
//! records on the same disk in the same run, in turns.
//!
//! cargo bench --locked --bench commit
//!
//! `LUMOS_BENCH_ONLY` names one of them, or a part of its name.
//!
//! Every commit is one record of 1 KiB and is on disk before the next one of its thread begins.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use lumos_engine::{Doc, Lumos};

const VALUE: usize = 1_024;
const THREADS: [usize; 3] = [1, 8, 100];

/// What one thread commits through: a key and a value, durable on return.
type Commit<'a> = Box<dyn FnMut(&str, &[u8]) + Send + 'a>;

trait Store: Sync {
    fn name(&self) -> &'static str;
    fn committer(&self) -> Commit<'_>;
}

/// A file that grows with every write, as a simple log does.
struct Append(Mutex<File>);

impl Store for Append {
    fn name(&self) -> &'static str {
        "bare loop, file grows"
    }

    fn committer(&self) -> Commit<'_> {
        Box::new(|key, value| {
            let mut file = self.0.lock().unwrap();
            file.write_all(&[key.as_bytes(), value].concat()).unwrap();
            file.sync_data().unwrap();
        })
    }
}

/// A file of zeros that is written over: the fastest that the disk can do with one sync a record.
struct Overwrite {
    file: File,
    next: Mutex<u64>,
}

const ROOM: u64 = 64 << 20;

/// A file of zeros, on disk.
fn zeros(path: &Path) -> File {
    let mut file = File::create_new(path).unwrap();
    for _ in 0..ROOM >> 20 {
        file.write_all(&vec![0; 1 << 20]).unwrap();
    }
    file.sync_all().unwrap();
    OpenOptions::new().write(true).open(path).unwrap()
}

impl Store for Overwrite {
    fn name(&self) -> &'static str {
        "bare loop, room made before"
    }

    fn committer(&self) -> Commit<'_> {
        Box::new(|key, value| {
            let mut next = self.next.lock().unwrap();
            let record = [key.as_bytes(), value].concat();
            self.file.write_all_at(&record, *next).unwrap();
            self.file.sync_data().unwrap();
            *next = (*next + record.len() as u64) % (ROOM - 4_096);
        })
    }
}

/// The least that group commit can be: records that come while others are synced are written and synced
/// together next, and all who wait for them are woken by one call. What it reaches with many threads is
/// what this machine has for syncs and for waking threads.
struct Grouped {
    file: File,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    records: Vec<u8>,
    next: u64,
    synced: Arc<OnceLock<()>>,
    before: Arc<OnceLock<()>>,
}

impl Store for Grouped {
    fn name(&self) -> &'static str {
        "bare group commit, room made before"
    }

    fn committer(&self) -> Commit<'_> {
        Box::new(|key, value| {
            let mut queue = self.queue.lock().unwrap();
            let leads = queue.records.is_empty();
            queue.records.extend_from_slice(key.as_bytes());
            queue.records.extend_from_slice(value);
            let (synced, before) = (queue.synced.clone(), queue.before.clone());
            drop(queue);
            if !leads {
                return *synced.wait();
            }
            before.wait();
            let mut queue = self.queue.lock().unwrap();
            let records = std::mem::take(&mut queue.records);
            queue.before = std::mem::take(&mut queue.synced);
            let at = queue.next;
            queue.next = (at + records.len() as u64) % (ROOM - (1 << 20));
            drop(queue);
            self.file.write_all_at(&records, at).unwrap();
            self.file.sync_data().unwrap();
            synced.set(()).unwrap();
        })
    }
}

struct LumosValues(Lumos);

impl Store for LumosValues {
    fn name(&self) -> &'static str {
        "Lumos, value"
    }

    fn committer(&self) -> Commit<'_> {
        let values = self.0.kv("records");
        Box::new(move |key, value| {
            values.set_bytes(key, value.to_vec()).unwrap();
        })
    }
}

/// The value is a vector of 256 numbers, found by search when the commit returns.
struct LumosVectors(Lumos);

impl Store for LumosVectors {
    fn name(&self) -> &'static str {
        "Lumos, document with vector"
    }

    fn committer(&self) -> Commit<'_> {
        let docs = self.0.collection("docs").unwrap();
        Box::new(move |key, value| {
            let numbers = value.chunks_exact(4).map(|bytes| f32::from(bytes[0]) + 1.0);
            docs.put(Doc::new(key).vector(numbers.collect::<Vec<f32>>()))
                .unwrap();
        })
    }
}

/// A connection a thread, as SQLite is used from threads.
struct Sqlite(std::path::PathBuf);

impl Sqlite {
    fn connect(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(&self.0).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            .unwrap();
        connection
    }
}

impl Store for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite, WAL, synchronous = FULL"
    }

    fn committer(&self) -> Commit<'_> {
        let connection = self.connect();
        Box::new(move |key, value| {
            let mut insert = connection
                .prepare_cached("INSERT OR REPLACE INTO records VALUES (?1, ?2)")
                .unwrap();
            insert.execute(rusqlite::params![key, value]).unwrap();
        })
    }
}

struct Redb(redb::Database);

const RECORDS: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("records");

impl Store for Redb {
    fn name(&self) -> &'static str {
        "redb, Durability::Immediate"
    }

    fn committer(&self) -> Commit<'_> {
        Box::new(|key, value| {
            let transaction = self.0.begin_write().unwrap();
            let mut table = transaction.open_table(RECORDS).unwrap();
            table.insert(key, value).unwrap();
            drop(table);
            transaction.commit().unwrap();
        })
    }
}

struct Fjall(fjall::Database, fjall::Keyspace);

impl Store for Fjall {
    fn name(&self) -> &'static str {
        "fjall, PersistMode::SyncAll"
    }

    fn committer(&self) -> Commit<'_> {
        Box::new(|key, value| {
            self.1.insert(key, value).unwrap();
            self.0.persist(fjall::PersistMode::SyncAll).unwrap();
        })
    }
}

/// Commits a second from this many threads.
fn rate(store: &dyn Store, threads: usize, time: Duration, round: usize) -> f64 {
    let count = AtomicU64::new(0);
    let start = std::sync::Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (count, start) = (&count, &start);
            scope.spawn(move || {
                let mut commit = store.committer();
                let value: Vec<u8> = (0..VALUE).map(|at| (at * 31 + thread) as u8).collect();
                start.wait();
                let begun = Instant::now();
                for n in 0.. {
                    if begun.elapsed() >= time {
                        break;
                    }
                    commit(
                        &format!("{threads:03}-{round:02}-{thread:03}-{n:08}"),
                        &value,
                    );
                    count.fetch_add(1, Relaxed);
                }
            });
        }
        start.wait();
    });
    count.into_inner() as f64 / time.as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

fn number(name: &str, default: usize) -> usize {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let time = Duration::from_millis(number("LUMOS_BENCH_MS", 1_000) as u64);
    let rounds = number("LUMOS_BENCH_ROUNDS", 5);
    // Not in memory: where this is built there is a disk.
    let dir = match std::env::var("LUMOS_BENCH_DIR") {
        Ok(dir) => tempfile::tempdir_in(dir),
        Err(_) => tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")),
    };
    let dir = dir.unwrap();
    let at = |name: &str| dir.path().join(name);
    let sqlite = Sqlite(at("sqlite"));
    let table = "CREATE TABLE records (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID";
    sqlite.connect().execute_batch(table).unwrap();
    let fjall = fjall::Database::builder(at("fjall")).open().unwrap();
    let records = fjall.keyspace("records", fjall::KeyspaceCreateOptions::default);
    let stores: Vec<Box<dyn Store>> = vec![
        Box::new(Overwrite {
            file: zeros(&at("overwrite")),
            next: Mutex::default(),
        }),
        Box::new(Grouped {
            file: zeros(&at("grouped")),
            queue: Mutex::new(Queue {
                before: Arc::new(OnceLock::from(())),
                ..Queue::default()
            }),
        }),
        Box::new(Append(Mutex::new(File::create_new(at("append")).unwrap()))),
        Box::new(LumosValues(Lumos::open(at("values")).unwrap())),
        Box::new(LumosVectors(Lumos::open(at("vectors")).unwrap())),
        Box::new(sqlite),
        Box::new(Redb(redb::Database::create(at("redb")).unwrap())),
        Box::new(Fjall(fjall, records.unwrap())),
    ];
    let only = std::env::var("LUMOS_BENCH_ONLY").unwrap_or_default();
    let stores: Vec<_> = stores
        .into_iter()
        .filter(|store| store.name().contains(&only))
        .collect();
    let mut rates = vec![[(); THREADS.len()].map(|()| Vec::new()); stores.len()];
    for round in 0..rounds {
        for (column, threads) in THREADS.into_iter().enumerate() {
            for (store, rates) in stores.iter().zip(&mut rates) {
                rates[column].push(rate(&**store, threads, time, round));
            }
        }
    }
    println!("Durable commits a second, 1 KiB each, median of {rounds} rounds:\n");
    println!("| store | 1 thread | 8 threads | 100 threads | 100 threads / 1 |");
    println!("|---|--:|--:|--:|--:|");
    for (store, rates) in stores.iter().zip(rates) {
        let [one, eight, hundred] = rates.map(median);
        let name = store.name();
        println!(
            "| {name} | {one:.0} | {eight:.0} | {hundred:.0} | {:.1} |",
            hundred / one
        );
    }
}
