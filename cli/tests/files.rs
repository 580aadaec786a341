//! Files: add, search, ask.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use program::{Program, Run};
use serde_json::json;

const KEYS: &str = "# Keys\n\nRotate keys every ninety days with the rotate command.\n\n## Loss\n\nA lost key is \
revoked by an administrator within the hour.\n";
const TRAINS: &str = "# Trains\n\nThe night train to Vienna leaves at ten in the evening.\n";

fn notes() -> Program {
    let lumos = Program::new();
    lumos.write("notes/keys.md", KEYS);
    lumos.write("notes/trains.txt", TRAINS);
    lumos
}

#[test]
fn adding_again_does_only_what_has_changed() {
    let lumos = notes();
    let add = |changes: &str| {
        let printed = lumos.ok(["add", "notes", "--keywords"]);
        assert_eq!(printed, format!("{changes}\n"));
    };
    add("2 added, 0 changed, 0 unchanged, 0 removed, 0 skipped");
    add("0 added, 0 changed, 2 unchanged, 0 removed, 0 skipped");
    lumos.write("notes/keys.md", KEYS.replace("ninety", "thirty"));
    lumos.write(
        "notes/planes.md",
        "# Planes\n\nBoarding ends twenty minutes before departure.\n",
    );
    std::fs::remove_file(lumos.path("notes/trains.txt")).unwrap();
    add("1 added, 1 changed, 0 unchanged, 1 removed, 0 skipped");
    assert_eq!(lumos.ok(["search", "--text", "Vienna"]), "no hits\n");
    assert!(lumos.ok(["search", "--text", "thirty"]).contains("keys.md"));
}

#[test]
fn what_a_folder_holds_beside_text_is_reported_and_left_out() {
    let lumos = notes();
    lumos.write("notes/broken.md", b"\x00\x01\x02");
    lumos.write("notes/secret.md", "hidden words");
    lumos.write("notes/.gitignore", "secret.md\n");
    let printed = lumos.ok(["add", "notes", "--keywords"]);
    let mut lines = printed.lines();
    assert_eq!(
        lines.next(),
        Some("2 added, 0 changed, 0 unchanged, 0 removed, 1 skipped")
    );
    assert!(lines.next().unwrap().contains("broken.md"), "{printed}");
    assert_eq!(lumos.ok(["search", "--text", "hidden"]), "no hits\n");
    let report = &lumos.json(["add", "notes", "--keywords", "--no-ignore", "--json"])[0];
    assert_eq!(
        (&report["added"], &report["unchanged"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(report["skipped"].as_array().unwrap().len(), 1);
}

/// `lumos add .` in the folder that holds the store must not index the store.
#[test]
fn the_store_itself_is_not_indexed() {
    let lumos = notes();
    lumos.ok(["add", ".", "--keywords"]);
    let again = lumos.ok(["add", ".", "--keywords"]);
    assert_eq!(
        again,
        "0 added, 0 changed, 2 unchanged, 0 removed, 0 skipped\n"
    );
}

#[test]
fn hits_are_told_by_file_and_lines() {
    let lumos = notes();
    lumos.ok(["add", "notes", "--keywords"]);
    let printed = lumos.ok(["search", "night train"]);
    assert!(printed.starts_with(" 1. notes/trains.txt:"), "{printed}");
    let hit = &lumos.json(["search", "night train", "--json"])[0];
    assert!(
        hit["meta"]["source"]
            .as_str()
            .unwrap()
            .ends_with("trains.txt"),
        "{hit}"
    );
    let filtered = lumos.ok(["search", "key train", "--filter", "kind = 'markdown'"]);
    assert!(
        filtered.contains("keys.md") && !filtered.contains("trains.txt"),
        "{filtered}"
    );
}

/// The model is part of the program: nothing but the binary is there to find.
#[test]
fn meaning_is_searched_with_the_model_in_the_program() {
    let lumos = notes();
    lumos.ok(["add", "notes"]);
    let hit = &lumos.json([
        "search",
        "--vector",
        "railway timetable",
        "-k",
        "1",
        "--json",
    ])[0];
    assert!(
        hit["meta"]["source"]
            .as_str()
            .unwrap()
            .ends_with("trains.txt"),
        "{hit}"
    );
    let stats = &lumos.json(["stats", "--json"])[0];
    assert_eq!(
        stats["collections"][0]["schema"]["model"],
        "all-minilm-l6-v2"
    );
    let hybrid = lumos.ok(["search", "rotate keys"]);
    assert!(hybrid.starts_with(" 1. notes/keys.md:"), "{hybrid}");
}

#[test]
fn an_answer_cites_the_lines_that_hold_its_words() {
    let lumos = notes();
    lumos.ok(["add", "notes"]);
    let printed = lumos.ok(["ask", "How often should I rotate keys?"]);
    let citation = printed
        .lines()
        .find(|line| line.starts_with("[1] "))
        .unwrap();
    assert!(citation.starts_with("[1] notes/keys.md:3"), "{printed}");
    assert!(
        citation.contains("Rotate keys every ninety days"),
        "{printed}"
    );
    let answer = &lumos.json(["ask", "How often should I rotate keys?", "--json"])[0];
    assert_eq!(
        (&answer["found"], &answer["citations"][0]["lines"]),
        (&json!(true), &json!([3, 3]))
    );
    let source =
        std::fs::read_to_string(answer["citations"][0]["source"].as_str().unwrap()).unwrap();
    assert!(source.contains(answer["citations"][0]["quote"].as_str().unwrap()));
}

/// A made-up answer is worse than none: scripts can tell by the exit code.
#[test]
fn a_question_that_the_documents_do_not_answer_is_told_apart() {
    let lumos = notes();
    lumos.ok(["add", "notes"]);
    let run = lumos.run(["ask", "Who won the chess tournament in Reykjavik?"]);
    let told = "not found in these documents\n".to_string();
    assert_eq!(
        run,
        Run {
            code: Some(1),
            stdout: told,
            stderr: String::new()
        }
    );
    let run = lumos.run([
        "ask",
        "Who won the chess tournament in Reykjavik?",
        "--json",
    ]);
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &answer["found"]), (Some(1), &json!(false)));
}

#[cfg(unix)]
#[test]
fn an_interrupted_add_keeps_what_is_committed_and_goes_on_later() {
    let lumos = Program::new();
    const FILES: usize = 400;
    for n in 0..FILES {
        let text =
            format!("Station {n} lies on the line to Vienna, and its clock is {n} minutes late. ");
        lumos.write(&format!("notes/{n:03}.txt"), text.repeat(12));
    }
    let mut add = lumos.command(["add", "notes"]);
    let add = add
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while lumos.run(["count"]).code != Some(0) {
        assert!(Instant::now() < deadline, "nothing was ever committed");
        thread::sleep(Duration::from_millis(5));
    }
    let interrupt = Command::new("kill")
        .args(["-INT", &add.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    let run = Run::of(add.wait_with_output().unwrap());
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.ends_with("; cancelled\n"), "{run:?}");
    assert_eq!(
        run.stderr,
        "error[E5008]: interrupted; what is committed stays\n  help: run the same command again to go on\n"
    );
    let before = lumos.count();
    let report = &lumos.json(["add", "notes", "--keywords", "--json"])[0];
    let unchanged = report["unchanged"].as_u64().unwrap();
    assert!(unchanged >= before.min(1), "{report}");
    assert_eq!(report["added"].as_u64().unwrap() + unchanged, FILES as u64);
}
