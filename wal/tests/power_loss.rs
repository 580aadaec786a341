//! The power fails at every operation of a run: what was acknowledged is there, in order, whole.
//!
//! `LUMOS_SEEDS=0..100` runs that range of seeds instead of the short one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use lumos_wal::{
    Apply, Committer, Durability, Error, Log, LogOptions, Seqno, SimVfs, Vfs, read_all,
    replace_file,
};

/// splitmix64: a seed replays everything.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// What a program does with its log.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Appends this many commits of about this many bytes, and syncs them or not.
    Commit(u64, u64, bool),
    Sync,
    /// Makes a manifest durable that holds all commits but this many, synced in the log before or
    /// not, and releases the files.
    Release(u64, bool),
    Reopen,
    /// The process dies and another one opens the log.
    Kill,
}

fn random_steps(rng: &mut Rng, count: usize) -> Vec<Step> {
    let mut step = || match rng.below(20) {
        0..=8 => Step::Commit(1 + rng.below(3), rng.below(900), true),
        9..=12 => Step::Commit(1 + rng.below(3), rng.below(900), false),
        13 => Step::Commit(1, 3000 + rng.below(9000), rng.below(2) == 0),
        14 => Step::Sync,
        15 | 16 => Step::Release(rng.below(6), rng.below(2) == 0),
        17 | 18 => Step::Reopen,
        _ => Step::Kill,
    };
    (0..count).map(|_| step()).collect()
}

/// What was promised after so many operations of the disk.
#[derive(Clone, Copy, Debug)]
struct Mark {
    operations: u64,
    /// Survives a killed process.
    written: Seqno,
    /// Survives a power loss.
    acknowledged: Seqno,
    floor: Seqno,
}

/// A run: what was committed, and what was promised when.
#[derive(Clone)]
struct Run {
    sim: SimVfs,
    /// The payload of commit n is at n - 1.
    commits: Vec<Vec<u8>>,
    marks: Vec<Mark>,
}

fn dir() -> &'static Path {
    Path::new("wal")
}

fn options(seed: u64) -> LogOptions {
    let options = LogOptions::default().preallocate_bytes(8192);
    options.rotate_bytes(24 << 10).salt_seed(seed)
}

type Frames = Vec<(Seqno, Vec<u8>)>;

/// The floor of the durable manifest, and the log above it.
fn open(sim: &SimVfs, seed: u64) -> Result<(Seqno, Log, Frames, Seqno), Error> {
    let manifest = match read_all(sim, Path::new("MANIFEST")) {
        Ok(bytes) => Seqno::from_le_bytes(bytes.try_into().unwrap()),
        Err(_) => 0,
    };
    // A process that died may have renamed it without a sync, and the log is about to rely on it.
    sim.sync_dir(Path::new("/")).map_err(|source| Error::Io {
        op: "sync directory",
        path: "/".into(),
        source,
    })?;
    let mut frames = Vec::new();
    let vfs = Arc::new(sim.clone());
    let (log, recovery) = Log::open(vfs, dir(), manifest, options(seed), |seqno, payload| {
        frames.push((seqno, payload.to_vec()));
        Ok::<_, Error>(())
    })?;
    Ok((manifest, log, frames, recovery.last_seqno))
}

impl Run {
    fn new(sim: SimVfs) -> Run {
        Run {
            sim,
            commits: Vec::new(),
            marks: Vec::new(),
        }
    }

    fn mark(&mut self, acknowledged: Seqno, floor: Seqno) {
        self.marks.push(Mark {
            operations: self.sim.operations(),
            written: self.commits.len() as Seqno,
            acknowledged,
            floor,
        });
    }

    /// Opens the log and does the steps. `seed` tells the payloads of one run from another's.
    fn perform(&mut self, steps: &[Step], seed: u64) {
        let (mut floor, mut log, _, mut synced) = open(&self.sim, seed).unwrap();
        // Replayed is promised: the caller has seen it.
        self.commits.truncate(synced as usize);
        self.mark(synced, floor);
        for step in steps {
            match *step {
                Step::Commit(count, size, sync) => {
                    let first = log.last_seqno() + 1;
                    let payloads: Vec<_> = (first..first + count)
                        .map(|seqno| {
                            let mut rng = Rng(seqno ^ (seed << 32));
                            (0..size + seqno % 9).map(|_| rng.next() as u8).collect()
                        })
                        .collect();
                    self.commits.extend(payloads.iter().cloned());
                    log.append(first, &payloads).unwrap();
                    if sync {
                        log.sync().unwrap();
                        synced = log.last_seqno();
                    }
                    self.mark(synced, floor);
                }
                Step::Sync => {
                    log.sync().unwrap();
                    synced = log.last_seqno();
                    self.mark(synced, floor);
                }
                Step::Release(keep, sync) => {
                    if sync {
                        log.sync().unwrap();
                        synced = log.last_seqno();
                    }
                    floor = floor.max(log.last_seqno().saturating_sub(keep));
                    let bytes = floor.to_le_bytes();
                    replace_file(&self.sim, Path::new("/"), "MANIFEST", &bytes).unwrap();
                    // What the manifest holds is durable without the log.
                    synced = synced.max(floor);
                    self.mark(synced, floor);
                    log.release(floor).unwrap();
                }
                Step::Reopen | Step::Kill => {
                    if matches!(step, Step::Reopen) {
                        drop(log);
                    } else {
                        std::mem::forget(log);
                    }
                    (_, log, _, synced) = open(&self.sim, seed).unwrap();
                    assert_eq!(synced, self.commits.len() as Seqno, "without a power loss");
                    self.mark(synced, floor);
                }
            }
        }
        drop(log);
        self.mark(self.commits.len() as Seqno, floor);
    }

