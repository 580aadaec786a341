//! What a command can end with, and how it is told: a code, a sentence, what to do.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

/// The result of a step of a command.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;
/// The result of a whole command.
pub(crate) type Outcome = Result<()>;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The library's own error.
    Lumos(lumos::Error),
    /// A file that cannot be read or written.
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A line of an input file that is not what it should be.
    Line {
        file: String,
        line: u64,
        column: Option<u64>,
        detail: LineFault,
        committed: u64,
    },
    /// Keys that no document has.
    Missing {
        collection: String,
        keys: Vec<String>,
    },
    /// An input file whose contents are not what the command reads.
    Contents { file: String, detail: String },
    /// Standard output cannot be written.
    Output(io::Error),
    /// The machine gives no thread or timer.
    Runtime(io::Error),
    /// Stopped by the user at a point from which the command can go on.
    Interrupted,
    /// The documents do not answer; that was printed already.
    NotAnswered,
    /// The database is not sound; what is wrong was printed already.
    Unhealthy,
}

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) enum LineFault {
    /// It does not parse.
    Malformed(String),
    /// It parses, and the database refuses it.
    Refused(Box<lumos::Error>),
}

impl<E: Into<lumos::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Lumos(error.into())
    }
}

impl Failure {
    pub(crate) fn output(source: io::Error) -> Self {
        Failure::Output(source)
    }

