//! What is written to a disk until it is full, and what every leg must find of it.

use std::io::ErrorKind;

use lumos_engine::{Doc, Error, Lumos, Scan, Store};
use serde_json::json;

pub(crate) const MEGABYTE: u64 = 1 << 20;

/// Document `n`, of some four kilobytes that hardly compress.
pub(crate) fn doc(n: u64) -> Doc {
    let mut state = n + 1;
    let mut text = format!("number{n} of many");
    while text.len() < 3_800 {
        state = state.wrapping_mul(6_364_136_223_846_793_005) | 1;
        text.push_str(&format!(" w{:x}", state >> 40));
    }
    let vector = [(n % 17) as f32 + 1.0, (n % 5) as f32, 1.0];
    Doc::new(format!("k{n:06}"))
        .text(text)
        .vector(vector)
        .meta(json!({"n": n, "third": n % 3}))
}

/// Whether a commit was refused for want of room, with nothing written.
pub(crate) fn is_full(error: &Error) -> bool {
    let Error::Storage(lumos_wal::Error::Io { source, .. }) = error else {
        return false;
    };
    let kinds = [ErrorKind::StorageFull, ErrorKind::FileTooLarge];
    assert_eq!(error.code(), "E1001");
    kinds.contains(&source.kind())
}

/// Document `n` and its number in the key-value state, in one commit.
pub(crate) fn commit(db: &Lumos, n: u64) -> Result<(), Error> {
    db.write(|tx| {
        tx.put("docs", doc(n))?;
        tx.kv("state").set(&format!("k{n:06}"), n)
    })
}

/// Commits from `from` on until one is refused; returns its number.
pub(crate) fn commit_until_full(db: &Lumos, from: u64) -> u64 {
    for n in from.. {
        match commit(db, n) {
            Ok(()) => {}
            Err(error) => {
                assert!(is_full(&error), "{error}");
                return n;
            }
        }
    }
    unreachable!()
}

/// Every leg finds exactly the documents of these numbers.
pub(crate) fn check(db: &Lumos, numbers: impl Iterator<Item = u64> + Clone, story: &str) {
    let expected: Vec<u64> = numbers.collect();
    let docs = db.existing_collection("docs").unwrap();
    let stored = docs.scan(&Scan::all().limit(100_000)).unwrap();
    let found: Vec<u64> = stored
        .iter()
        .map(|doc| doc.meta["n"].as_u64().unwrap())
        .collect();
    assert_eq!(found, expected, "{story}");
    for (stored, n) in stored.iter().zip(&expected).step_by(16) {
        assert_eq!(stored.texts, doc(*n).texts, "{story}: {n}");
    }
    let many = docs.search("many").limit(16_000).run().unwrap();
    assert_eq!(many.len(), expected.len(), "{story}: by keyword");
    let near = docs.search([1.0, 2.0, 3.0]).limit(16_000).run().unwrap();
    assert_eq!(near.len(), expected.len(), "{story}: by vector");
    let third = expected.iter().filter(|n| **n % 3 == 1).count() as u64;
    let matching = docs.count_matching("third = 1").unwrap();
    assert_eq!(matching, third, "{story}: by filter");
    if let Some(last) = expected.last() {
        let hits = docs.search(format!("number{last}")).run().unwrap();
        assert_eq!(hits[0].doc.meta["n"], *last, "{story}");
    }
    db.verify().unwrap();
}

/// The same for the numbers in the key-value state.
pub(crate) fn check_state(db: &Lumos, count: u64, story: &str) {
    let values = db.kv_scan("state", &Scan::all().limit(100_000)).unwrap();
    assert_eq!(values.len() as u64, count, "{story}: key-value state");
}
