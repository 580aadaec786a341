//! `lumos add` is killed fifty times at random moments. Between the kills the store answers, nothing
//! that was seen or acknowledged is ever lost, and in the end the work is done.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use program::Program;

const FILES: usize = 200;
const KILLS: usize = 50;
/// Files that change before each run, so that no run has nothing to do.
const CHANGES: usize = 20;

/// A small generator of random numbers; the seed makes a failure repeatable.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn write(lumos: &Program, file: usize, version: usize) {
    // Two passages, so that a file that is half there can be seen.
    let text = format!(
        "# Station {file}\n\nFirst part of file {file} in version {version}.\n\n{}\n\n## End\n\nLast part of file {file} in version {version}.\n",
        "The trains on this line are late when it snows, and early when nobody expects them. "
            .repeat(20)
    );
    lumos.write(&format!("notes/{file:03}.md"), text);
}

/// The version of every file, from all its passages.
fn versions(lumos: &Program) -> BTreeMap<usize, usize> {
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for passage in lumos.json(["ls", "--json"]) {
        let text = passage["texts"]["text"].as_str().unwrap().to_string();
        for sentence in text.split(" part of file ").skip(1) {
            let (file, rest) = sentence.split_once(" in version ").unwrap();
            let version = rest.split_once('.').unwrap().0;
            found
                .entry(file.parse().unwrap())
                .or_default()
                .push(version.parse().unwrap());
        }
    }
    found
        .into_iter()
        .map(|(file, versions)| {
            assert_eq!(
                versions.len(),
                2,
                "file {file} is not there as a whole: {versions:?}"
            );
            assert_eq!(versions[0], versions[1], "file {file} is a mixture");
            (file, versions[0])
        })
        .collect()
}

#[test]
fn fifty_kills_lose_nothing_and_the_next_add_finishes() {
    let lumos = Program::new();
    let mut random = Random(0x5eed_1234_abcd);
    let mut written = vec![0; FILES];
    for file in 0..FILES {
        write(&lumos, file, 0);
    }
    let mut seen = BTreeMap::new();
    let mut killed = 0;
    for round in 1.. {
        let mut add = lumos
            .command(["add", "notes", "--keywords"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(random.below(150)));
        killed += usize::from(add.try_wait().unwrap().is_none());
        add.kill().unwrap();
        add.wait().unwrap();

        // An acknowledged write of another program in between, over the log as the kill left it.
        let ack = format!("{{\"key\": \"ack-{round}\"}}");
        let run = lumos.feed(ack, ["put", "--collection", "acks"]);
        assert_eq!(run.code, Some(0), "after round {round}: {run:?}");
        if lumos
            .ok(["ls", "--collections"])
            .lines()
            .any(|name| name == "docs")
        {
            let found = lumos.run(["search", "trains late", "--text"]);
            assert_eq!(found.code, Some(0), "after round {round}: {found:?}");
            let now = versions(&lumos);
            for (file, version) in &seen {
                let there = now.get(file);
                assert!(
                    there >= Some(version),
                    "round {round}: file {file}: {version} -> {there:?}"
                );
            }
            seen = now;
        }
        if killed == KILLS {
            assert_eq!(lumos.ok(["ls", "-c", "acks"]).lines().count(), round);
            break;
        }
        assert!(
            round < 4 * KILLS,
            "too few of the runs were still at work when they were killed"
        );
        for _ in 0..CHANGES {
            let file = random.below(FILES as u64) as usize;
            written[file] += 1;
            write(&lumos, file, written[file]);
        }
    }

    lumos.ok(["add", "notes", "--keywords"]);
    let expected: BTreeMap<usize, usize> = written.into_iter().enumerate().collect();
    assert_eq!(versions(&lumos), expected);
    assert_eq!(
        lumos.ok(["add", "notes", "--keywords"]),
        format!("0 added, 0 changed, {FILES} unchanged, 0 removed, 0 skipped\n")
    );
    assert!(
        lumos
            .ok(["search", "trains late", "--text"])
            .contains("notes/")
    );
}
