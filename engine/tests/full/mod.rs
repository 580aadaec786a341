//! A disk that can be filled: a small file system of its own, which a child process gets where the
//! machine allows it, or else a limit on the size of files.

pub(crate) mod documents;

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Tells this program that it is the child, which story it is to live, how and where.
pub(crate) const CHILD: &str = "LUMOS_FULL_DISK";
/// The largest file where no disk can be mounted.
const FILE_LIMIT: u64 = 3 << 20;

/// How a disk becomes full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A small file system in memory, mounted by root for the child alone.
    Mount,
    /// The same, as root of a user namespace.
    UserMount,
    /// No file may grow past a limit.
    Limit,
}

impl Way {
    /// The best that this machine allows.
    pub(crate) fn of_this_machine() -> Way {
        let works = |way: &Way| {
            let dir = tempfile::tempdir().unwrap();
            let mut command = way.command(dir.path(), 1, Path::new("/bin/true"));
            command.output().is_ok_and(|output| output.status.success())
        };
        let ways = [Way::Mount, Way::UserMount];
        ways.into_iter().find(works).unwrap_or(Way::Limit)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Mount => "a mounted file system",
            Way::UserMount => "a mounted file system of a user namespace",
            Way::Limit => "a limit on the size of files",
        }
    }

    /// Runs a program with a disk of so many megabytes at `dir`.
    fn command(self, dir: &Path, megabytes: u64, program: &Path) -> Command {
        let mut command = match self {
            Way::Mount | Way::UserMount => {
                let mut command = Command::new("unshare");
                if self == Way::UserMount {
                    command.args(["--user", "--map-root-user"]);
                }
                let script = r#"mount -t tmpfs -o "size=$1m" lumos "$2" && shift 2 && exec "$@""#;
                command.args(["--mount", "sh", "-c", script, "sh"]);
                command.arg(megabytes.to_string()).arg(dir);
                command
            }
            Way::Limit => {
                let mut command = Command::new("prlimit");
                let script = r#"trap '' XFSZ; exec "$@""#;
                command.arg(format!("--fsize={FILE_LIMIT}:unlimited"));
                command.args(["sh", "-c", script, "sh"]);
                command
            }
        };
        command.arg(program);
        command
    }

    /// Lets a child of this program live a story; its panics and signals are passed on.
    pub(crate) fn live(self, story: &str, megabytes: u64) {
        let dir = tempfile::tempdir().unwrap();
        let program = std::env::current_exe().unwrap();
        let output = self
            .command(dir.path(), megabytes, &program)
            .args(["child", "--exact", "--nocapture"])
            .env(CHILD, format!("{story}:{self:?}:{}", dir.path().display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), None, "{story}: {said}{complained}");
        assert!(output.status.success(), "{story}: {said}{complained}");
        assert!(said.contains("story: "), "{story} did not run: {said}");
        for line in said.lines() {
            // The harness puts the name of the test before the first one.
            if let Some((_, told)) = line.split_once("story: ") {
                println!("disk_full: {story}: {told} ({})", self.name());
            }
        }
    }
}

/// The disk of a child.
pub(crate) struct Disk {
    pub(crate) dir: PathBuf,
    pub(crate) limited: bool,
}

impl Disk {
    pub(crate) fn new(way: &str, dir: &str) -> Self {
        Disk {
            dir: dir.into(),
            limited: way == "Limit",
        }
    }

    fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    /// Fills the disk but for so many bytes.
    pub(crate) fn fill_but(&self, bytes: u64) {
        let mut options = File::options();
        let options = options.create(true).write(true).truncate(false);
        let file = options.open(self.ballast()).unwrap();
        let mut end = file.metadata().unwrap().len();
        let page = [0xee; 4096];
        while file.write_all_at(&page, end).is_ok() {
            end += page.len() as u64;
        }
        file.set_len(end.saturating_sub(bytes)).unwrap();
    }

    /// Gives back what the ballast takes.
    pub(crate) fn free(&self) {
        if self.limited {
            let own = std::process::id().to_string();
            let mut command = Command::new("prlimit");
            command.args(["--pid", &own, "--fsize=unlimited"]);
            assert!(command.status().unwrap().success());
        } else {
            std::fs::remove_file(self.ballast()).unwrap();
        }
    }

    /// Gives back so many bytes of the ballast.
    pub(crate) fn free_some(&self, bytes: u64) {
        let file = File::options().write(true).open(self.ballast()).unwrap();
        let len = file.metadata().unwrap().len();
        file.set_len(len.checked_sub(bytes).unwrap()).unwrap();
    }
}

/// Bytes that a directory takes on its disk.
pub(crate) fn used(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => used(&entry.path()),
            Ok(data) => data.blocks() * 512,
            // Removed since it was listed.
            Err(_) => 0,
        })
        .sum()
}

/// The names in a directory.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}
