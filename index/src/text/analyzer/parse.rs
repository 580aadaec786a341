//! Reading the description of an analyzer: `kind(arguments) stem(language) stop(list,"word")`.

use std::ops::Range;

use super::MAX_TERM_BYTES;
use super::error::AnalyzerError;
use super::fold::fold;
use super::spec::{Kind, Spec};
use super::stem::{LANGUAGES, Language};
use super::stop::{LISTS, StopList};
use super::words::english;

/// Longest description, in bytes.
const MAX_BYTES: usize = 16 << 10;
/// Most stop words that are given one by one.
const MAX_STOPS: usize = 512;
/// Longest gram, in characters, and most lengths of grams.
const MAX_GRAM: usize = 16;
const MAX_LENGTHS: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Word(String),
    Mark(char),
}

type Placed = (Token, Range<usize>);

/// Reads a description.
pub(super) fn parse(input: &str) -> Result<Spec, AnalyzerError> {
    if input.len() > MAX_BYTES {
        let bytes = input.len();
        let message = format!("the analyzer has {bytes} bytes, at most {MAX_BYTES} are allowed");
        return Err(AnalyzerError::new(message, 0..0));
    }
    let mut parser = Parser {
        tokens: lex(input)?,
        at: 0,
        end: input.len(),
    };
    let (name, span) = parser.name("an analyzer")?;
    let known = Kind::ALL.map(|(name, _)| name);
    let found = Kind::ALL.into_iter().find(|(known, _)| *known == name);
    let Some((_, kind)) = found else {
        return Err(AnalyzerError::unknown("analyzer", &name, span, &known));
    };
    let arguments = parser.arguments()?;
    let mut spec = Spec::new(with_arguments(kind, arguments, span)?);
    while parser.at < parser.tokens.len() {
        let (name, span) = parser.name("stop(...) or stem(...)")?;
        let arguments = parser.arguments()?;
        match name.as_str() {
            "stem" => stem(&mut spec, arguments, span)?,
            "stop" => stop(&mut spec, arguments, span)?,
            _ => {
                let known = ["stem", "stop"];
                return Err(AnalyzerError::unknown("modifier", &name, span, &known));
            }
        }
    }
    // What is kept is read again, and must not be too long for that.
    let bytes = spec.to_string().len();
    if bytes > MAX_BYTES {
        let message = format!(
            "the analyzer has {bytes} bytes when it is folded, at most {MAX_BYTES} are allowed"
        );
        return Err(AnalyzerError::new(message, 0..0));
    }
    Ok(spec)
}

/// A kind with what stands in parentheses after it.
fn with_arguments(
    kind: Kind,
    arguments: Option<Vec<Placed>>,
    span: Range<usize>,
) -> Result<Kind, AnalyzerError> {
    let Some(arguments) = arguments else {
        return Ok(kind);
    };
    let only = |what: &str, at: Range<usize>| {
        let name = kind.to_string();
        let name = name.split('(').next().unwrap_or_default();
        Err(AnalyzerError::new(format!("{name} takes {what}"), at))
    };
    match (kind, arguments.as_slice()) {
        (Kind::Ngram { .. }, [(Token::Name(min), from), (Token::Name(max), to)]) => {
            let length = |text: &str, at: &Range<usize>| match text.parse::<usize>() {
                Ok(length) if (1..=MAX_GRAM).contains(&length) => Ok(length),
                _ => {
                    let message = format!("the length of a gram is 1 to {MAX_GRAM} characters");
                    Err(AnalyzerError::new(message, at.clone()))
                }
            };
            let (min, max) = (length(min, from)?, length(max, to)?);
            if max < min {
                let message = "the second length must not be below the first";
                return Err(AnalyzerError::new(message, to.clone()));
            }
            if max - min >= MAX_LENGTHS {
                let message = format!("there can be {MAX_LENGTHS} lengths of grams at most");
                return Err(AnalyzerError::new(message, from.start..to.end));
            }
            Ok(Kind::Ngram { min, max })
        }
        (Kind::Ngram { .. }, _) => only("two lengths, as in ngram(2,3)", span),
        (Kind::Keyword { .. } | Kind::Whitespace { .. }, [(Token::Name(word), _)])
            if word == "exact" =>
        {
            Ok(match kind {
                Kind::Keyword { .. } => Kind::Keyword { exact: true },
                _ => Kind::Whitespace { exact: true },
            })
        }
        (Kind::Keyword { .. } | Kind::Whitespace { .. }, _) => only("only \"exact\"", span),
        _ => only("nothing in parentheses", span),
    }
}

fn stem(
    spec: &mut Spec,
    arguments: Option<Vec<Placed>>,
    span: Range<usize>,
) -> Result<(), AnalyzerError> {
    if !spec.kind.takes_stem() {
        let message = format!("{} does not stem", spec.kind);
        let hint = "default, english and whitespace do";
        return Err(AnalyzerError::new(message, span).with_hint(hint));
    }
    match arguments.as_deref() {
        Some([(Token::Name(name), at)]) => {
            spec.stem = match Language::named(name) {
                None if name == "none" => None,
                None => {
                    let mut known = LANGUAGES.map(|language| language.name).to_vec();
                    known.push("none");
                    return Err(AnalyzerError::unknown(
                        "stemmer for",
                        name,
                        at.clone(),
                        &known,
                    ));
                }
                language => language,
            };
            Ok(())
        }
        _ => Err(AnalyzerError::new(
            "stem takes one language, as in stem(german), or none",
            span,
        )),
    }
}

