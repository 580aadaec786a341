//! The words of a filter.

use std::ops::Range;

use super::error::FilterError;
use super::expr::Op;
use super::path::{continues_word, starts_word, unquote};
use super::value::{Num, is_date};

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A word without quotes: a keyword or a part of a path.
    Word(String),
    /// A part of a path in backticks.
    Quoted(String),
    Text(String),
    Number(Num),
    Op(Op),
    /// `=~`, before a regular expression.
    Matches,
    /// A regular expression between slashes.
    Regex(String),
    /// A number with a unit: a duration or a distance.
    Measure {
        /// Whether it is a minus, if there is a sign.
        sign: Option<bool>,
        number: String,
        unit: String,
    },
    /// A sign that stands alone: whether it is a minus.
    Sign(bool),
    Open,
    Close,
    Comma,
    Dot,
}

pub(crate) struct Spanned {
    pub(crate) token: Token,
    pub(crate) span: Range<usize>,
}

/// Splits a filter into words.
pub(crate) fn lex(input: &str) -> Result<Vec<Spanned>, FilterError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let after = tokens.last().map(|spanned: &Spanned| &spanned.token);
        let (token, len) = match after {
            Some(Token::Matches) if first == '/' => regex(rest, at)?,
            _ => next(rest, first, at)?,
        };
        tokens.push(Spanned {
            token,
            span: at..at + len,
        });
        at += len;
    }
    Ok(tokens)
}

fn next(rest: &str, first: char, at: usize) -> Result<(Token, usize), FilterError> {
    const SIGNS: [(&str, Token); 13] = [
        ("=~", Token::Matches),
        ("==", Token::Op(Op::Eq)),
        ("!=", Token::Op(Op::Ne)),
        ("<>", Token::Op(Op::Ne)),
        ("<=", Token::Op(Op::Lte)),
        (">=", Token::Op(Op::Gte)),
        ("=", Token::Op(Op::Eq)),
        ("<", Token::Op(Op::Lt)),
        (">", Token::Op(Op::Gt)),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
        (".", Token::Dot),
    ];
    if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((token.clone(), sign.len()));
    }
    if matches!(first, '\'' | '"' | '`') {
        let (text, after) = rest
            .get(1..)
            .and_then(|rest| unquote(rest, first))
            .ok_or_else(|| {
                FilterError::new(format!("{first} is not closed"), at..at + rest.len())
            })?;
        let token = if first == '`' {
            Token::Quoted(text)
        } else {
            Token::Text(text)
        };
        return Ok((token, rest.len() - after.len()));
    }
    if first.is_ascii_digit() || first == '-' || first == '+' {
        return number_or_date(rest, at);
    }
    if starts_word(first) {
        let len = rest.find(|c| !continues_word(c)).unwrap_or(rest.len());
        return Ok((
            Token::Word(rest.get(..len).unwrap_or_default().to_string()),
            len,
        ));
    }
    let error = FilterError::new(
        format!("\"{first}\" has no meaning here"),
        at..at + first.len_utf8(),
    );
    Err(match first {
        '&' => error.with_hint("write AND"),
        '|' => error.with_hint("write OR"),
        '!' => error.with_hint("write NOT, or != for \"is not\""),
        '/' => error.with_hint("a regular expression comes after =~, as in name =~ /^db/"),
        '~' => error.with_hint("a regular expression comes after =~, as in name =~ /^db/"),
        _ => error,
    })
}

fn number_or_date(rest: &str, at: usize) -> Result<(Token, usize), FilterError> {
    let end = |allowed: &dyn Fn(char) -> bool| rest.find(|c| !allowed(c)).unwrap_or(rest.len());
    let is_dated = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '+');
    let len = end(&is_dated);
    let text = rest.get(..len).unwrap_or_default();
    if is_date(text) {
        return Ok((Token::Text(text.to_string()), len));
    }
    let number = match text.parse::<i128>() {
        Ok(whole) if whole.unsigned_abs() <= u128::from(u64::MAX) => Some(Num::Int(whole)),
        _ => text.parse::<f64>().ok().and_then(Num::from_f64),
    };
    if let Some(number) = number {
        return Ok((Token::Number(number), len));
    }
    if let Some(measure) = measure(text) {
        return Ok(measure);
    }
    match text.strip_prefix(['-', '+']) {
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            Ok((Token::Sign(text.starts_with('-')), 1))
        }
        _ => Err(FilterError::new(
            format!("\"{text}\" is neither a number nor a date"),
            at..at + len.max(1),
        )
        .with_hint(VALUES)),
    }
}

/// What can be written as a value.
pub(crate) const VALUES: &str =
    "numbers: 42, -1.5, 2e9; dates: 2026-01-31, 2026-01-31T08:00:00Z, now() - 7d; text in 'quotes'";

/// A number with letters behind it, up to the end or a sign.
fn measure(text: &str) -> Option<(Token, usize)> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = unsigned.split_at_checked(end)?;
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, after) = rest.split_at_checked(end)?;
    let ends = after.is_empty() || after.starts_with(['-', '+']);
    let counts = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
    let measures = counts && number.matches('.').count() < 2 && !unit.is_empty() && ends;
    measures.then(|| {
        let token = Token::Measure {
            sign: text.starts_with(['-', '+']).then(|| text.starts_with('-')),
            number: number.to_string(),
            unit: unit.to_string(),
        };
        (token, text.len() - after.len())
    })
}

/// A regular expression up to the closing slash; `\/` is a slash in it.
fn regex(rest: &str, at: usize) -> Result<(Token, usize), FilterError> {
    let mut regex = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        match c {
            '/' => return Ok((Token::Regex(regex), offset + 1)),
            '\\' => match chars.next() {
                Some((_, '/')) => regex.push('/'),
                Some((_, c)) => regex.extend(['\\', c]),
                None => break,
            },
            c => regex.push(c),
        }
    }
    Err(FilterError::new("/ is not closed", at..at + rest.len())
        .with_hint("a regular expression stands between two slashes: /^db-[0-9]+/"))
}
