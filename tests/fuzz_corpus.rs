//! Whatever a fuzzer has found stays found: every input of every corpus is run again, and some changes of
//! it, on any toolchain. `LUMOS_FUZZ_SEEDS=1` writes the first inputs of each corpus anew.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../fuzz/src/targets/mod.rs"]
#[allow(unreachable_pub)]
mod targets;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Changed inputs for each target.
fn changes() -> u64 {
    let text = std::env::var("LUMOS_FUZZ_CHANGES").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// A repeatable source of choices (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % bound.max(1)
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(corpus().join(target)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        inputs.push((name, std::fs::read(&path).unwrap()));
    }
    inputs.sort();
    inputs
}

/// An input with a few bytes changed, as a fuzzer begins.
fn change(inputs: &[(String, Vec<u8>)], random: &mut Random) -> Vec<u8> {
    let mut bytes = inputs[random.below(inputs.len())].1.clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let run = random.below(9);
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes
                .splice(at..at, (0..run).map(|_| random.below(256) as u8))
                .for_each(drop),
            2 => bytes.drain(at..(at + run).min(bytes.len())).for_each(drop),
            3 => {
                let value = [0, 1, 0x7f, 0x80, 0xff][random.below(5)];
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(run)
                    .for_each(|byte| *byte = value);
            }
            4 => {
                let other = &inputs[random.below(inputs.len())].1;
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    bytes
}

#[test]
fn every_corpus_and_some_changes_of_it_pass() {
    if std::env::var_os("LUMOS_FUZZ_SEEDS").is_some() {
        targets::seeds::write(&corpus());
    }
    let (next, lines) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((name, run)) = targets::ALL.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let inputs = inputs(name);
                    assert!(!inputs.is_empty(), "{name} has no corpus");
                    for (file, bytes) in &inputs {
                        attempt(name, file, *run, bytes);
                    }
                    let mut random = Random(name.len() as u64);
                    for n in 0..changes() {
                        let bytes = change(&inputs, &mut random);
                        attempt(name, &format!("change {n}"), *run, &bytes);
                    }
                    lines
                        .lock()
                        .unwrap()
                        .push(format!("{name} {}", inputs.len()));
                }
            });
        }
    });
    let mut lines = lines.into_inner().unwrap();
    lines.sort();
    assert!(lines.len() >= 14, "{lines:?}");
    writeln!(
        std::io::stderr().lock(),
        "fuzz_corpus: {} changes of each of {}",
        changes(),
        lines.join(", ")
    )
    .unwrap();
}

/// Runs a target; an input that fails is kept where it can be given to the fuzzer.
fn attempt(name: &str, story: &str, run: fn(&[u8]), bytes: &[u8]) {
    if let Err(panic) = std::panic::catch_unwind(|| run(bytes)) {
        let path = std::env::temp_dir().join(format!("lumos-fuzz-{name}"));
        std::fs::write(&path, bytes).unwrap();
        eprintln!("{name} fails on {story}, kept as {}", path.display());
        std::panic::resume_unwind(panic);
    }
}
