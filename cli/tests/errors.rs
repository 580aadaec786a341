//! Bad input and bad surroundings: each is told by a code, an exit code and what to do, and costs
//! nothing that was stored.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use program::{Program, Run};

const TWO: &str = r#"{"key": "a", "text": "one", "vector": [1, 0], "year": 2020}
{"key": "b", "text": "two", "vector": [0, 1], "year": 2026}
"#;

fn two() -> Program {
    let lumos = Program::new();
    lumos.put(TWO);
    lumos
}

/// Feeds a line to `put` and expects this to be told, and nothing to be changed.
#[track_caller]
fn refused(line: &str, code: &str, message: &str) {
    let lumos = two();
    let before = lumos.ok(["ls", "--json", "--vectors"]);
    let good = "{\"key\": \"c\"}";
    let run = lumos.feed(format!("{good}\n{line}\n"), ["put"]);
    run.fails(&format!(
        "error[{code}]: <stdin>:2{message}\n  help: nothing was written; mend the line and run the command again\n"
    ));
    assert_eq!(lumos.ok(["ls", "--json", "--vectors"]), before);
}

#[test]
fn a_vector_of_another_length_is_refused_with_its_line() {
    refused(
        r#"{"key": "x", "vector": [1, 2, 3]}"#,
        "E2001",
        ": vector has 3 numbers, collection \"docs\" stores 2",
    );
}

#[test]
fn a_vector_that_is_not_finite_is_refused() {
    refused(
        r#"{"key": "x", "vector": [NaN, 0]}"#,
        "E5002",
        ":25: expected value",
    );
    let lumos = two();
    let run = lumos.feed(r#"{"key": "x", "vector": [1e39, 0]}"#, ["put"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error[E2003]: <stdin>:1: vector of \"docs\" cannot be used"),
        "{run:?}"
    );
    assert_eq!(lumos.count(), 2);
}

