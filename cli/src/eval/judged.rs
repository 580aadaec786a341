//! A judged collection: texts, queries and how relevant which text is to which query.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::failure::{Failure, LineFault, Result};
use crate::jsonl::{self, Lines};

/// A text of the corpus, or a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) id: String,
    pub(super) text: String,
}

/// Reads JSON lines `{"_id", "title", "text"}`; a title becomes the first line of the text.
pub(super) fn read_texts(path: &Path) -> Result<Vec<Text>> {
    let mut lines = Lines::open(path)?;
    let mut texts = Vec::new();
    while let Some((line, object)) = lines.next()? {
        let doc = jsonl::document(object)
            .map_err(|reason| lines.fault(line, None, LineFault::Malformed(reason)))?;
        let body = doc.text_field("text").unwrap_or_default();
        let text = match doc.meta.get("title").and_then(Value::as_str) {
            Some(title) if !title.is_empty() => format!("{title}\n{body}"),
            _ => body.to_string(),
        };
        texts.push(Text { id: doc.key, text });
    }
    if texts.is_empty() {
        return Err(Failure::contents(lines.name(), "holds no text"));
    }
    Ok(texts)
}

/// Grades by query and document; those that are not positive are left out.
#[derive(Debug, Default)]
pub(super) struct Judgements {
    grades: HashMap<String, HashMap<String, f64>>,
}

impl Judgements {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|source| Failure::read(path, source))?;
        Judgements::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, file: &str) -> Result<Self> {
        let mut judgements = Judgements::default();
        for (line, number) in text.lines().zip(1..) {
            let mut fields = line.split('\t');
            let (Some(query), Some(document), Some(grade), None) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                if line.trim().is_empty() {
                    continue;
                }
                return Err(fault(
                    file,
                    number,
                    "expected: query id, document id, grade, between tabs",
                ));
            };
            match grade.trim().parse::<f64>() {
                Ok(grade) if grade > 0.0 => {
                    let grades = judgements.grades.entry(query.to_string()).or_default();
                    grades.insert(document.to_string(), grade);
                }
                Ok(_) => {}
                Err(_) if number == 1 => {} // The heading.
                Err(_) => return Err(fault(file, number, "the grade is not a number")),
            }
        }
        Ok(judgements)
    }

    /// The queries that have a relevant document.
    pub(super) fn judged(&self, queries: Vec<Text>) -> Vec<Text> {
        queries
            .into_iter()
            .filter(|query| self.grades.contains_key(&query.id))
            .collect()
    }

    /// The grades of a query's relevant documents.
    pub(super) fn of(&self, query: &str) -> Option<&HashMap<String, f64>> {
        self.grades.get(query)
    }
}

fn fault(file: &str, line: u64, reason: &str) -> Failure {
    Failure::Line {
        file: file.to_string(),
        line,
        column: None,
        detail: LineFault::Malformed(reason.to_string()),
        committed: 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn judgements_skip_the_heading_and_what_is_not_relevant() {
        let text = "query-id\tcorpus-id\tscore\n1\ta\t3\n1\tb\t0\n2\tc\t-1\n";
        let judgements = Judgements::parse(text, "qrels.tsv").unwrap();
        assert_eq!(judgements.of("1").unwrap().len(), 1);
        assert!(judgements.of("2").is_none());
        let queries = ["1", "2", "3"].map(|id| Text {
            id: id.to_string(),
            text: String::new(),
        });
        assert_eq!(judgements.judged(queries.to_vec()).len(), 1);
    }

    #[test]
    fn a_line_that_is_no_judgement_is_told() {
        for (text, place) in [
            ("1\ta\n", "qrels.tsv:1: "),
            ("1\ta\t1\n1\tb\tmuch\n", "qrels.tsv:2: "),
        ] {
            let failure = Judgements::parse(text, "qrels.tsv").unwrap_err();
            assert!(
                failure.message().starts_with(place),
                "{}",
                failure.message()
            );
        }
    }
}