    pub(crate) fn runtime(source: io::Error) -> Self {
        Failure::Runtime(source)
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Failure::File {
            action: "read",
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Failure::File {
            action: "write",
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn contents(file: impl Into<String>, detail: impl Into<String>) -> Self {
        Failure::Contents {
            file: file.into(),
            detail: detail.into(),
        }
    }

    /// An argument that the library would refuse too, found before it is asked.
    pub(crate) fn argument(argument: &'static str, detail: impl Into<String>) -> Self {
        lumos::EngineError::InvalidArgument {
            argument,
            detail: detail.into(),
        }
        .into()
    }

    /// The description of an analyzer that does not parse.
    pub(crate) fn analyzer(input: &str, source: lumos::AnalyzerError) -> Self {
        lumos::EngineError::Analyzer {
            input: input.to_string(),
            source,
        }
        .into()
    }

    /// A filter that does not parse.
    pub(crate) fn filter(input: &str, source: lumos::FilterError) -> Self {
        lumos::EngineError::Filter {
            input: input.to_string(),
            source,
        }
        .into()
    }

    /// An error of a call that was given this filter, with its text for the caret. Errors of other filters
    /// keep theirs.
    pub(crate) fn with_filter(error: lumos::EngineError, input: &str) -> Self {
        match error {
            lumos::EngineError::Filter { input: own, source } if is_of(&own, input) => {
                Failure::filter(input, source)
            }
            other => other.into(),
        }
    }

    /// The same failure, knowing how many lines of the file are committed.
    pub(crate) fn after(mut self, lines: u64) -> Self {
        if let Failure::Line { committed, .. } = &mut self {
            *committed = lines;
        }
        self
    }

    /// Whether it only means that nobody reads any more.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Whether standard output has told already what there is to tell.
    pub(crate) fn is_told(&self) -> bool {
        matches!(self, Failure::NotAnswered | Failure::Unhealthy)
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Failure::Lumos(error) => error.code(),
            Failure::Line {
                detail: LineFault::Refused(error),
                ..
            } => error.code(),
            Failure::File { .. } => "E5001",
            Failure::Line {
                detail: LineFault::Malformed(_),
                ..
            } => "E5002",
            Failure::Contents { .. } => "E5003",
            Failure::Missing { .. } => "E5004",
            Failure::Output(_) => "E5005",
            Failure::Runtime(_) => "E5006",
            Failure::Interrupted => "E5008",
            Failure::NotAnswered => "E5009",
            Failure::Unhealthy => "E5010",
        }
    }

    /// The sentence.
    pub(crate) fn message(&self) -> String {
        match self {
            Failure::Lumos(error) => place_of(error).map_or_else(
                || error.to_string(),
                |place| format!("{} in: {}", place.sentence, one_line(place.input)),
            ),
            Failure::File {
                action,
                path,
                source,
            } => {
                format!("cannot {action} {}: {source}", path.display())
            }
            Failure::Line {
                file,
                line,
                column,
                detail,
                ..
            } => {
                let column = column
                    .map(|column| format!(":{column}"))
                    .unwrap_or_default();
                match detail {
                    LineFault::Malformed(what) => format!("{file}:{line}{column}: {what}"),
                    LineFault::Refused(error) => format!("{file}:{line}{column}: {error}"),
                }
            }
            Failure::Contents { file, detail } => format!("{file}: {detail}"),
            Failure::Missing { collection, keys } => {
                let quoted: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
                format!(
                    "collection \"{collection}\" has no document {}",
                    quoted.join(", ")
                )
            }
            Failure::Output(source) => format!("cannot write to standard output: {source}"),
            Failure::Runtime(source) => format!("cannot start: {source}"),
            Failure::Interrupted => "interrupted; what is committed stays".to_string(),
            Failure::NotAnswered => "the documents do not answer the question".to_string(),
            Failure::Unhealthy => "the database is not sound".to_string(),
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Failure::Lumos(error) => match error.code() {
                // Those of the library are lines of code.
                "E1003" => Some(
                    "wait for that process or stop it; search, ask, get, ls, count and stats work beside it"
                        .to_string(),
                ),
                "E3002" => Some("set OPENAI_API_KEY, or give --model ollama/qwen3".to_string()),
                _ => error.hint(),
            },
            Failure::Line {
                detail, committed, ..
            } => Some(match detail {
                LineFault::Malformed(_) | LineFault::Refused(_) if *committed == 0 => {
                    "nothing was written; mend the line and run the command again".to_string()
                }
                _ => format!(
                    "the {committed} lines before its batch are committed, nothing of its batch; mend the line and run the command again"
                ),
            }),
            Failure::File { action: "read", .. } => {
                Some("check the path and its permissions".to_string())
            }
            Failure::File { .. } => Some("check the directory and its free space".to_string()),
            Failure::Missing { .. } => Some("list the keys with: lumos ls".to_string()),
            Failure::Interrupted => Some("run the same command again to go on".to_string()),
            Failure::Contents { .. }
            | Failure::Output(_)
            | Failure::Runtime(_)
            | Failure::NotAnswered
            | Failure::Unhealthy => None,
        }
    }

    /// Tells it on standard error.
    pub(crate) fn report(&self, json: bool) {
        let mut stderr = io::stderr().lock();
        // Nothing is left to be done when standard error is closed too.
        let _ = stderr.write_all(self.render(json, stderr.is_terminal()).as_bytes());
    }

    fn render(&self, json: bool, colour: bool) -> String {
        let (code, message, hint) = (self.code(), self.message(), self.hint());
        if json {
            return json_line(code, &message, hint.as_deref());
        }
        let mut text = text_line(code, &message, colour);
        let caret = match self {
            Failure::Lumos(error) => place_of(error).map(|place| {
                let before = format!("error[{code}]: {} in: ", place.sentence);
                caret_line(&before, place.input, place.span, hint.as_deref())
            }),
            _ => None,
        };
        match (caret, hint) {
            (Some(caret), _) => text.push_str(&caret),
            (None, Some(hint)) => text.push_str(&format!("  help: {hint}\n")),
            (None, None) => {}
        }
        text
    }
}

/// A text of the user's with the place in it that is wrong.
struct Place<'a> {
    sentence: String,
    input: &'a str,
    span: std::ops::Range<usize>,
}

fn place_of(error: &lumos::Error) -> Option<Place<'_>> {
    let lumos::Error::Engine(error) = error else {
        return None;
    };
    let (sentence, input, span) = match error {
        lumos::EngineError::Filter { input, source } => (
            format!("filter: {}", source.message()),
            input,
            source.span(),
        ),
        lumos::EngineError::Analyzer { input, source } => (
            format!("analyzer: {}", source.message()),
            input,
            source.span(),
        ),
        lumos::EngineError::Formula { input, source } => {
            (format!("score: {}", source.message()), input, source.span())
        }
        lumos::EngineError::Score { key, input, source } => {
            let sentence = format!("score of document \"{key}\": {}", source.message());
            (one_line(&sentence), input, source.span())
        }
        _ => return None,
    };
    (!input.is_empty()).then_some(Place {
        sentence,
        input,
        span,
    })
}

