//! Two processes on one directory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use lumos_wal::{Error, OsVfs, WriterLock};

const DIR: &str = "LUMOS_TEST_LOCK_DIR";
const HELD: &str = "the lock is held";

/// The other process: takes the lock that it is told to take, says so, and waits to be killed.
#[test]
fn the_other_process() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let lock = WriterLock::acquire(&OsVfs, Path::new(&dir)).unwrap();
    println!("{HELD}");
    // The pipe is closed when the first process ends, whatever becomes of it.
    let _end = std::io::stdin().read_line(&mut String::new());
    drop(lock);
}

/// The other process, once it holds the lock, and what else it says.
fn spawn(dir: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "the_other_process",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut held = output
        .by_ref()
        .lines()
        .map(|line| line.unwrap().contains(HELD));
    assert!(held.any(|held| held), "the other process failed");
    (child, output)
}

/// A second process is refused with the number and the name of the first one; when that one is
/// killed, its lock goes with it, and the text that it left is no obstacle.
#[test]
fn a_second_process_is_refused_until_the_first_one_is_dead() {
    let home = tempfile::tempdir().unwrap();
    let (mut child, _output) = spawn(home.path());
    for _ in 0..100 {
        match WriterLock::acquire(&OsVfs, home.path()) {
            Err(Error::Locked { path, pid, name }) => {
                assert_eq!(path, home.path().join("LOCK"));
                assert_eq!(pid, Some(child.id()));
                assert!(name.unwrap().starts_with("writer_lock"));
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let stale = std::fs::read_to_string(home.path().join("LOCK")).unwrap();
    assert!(stale.contains(&format!("pid {}\n", child.id())), "{stale}");
    let lock = WriterLock::acquire(&OsVfs, home.path()).unwrap();
    let text = std::fs::read_to_string(home.path().join("LOCK")).unwrap();
    assert!(
        text.contains(&format!("pid {}\n", std::process::id())),
        "{text}"
    );
    drop(lock);
}

/// A process that closes its database in good order leaves the lock to the next one.
#[test]
fn a_process_that_ends_leaves_the_lock() {
    let home = tempfile::tempdir().unwrap();
    let (mut child, _output) = spawn(home.path());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(
        std::fs::read_to_string(home.path().join("LOCK")).unwrap(),
        ""
    );
    WriterLock::acquire(&OsVfs, home.path()).unwrap();
}
