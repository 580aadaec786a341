//! What happens when others do not read to the end, or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use std::io::Read;
use std::process::Stdio;

use program::Program;

/// `lumos ls | head` used to be a panic in many a program: writing to a pipe that nobody reads.
#[test]
fn a_closed_pipe_ends_the_command_quietly() {
    let lumos = Program::new();
    let lines: String = (0..20_000)
        .map(|n| format!("{{\"key\": \"key-{n:05}\"}}\n"))
        .collect();
    lumos.put(&lines);
    for arguments in [&["ls"][..], &["ls", "--json"]] {
        let mut child = lumos
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 5];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut first)
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn an_error_with_standard_error_closed_is_still_an_exit_code() {
    let lumos = Program::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = lumos.command(["get", "x"]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn help_and_version_go_to_standard_output() {
    let lumos = Program::new();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["put", "--help"],
        &["--json", "--help"],
    ] {
        let run = lumos.run(arguments);
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        assert!(run.stdout.contains("lumos"), "{arguments:?}");
    }
}
