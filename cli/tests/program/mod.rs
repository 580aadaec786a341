//! Runs the real `lumos` in a directory of its own.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A working directory whose store is `lumos.db`.
pub struct Program {
    dir: TempDir,
}

/// How a run ended.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub fn new() -> Self {
        Program {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in the working directory.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, with the directories above it.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// A command with arguments, in an environment that does not reach beyond this directory.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lumos"));
        command.args(arguments).current_dir(self.dir.path());
        for name in [
            "LUMOS_DIR",
            "LUMOS_MODEL",
            "LUMOS_MODEL_DIR",
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// Runs to the end without input.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        Run::of(
            self.command(arguments)
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    }

    /// Runs to the end with this input.
    pub fn feed<S: AsRef<OsStr>>(
        &self,
        input: impl AsRef<[u8]>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that fails early may not read all of it.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Run::of(child.wait_with_output().unwrap())
    }

    /// Runs and expects success; returns what was printed.
    pub fn ok<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let run = self.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
        run.stdout
    }

    /// Puts JSON lines and expects success.
    pub fn put(&self, lines: &str) {
        let run = self.feed(lines, ["put"]);
        assert_eq!(run.code, Some(0), "{run:?}");
    }

    /// Runs and expects success; returns the JSON objects that were printed, one a line.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Vec<Value> {
        let printed = self.ok(arguments);
        printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// All files and all directories, this one included.
    pub fn tree(&self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (mut files, mut directories) = (Vec::new(), vec![self.path(".")]);
        let mut next = 0;
        while let Some(directory) = directories.get(next).cloned() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path)
                } else {
                    files.push(path)
                }
            }
            next += 1;
        }
        files.sort();
        (files, directories)
    }

    /// The number of documents.
    pub fn count(&self) -> u64 {
        self.ok(["count"]).trim().parse().unwrap()
    }
}

impl Run {
    pub fn of(output: Output) -> Self {
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Expects an error, told exactly like this, and nothing printed.
    #[track_caller]
    pub fn fails(&self, stderr: &str) {
        assert_eq!(
            (self.code, self.stdout.as_str(), self.stderr.as_str()),
            (Some(1), "", stderr)
        );
    }
}
