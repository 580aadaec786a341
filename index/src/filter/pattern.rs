//! What texts are compared with beside other texts: prefixes, LIKE, GLOB and regular expressions.

use std::fmt;
use std::hash::{Hash, Hasher};

use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
pub(crate) const MAX_PATTERN: usize = 1 << 10;
/// Most bytes of a compiled regular expression.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// How a pattern is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Style {
    /// The text begins so.
    Prefix,
    /// `%` stands for any characters, `_` for one, `\` takes the meaning from what follows; the whole text.
    Like,
    /// `*` stands for any characters, `?` for one, `[a-z]` and `[^a-z]` for one of some; the whole text.
    Glob,
    /// A regular expression that matches somewhere.
    Regex,
}

/// A pattern, ready to be compared.
#[derive(Clone)]
pub(crate) struct Pattern {
    pub(crate) style: Style,
    pub(crate) text: String,
    matcher: Matcher,
}

#[derive(Clone)]
enum Matcher {
    Pieces(Vec<Piece>),
    Regex(Regex),
    Invalid(String),
}

/// A part of a pattern that is compared with characters.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Char(char),
    One,
    Run,
    Class {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

impl Pattern {
    pub(crate) fn new(style: Style, text: &str) -> Pattern {
        let matcher = if text.len() > MAX_PATTERN {
            Matcher::Invalid(format!("the pattern is longer than {MAX_PATTERN} bytes"))
        } else {
            compile(style, text)
        };
        Pattern {
            style,
            text: text.to_string(),
            matcher,
        }
    }

    /// Why it cannot be used.
    pub(crate) fn fault(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Invalid(reason) => Some(reason),
            _ => None,
        }
    }

    /// What every text that fits begins with, and whether every text that begins so fits.
    pub(crate) fn prefix(&self) -> (String, bool) {
        match &self.matcher {
            Matcher::Pieces(pieces) => {
                let literal = pieces.iter().map_while(|piece| match piece {
                    Piece::Char(c) => Some(*c),
                    _ => None,
                });
                let prefix: String = literal.collect();
                let rest = pieces.get(prefix.chars().count()..).unwrap_or_default();
                (prefix, rest == [Piece::Run])
            }
            Matcher::Regex(_) => (literal_start(&self.text), false),
            Matcher::Invalid(_) => (String::new(), false),
        }
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Pieces(pieces) => whole(pieces, text),
            Matcher::Regex(regex) => regex.is_match(text),
            Matcher::Invalid(_) => false,
        }
    }
}

fn compile(style: Style, text: &str) -> Matcher {
    let pieces = match style {
        Style::Prefix => {
            let chars = text.chars().map(Piece::Char);
            Ok(chars.chain([Piece::Run]).collect())
        }
        Style::Like => like(text),
        Style::Glob => glob(text),
        Style::Regex => {
            let regex = RegexBuilder::new(text).size_limit(MAX_REGEX_BYTES).build();
            return match regex {
                Ok(regex) => Matcher::Regex(regex),
                Err(regex::Error::CompiledTooBig(_)) => Matcher::Invalid(format!(
                    "the regular expression takes more than {MAX_REGEX_BYTES} bytes of automaton"
                )),
                Err(error) => {
                    let told = error.to_string();
                    let last = told.lines().last().unwrap_or_default();
                    let reason = last.strip_prefix("error: ").unwrap_or(last);
                    Matcher::Invalid(format!("not a regular expression: {reason}"))
                }
            };
        }
    };
    match pieces {
        Ok(pieces) => Matcher::Pieces(pieces),
        Err(reason) => Matcher::Invalid(reason),
    }
}

fn like(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '%' => Piece::Run,
            '_' => Piece::One,
            '\\' => match chars.next() {
                Some(c) => Piece::Char(c),
                None => return Err("the pattern ends after \\".to_string()),
            },
            c => Piece::Char(c),
        });
    }
    Ok(pieces)
}

fn glob(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '*' => Piece::Run,
            '?' => Piece::One,
            '[' => {
                let negated = chars.next_if(|c| matches!(c, '^' | '!')).is_some();
                let mut ranges = Vec::new();
                loop {
                    let first = chars.next().ok_or("[ is not closed")?;
                    // A bracket that comes first is one of the characters.
                    if first == ']' && !ranges.is_empty() {
                        break;
                    }
                    let mut last = first;
                    if chars.peek() == Some(&'-') {
                        chars.next();
                        match chars.peek() {
                            Some(&']') => ranges.push(('-', '-')),
                            Some(&end) => {
                                last = end;
                                chars.next();
                            }
                            None => return Err("[ is not closed".to_string()),
                        }
                    }
                    ranges.push((first, last));
                }
                Piece::Class { ranges, negated }
            }
            c => Piece::Char(c),
        });
    }
    Ok(pieces)
}