/// Whether an error in `own` is one in the filter that was given.
fn is_of(own: &str, given: &str) -> bool {
    let printed = || lumos::Filter::parse(given).is_ok_and(|filter| filter.to_string() == own);
    own.is_empty() || own == given || printed()
}

fn json_line(code: &str, message: &str, hint: Option<&str>) -> String {
    let mut error = json!({ "code": code, "message": message });
    if let (Some(object), Some(hint)) = (error.as_object_mut(), hint) {
        object.insert("hint".to_string(), hint.into());
    }
    format!("{}\n", json!({ "error": error }))
}

fn text_line(code: &str, message: &str, colour: bool) -> String {
    let label = format!("error[{code}]");
    if colour {
        format!("\x1b[1;31m{label}\x1b[0m: {message}\n")
    } else {
        format!("{label}: {message}\n")
    }
}

/// Carets below the place in the filter, which ends the line before.
fn caret_line(
    before: &str,
    input: &str,
    span: std::ops::Range<usize>,
    hint: Option<&str>,
) -> String {
    let start = width(before) + width(input.get(..span.start).unwrap_or(input));
    let carets = width(input.get(span).unwrap_or_default()).max(1);
    let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
    format!("{}{}{hint}\n", " ".repeat(start), "^".repeat(carets))
}

/// The same number of bytes without line breaks, so that spans still fit.
fn one_line(input: &str) -> String {
    input
        .chars()
        .map(|c| if c.is_ascii_control() { ' ' } else { c })
        .collect()
}

/// Columns that a text takes in a terminal: East Asian wide characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x0300..=0x036f => 0,
            0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
            0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff => 2,
            0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

/// Tells what is wrong with the command line, or prints the help that was asked for; returns the exit
/// code.
pub(crate) fn report_usage(error: &clap::Error, json: bool) -> u8 {
    let asked_for_help = !error.use_stderr();
    if json && !asked_for_help {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let line = json_line("E5007", message, Some("see: lumos --help"));
        // Nothing is left to be done when standard error is closed.
        let _ = io::stderr().write_all(line.as_bytes());
    } else {
        let _ = error.print();
    }
    if asked_for_help { 0 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_code_a_sentence_and_what_to_do() {
        let failure = Failure::Missing {
            collection: "docs".to_string(),
            keys: vec!["a".to_string()],
        };
        assert_eq!(
            failure.render(false, false),
            "error[E5004]: collection \"docs\" has no document \"a\"\n  help: list the keys with: lumos ls\n"
        );
        assert_eq!(
            failure.render(true, false),
            "{\"error\":{\"code\":\"E5004\",\"hint\":\"list the keys with: lumos ls\",\"message\":\"collection \\\"docs\\\" has no document \\\"a\\\"\"}}\n"
        );
    }

    #[test]
    fn a_caret_stands_below_the_place_whatever_the_width_of_the_text_before() {
        assert_eq!(
            caret_line("in: ", "yaer >= 2025", 0..4, Some("did you mean \"year\"?")),
            "    ^^^^ did you mean \"year\"?\n"
        );
        assert_eq!(
            caret_line("in: ", "\u{4e2d} = x", 6..7, None),
            "         ^\n"
        );
        assert_eq!(caret_line("", "ab", 2..2, None), "  ^\n");
        assert_eq!(caret_line("", "ab", 7..9, None), "  ^\n");
    }
}
