//! Files that were cut short, damaged, or written by a later version: told with file and place, and
//! nothing is made worse by trying.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use program::Program;

const COMMANDS: [&[&str]; 4] = [&["ls"], &["search", "one"], &["put"], &["compact"]];

/// Bytes of the frame that closes a file of the log; what comes before it is a transaction.
const END_FRAME: usize = 48;

/// The bytes of all files.
fn bytes(lumos: &Program) -> BTreeMap<PathBuf, Vec<u8>> {
    let (files, _) = lumos.tree();
    files
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// The files of the log, oldest first.
fn logs(lumos: &Program) -> Vec<PathBuf> {
    let (files, _) = lumos.tree();
    files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "wal"))
        .collect()
}

/// Expects every command to fail with this code, to name the file, and to leave every byte as it was.
#[track_caller]
fn refused(lumos: &Program, code: &str, file: &str) {
    let before = bytes(lumos);
    for command in COMMANDS {
        let run = lumos.run(command);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(1), ""),
            "{command:?}: {run:?}"
        );
        assert!(
            run.stderr.starts_with(&format!("error[{code}]: ")),
            "{run:?}"
        );
        assert!(
            run.stderr.contains(file) && run.stderr.contains("\n  help: "),
            "{run:?}"
        );
        assert!(before == bytes(lumos), "{command:?} changed a file");
    }
}

fn three_runs() -> Program {
    let lumos = Program::new();
    for (key, text) in [("a", "one"), ("b", "two"), ("c", "three")] {
        lumos.put(&format!("{{\"key\": \"{key}\", \"text\": \"{text}\"}}"));
    }
    lumos
}

/// What a crash does: the last write had not reached the disk as a whole.
#[test]
fn a_log_torn_in_its_last_write_loses_that_write_and_nothing_before() {
    let lumos = Program::new();
    let mut killed = lumos
        .command(["put"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = killed.stdin.take().unwrap();
    for batch in 1..=2 {
        // Each thousand lines are one commit; standard input stays open.
        for n in 0..1_000 {
            writeln!(input, "{{\"key\": \"{batch}-{n:03}\"}}").unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        while lumos.run(["count"]).stdout != format!("{batch}000\n") {
            assert!(
                Instant::now() < deadline,
                "batch {batch} was never committed"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let last = logs(&lumos).pop().unwrap();
    let mut torn = fs::read(&last).unwrap();
    let end = torn.iter().rposition(|byte| *byte != 0).unwrap();
    torn[end - 9..].fill(0);
    fs::write(&last, &torn).unwrap();

    assert_eq!(lumos.count(), 1_000);
    assert!(lumos.ok(["ls"]).starts_with("1-000\n1-001\n"));
    lumos.put("{\"key\": \"3-000\"}");
    assert_eq!(lumos.count(), 1_001);
}

/// What no crash does: files that were complete have lost their end. Opening as if nothing had happened
/// would lose acknowledged writes.
#[test]
fn a_log_that_was_cut_off_is_damage_and_whole_again_when_it_is_restored() {
    let lumos = three_runs();
    for file in logs(&lumos) {
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - END_FRAME - 20]).unwrap();
        refused(&lumos, "E1010", file.file_name().unwrap().to_str().unwrap());
        fs::write(&file, &whole).unwrap();
    }
    assert_eq!(lumos.ok(["ls"]), "a\nb\nc\n");
}

#[test]
fn a_byte_changed_in_the_log_is_found() {
    let lumos = three_runs();
    for file in logs(&lumos) {
        let mut bytes = fs::read(&file).unwrap();
        let place = bytes.len() - END_FRAME - 20;
        bytes[place] ^= 1;
        fs::write(&file, &bytes).unwrap();
        refused(&lumos, "E1010", file.file_name().unwrap().to_str().unwrap());
        bytes[place] ^= 1;
        fs::write(&file, &bytes).unwrap();
    }
    assert_eq!(lumos.ok(["ls"]), "a\nb\nc\n");
}

#[test]
fn a_manifest_of_a_later_version_is_refused_by_that_version() {
    let lumos = three_runs();
    lumos.ok(["compact"]);
    let manifest = lumos.path("lumos.db/MANIFEST");
    let whole = fs::read(&manifest).unwrap();
    let mut later = whole.clone();
    later[8..12].copy_from_slice(&7u32.to_le_bytes());
    let checksum = crc32(&later[..60]);
    later[60..64].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&manifest, &later).unwrap();
    refused(
        &lumos,
        "E1011",
        "MANIFEST has format version 7, this build reads up to 1",
    );
    fs::write(&manifest, &whole).unwrap();
    assert_eq!(lumos.ok(["ls"]), "a\nb\nc\n");
}

#[test]
fn a_damaged_manifest_is_told_from_a_later_one() {
    let lumos = three_runs();
    lumos.ok(["compact"]);
    let manifest = lumos.path("lumos.db/MANIFEST");
    let mut damaged = fs::read(&manifest).unwrap();
    let last = damaged.len() - 2;
    damaged[last] ^= 0x20;
    fs::write(&manifest, &damaged).unwrap();
    refused(&lumos, "E1010", "MANIFEST");
}

/// The checksum of format.md, computed bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}
