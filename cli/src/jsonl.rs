//! JSON lines: one object a line, read with the place of every fault.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use lumos::{Doc, MultiVector, SparseVector};
use serde_json::{Map, Value};

use crate::failure::{Failure, LineFault, Result};

/// Longest line, in bytes: the largest document and room for its vectors.
const MAX_LINE_BYTES: u64 = 128 << 20;

/// The bytes of a file; `-` is standard input.
pub(crate) fn reader(path: &Path) -> Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).map_err(|source| Failure::read(path, source))?;
    let directory = file
        .metadata()
        .map(|metadata| metadata.is_dir())
        .unwrap_or(false);
    if directory {
        return Err(Failure::read(
            path,
            io::Error::from(io::ErrorKind::IsADirectory),
        ));
    }
    Ok(Box::new(BufReader::new(file)))
}

/// A file of JSON lines, or standard input.
pub(crate) struct Lines {
    name: String,
    reader: Box<dyn BufRead>,
    line: u64,
}

impl Lines {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = match path.as_os_str() == "-" {
            true => "<stdin>".to_string(),
            false => path.display().to_string(),
        };
        Ok(Lines::new(name, reader(path)?))
    }

    fn new(name: impl Into<String>, reader: Box<dyn BufRead>) -> Self {
        Lines {
            name: name.into(),
            reader,
            line: 0,
        }
    }

    /// The file's name, for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next object and its line, `None` at the end; blank lines are skipped.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Map<String, Value>)>> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = (&mut self.reader)
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut bytes)
                .map_err(|source| Failure::read(Path::new(&self.name), source))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if read as u64 == MAX_LINE_BYTES {
                return Err(self.malformed(
                    None,
                    format!("the line is longer than {MAX_LINE_BYTES} bytes"),
                ));
            }
            if bytes.contains(&0) || std::str::from_utf8(&bytes).is_err() {
                let detail = format!("line {} is not UTF-8 text; is it a binary file?", self.line);
                return Err(Failure::contents(&self.name, detail));
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return match serde_json::from_slice::<Value>(&bytes) {
                Ok(Value::Object(object)) => Ok(Some((self.line, object))),
                Ok(_) => Err(self.malformed(Some(1), "expected a JSON object".to_string())),
                Err(error) => Err(self.malformed(Some(error.column() as u64), reason(&error))),
            };
        }
    }

    fn malformed(&self, column: Option<u64>, detail: String) -> Failure {
        self.fault(self.line, column, LineFault::Malformed(detail))
    }

    /// A fault of a line; `committed` lines are to be filled in by whoever commits.
    pub(crate) fn fault(&self, line: u64, column: Option<u64>, detail: LineFault) -> Failure {
        Failure::Line {
            file: self.name.clone(),
            line,
            column,
            detail,
            committed: 0,
        }
    }
}

/// What serde says, without the place, which is told apart.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

/// The document that an object describes; what is wrong with it otherwise.
///
/// `key` or `_id`, `text`, `texts`, `vector`, `vectors`, `sparse`, `multi` and `meta` are read as such; every other field
/// is metadata.
pub(crate) fn document(object: Map<String, Value>) -> Result<Doc, String> {
    let mut doc = Doc::default();
    let mut extra = Map::new();
    for (name, value) in object {
        match name.as_str() {
            "key" | "_id" if doc.key.is_empty() => doc.key = key(&name, value)?,
            "key" | "_id" => return Err("give either \"key\" or \"_id\", not both".to_string()),
            "text" => doc = doc.text(string(&name, value)?),
            "vector" => doc = doc.vector(numbers(&name, &value)?),
            "texts" => {
                for (field, value) in map(&name, value)? {
                    let text = string(&field, value)?;
                    doc = doc.with_text(field, text);
                }
            }
            "vectors" => {
                for (field, value) in map(&name, value)? {
                    let vector = numbers(&field, &value)?;
                    doc = doc.with_vector(field, vector);
                }
            }
            "sparse" => {
                for (field, value) in map(&name, value)? {
                    doc.sparse.insert(field.clone(), sparse(&field, value)?);
                }
            }
            "multi" => {
                for (field, value) in map(&name, value)? {
                    doc.multi.insert(field.clone(), multi(&field, value)?);
                }
            }
            "meta" => doc.meta = map(&name, value)?,
            _ => {
                extra.insert(name, value);
            }
        }
    }
    if doc.key.is_empty() {
        return Err("the object has no \"key\" (or \"_id\")".to_string());
    }
    for (name, value) in extra {
        if doc.meta.contains_key(&name) {
            return Err(format!(
                "\"{name}\" is given twice, in \"meta\" and beside it"
            ));
        }
        doc.meta.insert(name, value);
    }
    Ok(doc)
}

fn key(name: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(key) if !key.is_empty() => Ok(key),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!(
            "\"{name}\" must be a string that is not empty, or a number"
        )),
    }
}

fn string(name: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(format!("\"{name}\" must be a string")),
    }
}

