//! The words and signs of the strict language.

use std::ops::Range;

use super::Fault;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word without signs, whose marks for any characters are kept in [`Word`].
    Word(Word),
    Phrase(String),
    Regex(String),
    /// The name before a colon.
    Field(String),
    Open,
    Close,
    And,
    Or,
    Not,
    Plus,
    Minus,
    /// `^2`
    Boost(f32),
    /// `~`, `~2`
    Near(Option<u32>),
    /// `@2`
    AtLeast(usize),
    /// `*` right behind a phrase.
    Star,
}

/// A word: as it was meant, and as a pattern in which `*` and `?` of the author are marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether each mark stands in the text, at its end only, or not at all.
    pub(super) marks: usize,
    pub(super) open: bool,
}

pub(super) type Spanned = (Token, Range<usize>);

/// What ends a word.
fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '"' | '^' | '~')
}

/// Cuts a query into words and signs.
pub(super) fn lex(text: &str) -> Result<Vec<Spanned>, Fault> {
    let mut tokens: Vec<Spanned> = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        // Signs that belong to what stands right before them.
        let behind = tokens
            .last()
            .filter(|(_, span)| span.end == at)
            .map(|(token, _)| token.clone());
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        let (token, end) = match (c, behind) {
            ('(', _) => (Token::Open, at + 1),
            (')', _) => (Token::Close, at + 1),
            ('"', _) => {
                let (inner, end) = quoted(text, at, '"')?;
                (Token::Phrase(inner), end)
            }
            ('^', Some(_)) => number(text, at, |digits| {
                let boost: f32 = digits.parse().ok()?;
                (0.0..=1000.0)
                    .contains(&boost)
                    .then_some(Token::Boost(boost))
            })
            .ok_or_else(|| {
                let fault = Fault::new("^ needs a number from 0 to 1000", at..at + 1);
                fault.hint("write for example wal^2")
            })?,
            ('~', Some(_)) => number(text, at, |digits| match digits {
                "" => Some(Token::Near(None)),
                digits => digits.parse().ok().map(|near| Token::Near(Some(near))),
            })
            .ok_or_else(|| Fault::new("~ needs a whole number", at..at + 1))?,
            ('@', Some(Token::Close)) => {
                let of = |digits: &str| digits.parse().ok().map(Token::AtLeast);
                number(text, at, of).ok_or_else(|| {
                    let fault = Fault::new("@ needs a whole number", at..at + 1);
                    fault.hint("write for example (a b c)@2")
                })?
            }
            ('*', Some(Token::Phrase(_))) => (Token::Star, at + 1),
            ('^' | '~', None) => {
                let fault = Fault::new(format!("{c} belongs to the word before it"), at..at + 1);
                return Err(fault.hint("write it without a space, or before it a backslash"));
            }
            ('/', _) => {
                let (inner, end) = quoted(text, at, '/')?;
                (Token::Regex(inner), end)
            }
            ('+' | '-', _)
                if rest
                    .chars()
                    .next()
                    .is_some_and(|next| !next.is_whitespace()) =>
            {
                let token = if c == '+' { Token::Plus } else { Token::Minus };
                (token, at + 1)
            }
            _ => word(text, at)?,
        };
        tokens.push((token, at..end));
        at = end;
    }
    Ok(tokens)
}

/// What stands between two signs; a backslash takes the next one as it is.
fn quoted(text: &str, start: usize, sign: char) -> Result<(String, usize), Fault> {
    let mut inner = String::new();
    let mut chars = text.get(start + 1..).unwrap_or_default().char_indices();
    while let Some((at, c)) = chars.next() {
        if c == sign {
            return Ok((inner, start + 1 + at + 1));
        }
        match (c, chars.clone().next()) {
            ('\\', Some((_, next))) if next == sign => {
                inner.push(next);
                chars.next();
            }
            _ => inner.push(c),
        }
    }
    let fault = Fault::new(format!("{sign} is not closed"), start..start + 1);
    Err(fault.hint(format!("add a {sign} at the end, or a backslash before it")))
}

/// A sign and the number behind it.
fn number(
    text: &str,
    start: usize,
    token: impl Fn(&str) -> Option<Token>,
) -> Option<(Token, usize)> {
    let rest = text.get(start + 1..)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    Some((token(rest.get(..end)?)?, start + 1 + end))
}

fn word(text: &str, start: usize) -> Result<(Token, usize), Fault> {
    let mut word = Word::default();
    let mut escaped = false;
    let mut chars = text.get(start..).unwrap_or_default().char_indices();
    while let Some((at, c)) = chars.next() {
        let end = start + at + c.len_utf8();
        match c {
            '\\' => {
                let Some((_, next)) = chars.next() else {
                    let fault = Fault::new("a backslash stands before nothing", start + at..end);
                    return Err(fault.hint("write two of them for one"));
                };
                // A mark that is meant as it is matches any character as a pattern: no term has it.
                word.text.push(next);
                (word.open, escaped) = (false, true);
            }
            ':' if !escaped && word.marks == 0 && !word.text.is_empty() => {
                let name = text.get(start..start + at).unwrap_or_default();
                return Ok((Token::Field(name.to_string()), end));
            }
            '*' | '?' => {
                word.text.push(c);
                word.marks += 1;
                word.open = c == '*';
            }
            c if ends(c) => return Ok((keyword(word, escaped), start + at)),
            c => {
                word.text.push(c);
                word.open = false;
            }
        }
    }
    Ok((keyword(word, escaped), text.len()))
}

fn keyword(word: Word, escaped: bool) -> Token {
    match word.text.as_str() {
        "AND" if !escaped => Token::And,
        "OR" if !escaped => Token::Or,
        "NOT" if !escaped => Token::Not,
        _ => Token::Word(word),
    }
}
