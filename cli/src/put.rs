//! `lumos put`: documents from JSON lines, 1,000 lines a commit.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use lumos::{Collection, Doc, Lumos, Schema};
use serde_json::json;

use crate::context::{self, Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, LineFault, Outcome, Result};
use crate::jsonl::{self, Lines};
use crate::output::counted;
use crate::{model, progress};

/// Lines of one commit.
const BATCH: usize = 1_000;

/// Insert or replace documents from JSON lines, 1,000 lines a commit.
///
/// A line is {"key": "a1", "text": "...", "meta": {...}, "vector": [...]}; "_id" does for "key",
/// and other fields are metadata. A line that is wrong stops the command, and nothing of its
/// batch is written; running it again replaces what was written before.
#[derive(Debug, Args)]
pub(crate) struct Put {
    /// Files of JSON lines; standard input when none is given, or for -
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The collection, created when missing
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
    /// A text field and its analyzer, as "symbol:code"; may be repeated
    #[arg(long = "text-field", value_name = "NAME:ANALYZER", value_parser = text_field)]
    text_fields: Vec<(String, String)>,
    /// Embed texts that bring no vector with the built-in model
    #[arg(long)]
    embed: bool,
}

impl Put {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let files = if self.files.is_empty() {
            vec![PathBuf::from("-")]
        } else {
            self.files
        };
        let mut inputs = Vec::with_capacity(files.len());
        for path in &files {
            // All are opened before anything is written: a wrong name costs nothing.
            inputs.push(Lines::open(Path::new(path))?);
        }
        let db = context.writable()?;
        let declared = self.text_fields.iter();
        let schema = declared.fold(Schema::new(), |schema, (name, analyzer)| {
            schema.text_with(name, analyzer)
        });
        let collection = db.collection_with(&self.collection, schema)?;
        if self.embed {
            db.set_embedder(&self.collection, model::embedder()?)?;
        } else {
            context::with_embedder(&db, &self.collection)?;
        }
        let bar = progress::bar(None, "putting");
        let mut count = 0;
        for mut input in inputs {
            count += put_lines(&db, &collection, &mut input, &bar)?;
        }
        bar.finish_and_clear();
        Context::settle(&db)?;
        if context.out.is_json() {
            return context
                .out
                .json(&json!({ "collection": self.collection, "put": count }));
        }
        context.out.line(format!(
            "{} put into {}",
            counted(count, "document"),
            self.collection
        ))
    }
}

/// Reads `NAME:ANALYZER`; the analyzer is read by the database.
fn text_field(argument: &str) -> Result<(String, String), String> {
    match argument.split_once(':') {
        Some((name, analyzer)) if !name.is_empty() => Ok((name.to_string(), analyzer.to_string())),
        _ => Err("give a name and an analyzer, as in symbol:code".to_string()),
    }
}

fn put_lines(
    db: &Lumos,
    collection: &Collection,
    input: &mut Lines,
    bar: &ProgressBar,
) -> Result<u64> {
    let mut batch: Vec<(u64, Doc)> = Vec::with_capacity(BATCH);
    let mut count = 0;
    let mut committed = 0;
    loop {
        let next = input.next().and_then(|line| match line {
            Some((number, object)) => match jsonl::document(object) {
                Ok(doc) => Ok(Some((number, doc))),
                Err(reason) => Err(input.fault(number, None, LineFault::Malformed(reason))),
            },
            None => Ok(None),
        });
        let next = next.map_err(|failure| failure.after(committed))?;
        let done = next.is_none();
        batch.extend(next);
        if batch.len() == BATCH || done {
            let lines = commit(db, collection, &batch)
                .map_err(|fault| locate(collection, input, &batch, fault).after(committed))?;
            committed = lines.unwrap_or(committed);
            count += batch.len() as u64;
            bar.inc(batch.len() as u64);
            batch.clear();
        }
        if done {
            return Ok(count);
        }
    }
}

/// Commits a batch; returns the number of its last line.
fn commit(
    db: &Lumos,
    collection: &Collection,
    batch: &[(u64, Doc)],
) -> Result<Option<u64>, lumos::EngineError> {
    if !batch.is_empty() {
        db.write(|transaction| {
            for (_, doc) in batch {
                transaction.put(collection.name(), doc.clone())?;
            }
            Ok(())
        })?;
    }
    Ok(batch.last().map(|(line, _)| *line))
}

/// Finds the line that a batch was refused for, by putting its documents one by one into an empty
/// database with the same schema.
fn locate(
    collection: &Collection,
    input: &Lines,
    batch: &[(u64, Doc)],
    fault: lumos::EngineError,
) -> Failure {
    let culprit = || -> Result<Option<(u64, lumos::EngineError)>, lumos::EngineError> {
        let probe = Lumos::memory()?.collection_with(collection.name(), collection.schema()?)?;
        for (line, doc) in batch {
            if let Err(error) = probe.put(doc.clone()) {
                return Ok(Some((*line, error)));
            }
        }
        Ok(None)
    };
    match culprit() {
        Ok(Some((line, error))) => {
            input.fault(line, None, LineFault::Refused(Box::new(error.into())))
        }
        // It was not a line: the disk, the model, another process.
        Ok(None) | Err(_) => fault.into(),
    }
}
