//! Runs that are killed or cancelled: the next one goes on where they stopped.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod double;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use double::{Hashing, Killed, all, write};
use lumos_engine::{Lumos, Scan, Store};
use lumos_rag::{Phase, Rag};
use proptest::prelude::*;
use tempfile::TempDir;

fn rag(db: &Lumos, embedder: &Arc<Hashing>) -> Rag {
    Rag::new(db)
        .embedder(Arc::clone(embedder) as _)
        .open()
        .unwrap()
}

/// A process that is killed leaves the batches it has written. Whatever their number, adding again leads to
/// the same documents, and no text is embedded twice once its vector was committed.
#[test]
fn adding_goes_on_from_whichever_batch_was_the_last() {
    let expected = {
        let (db, folder) = (Lumos::memory().unwrap(), many());
        rag(&db, &Arc::new(Hashing::new("h")))
            .add(folder.path())
            .run()
            .unwrap();
        texts(&db, folder.path())
    };
    let folder = many();
    let mut stops = 0;
    for writes in 0.. {
        let (db, model) = (Lumos::memory().unwrap(), Arc::new(Hashing::new("h")));
        let killed = Arc::new(Killed::after(&db, writes));
        let first = Rag::new(Arc::clone(&killed))
            .embedder(Arc::clone(&model) as _)
            .open()
            .unwrap();
        let finished = first.add(folder.path()).run().is_ok();
        stops += usize::from(!finished);
        let committed = all(&db, "docs")
            .iter()
            .filter(|doc| !doc.vectors.is_empty())
            .count();
        model.take();
        let report = rag(&db, &model).add(folder.path()).run().unwrap();
        assert_eq!(texts(&db, folder.path()), expected, "after {writes} writes");
        assert!(
            all(&db, "docs").iter().all(|doc| !doc.vectors.is_empty()),
            "after {writes} writes"
        );
        assert_eq!(model.take(), report.embedded);
        assert_eq!(
            report.embedded,
            expected.len() - committed,
            "after {writes} writes"
        );
        assert_eq!(
            rag(&db, &model).add(folder.path()).run().unwrap().embedded,
            0
        );
        if finished {
            break;
        }
    }
    assert!(stops > 4, "only {stops} places to stop at");
}

/// Files and a corpus that take several batches.
fn many() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let filler = "Words that fill a chunk up to its limit and then some. ".repeat(9);
    for file in 0..40 {
        let text: String = (0..8)
            .map(|n| format!("# Part {n}\n\nFile {file}. {filler}\n\n"))
            .collect();
        write(&folder.path().join(format!("f{file:02}.md")), &text);
    }
    let lines: String = (0..1_200)
        .map(|n| format!("{{\"_id\": \"id{n:04}\", \"text\": \"line number {n}\"}}\n"))
        .collect();
    write(&folder.path().join("corpus.jsonl"), &lines);
    folder
}

fn texts(db: &Lumos, folder: &Path) -> Vec<(String, String)> {
    let folder = fs::canonicalize(folder).unwrap();
    let folder = folder.to_str().unwrap();
    let docs = all(db, "docs").into_iter();
    docs.map(|doc| {
        (
            doc.key.replace(folder, ""),
            doc.text_field("text").unwrap().to_string(),
        )
    })
    .collect()
}

/// A run is killed while it deletes documents of a corpus, and then the corpus is as it was before: the documents
/// are there again.
#[test]
fn a_corpus_that_is_back_after_a_killed_run_is_whole_again() {
    let (first, changed) = (CONTENTS[3], CONTENTS[4]);
    for after in [Some(""), Some(changed), None] {
        for writes in 0..5 {
            let (db, model) = (Lumos::memory().unwrap(), Arc::new(Hashing::new("h")));
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("corpus.jsonl");
            write(&file, first);
            rag(&db, &model).add(folder.path()).run().unwrap();
            let expected = all(&db, "docs");
            assert_eq!(expected.len(), 2);
            match after {
                Some(content) => write(&file, content),
                None => fs::remove_file(&file).unwrap(),
            }
            let killed = Rag::new(Arc::new(Killed::after(&db, writes)));
            let killed = killed.embedder(Arc::clone(&model) as _).open().unwrap();
            drop(killed.add(folder.path()).run());
            write(&file, first);
            rag(&db, &model).add(folder.path()).run().unwrap();
            assert_eq!(all(&db, "docs"), expected, "{after:?}, {writes} writes");
        }
    }
}

