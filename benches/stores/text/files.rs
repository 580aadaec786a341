//! The documents and questions as files, for stores that are not asked from Rust.

use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::corpus::Corpus;
use crate::questions::{Kind, Question};

/// Writes `documents.txt`, a document a line, and `questions.jsonl`.
pub(crate) fn write(folder: &Path, corpus: &Corpus, kinds: &[Kind]) -> Result<()> {
    create_dir_all(folder)?;
    let mut file = BufWriter::new(File::create(folder.join("documents.txt"))?);
    for document in &corpus.documents {
        writeln!(file, "{document}")?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(folder.join("questions.jsonl"))?);
    for kind in kinds {
        for question in &kind.questions {
            writeln!(file, "{}", line(kind.name, question))?;
        }
    }
    file.flush()
}

fn line(kind: &str, question: &Question) -> Value {
    let (name, words, below) = match question {
        Question::Term(word) => ("term", vec![word], None),
        Question::Any(words) => ("any", words.iter().collect(), None),
        Question::All(words) => ("all", words.iter().collect(), None),
        Question::Phrase(words) => ("phrase", words.iter().collect(), None),
        Question::Fuzzy(word) => ("fuzzy", vec![word], None),
        Question::Filtered(words, below) => ("any", words.iter().collect(), Some(below)),
    };
    json!({ "kind": kind, "question": name, "words": words, "below": below })
}
