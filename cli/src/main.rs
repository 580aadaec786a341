//! The `lumos` command: index files, search, ask and keep data by hand, over one directory.
#![forbid(unsafe_code)]

mod add;
mod analyze;
mod args;
mod ask;
mod backup;
mod bench;
mod chat;
mod citation;
mod compact;
mod context;
mod count;
mod doctor;
mod eval;
mod export;
mod facets;
mod failure;
mod find;
mod get;
mod index;
mod interrupt;
mod jsonl;
mod ls;
mod model;
mod output;
mod progress;
mod put;
mod rm;
mod search;
mod set;
mod snippet;
mod stats;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::context::Context;

/// Success, and a closed pipe: whoever read had enough.
const DONE: u8 = 0;
/// The command was understood and failed.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    ExitCode::from(run(&arguments))
}

fn run(arguments: &[OsString]) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let json = arguments.iter().any(|argument| argument == "--json");
            return failure::report_usage(&error, json);
        }
    };
    let json = cli.json;
    let mut context = Context::new(&cli);
    let outcome = args::dispatch(cli.command, &mut context).and_then(|()| context.out.finish());
    match outcome {
        Ok(()) => DONE,
        Err(failure) if failure.is_closed_pipe() => DONE,
        Err(failure) => {
            // What was printed before the error comes first, if anybody still reads it.
            let _ = context.out.finish();
            if !failure.is_told() {
                failure.report(json);
            }
            FAILED
        }
    }
}
