//! Processes that open mutants, watched by another one: when one dies or hangs, the mutant is known.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use std::collections::BTreeMap;

/// Tells this program that it is the one that opens mutants.
pub(crate) const CHILD: &str = "LUMOS_CORRUPT_CHILD";
/// What a line begins with that tells why a process dies.
const PANIC: &str = "panic: ";
/// What a line begins with that says what comes next.
const NEXT: &str = "next: ";
/// What a mutant may take.
const HANG: Duration = Duration::from_secs(10);
/// What it may take until the first mutant: asking the sound databases.
const START: Duration = Duration::from_secs(120);
/// Address space of a process, in KiB: an absurd reservation is a death, not a swapping machine.
const SPACE: u64 = 6 << 20;

/// Part of the mutants of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) seed: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Share {
    fn to_text(&self) -> String {
        format!("{} {} {}", self.seed, self.from, self.to)
    }

    fn parse(text: &str) -> Option<Share> {
        let mut numbers = text.split(' ').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Share {
            seed: next()?,
            from: next()?,
            to: next()?,
        })
    }
}

/// What became of many mutants.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) verdicts: BTreeMap<String, u64>,
    /// Mutants that must not be: what they did, and what they are.
    pub(crate) failures: Vec<String>,
    pub(crate) deaths: u64,
    pub(crate) hangs: u64,
    /// The most memory that a process took, in KiB.
    pub(crate) peak: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        for (word, count) in other.verdicts {
            *self.verdicts.entry(word).or_default() += count;
        }
        self.failures.extend(other.failures);
        self.deaths += other.deaths;
        self.hangs += other.hangs;
        self.peak = self.peak.max(other.peak);
    }

    pub(crate) fn count(&self, word: &str) -> u64 {
        self.verdicts.get(word).copied().unwrap_or_default()
    }

    fn line(&mut self, line: &str) -> Option<u64> {
        let mut parts = line.splitn(4, ' ');
        let number = parts.next()?.parse().ok()?;
        let (word, peak) = (parts.next()?, parts.next()?.parse().ok()?);
        *self.verdicts.entry(word.to_string()).or_default() += 1;
        self.peak = self.peak.max(peak);
        if word == "wrong" || word == "memory" {
            let story = parts.next().unwrap_or_default();
            self.failures
                .push(format!("mutant {number} {word}: {story}"));
        }
        Some(number)
    }
}

/// The share of the mutants that this process is to open, and where the sound databases are.
pub(crate) fn task() -> Option<(Share, std::path::PathBuf)> {
    let text = std::env::var(CHILD).ok()?;
    let (share, folder) = text.split_once(':')?;
    Some((Share::parse(share)?, folder.into()))
}

/// Says what became of a mutant; `peak` is in KiB.
pub(crate) fn report(number: u64, word: &str, peak: u64, story: &str) {
    let story = story.replace('\n', " ");
    let mut out = std::io::stdout().lock();
    writeln!(out, "{number} {word} {peak} {story}").unwrap();
    out.flush().unwrap();
}

/// Says what is opened next.
pub(crate) fn next(story: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{NEXT}{}", story.replace('\n', " ")).unwrap();
    out.flush().unwrap();
}

/// Says why this process is about to die.
pub(crate) fn last_words(words: &str) {
    println!("{PANIC}{}", words.replace('\n', " "));
}

fn spawn(share: &Share, folder: &Path) -> Child {
    // A shell sets the limit: the standard library cannot.
    Command::new("sh")
        .args(["-c", &format!("ulimit -v {SPACE}; exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, format!("{}:{}", share.to_text(), folder.display()))
        // Memory that is given back is asked for again by the next mutant: half of the time goes there.
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_TRIM_THRESHOLD_", "67108864")
        .env("MALLOC_MMAP_THRESHOLD_", "33554432")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Opens all mutants of a share, in as many processes as it takes.
pub(crate) fn run(share: &Share, folder: &Path) -> Tally {
    let mut tally = Tally::default();
    let mut left = share.clone();
    while left.from < left.to {
        let mut child = spawn(&left, folder);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let (mut patience, mut last_words, mut story) = (START, String::new(), String::new());
        let hung = loop {
            match receive.recv_timeout(patience) {
                Ok(line) => {
                    if let Some(number) = tally.line(&line) {
                        left.from = number + 1;
                    }
                    if line == "ready" {
                        patience = HANG;
                    }
                    if let Some(words) = line.strip_prefix(PANIC) {
                        last_words = words.to_string();
                    }
                    if let Some(next) = line.strip_prefix(NEXT) {
                        story = next.to_string();
                    }
                }
                Err(RecvTimeoutError::Timeout) => break true,
                Err(RecvTimeoutError::Disconnected) => break false,
            }
        };
        if hung {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        if left.from >= left.to {
            break;
        }
        let what = match hung {
            true => "hangs".to_string(),
            false => format!("dies, {status}: {last_words}"),
        };
        assert!(patience == HANG, "a sound database {what}");
        tally.hangs += u64::from(hung);
        tally.deaths += u64::from(!hung);
        tally.failures.push(format!(
            "mutant {} of seed {} {what}: {story}",
            left.from, share.seed
        ));
        assert!(tally.failures.len() < 50, "too many: {:#?}", tally.failures);
        left.from += 1;
    }
    tally
}

/// The most memory that this process has taken since it was [reset](reset_peak), in KiB; 0 where that is
/// not known.
pub(crate) fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// Forgets the peak.
pub(crate) fn reset_peak() {
    // Where it cannot be, all mutants share one.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
