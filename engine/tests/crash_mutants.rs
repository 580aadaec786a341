//! The tests of crashes are tested: with a planted bug of a kind that storage engines have had, they must
//! find a lost commit, half a transaction or a database that does not open.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crash::model::Model;
use crash::mutant::{Bug, Kind, MutantVfs};
use crash::script::{Run, open};
use lumos_engine::Durability;
use lumos_wal::SimVfs;

const BUGS: [Bug; 21] = [
    Bug::NoSync(Kind::Log),
    Bug::NoSync(Kind::Segment),
    Bug::NoSync(Kind::Deletes),
    Bug::NoSync(Kind::Manifest),
    Bug::LateSync(Kind::Log),
    Bug::HalfSync(Kind::Log),
    Bug::NoFirstSync(Kind::Log),
    Bug::NoCommitSync,
    Bug::RenameFirst(Kind::Log),
    Bug::RenameFirst(Kind::Manifest),
    Bug::NoDirSync("db"),
    Bug::NoDirSync("wal"),
    Bug::NoDirSync("segments"),
    Bug::InPlace,
    Bug::EarlyUnlink(Kind::Log),
    Bug::EarlyUnlink(Kind::Segment),
    Bug::EarlyUnlink(Kind::Deletes),
    Bug::LateWrite,
    Bug::ShortWrite(Kind::Log),
    Bug::ShortWrite(Kind::Segment),
    Bug::OldHeader,
];

// Left out because nothing can come of them: a segment or its deletes that are synced after they got
// their name, but before the directory is (no manifest names them yet); a torn tail that is not cut off
// (its frames have the salt of a file that is not written again).

/// Images that a bug may survive.
const LIMIT: u64 = 50_000;

/// The number of images after which a bug shows, and how.
fn caught(bug: Bug) -> Option<(u64, String)> {
    let mut images = 0;
    for seed in 0.. {
        let disk = SimVfs::new(seed);
        let mutant = Arc::new(MutantVfs::new(disk.clone(), bug));
        // Some bugs show without a crash, when the database is opened again.
        let life = AssertUnwindSafe(|| {
            Run::through(
                seed,
                disk.clone(),
                mutant,
                Model::default(),
                Durability::Sync,
                40,
            )
        });
        let Ok(run) = catch_unwind(life) else {
            return Some((images, "without a crash".to_string()));
        };
        for image in 0..8 {
            for crash in 0..=disk.operations() {
                images += 1;
                let kept = open(
                    Arc::new(disk.crash_image(crash, image)),
                    Durability::Sync,
                    1,
                );
                let verdict = match kept {
                    Err(error) => Some(format!("does not open: {error}")),
                    Ok(db) => match run.commit_of(&Model::read(&db)) {
                        None => Some("a state that never was".to_string()),
                        Some(kept) if kept < run.acknowledged(crash) => {
                            Some("a lost commit".to_string())
                        }
                        Some(_) => None,
                    },
                };
                if verdict.is_some() || images >= LIMIT {
                    return Some(images).zip(verdict);
                }
            }
        }
    }
    None
}

#[test]
fn every_planted_bug_is_caught() {
    let hook = std::panic::take_hook();
    // What shows without a crash shows as a panic of the script.
    std::panic::set_hook(Box::new(|_| {}));
    let outcomes: Vec<_> = BUGS.iter().map(|bug| (bug, caught(*bug))).collect();
    std::panic::set_hook(hook);
    for (bug, outcome) in &outcomes {
        match outcome {
            Some((images, how)) => println!("{bug:?}: after {images} images, {how}"),
            None => println!("{bug:?}: not caught in {LIMIT} images"),
        }
    }
    let missed: Vec<_> = outcomes.iter().filter(|(_, o)| o.is_none()).collect();
    assert!(missed.is_empty(), "{missed:?}");
    writeln!(
        std::io::stderr().lock(),
        "crash_mutants: {} planted bugs, all caught",
        BUGS.len()
    )
    .unwrap();
}