fn map(name: &str, value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(format!("\"{name}\" must be an object")),
    }
}

/// The numbers of a JSON array.
pub(crate) fn numbers(name: &str, value: &Value) -> Result<Vec<f32>, String> {
    let numbers: Option<Vec<f32>> = value.as_array().and_then(|items| {
        items
            .iter()
            .map(|item| item.as_f64().map(|n| n as f32))
            .collect()
    });
    numbers.ok_or_else(|| format!("\"{name}\" must be an array of numbers"))
}

/// The sparse vector of a JSON object of weights by dimension.
pub(crate) fn sparse(name: &str, value: Value) -> Result<SparseVector, String> {
    serde_json::from_value(value).map_err(|error| {
        let shape = "must be an object of weights by dimension, as {\"7\": 0.3}";
        // Where it is in a key says nothing.
        let detail = error.to_string();
        let detail = detail.split(" at line ").next().unwrap_or_default();
        format!("\"{name}\" {shape}: {detail}")
    })
}

/// The several vectors of a JSON array of arrays.
pub(crate) fn multi(name: &str, value: Value) -> Result<MultiVector, String> {
    serde_json::from_value(value).map_err(|error| {
        format!("\"{name}\" must be an array of arrays of numbers of one length: {error}")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn parse(value: Value) -> Result<Doc, String> {
        document(value.as_object().unwrap().clone())
    }

    fn lines(text: &'static [u8]) -> Lines {
        Lines::new("in.jsonl", Box::new(text))
    }

    #[test]
    fn a_document_survives_being_printed_and_read_again() {
        let doc = Doc::new("a")
            .text("one")
            .with_text("title", "two")
            .vector([1.0, 0.5])
            .with_vector("image", [2.0])
            .sparse(
                "words",
                SparseVector::new([(7, 0.3), (30_522, 1.5)]).unwrap(),
            )
            .multi(
                "tokens",
                MultiVector::new([[1.0, 0.0], [0.5, 0.25]]).unwrap(),
            )
            .meta(json!({"year": 2026}));
        let printed = serde_json::to_value(&doc).unwrap();
        assert_eq!(parse(printed).unwrap(), doc);
    }

    #[test]
    fn fields_that_have_no_meaning_are_metadata() {
        let doc =
            parse(json!({"_id": 7, "text": "t", "year": 2026, "meta": {"lang": "en"}})).unwrap();
        assert_eq!(doc.key, "7");
        assert_eq!(Value::Object(doc.meta), json!({"lang": "en", "year": 2026}));
    }

    #[test]
    fn a_document_that_cannot_be_meant_is_refused_with_the_reason() {
        let cases = [
            (
                json!({"text": "t"}),
                "the object has no \"key\" (or \"_id\")",
            ),
            (
                json!({"key": "a", "_id": "b"}),
                "give either \"key\" or \"_id\", not both",
            ),
            (
                json!({"key": ""}),
                "\"key\" must be a string that is not empty, or a number",
            ),
            (json!({"key": "a", "text": 1}), "\"text\" must be a string"),
            (
                json!({"key": "a", "vector": [1, "2"]}),
                "\"vector\" must be an array of numbers",
            ),
            (
                json!({"key": "a", "sparse": {"f": {"1": 1, "01": 2}}}),
                "\"f\" must be an object of weights by dimension, as {\"7\": 0.3}: invalid number",
            ),
            (
                json!({"key": "a", "multi": {"f": [[1], [1, 2]]}}),
                "\"f\" must be an array of arrays of numbers of one length: the vector has 2 \
                 dimensions where 1 are expected",
            ),
            (
                json!({"key": "a", "meta": []}),
                "\"meta\" must be an object",
            ),
            (
                json!({"key": "a", "meta": {"x": 1}, "x": 2}),
                "\"x\" is given twice, in \"meta\" and beside it",
            ),
        ];
        for (value, reason) in cases {
            assert_eq!(parse(value).unwrap_err(), reason);
        }
    }

    #[test]
    fn the_place_of_a_malformed_line_is_told() {
        let mut lines = lines(b"{\"key\": \"a\"}\n\n{\"key\": \"b\",}\n");
        assert_eq!(lines.next().unwrap().unwrap().0, 1);
        let failure = lines.next().unwrap_err();
        assert_eq!(failure.code(), "E5002");
        assert_eq!(failure.message(), "in.jsonl:3:13: trailing comma");
    }

    #[test]
    fn a_binary_file_is_told_apart_from_a_malformed_one() {
        for bytes in [&b"\x7fELF\x00\x00"[..], &b"\xff\xfe{\"key\"}"[..]] {
            let failure = lines(bytes).next().unwrap_err();
            assert_eq!(failure.code(), "E5003");
        }
    }

    #[test]
    fn the_last_line_needs_no_line_break() {
        let mut lines = lines(b"{\"key\": \"a\"}");
        assert!(lines.next().unwrap().is_some());
        assert!(lines.next().unwrap().is_none());
    }
}
