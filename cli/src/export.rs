//! `lumos export` and `lumos import`: the whole database as lines of JSON.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use lumos::ExportReport;
use serde_json::json;

use crate::context::Context;
use crate::failure::{Failure, Outcome, Result};
use crate::output::counted;

/// Write everything as lines of JSON: schemas, documents with vectors, the key-value space.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The file, which must not exist; standard output for -
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

/// Put what export wrote; what has the same key is replaced.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file; standard input for -
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

fn failure(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Failure {
    let path = path.to_path_buf();
    move |source| Failure::File {
        action,
        path: path.clone(),
        source,
    }
}

impl Export {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = context.readable()?;
        if self.file.as_os_str() == "-" {
            let mut out = Pipe::new(io::stdout().lock());
            let report = db.export(&mut out);
            // Whoever read had enough: that is no error of the database.
            return match (report, out.closed) {
                (_, Some(error)) => Err(Failure::output(error)),
                (report, None) => Ok(report.map(|_| ())?),
            };
        }
        let created = File::create_new(&self.file).map_err(failure("create", &self.file))?;
        let report = db.export(&mut BufWriter::new(&created))?;
        created.sync_all().map_err(failure("write", &self.file))?;
        tell(context, "exported", &report)
    }
}

impl Import {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let mut input: Box<dyn BufRead> = match self.file.as_os_str() == "-" {
            true => Box::new(io::stdin().lock()),
            false => {
                // Opened before the database is made: a wrong name costs nothing.
                let file = File::open(&self.file).map_err(failure("open", &self.file))?;
                Box::new(BufReader::new(file))
            }
        };
        let db = context.writable()?;
        let report = db.import(&mut *input)?;
        Context::settle(&db)?;
        tell(context, "imported", &report)
    }
}

fn tell(context: &mut Context, verb: &str, report: &ExportReport) -> Result<()> {
    if context.out.is_json() {
        return context.out.json(&json!({
            "seqno": report.seqno,
            "collections": report.collections,
            "documents": report.documents,
            "values": report.values,
        }));
    }
    context.out.line(format!(
        "{}, {} and {} {verb}",
        counted(report.collections, "collection"),
        counted(report.documents, "document"),
        counted(report.values, "value")
    ))
}

/// Standard output that remembers why writing failed.
struct Pipe<W: Write> {
    inner: BufWriter<W>,
    closed: Option<io::Error>,
}

impl<W: Write> Pipe<W> {
    fn new(inner: W) -> Self {
        Pipe {
            inner: BufWriter::new(inner),
            closed: None,
        }
    }

    fn note<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        outcome.map_err(|error| {
            let kind = error.kind();
            self.closed = Some(error);
            kind.into()
        })
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.inner.write(bytes);
        self.note(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.inner.flush();
        self.note(outcome)
    }
}