impl Piece {
    fn takes(&self, c: char) -> bool {
        match self {
            Piece::Char(wanted) => *wanted == c,
            Piece::One => true,
            Piece::Run => false,
            Piece::Class { ranges, negated } => {
                ranges
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&c))
                    != *negated
            }
        }
    }
}

/// Whether the pieces take a whole text. Of several runs only the last one is ever stretched: what the ones
/// before it took can stay.
fn whole(pieces: &[Piece], text: &str) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        if pieces.get(at) == Some(&Piece::Run) {
            at += 1;
            retry = Some((at, rest.clone()));
            continue;
        }
        let mut next = rest.clone();
        match (next.next(), pieces.get(at)) {
            (None, None) => return true,
            (Some(c), Some(piece)) if piece.takes(c) => {
                at += 1;
                rest = next;
                continue;
            }
            (None, Some(_)) => return false,
            _ => {}
        }
        let Some((after, from)) = &mut retry else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        at = *after;
        rest = from.clone();
    }
}

/// The letters and digits that a regular expression begins with at the beginning of a text, as far as that is
/// seen without reading all of it.
fn literal_start(regex: &str) -> String {
    let Some(rest) = regex.strip_prefix('^') else {
        return String::new();
    };
    if regex.contains('|') {
        return String::new();
    }
    let is_plain = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '/' | ':');
    let mut prefix: String = rest.chars().take_while(is_plain).collect();
    let after = rest
        .get(prefix.len()..)
        .and_then(|rest| rest.chars().next());
    if after.is_some_and(|c| matches!(c, '?' | '*' | '+' | '{')) {
        prefix.pop();
    }
    prefix
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.style == other.style && self.text == other.text
    }
}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.style.hash(state);
        self.text.hash(state);
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.style, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_whole_texts() {
        for (style, pattern, yes, no) in [
            (Style::Like, "a%", &["a", "abc"][..], &["", "ba"][..]),
            (
                Style::Like,
                "%a_c%",
                &["abc", "xaacc", "abcabc"],
                &["ac", "abbc"],
            ),
            (Style::Like, "100\\%", &["100%"], &["1000"]),
            (Style::Like, "", &[""], &["a"]),
            (Style::Glob, "a*?[x-z]", &["abx", "a..z"], &["ax", "abw"]),
            (Style::Glob, "[^a]b", &["bb", "\u{5e74}b"], &["ab", "b"]),
            (Style::Glob, "[]-]", &["]", "-"], &["x"]),
            (Style::Glob, "*a*a*", &["aa", "xaya"], &["a", "x"]),
            (Style::Prefix, "a%", &["a%", "a%b"], &["ab"]),
            (Style::Regex, "b+c$", &["abbc", "bc"], &["bcd"]),
        ] {
            let pattern = Pattern::new(style, pattern);
            for (texts, fits) in [(yes, true), (no, false)] {
                for text in texts {
                    assert_eq!(pattern.fits(text), fits, "{pattern:?} {text}");
                    let (prefix, all) = pattern.prefix();
                    assert!(!fits || text.starts_with(&prefix), "{pattern:?} {text}");
                    assert!(
                        !all || text.starts_with(&prefix) == fits,
                        "{pattern:?} {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn prefixes_are_what_they_say() {
        let prefix = |style, text| Pattern::new(style, text).prefix();
        assert_eq!(prefix(Style::Like, "ab%"), ("ab".to_string(), true));
        assert_eq!(prefix(Style::Like, "ab_%"), ("ab".to_string(), false));
        assert_eq!(prefix(Style::Like, "ab"), ("ab".to_string(), false));
        assert_eq!(prefix(Style::Regex, "^ab+").0, "a");
        assert_eq!(prefix(Style::Regex, "^ab|c").0, "");
        assert_eq!(prefix(Style::Regex, "^(?i)ab").0, "");
    }

    #[test]
    fn patterns_that_mean_nothing_say_why() {
        for (style, text, reason) in [
            (Style::Glob, "a[b", "not closed"),
            (Style::Like, "a\\", "ends"),
            (Style::Regex, "(", "unclosed group"),
            (Style::Regex, "(\\w{100}){100}", "bytes"),
            (Style::Like, &"a".repeat(2_000), "longer"),
        ] {
            let pattern = Pattern::new(style, text);
            assert!(
                pattern.fault().is_some_and(|fault| fault.contains(reason)),
                "{pattern:?}"
            );
        }
    }
}