    /// The power failed after the operation `crash`.
    fn check(&self, crash: u64, image: u64) -> Result<Run, String> {
        self.recover(crash, self.sim.crash_image(crash, image), false)
    }

    /// The process was killed after the operation `crash`, perhaps in the middle of a call.
    fn check_killed(&self, crash: u64) -> Result<Run, String> {
        self.recover(crash, self.sim.process_crash(crash), true)
    }

    /// Recovers what a crash left and checks it against what was promised by then; gives it back,
    /// recovered, as a run of its own.
    fn recover(&self, crash: u64, found: SimVfs, killed: bool) -> Result<Run, String> {
        let promised = self.marks.iter().rfind(|mark| mark.operations <= crash);
        let floor = promised.map_or(0, |mark| mark.floor);
        let acknowledged = promised.map_or(0, |mark| match killed {
            true => mark.written,
            false => mark.acknowledged,
        });
        let mut run = Run::new(found.clone());
        // A crash inside this recovery must not lose what was promised before it.
        let operations = found.operations();
        run.marks.extend(promised.map(|mark| Mark {
            operations,
            ..*mark
        }));
        let (manifest, log, frames, last) = open(&found, 1).map_err(|e| format!("refused: {e}"))?;
        std::mem::forget(log);
        run.commits = self.commits.iter().take(last as usize).cloned().collect();
        // What was replayed was seen: it is promised from here on.
        run.mark(last, manifest);
        if manifest < floor {
            return Err(format!("manifest {manifest}, {floor} was promised"));
        }
        if last < acknowledged {
            return Err(format!(
                "commits up to {last}, {acknowledged} were acknowledged"
            ));
        }
        let committed = self.commits.iter().enumerate().skip(manifest as usize);
        let expected: Frames = committed
            .map(|(n, payload)| (n as Seqno + 1, payload.clone()))
            .take((last - manifest) as usize)
            .collect();
        if frames != expected {
            return Err(format!("{manifest}..={last} is not what was committed"));
        }
        let again = open(&found, 2).map_err(|e| format!("refused the second time: {e}"))?;
        if (again.0, &again.2, again.3) != (manifest, &frames, last) {
            return Err(format!("another result the second time: up to {}", again.3));
        }
        std::mem::forget(again.1);
        Ok(run)
    }

    fn explain(&self, seed: u64, crash: u64, image: u64, what: &str) -> String {
        let operation = self.sim.operation(crash).unwrap_or_default();
        format!("seed {seed}, image {image} after operation {crash} ({operation}): {what}")
    }
}

fn seeds(default: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(range) = std::env::var("LUMOS_SEEDS") else {
        return default;
    };
    let (from, to) = range.split_once("..").expect("LUMOS_SEEDS is a..b");
    from.parse().unwrap()..to.parse().unwrap()
}

/// A random run on a disk that loses, reorders and tears what was not synced: recovered at every
/// operation, twice; then written on and crashed again, also inside the recovery.
#[test]
fn a_power_loss_at_any_operation_keeps_every_acknowledged_commit() {
    let (mut images, mut second) = (0, 0);
    for seed in seeds(0..6) {
        let mut rng = Rng(seed);
        let mut run = Run::new(SimVfs::new(seed));
        run.perform(&random_steps(&mut rng, 60), seed);
        for crash in 0..=run.sim.operations() {
            for image in 0..9 {
                let killed = image == 8;
                let result = match killed {
                    true => run.check_killed(crash),
                    false => run.check(crash, image),
                };
                images += 1;
                let mut next = result
                    .unwrap_or_else(|what| panic!("{}", run.explain(seed, crash, image, &what)));
                if rng.below(8) > 0 && !killed {
                    continue;
                }
                let before = next.clone();
                let (first, recovered) = (before.marks[0].operations, next.sim.operations());
                next.perform(&random_steps(&mut rng, 8), seed + 1000 + crash);
                for _ in 0..4 {
                    second += 1;
                    let points = next.sim.operations() - first + 1;
                    let (at, image) = (first + rng.below(points), rng.next());
                    // Up to the first write after the recovery it is the old run.
                    let run = if at <= recovered { &before } else { &next };
                    if let Err(what) = run.check(at, image) {
                        panic!(
                            "crash {crash}, then {}",
                            next.explain(seed, at, image, &what)
                        );
                    }
                }
            }
        }
    }
    writeln!(
        std::io::stderr().lock(),
        "{images} images, {second} after a second crash"
    )
    .unwrap();
    assert!(
        images >= 3000 || std::env::var("LUMOS_SEEDS").is_ok(),
        "{images} images"
    );
    assert!(
        second >= 500 || std::env::var("LUMOS_SEEDS").is_ok(),
        "{second} after a second crash"
    );
}

