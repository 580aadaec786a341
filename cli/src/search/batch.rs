//! Many searches at once.

use std::io::{BufRead, Read};
use std::path::Path;

use lumos::Lumos;
use serde_json::json;

use super::options::Search;
use super::print;
use crate::context::Context;
use crate::failure::{Failure, Outcome, Result};
use crate::{jsonl, snippet};

/// Queries that are searched for together.
const TOGETHER: usize = 1024;
/// Longest line, in bytes: more than a query may have.
const MAX_LINE_BYTES: u64 = 1 << 20;

impl Search {
    /// Searches for each line of a file.
    pub(super) fn run_batch(&self, file: &Path, db: &Lumos, context: &mut Context) -> Outcome {
        let mut lines = jsonl::reader(file)?;
        let collection = self.searched(db)?;
        let filter = self.filter.as_deref().unwrap_or_default();
        let mut any = false;
        loop {
            let queries = queries(file, &mut lines)?;
            if queries.is_empty() {
                break;
            }
            any = true;
            let found = self.chains(&collection, &queries)?.run();
            let found = found.map_err(|error| Failure::with_filter(error, filter))?;
            for (query, hits) in queries.iter().zip(&found) {
                if context.out.is_json() {
                    context.out.json(&json!({ "query": query, "hits": hits }))?;
                    continue;
                }
                let colour = context.out.colour();
                let query = snippet::name(query);
                context.out.line(snippet::strong(&query, colour))?;
                print::hits(hits, context)?;
            }
        }
        match any {
            true => Ok(()),
            false => Err(Failure::contents(
                file.display().to_string(),
                "it has no query",
            )),
        }
    }
}

/// The next queries; blank lines are passed over.
fn queries(file: &Path, lines: &mut dyn BufRead) -> Result<Vec<String>> {
    let mut queries = Vec::new();
    while queries.len() < TOGETHER {
        let mut line = Vec::new();
        let read = lines.take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        if read.map_err(|source| Failure::read(file, source))? == 0 {
            break;
        }
        let wrong = |detail: &str| Failure::contents(file.display().to_string(), detail);
        let line = String::from_utf8(line).map_err(|_| wrong("it is not UTF-8 text"))?;
        if line.len() as u64 == MAX_LINE_BYTES {
            return Err(wrong("a line is longer than 1 MiB"));
        }
        let query = line.trim();
        if !query.is_empty() {
            queries.push(query.to_string());
        }
    }
    Ok(queries)
}
