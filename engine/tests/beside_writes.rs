//! A search holds the rows in memory while it reads them, and never takes them twice: a write that waits in
//! between would stop both for good, and every commit after it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use lumos_engine::{Doc, Lumos};

#[test]
fn hybrid_searches_and_writes_do_not_stop_each_other() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    // More than a leg brings, so that each leg finds what the other does not.
    let doc = |n: usize| {
        let text = if n.is_multiple_of(2) {
            "named"
        } else {
            "other"
        };
        Doc::new(format!("k{n}"))
            .text(text)
            .vector([1.0, n as f32 / 100.0])
    };
    docs.put_all((0..600).map(doc)).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (ended, end) = channel();
    let writer = std::thread::spawn({
        let (docs, over) = (docs.clone(), over.clone());
        move || {
            for n in (0..600).cycle() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                docs.put(doc(n)).unwrap();
            }
        }
    });
    std::thread::spawn({
        let over = over.clone();
        move || {
            for n in 0..3_000 {
                let search = docs.search("named").vector([1.0, (n % 7) as f32]).hybrid();
                assert_eq!(search.limit(10).keys().unwrap().len(), 10);
            }
            over.store(true, Ordering::Relaxed);
            ended.send(()).unwrap();
        }
    });
    let done = end.recv_timeout(Duration::from_secs(300));
    assert!(done.is_ok(), "they wait for each other");
    writer.join().unwrap();
}
