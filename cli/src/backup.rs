//! `lumos backup` and `lumos restore`: a copy of the database, and the way back.

use std::path::PathBuf;

use clap::Args;
use lumos::{BackupReport, Lumos};
use serde_json::json;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::{bytes, counted, grouped};

/// Copy the database into an empty directory, while others read and write it.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Where the copy goes: a directory that is new or empty
    #[arg(value_name = "DIR")]
    target: PathBuf,
}

/// Make the database from a backup, after every byte of it was verified.
///
/// The database goes where --db says: a directory that is new or empty.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "DIR")]
    backup: PathBuf,
}

impl Backup {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let report = context.readable()?.backup(&self.target)?;
        tell(context, &report)
    }
}

impl Restore {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let report = Lumos::restore(&self.backup, context.directory())?;
        tell(context, &report)
    }
}

fn tell(context: &mut Context, report: &BackupReport) -> Outcome {
    if context.out.is_json() {
        return context.out.json(&json!({
            "seqno": report.seqno,
            "files": report.files,
            "linked": report.linked,
            "bytes": report.bytes,
        }));
    }
    let linked = match report.linked {
        0 => String::new(),
        linked => format!(", {} of them shared with the original", grouped(linked)),
    };
    context.out.line(format!(
        "commit {}: {}, {}{linked}",
        grouped(report.seqno),
        counted(report.files, "file"),
        bytes(report.bytes)
    ))
}
