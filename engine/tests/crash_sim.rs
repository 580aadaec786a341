//! Power loss at every I/O operation: whatever the disk kept of what was not synced, the database opens
//! and holds a prefix of the commits with every acknowledged one, the same in every leg.
//!
//! `LUMOS_IMAGES=200000 LUMOS_SEEDS=0..100 cargo test -p lumos-engine --test crash_sim` looks longer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crash::model::{Model, Random};
use crash::script::{DIR, Run, open};
use lumos_engine::Durability;

fn images() -> u64 {
    std::env::var("LUMOS_IMAGES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_000)
}

fn seeds() -> std::ops::Range<u64> {
    let text = std::env::var("LUMOS_SEEDS").unwrap_or_default();
    let bounds = text
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    bounds.map_or(0..16, |(from, to): (u64, u64)| from..to)
}

/// Disks as power losses could have left them, every operation a point to crash at: nothing acknowledged is
/// lost, nothing is half there, every one opens.
#[test]
fn power_loss_keeps_every_acknowledged_commit() {
    let seeds = seeds();
    let share = images() / (seeds.end - seeds.start).max(1);
    let (next, operations) = (AtomicU64::new(seeds.start), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<BTreeMap<usize, u64>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut at_commit = BTreeMap::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            return at_commit;
                        }
                        let done = crash_everywhere(seed, share, &mut at_commit);
                        operations.fetch_add(done, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        // A failed check has said where; its panic is passed on.
        joined
            .map(|outcome| outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let checked: u64 = outcomes.iter().flat_map(BTreeMap::values).sum();
    let states = outcomes.iter().flat_map(BTreeMap::keys).max();
    assert!(checked >= images() / 2, "only {checked} images");
    assert!(
        states > Some(&20),
        "the crashes hit too few states: {states:?}"
    );
    writeln!(
        std::io::stderr().lock(),
        "crash_sim: {checked} images of {} lives, crashed at each of {} operations",
        seeds.end - seeds.start,
        operations.into_inner()
    )
    .unwrap();
}

/// Counts by commit what disks hold after crashes at every operation of one life; returns how many
/// operations it has.
fn crash_everywhere(seed: u64, share: u64, at_commit: &mut BTreeMap<usize, u64>) -> u64 {
    let run = Run::new(seed, Durability::Sync, 60);
    let operations = run.vfs.operations();
    for (done, image) in (0..share).zip(0..) {
        let crash = done % (operations + 1);
        let disk = run.vfs.crash_image(crash, image);
        let story = format!("seed {seed} crash {crash} image {image}");
        let commit = run.check(&disk, crash, &story);
        *at_commit.entry(commit).or_default() += 1;
    }
    operations
}

/// A power loss during recovery, and again after more commits, loses nothing either.
#[test]
fn power_loss_after_a_recovery_keeps_both_lives() {
    let mut random = Random::new(7);
    let lives = (images() / 250).max(40);
    let mut checked = 0;
    for seed in 0..lives {
        let first = Run::new(seed, Durability::Sync, 12);
        let crash = random.below(first.vfs.operations() + 1);
        let disk = first.vfs.crash_image(crash, random.below(8));
        let commit = first.check(&disk.clone(), crash, &format!("seed {seed}"));
        // The second life starts from what the first left and is cut too, recovery included.
        let second = Run::resume(seed + 1_000, disk, first.models[commit].clone(), 12);
        for image in 0..12 {
            let crash = random.below(second.vfs.operations() + 1);
            let disk = second.vfs.crash_image(crash, image);
            second.check(
                &disk,
                crash,
                &format!("second life of seed {seed}, crash {crash}, image {image}"),
            );
            checked += 1;
        }
    }
    writeln!(
        std::io::stderr().lock(),
        "crash_sim: {checked} images of second lives after {lives} crashes"
    )
    .unwrap();
}

/// Buffered commits may be lost to a power loss, but only from the end, and a killed process loses none.
#[test]
fn buffered_commits_survive_a_killed_process_and_stay_a_prefix() {
    for seed in 0..6 {
        let run = Run::new(seed, Durability::Buffered, 40);
        for crash in (0..=run.vfs.operations()).step_by(3) {
            let story = format!("buffered seed {seed} crash {crash}");
            run.check_prefix(&run.vfs.crash_image(crash, crash), &story);
            let killed = run.vfs.process_crash(crash);
            run.check(&killed, crash, &format!("killed: {story}"));
        }
    }
}

/// A disk that lies about syncs is caught by these checks: they can fail.
#[test]
fn a_forgotten_sync_is_noticed() {
    let run = Run::lying(3, 30);
    let mut lost = 0;
    for crash in 0..=run.vfs.operations() {
        for image in 0..8 {
            let disk = run.vfs.crash_image(crash, image);
            let db = open(Arc::new(disk), Durability::Sync, 1);
            let kept = db.ok().and_then(|db| run.commit_of(&Model::read(&db)));
            lost += u64::from(kept.is_none_or(|kept| kept < run.acknowledged(crash)));
        }
    }
    assert!(
        lost > 0,
        "no image lost a commit although {DIR} was never synced"
    );
}