#[test]
fn a_zero_vector_is_refused_under_cosine() {
    let lumos = two();
    let run = lumos.feed(r#"{"key": "x", "vector": [0, 0]}"#, ["put"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error[E2003]: <stdin>:1: vector of \"docs\" cannot be used"),
        "{run:?}"
    );
    assert_eq!(lumos.count(), 2);
    let run = lumos.run(["search", "--near", "[0, 0]"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.starts_with("error[E2003]: "), "{run:?}");
}

#[test]
fn a_malformed_line_is_told_by_file_line_and_column() {
    refused(r#"{"key": "x",}"#, "E5002", ":13: trailing comma");
    refused("[1, 2]", "E5002", ":1: expected a JSON object");
    refused(
        r#"{"text": "no key"}"#,
        "E5002",
        ": the object has no \"key\" (or \"_id\")",
    );
}

#[test]
fn what_was_committed_before_a_bad_line_is_told() {
    let lumos = Program::new();
    let mut lines: String = (0..1_500)
        .map(|n| format!("{{\"key\": \"{n}\"}}\n"))
        .collect();
    lines.push_str("{\n");
    let run = lumos.feed(&lines, ["put"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("  help: the 1000 lines before its batch are committed"),
        "{run:?}"
    );
    assert_eq!(lumos.count(), 1_000);
}

#[test]
fn a_malformed_filter_is_shown_with_carets_below_the_place() {
    let lumos = two();
    for command in [
        &["search", "one", "--filter"][..],
        &["count", "--filter"],
        &["rm", "--filter"],
    ] {
        let run = lumos.run(command.iter().copied().chain(["yaer >= 2025"]));
        run.fails(
            "error[E2104]: filter: unknown field \"yaer\" in: yaer >= 2025\n                                               ^^^^ did you mean \"year\"?\n",
        );
        let run = lumos.run(command.iter().copied().chain(["year >= "]));
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(1), ""),
            "{command:?}"
        );
        let (sentence, carets) = run.stderr.split_once('\n').unwrap();
        assert!(
            sentence.starts_with("error[E2104]: filter: ") && sentence.ends_with(" in: year >= "),
            "{run:?}"
        );
        let caret = carets.find('^').unwrap();
        assert!(caret >= sentence.len() - "year >= ".len(), "{run:?}");
    }
    assert_eq!(lumos.count(), 2);
}

#[test]
fn errors_are_json_when_asked_for() {
    let lumos = two();
    let run = lumos.run(["count", "--filter", "yaer = 1", "--json"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["error"]["code"], "E2104");
    assert_eq!(error["error"]["hint"], "did you mean \"year\"?");
    let run = lumos.run(["search", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(
        (run.code, error["error"]["code"].as_str()),
        (Some(2), Some("E5007"))
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_before_anything_is_written() {
    let lumos = Program::new();
    lumos.write("good.jsonl", TWO);
    let run = lumos.run(["put", "good.jsonl", "missing.jsonl"]);
    run.fails(
        "error[E5001]: cannot read missing.jsonl: No such file or directory (os error 2)\n  help: check the path and its permissions\n",
    );
    let run = lumos.run(["add", "nowhere"]);
    run.fails(
        "error[E5001]: cannot read nowhere: No such file or directory (os error 2)\n  help: check the path and its permissions\n",
    );
    let run = lumos.run(["put", "."]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.starts_with("error[E5001]: cannot read .: "),
        "{run:?}"
    );
    assert!(!lumos.path("lumos.db").exists());
}

#[test]
fn a_binary_file_is_refused_as_such() {
    let lumos = two();
    lumos.write("program", b"\x7fELF\x02\x01\x00\x00\x00");
    let run = lumos.run(["put", "program"]);
    run.fails("error[E5003]: program: line 1 is not UTF-8 text; is it a binary file?\n");
    let run = lumos.run(["add", "program", "--keywords"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stderr.starts_with("error[E3102]: ") && run.stderr.contains("  help: convert it"),
        "{run:?}"
    );
    assert_eq!(lumos.count(), 2);
}

#[test]
fn an_empty_query_is_refused() {
    let lumos = two();
    for query in ["", "  \t"] {
        lumos
            .run(["search", query])
            .fails("error[E2007]: query must not be empty\n");
        let run = lumos.run(["ask", query]);
        run.fails("error[E3105]: the question is empty\n  help: ask with some words\n");
    }
}

#[test]
fn a_number_of_hits_outside_its_limits_is_refused() {
    let lumos = two();
    for (k, said) in [("0", "0"), ("16385", "16385")] {
        lumos.run(["search", "one", "-k", k]).fails(&format!(
            "error[E2007]: limit must be 1 to 16384, it is {said}\n"
        ));
    }
    assert_eq!(lumos.run(["search", "one", "-k", "-1"]).code, Some(2));
    assert_eq!(lumos.run(["search", "one", "-k", "many"]).code, Some(2));
}

#[test]
fn an_unknown_collection_is_told_with_those_that_exist() {
    let lumos = two();
    let commands: [&[&str]; 7] = [
        &["search", "one"],
        &["ask", "one?"],
        &["ls"],
        &["count"],
        &["get", "a"],
        &["rm", "a"],
        &["rm", "--filter", "year = 1"],
    ];
    for command in commands {
        lumos
            .run(command.iter().copied().chain(["--collection", "dcos"]))
            .fails("error[E2002]: there is no collection \"dcos\"\n  help: it holds: docs\n");
    }
    assert_eq!(lumos.ok(["ls", "--collections"]), "docs\n");
}

#[test]
fn a_database_that_does_not_exist_is_not_created_by_reading() {
    let lumos = Program::new();
    for command in [
        &["search", "x"][..],
        &["ls"],
        &["stats"],
        &["ask", "x"],
        &["compact"],
        &["rm", "x"],
    ] {
        let run = lumos.run(command);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(1), ""),
            "{command:?}"
        );
        assert!(
            run.stderr
                .starts_with("error[E1002]: there is no Lumos database at "),
            "{run:?}"
        );
    }
    assert!(!lumos.path("lumos.db").exists());
}

#[test]
fn keys_that_do_not_exist_are_named_after_those_that_do() {
    let lumos = two();
    let run = lumos.run(["get", "x", "a", "y"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.starts_with("{\"key\":\"a\""), "{run:?}");
    assert_eq!(
        run.stderr,
        "error[E5004]: collection \"docs\" has no document \"x\", \"y\"\n  help: list the keys with: lumos ls\n"
    );
}

#[test]
fn usage_errors_have_an_exit_code_of_their_own() {
    let lumos = Program::new();
    for command in [
        &["nothing"][..],
        &["put", "--nothing"],
        &["search"],
        &["rm"],
        &["get"],
        &[],
    ] {
        let run = lumos.run(command);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.contains("Usage: lumos"), "{run:?}");
    }
}

#[test]
fn a_second_writer_is_refused_with_the_first_ones_number_and_readers_go_on() {
    let lumos = Program::new();
    let mut first = lumos
        .command(["put"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // A whole batch is committed while standard input stays open: the first writer holds the store.
    let lines: String = (0..1_000)
        .map(|n| format!("{{\"key\": \"{n}\"}}\n"))
        .collect();
    let mut input = first.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while lumos.run(["count"]).stdout != "1000\n" {
        assert!(
            Instant::now() < deadline,
            "the first writer never committed"
        );
        thread::sleep(Duration::from_millis(10));
    }
    for command in [&["rm", "1"][..], &["compact"], &["put"]] {
        let run = lumos.run(command);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(1), ""),
            "{command:?}"
        );
        assert!(run.stderr.starts_with("error[E1003]: "), "{run:?}");
        assert!(run.stderr.contains(&first.id().to_string()), "{run:?}");
        assert!(
            run.stderr.contains("  help: wait for that process"),
            "{run:?}"
        );
    }
    input.write_all(b"{\"key\": \"last\"}\n").unwrap();
    drop(input);
    assert!(first.wait().unwrap().success());
    assert_eq!(lumos.count(), 1_001);
    assert_eq!(lumos.ok(["rm", "last"]), "1 document removed\n");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_told_and_can_still_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let lumos = two();
    // The store is made readable for everybody; by itself it is only for whom it belongs to.
    let chmod = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let (files, directories) = lumos.tree();
    files.iter().for_each(|path| chmod(path, 0o444));
    directories.iter().for_each(|path| chmod(path, 0o555));
    let before = lumos.ok(["ls", "--json"]);
    let user = Unprivileged::new();
    for command in [&["put"][..], &["rm", "a"], &["--db", "new.db", "put"]] {
        let run = user.run(&lumos, command);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.stderr.starts_with("error[E1001]: "), "{run:?}");
        assert!(
            run.stderr.contains("ermission") && run.stderr.contains("  help: "),
            "{run:?}"
        );
    }
    let read = user.run(&lumos, &["ls", "--json"]);
    assert_eq!(
        (read.code, read.stdout.as_str()),
        (Some(0), before.as_str()),
        "{read:?}"
    );
    directories.iter().for_each(|path| chmod(path, 0o755));
    assert_eq!(lumos.ok(["ls", "--json"]), before);
}

/// Runs the program as somebody whom permissions bind: as root does not, which may be what runs the tests.
#[cfg(unix)]
struct Unprivileged {
    /// A copy of the program that everybody may run, when this is root.
    program: Option<tempfile::TempDir>,
}

#[cfg(unix)]
impl Unprivileged {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
        let bound = fs::write(dir.path().join("probe"), b"").is_err();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if bound {
            return Unprivileged { program: None };
        }
        // Not by this process: what other tests start meanwhile would hold the copy open for writing, and it could
        // not be run ("text file busy").
        let copied = std::process::Command::new("cp")
            .arg(env!("CARGO_BIN_EXE_lumos"))
            .arg(dir.path().join("lumos"))
            .status();
        assert!(copied.unwrap().success());
        Unprivileged { program: Some(dir) }
    }

    fn run(&self, lumos: &Program, arguments: &[&str]) -> Run {
        use std::os::unix::process::CommandExt;
        const NOBODY: u32 = 65_534;
        let Some(program) = &self.program else {
            return lumos.run(arguments);
        };
        let mut command = std::process::Command::new(program.path().join("lumos"));
        command
            .args(arguments)
            .current_dir(lumos.path("."))
            .uid(NOBODY)
            .gid(NOBODY);
        Run::of(
            command
                .env_remove("LUMOS_DIR")
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    }
}
