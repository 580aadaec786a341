//! A real process commits and is killed with SIGKILL at random moments. What it was told is committed is
//! there when the next one opens the directory: both collections and the key of every transaction, found in
//! every way.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use lumos_engine::{Doc, Durability, Lumos, Scan, Store};
use serde_json::json;

/// Tells this program that it is the one to be killed.
const CHILD: &str = "LUMOS_KILL_CHILD";
/// Kills in one directory.
const LIVES: usize = 40;

fn kills() -> usize {
    let text = std::env::var("LUMOS_KILLS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(200)
}

fn doc(n: u64) -> Doc {
    let vector = [(n % 17) as f32 + 1.0, (n % 5) as f32, 1.0];
    Doc::new(format!("k{:03}", n % 150))
        .text(format!("number{n} of many"))
        .vector(vector)
        .meta(json!({"n": n}))
}

/// Transaction `n`: a document in each of two collections, one deleted in the first, and the number.
fn commit(db: &Lumos, n: u64) {
    let committed = db.write(|tx| {
        tx.put("left", doc(n))?;
        tx.put("right", doc(n))?;
        tx.delete("left", &format!("k{:03}", (n + 75) % 150))?;
        tx.kv("state").set("last", n)
    });
    committed.unwrap();
}

/// Not a test by itself: what the process does that is killed.
#[test]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let (mode, dir) = dir.split_once(':').unwrap();
    let durability = match mode {
        "sync" => Durability::Sync,
        _ => Durability::Buffered,
    };
    let options = Lumos::options()
        .durability(durability)
        .max_wal_bytes(64 << 10);
    let db = options.open(dir).unwrap();
    let first = db.kv("state").get::<u64>("last").unwrap().unwrap_or(0) + 1;
    let mut out = std::io::stdout().lock();
    writeln!(out, "open").unwrap();
    for n in first.. {
        commit(&db, n);
        writeln!(out, "acknowledged {n}").unwrap();
        out.flush().unwrap();
        match n % 90 {
            30 => db.flush().unwrap(),
            60 => db.compact().unwrap(),
            _ => {}
        }
    }
}

/// Lets a process live for a while; returns the last commit it was told of.
fn live(dir: &Path, mode: &str, pause: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, format!("{mode}:{}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Opening is a moment to be killed at too, now and then.
    if pause > Duration::from_millis(3) {
        while lines.next().unwrap().unwrap() != "open" {}
    }
    thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut last = None;
    for line in lines.map_while(Result::ok) {
        // The last line may be cut.
        let number = line.strip_prefix("acknowledged ");
        last = number.and_then(|number| number.parse().ok()).or(last);
    }
    last
}

/// The documents of both collections after transaction `last`, by key.
fn model(last: u64, deletes: bool) -> Vec<(String, u64)> {
    let mut docs = std::collections::BTreeMap::new();
    for n in last.saturating_sub(400).max(1)..=last {
        docs.insert(n % 150, n);
        if deletes {
            docs.remove(&((n + 75) % 150));
        }
    }
    let docs = docs.into_iter();
    docs.map(|(key, n)| (format!("k{key:03}"), n)).collect()
}

/// Opens the directory and compares everything with what transaction `last` left; returns that.
fn check(dir: &Path, acknowledged: u64, story: &str) -> u64 {
    let db = Lumos::options().background(false).open(dir);
    let db = db.unwrap_or_else(|error| panic!("{story}: does not open: {error}"));
    let last = db.kv("state").get::<u64>("last").unwrap().unwrap_or(0);
    assert!(
        last >= acknowledged,
        "{story}: has {last}, {acknowledged} was acknowledged"
    );
    for (collection, deletes) in [("left", true), ("right", false)] {
        let expected = model(last, deletes);
        let docs = db.scan(collection, &Scan::all()).unwrap();
        let found: Vec<(String, u64)> = docs
            .into_iter()
            .map(|doc| (doc.key, doc.meta["n"].as_u64().unwrap()))
            .collect();
        assert_eq!(found, expected, "{story}: {collection} after {last}");
        if expected.is_empty() {
            continue;
        }
        let docs = db.existing_collection(collection).unwrap();
        let all = docs.search("many").limit(1_000).run().unwrap();
        assert_eq!(all.len(), expected.len(), "{story}: by keyword");
        let near = docs.search([1.0, 2.0, 3.0].as_slice()).exact();
        let near = near.limit(1_000).run().unwrap();
        assert_eq!(near.len(), expected.len(), "{story}: by vector");
        let newest = docs.search(format!("number{last}")).run().unwrap();
        assert_eq!(newest[0].doc.meta["n"], last, "{story}");
        let older = docs.count_matching(format!("n < {last}").as_str()).unwrap();
        assert_eq!(older, expected.len() as u64 - 1, "{story}: by filter");
    }
    db.verify().unwrap();
    last
}

#[test]
fn a_killed_process_loses_no_acknowledged_commit() {
    let mut commits = 0;
    let mut state = 0x5eed_u64;
    for kill in 0..kills() {
        if kill % LIVES == 0 {
            commits += lives(&mut state, kill, LIVES.min(kills() - kill));
        }
    }
    writeln!(
        std::io::stderr().lock(),
        "kill9: {} kills, {commits} commits, none lost",
        kills()
    )
    .unwrap();
    assert!(commits > kills() as u64, "the processes hardly lived");
}

/// Kills in a directory of its own.
fn lives(state: &mut u64, first: usize, count: usize) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let mut last = 0;
    for kill in first..first + count {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let pause = Duration::from_micros((*state >> 33) % 40_000);
        // A killed process leaves its buffered commits to the system, which writes them.
        let mode = if kill % 2 == 0 { "sync" } else { "buffered" };
        let acknowledged = live(&path, mode, pause).unwrap_or(last);
        last = check(
            &path,
            acknowledged.max(last),
            &format!("kill {kill}, {mode}"),
        );
    }
    last
}