/// Every script of three steps, at every operation: small scripts reach corners that random ones
/// miss.
#[test]
fn every_short_script_survives_a_power_loss_at_any_operation() {
    let steps = [
        Step::Commit(2, 600, true),
        Step::Commit(2, 600, false),
        Step::Commit(1, 9000, true),
        Step::Sync,
        Step::Release(0, true),
        Step::Release(1, false),
        Step::Reopen,
        Step::Kill,
    ];
    let mut images = 0;
    for (a, b, c) in (0..512).map(|n| (n / 64, n / 8 % 8, n % 8)) {
        let script = [Step::Commit(1, 20, true), steps[a], steps[b], steps[c]];
        let mut run = Run::new(SimVfs::new(1));
        run.perform(&script, 1);
        for crash in 0..=run.sim.operations() {
            for image in 0..4 {
                images += 1;
                if let Err(what) = run.check(crash, image) {
                    panic!("{script:?}: {}", run.explain(1, crash, image, &what));
                }
            }
        }
    }
    writeln!(std::io::stderr().lock(), "{images} images").unwrap();
    assert!(images > 30_000, "{images}");
}

/// The test must be able to fail: with either kind of sync left out, commits are lost and it says so.
#[test]
fn a_forgotten_sync_is_caught() {
    for directory in [false, true] {
        let run = |ignore: bool| {
            let sim = SimVfs::new(3);
            if directory {
                sim.ignore_dir_sync(ignore);
            } else {
                sim.ignore_file_sync(ignore);
            }
            let mut run = Run::new(sim);
            run.perform(&[Step::Commit(1, 600, true), Step::Commit(1, 600, true)], 3);
            let points =
                (0..=run.sim.operations()).flat_map(|crash| (0..20).map(move |i| (crash, i)));
            points
                .filter(|(crash, image)| run.check(*crash, *image).is_err())
                .count()
        };
        assert_eq!(run(false), 0);
        assert!(run(true) > 10, "directory: {directory}");
    }
}

#[derive(Default)]
struct Applied(Mutex<Frames>);

impl Apply<Vec<u8>> for Applied {
    fn apply(&self, batch: Vec<(Seqno, Vec<u8>)>) {
        self.0.lock().unwrap().extend(batch);
    }
}

/// Four threads commit through one committer. Whatever the order in which they met, a commit that
/// returned before the power failed is there.
#[test]
fn concurrent_commits_survive_once_they_returned() {
    for seed in seeds(0..4) {
        let sim = SimVfs::new(seed);
        let applied = Arc::new(Applied::default());
        let (_, log, ..) = open(&sim, seed).unwrap();
        let committer = Committer::new(Some(log), 0, applied.clone());
        let mut marks: Vec<Mark> = std::thread::scope(|scope| {
            let run = |thread: u64| {
                let (sim, committer) = (&sim, &committer);
                scope.spawn(move || {
                    let mut marks = Vec::new();
                    for n in 0..25 {
                        let bytes = vec![thread as u8; 100 + n];
                        let durability = match n % 3 {
                            0 => Durability::Buffered,
                            _ => Durability::Sync,
                        };
                        let seqno = committer.commit(bytes.clone(), bytes, durability).unwrap();
                        if durability == Durability::Sync {
                            marks.push(Mark {
                                operations: sim.operations(),
                                written: seqno,
                                acknowledged: seqno,
                                floor: 0,
                            });
                        }
                    }
                    marks
                })
            };
            let threads: Vec<_> = (0..4).map(run).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        drop(committer);
        marks.sort_by_key(|mark| (mark.operations, mark.acknowledged));
        let applied = applied.0.lock().unwrap();
        assert!((1..).zip(applied.iter()).all(|(n, (seqno, _))| n == *seqno));
        let mut run = Run::new(sim);
        run.commits = applied.iter().map(|(_, bytes)| bytes.clone()).collect();
        // A later mark may be of an earlier commit.
        let mut highest = 0;
        for mark in marks {
            highest = highest.max(mark.acknowledged);
            run.marks.push(Mark {
                acknowledged: highest,
                ..mark
            });
        }
        for crash in 0..=run.sim.operations() {
            for image in 0..4 {
                if let Err(what) = run.check(crash, image) {
                    panic!("{}", run.explain(seed, crash, image, &what));
                }
            }
        }
    }
}