/// What happens to a folder between two runs, and where a run is killed.
#[derive(Debug, Clone)]
enum Step {
    Write { file: usize, content: usize },
    Remove { file: usize },
    Add,
    Kill { writes: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..FILES.len(), 0..CONTENTS.len())
            .prop_map(|(file, content)| Step::Write { file, content }),
        1 => (0..FILES.len()).prop_map(|file| Step::Remove { file }),
        1 => Just(Step::Add),
        2 => (0..5usize).prop_map(|writes| Step::Kill { writes }),
    ];
    proptest::collection::vec(step, 1..16)
}

const FILES: [&str; 4] = ["a.md", "deep/b.txt", "c.jsonl", "d.jsonl"];
const CONTENTS: [&str; 7] = [
    "",
    "# One\n\nSome words.\n",
    "# One\n\nSome words.\n\n# Two\n\nOther words.\n",
    "{\"_id\": \"c1\", \"text\": \"first\"}\n{\"_id\": \"c2\", \"text\": \"second\"}\n",
    "{\"_id\": \"c2\", \"text\": \"second\"}\n{\"_id\": \"c3\", \"text\": \"third\"}\n",
    "{\"_id\": \"c2\", \"text\": \"changed\"}\nnot json\n",
    "{\"event\": \"no corpus\"}\n",
];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn adding_leads_to_what_a_fresh_store_would_hold(steps in steps()) {
        let (db, model) = (Lumos::memory().unwrap(), Arc::new(Hashing::new("h")));
        let folder = tempfile::tempdir().unwrap();
        for step in steps {
            match step {
                Step::Write { file, content } => {
                    // Two corpora with one key would take it from each other.
                    let content = CONTENTS[content].replace("c2", &format!("k{file}"));
                    write(&folder.path().join(FILES[file]), &content.replace("\"c", &format!("\"{file}c")));
                }
                Step::Remove { file } => drop(fs::remove_file(folder.path().join(FILES[file]))),
                Step::Add => drop(rag(&db, &model).add(folder.path()).run().unwrap()),
                Step::Kill { writes } => {
                    let killed = Rag::new(Arc::new(Killed::after(&db, writes)));
                    let killed = killed.embedder(Arc::clone(&model) as _).open().unwrap();
                    drop(killed.add(folder.path()).run());
                }
            }
        }
        rag(&db, &model).add(folder.path()).run().unwrap();
        let fresh = Lumos::memory().unwrap();
        rag(&fresh, &model).add(folder.path()).run().unwrap();
        prop_assert_eq!(all(&db, "docs"), all(&fresh, "docs"));
        prop_assert!(Store::kv_scan(&db, "rag.pending", &Scan::all()).unwrap().is_empty());
        let records = |db| Store::kv_scan(db, "rag.files", &Scan::all()).unwrap().len();
        prop_assert_eq!(records(&db), records(&fresh));
    }
}

#[test]
fn a_run_that_is_cancelled_stops_and_the_next_one_goes_on() {
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        many(),
    );
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (set, log) = (Arc::clone(&flag), Arc::clone(&seen));
    let add = rag(&db, &model)
        .add(folder.path())
        .cancel(flag)
        .progress(move |progress| {
            log.lock().unwrap().push(progress);
            if progress.phase == Phase::Vectors && progress.done > 0 {
                set.store(true, Ordering::Relaxed);
            }
        });
    let report = add.run().unwrap();
    assert!(report.cancelled && report.embedded > 0);
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|progress| progress.done <= progress.total));
    assert_eq!(seen[0].phase, Phase::Texts);
    let without = all(&db, "docs")
        .iter()
        .filter(|doc| doc.vectors.is_empty())
        .count();
    assert!(without > 0);
    let report = rag(&db, &model).add(folder.path()).run().unwrap();
    assert!(!report.cancelled);
    assert_eq!(report.embedded, without);
}