/// What is left of a stop word where words lose their genitive. Nothing is left of the `'s` alone, which is no
/// word anyway: it stays as it is.
fn as_word(folded: String) -> String {
    let mut word = folded;
    loop {
        let next = english(&word);
        if next == word || next.is_empty() {
            return word;
        }
        word = next;
    }
}

fn stop(
    spec: &mut Spec,
    arguments: Option<Vec<Placed>>,
    span: Range<usize>,
) -> Result<(), AnalyzerError> {
    if !spec.kind.takes_stops() {
        let message = format!("{} has no stop words", spec.kind);
        return Err(AnalyzerError::new(message, span));
    }
    let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) else {
        let message = "stop takes lists and words, as in stop(en) or stop(\"the\",\"of\")";
        return Err(AnalyzerError::new(message, span));
    };
    for (token, at) in arguments {
        match token {
            Token::Name(name) => match StopList::named(&name) {
                Some(list) => spec.stop_list(list),
                None => {
                    let known = LISTS.map(|list| list.code).join(", ");
                    let message = format!("there is no list of stop words \"{name}\"");
                    let hint =
                        format!("there is: {known}; words stand in quotes, as in stop(\"{name}\")");
                    return Err(AnalyzerError::new(message, at).with_hint(hint));
                }
            },
            Token::Word(word) => {
                // It is kept as it is folded, which may be nothing, or more than was written.
                let folded = fold(&word);
                if folded.trim().is_empty() || folded.len() > MAX_TERM_BYTES {
                    let message =
                        format!("a stop word has 1 to {MAX_TERM_BYTES} bytes when it is folded");
                    return Err(AnalyzerError::new(message, at));
                }
                match spec.kind {
                    Kind::English => spec.stop(as_word(folded)),
                    _ => spec.stop(folded),
                }
            }
            Token::Mark(_) => {}
        }
        if spec.given() > MAX_STOPS {
            let message = format!("there can be {MAX_STOPS} words in stop(...) at most");
            return Err(AnalyzerError::new(message, span));
        }
    }
    Ok(())
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    end: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Placed> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn expected(&self, what: &str, found: Option<Placed>) -> AnalyzerError {
        let span = found.map_or(self.end..self.end, |(_, span)| span);
        AnalyzerError::new(format!("{what} was expected here"), span)
    }

    fn name(&mut self, what: &str) -> Result<(String, Range<usize>), AnalyzerError> {
        match self.next() {
            Some((Token::Name(name), span)) => Ok((name, span)),
            found => Err(self.expected(what, found)),
        }
    }

    /// What stands in parentheses, if they are there.
    fn arguments(&mut self) -> Result<Option<Vec<Placed>>, AnalyzerError> {
        if !matches!(self.tokens.get(self.at), Some((Token::Mark('('), _))) {
            return Ok(None);
        }
        self.at += 1;
        let mut arguments = Vec::new();
        loop {
            match self.next() {
                Some((Token::Mark(')'), _)) if arguments.is_empty() => return Ok(Some(arguments)),
                Some(argument @ (Token::Name(_) | Token::Word(_), _)) => arguments.push(argument),
                found => return Err(self.expected("an argument or \")\"", found)),
            }
            match self.next() {
                Some((Token::Mark(','), _)) => {}
                Some((Token::Mark(')'), _)) => return Ok(Some(arguments)),
                found => return Err(self.expected("\",\" or \")\"", found)),
            }
        }
    }
}

fn lex(input: &str) -> Result<Vec<Placed>, AnalyzerError> {
    let mut tokens = Vec::new();
    let mut chars = input.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        let token = match c {
            c if c.is_whitespace() => continue,
            '(' | ')' | ',' => Token::Mark(c),
            '"' => {
                let mut word = String::new();
                let mut closed = false;
                while let Some((at, c)) = chars.next() {
                    end = at + c.len_utf8();
                    match c {
                        '"' => {
                            closed = true;
                            break;
                        }
                        '\\' => {
                            if let Some((at, c)) = chars.next() {
                                end = at + c.len_utf8();
                                word.push(c);
                            }
                        }
                        c => word.push(c),
                    }
                }
                if !closed {
                    return Err(AnalyzerError::new("the quote is not closed", start..end));
                }
                Token::Word(word)
            }
            c if is_of_name(c) => {
                let mut name = c.to_string();
                while let Some((at, c)) = chars.next_if(|(_, c)| is_of_name(*c)) {
                    end = at + c.len_utf8();
                    name.push(c);
                }
                Token::Name(name)
            }
            _ => {
                let message = format!("{c:?} does not belong here");
                return Err(AnalyzerError::new(message, start..end));
            }
        };
        tokens.push((token, start..end));
    }
    Ok(tokens)
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}
