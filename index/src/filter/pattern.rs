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
    Pieces(Vec<Piece>, Vec<Part>),
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

/// What stands between two runs of any characters, before the first and behind the last.
#[derive(Clone, Debug)]
struct Part {
    pieces: Vec<Piece>,
    /// The characters that it begins with.
    literal: String,
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
            Matcher::Pieces(pieces, _) => {
                let prefix = literal(pieces);
                let rest = pieces.get(prefix.chars().count()..).unwrap_or_default();
                (prefix, rest == [Piece::Run])
            }
            Matcher::Regex(_) => (literal_start(&self.text), false),
            Matcher::Invalid(_) => (String::new(), false),
        }
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Pieces(_, parts) => whole(parts, text),
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
        Ok(pieces) => {
            let parts = pieces.split(|piece| *piece == Piece::Run);
            let parts = parts.map(|pieces| Part {
                literal: literal(pieces),
                pieces: pieces.to_vec(),
            });
            let parts = parts.collect();
            Matcher::Pieces(pieces, parts)
        }
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

/// The characters that pieces begin with.
fn literal(pieces: &[Piece]) -> String {
    let chars = pieces.iter().map_while(|piece| match piece {
        Piece::Char(c) => Some(*c),
        _ => None,
    });
    chars.collect()
}

/// Whether parts with any characters between them take a whole text. The first and the last have their places;
/// of the others each is taken where it stands first: what is left is the longest then.
fn whole(parts: &[Part], text: &str) -> bool {
    let found = || {
        let (first, others) = parts.split_first()?;
        let mut rest = first.take(text)?;
        let Some((last, between)) = others.split_last() else {
            return rest.is_empty().then_some(());
        };
        let mut ends = rest.char_indices().rev().map(|(at, _)| at);
        let end = match last.pieces.len().checked_sub(1) {
            Some(before) => ends.nth(before)?,
            None => rest.len(),
        };
        last.take(rest.get(end..)?)?;
        rest = rest.get(..end)?;
        for part in between {
            rest = part.find(rest)?;
        }
        Some(())
    };
    found().is_some()
}

impl Part {
    /// What is left of a text that begins so.
    fn take<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text.chars();
        let mut pieces = self.pieces.iter();
        pieces
            .all(|piece| rest.next().is_some_and(|c| piece.takes(c)))
            .then_some(rest.as_str())
    }

    /// What is left behind the first place in a text.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut ahead = text;
        loop {
            ahead = ahead.get(ahead.find(self.literal.as_str())?..)?;
            if let Some(rest) = self.take(ahead) {
                return Some(rest);
            }
            let mut chars = ahead.chars();
            chars.next()?;
            ahead = chars.as_str();
        }
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
            (Style::Glob, "ab*ba", &["abba", "ab-ba"], &["aba", "abb"]),
            (
                Style::Glob,
                "*ab?b*b",
                &["abbbb", "xabcb-b"],
                &["abbb", "aabbc"],
            ),
            (Style::Glob, "**", &["", "a"], &[]),
            (
                Style::Like,
                "%\u{5e74}_",
                &["\u{5e74}\u{5e74}", "x\u{5e74}a"],
                &["\u{5e74}"],
            ),
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
