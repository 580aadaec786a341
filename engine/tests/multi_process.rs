//! A second process that opens a database for writing is told who has it, every time; readers are let in.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lumos_engine::{Error, Lumos};

/// Tells this program what to do as a process of its own.
const CHILD: &str = "LUMOS_LOCK_CHILD";
const ATTEMPTS: usize = 100;

/// Not a test by itself: what the other processes do.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else {
        return;
    };
    let (task, dir) = task.split_once(':').unwrap();
    match (task, Lumos::open(dir)) {
        ("hold", Ok(db)) => {
            db.collection("docs").unwrap().put(("a", "text")).unwrap();
            println!("held");
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        ("try", Ok(_)) => println!("opened"),
        (_, Err(error)) => println!("{} {error}", error.code()),
        (task, Ok(_)) => panic!("unknown task {task}"),
    }
}

fn spawn(task: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, format!("{task}:{}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a process prints first that is not the test harness's.
fn answer(child: &mut Child) -> String {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines = lines.map_while(Result::ok);
    let ours = |line: &String| {
        line.starts_with('E') || line.starts_with("held") || line.starts_with("opened")
    };
    // With one test thread the harness prints the name of the test before it.
    lines
        .map(|line| line.trim_start_matches("test child ... ").to_string())
        .find(ours)
        .unwrap()
}

#[test]
fn a_second_writer_is_told_who_has_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let mut holder = spawn("hold", &path);
    assert_eq!(answer(&mut holder), "held");
    let pid = format!("process {}", holder.id());
    let mut refused = 0;
    for attempt in 0..ATTEMPTS {
        if attempt % 5 == 0 {
            let mut other = spawn("try", &path);
            let answer = answer(&mut other);
            other.wait().unwrap();
            assert!(
                answer.starts_with("E1003 ") && answer.contains(&pid),
                "{answer}"
            );
        } else {
            let error = Lumos::open(&path).unwrap_err();
            let Error::Storage(lumos_wal::Error::Locked { pid, .. }) = &error else {
                panic!("{error}");
            };
            assert_eq!(*pid, Some(holder.id()));
        }
        refused += 1;
        let reader = Lumos::options().read_only(true).open(&path).unwrap();
        assert_eq!(reader.snapshot().count("docs"), 1);
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
    let db = Lumos::open(&path).unwrap();
    assert_eq!(db.snapshot().count("docs"), 1);
    writeln!(
        std::io::stderr().lock(),
        "multi_process: {refused} of {ATTEMPTS} second writers refused by pid"
    )
    .unwrap();
}
