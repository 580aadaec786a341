//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::context::Context;
use crate::failure::Outcome;
use crate::{
    add, analyze, ask, backup, bench, chat, compact, count, doctor, eval, export, get, index, ls,
    put, rm, schema, search, set, stats,
};

/// Index files, search them, ask them: one directory, one commit, nothing to download.
#[derive(Debug, Parser)]
#[command(
    name = "lumos",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = "Exit codes: 0 done, 1 error, 2 usage. Documentation: docs/cli.md")]
pub(crate) struct Cli {
    /// The database directory
    #[arg(
        long,
        global = true,
        env = "LUMOS_DIR",
        default_value = "./lumos.db",
        value_name = "DIR"
    )]
    pub(crate) db: PathBuf,
    /// Print JSON: one document, or one object a line; errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Index files and folders; again adds only what changed
    Add(add::Add),
    /// Search what was added or put
    Search(Box<search::Search>),
    /// Ask a question; the answer cites file and lines
    Ask(ask::Ask),
    /// Talk with a model that can look things up in the store
    Chat(chat::Chat),
    /// Print documents as JSON
    Get(get::Get),
    /// Insert or replace documents from JSON lines
    Put(put::Put),
    /// Remove documents by key or by filter
    Rm(rm::Rm),
    /// Set metadata fields of every document that matches
    Set(set::Set),
    /// List keys
    Ls(ls::Ls),
    /// Show the terms that an analyzer makes of a text
    Analyze(analyze::Analyze),
    /// Count documents
    Count(count::Count),
    /// Show the fields of a collection, add fields, drop fields
    Schema(schema::SchemaCommand),
    /// Declare indexes of metadata that are made in advance
    Index(index::Index),
    /// Show sizes and counts
    Stats(stats::Stats),
    /// Examine everything that is stored, and mend what can be mended
    Doctor(doctor::Doctor),
    /// Copy the database while it is in use
    Backup(backup::Backup),
    /// Make a database from a backup
    Restore(backup::Restore),
    /// Write everything as JSON lines
    Export(export::Export),
    /// Read what export wrote
    Import(export::Import),
    /// Measure retrieval on a judged collection
    Eval(eval::Eval),
    /// Measure the vector index
    Bench(bench::Bench),
    /// Merge segments and drop what is deleted
    Compact(compact::Compact),
}

/// Runs one command.
pub(crate) fn dispatch(command: Command, context: &mut Context) -> Outcome {
    match command {
        Command::Add(add) => add.run(context),
        Command::Search(search) => search.run(context),
        Command::Ask(ask) => ask.run(context),
        Command::Chat(chat) => chat.run(context),
        Command::Get(get) => get.run(context),
        Command::Put(put) => put.run(context),
        Command::Rm(rm) => rm.run(context),
        Command::Set(set) => set.run(context),
        Command::Index(index) => index.run(context),
        Command::Ls(ls) => ls.run(context),
        Command::Analyze(analyze) => analyze.run(context),
        Command::Count(count) => count.run(context),
        Command::Schema(schema) => schema.run(context),
        Command::Stats(stats) => stats.run(context),
        Command::Doctor(doctor) => doctor.run(context),
        Command::Backup(backup) => backup.run(context),
        Command::Restore(restore) => restore.run(context),
        Command::Export(export) => export.run(context),
        Command::Import(import) => import.run(context),
        Command::Eval(eval) => eval.run(context),
        Command::Bench(bench) => bench.run(context),
        Command::Compact(compact) => compact.run(context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
