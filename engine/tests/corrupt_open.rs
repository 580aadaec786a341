//! Files are changed: bytes, integers, cuts, swaps, other files in their place; as a disk would do it, and as
//! an attacker who makes every checksum fit again. Opening and searching ends in an error or in the right
//! answers, and never in a crash, a hang, or more memory than the files are worth.
//!
//! `LUMOS_MUTANTS=1000000 LUMOS_SEEDS=0..500 cargo test -p lumos-engine --test corrupt_open` looks longer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod corrupt;
mod crash;
mod files;

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use corrupt::mutant::Mutant;
use corrupt::pristine::{self, NAMES};
use corrupt::supervise::{self, Share, Tally};
use corrupt::verdict::{self, Known, Verdict, Way};
use crash::model::Random;

/// Memory that a mutant may take beyond what the sound databases take and twice its files, in KiB: pages of
/// the allocator, and what the background of one database takes.
const SLACK: u64 = 32 << 10;

fn mutants() -> u64 {
    let text = std::env::var("LUMOS_MUTANTS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

fn seeds() -> std::ops::Range<u64> {
    let text = std::env::var("LUMOS_SEEDS").unwrap_or_default();
    let bounds = text
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    bounds.map_or(0..16, |(from, to): (u64, u64)| from..to)
}

/// A mutant of a seed, which database it is of, how it is opened, and whether its checksums fit.
fn mutant(known: &[Known], seed: u64, number: u64) -> (usize, Mutant, Way, bool) {
    let mut random = Random::new(seed << 32 | number);
    // The one with a graph takes longest.
    let of = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2][random.below(11) as usize];
    let other = (of + 1 + random.below(2) as usize) % 3;
    let mut way = match random.below(16) {
        0 => Way::Default,
        1..9 => Way::Heap,
        _ => Way::Untrusted,
    };
    let (files, other) = (&known[of].files, &known[other].files);
    let sealed = random.below(2) == 0;
    let mutant = match sealed {
        true => Mutant::sealed(files, other, &mut random),
        false => Mutant::raw(files, other, &mut random),
    };
    // The inside of a keyword index is another library's, which trusts it: that is what `untrusted` is for.
    if sealed && mutant.has_other_keywords(files) {
        way = Way::Untrusted;
    }
    (of, mutant, way, sealed)
}

/// Not a test by itself: what the processes do that open mutants.
#[test]
fn child() {
    let Some((share, folder)) = supervise::task() else {
        return;
    };
    // A thread that panics is a death too, whoever waits for it.
    std::panic::set_hook(Box::new(|panic| {
        supervise::last_words(&panic.to_string());
        std::process::abort();
    }));
    let known: Vec<Known> = NAMES
        .into_iter()
        .map(|name| Known::new(name, pristine::load(&folder, name)))
        .collect();
    for known in &known {
        for way in [Way::Default, Way::Untrusted] {
            verdict::ask_in(way, &known.files, true).unwrap();
        }
    }
    let base = supervise::peak();
    println!("ready");
    for number in share.from..share.to {
        let (of, mutant, way, sealed) = mutant(&known, share.seed, number);
        let (name, story) = (known[of].name, &mutant.story);
        let mut story = format!("{name} {way:?} {story}");
        supervise::next(&story);
        supervise::reset_peak();
        let merge = number.is_multiple_of(8);
        let verdict = match sealed {
            true => verdict::judge_sealed(&mutant, way, merge),
            false => known[of].judge_raw(&mutant, way, merge),
        };
        let peak = supervise::peak();
        let bytes: usize = mutant.files.iter().map(|file| file.1.len()).sum();
        let mut word = verdict.word();
        if let Verdict::Wrong(what) = &verdict {
            story += &format!(": {what:.2000}");
        } else if peak > base + SLACK + bytes as u64 / 512 {
            word = "memory";
        }
        supervise::report(number, word, peak, &story);
    }
}

#[test]
fn no_change_of_a_file_kills_hangs_or_lies() {
    let folder = tempfile::tempdir().unwrap();
    pristine::make(folder.path());
    let (seeds, total) = (seeds(), mutants());
    let share = total / (seeds.end - seeds.start).max(1);
    let next = AtomicU64::new(seeds.start);
    let tally = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let share = Share {
                        seed,
                        from: 0,
                        to: share,
                    };
                    let outcome = supervise::run(&share, folder.path());
                    tally.lock().unwrap().add(outcome);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let count = |word| tally.count(word);
    let all: u64 = tally.verdicts.values().sum::<u64>() + tally.deaths + tally.hangs;
    writeln!(
        std::io::stderr().lock(),
        "corrupt_open: {all} mutants: {} refused, {} answered right, {} mended, {} ended earlier, \
         {} of an attacker answered, {} wrong, {} too large, {} deaths, {} hangs, peak {} MiB",
        count("refused"),
        count("right"),
        count("mended"),
        count("prefix"),
        count("answered"),
        count("wrong"),
        count("memory"),
        tally.deaths,
        tally.hangs,
        tally.peak >> 10
    )
    .unwrap();
    assert!(tally.failures.is_empty(), "{:#?}", tally.failures);
    assert!(all >= total / 2, "only {all} mutants");
    for word in ["refused", "right", "mended", "answered"] {
        assert!(count(word) > all / 1_000, "no mutant is {word}");
    }
}
