//! `lumos analyze`: the terms of a text.

use std::io::{self, Read};
use std::path::Path;

use clap::Args;
use lumos::{Analyzer, Token};
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::{Failure, Outcome, Result};

/// Longest text, in bytes.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Show the terms that an analyzer makes of a text: position, where it comes from in bytes, term.
///
/// With --lines each line of the input is a text of its own, and with --json each gives one line of
/// output.
#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// The text; standard input when it is not given, or -
    text: Option<String>,
    /// The analyzer, as "code", "ngram(2,3)" or "english stop(en)"
    #[arg(long, value_name = "ANALYZER", conflicts_with_all = ["collection", "field"])]
    analyzer: Option<String>,
    /// The collection whose analyzer is taken
    #[arg(long, short, requires = "field")]
    collection: Option<String>,
    /// The text field whose analyzer is taken
    #[arg(long, requires = "collection")]
    field: Option<String>,
    /// Take each line of the text for itself
    #[arg(long)]
    lines: bool,
}

impl Analyze {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let analyzer = self.analyzer(context)?;
        let text = match self.text {
            Some(text) if text != "-" => text,
            _ => read(io::stdin())?,
        };
        let texts: Vec<&str> = match self.lines {
            true => text.lines().collect(),
            false => vec![&text],
        };
        for text in texts {
            let tokens = analyzer.tokens(text);
            if context.out.is_json() {
                let tokens: Vec<Value> = tokens.iter().map(as_json).collect();
                let analyzer = analyzer.to_string();
                let shown = json!({ "analyzer": analyzer, "tokens": tokens });
                context.out.json(&shown)?;
                continue;
            }
            for token in &tokens {
                let (start, end) = (token.span.start, token.span.end);
                let line = format!("{:>5}  {start}..{end}  {}", token.position, token.term);
                context.out.line(line)?;
            }
        }
        Ok(())
    }

    /// The analyzer that was asked for, by itself or by a field.
    fn analyzer(&self, context: &Context) -> Result<Analyzer> {
        let read = |description: &str| {
            Analyzer::named(description).map_err(|error| Failure::analyzer(description, error))
        };
        let (collection, field) = match (&self.analyzer, &self.collection, &self.field) {
            (Some(description), _, _) => return read(description),
            (None, Some(collection), Some(field)) => (collection, field),
            _ => return Ok(Analyzer::default()),
        };
        let schema = context
            .readable()?
            .existing_collection(collection)?
            .schema()?;
        match schema.texts.get(field) {
            Some(description) => read(description),
            None => {
                let known: Vec<&str> = schema.texts.keys().map(String::as_str).collect();
                let known = match known.is_empty() {
                    true => "none".to_string(),
                    false => known.join(", "),
                };
                let detail = format!(
                    "\"{field}\" is no text field of collection \"{collection}\"; it has: {known}"
                );
                Err(Failure::argument("field", detail))
            }
        }
    }
}

fn as_json(token: &Token) -> Value {
    json!({
        "term": token.term,
        "position": token.position,
        "start": token.span.start,
        "end": token.span.end,
    })
}

/// Standard input as text.
fn read(from: impl Read) -> Result<String> {
    let mut text = String::new();
    let read = from.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text);
    read.map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => Failure::contents("<stdin>", "it is not UTF-8 text"),
        _ => Failure::read(Path::new("<stdin>"), source),
    })?;
    if text.len() as u64 > MAX_TEXT_BYTES {
        let detail = format!("it is longer than {MAX_TEXT_BYTES} bytes");
        return Err(Failure::contents("<stdin>", detail));
    }
    Ok(text)
}
