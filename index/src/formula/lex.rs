//! The words of a formula, one at a time: what stands in a boost is no formula.

use crate::filter::{instant, unquote};

use super::error::FormulaError;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Word(String),
    /// A part of a path in backticks.
    Quoted(String),
    Text(String),
    Sign(char),
    End,
}

/// Units of time that a number may carry, in seconds.
const UNITS: [(&str, f64); 6] = [
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
    ("w", 604_800.0),
];

pub(super) fn starts_word(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '$' | '@')
}

pub(super) fn continues_word(c: char) -> bool {
    starts_word(c) || c.is_numeric()
}

/// The word at `at` or after, and where it begins and ends.
pub(super) fn token(input: &str, at: usize) -> Result<(Token, usize, usize), FormulaError> {
    let rest = input.get(at..).unwrap_or_default();
    let start = at + (rest.len() - rest.trim_start().len());
    let rest = input.get(start..).unwrap_or_default();
    let Some(first) = rest.chars().next() else {
        return Ok((Token::End, start, start));
    };
    let len = match first {
        '+' | '-' | '*' | '/' | '(' | ')' | ',' => {
            return Ok((Token::Sign(first), start, start + 1));
        }
        '.' if !rest
            .get(1..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) =>
        {
            return Ok((Token::Sign('.'), start, start + 1));
        }
        '\'' | '"' | '`' => {
            let body = rest.get(1..).unwrap_or_default();
            let Some((text, after)) = unquote(body, first) else {
                let span = start..input.len();
                return Err(FormulaError::new(format!("{first} is not closed"), span));
            };
            let end = input.len() - after.len();
            let token = if first == '`' {
                Token::Quoted(text)
            } else {
                Token::Text(text)
            };
            return Ok((token, start, end));
        }
        c if c.is_ascii_digit() || c == '.' => return number(input, start),
        c if starts_word(c) => rest.find(|c| !continues_word(c)).unwrap_or(rest.len()),
        c => {
            let span = start..start + c.len_utf8();
            let error = FormulaError::new(format!("\"{c}\" has no meaning here"), span);
            return Err(match c {
                '=' | '<' | '>' => error.with_hint("compare in boost(year > 2000, 1)"),
                '^' => error.with_hint("write pow(x, 2)"),
                _ => error,
            });
        }
    };
    let word = rest.get(..len).unwrap_or_default().to_string();
    Ok((Token::Word(word), start, start + len))
}

fn number(input: &str, start: usize) -> Result<(Token, usize, usize), FormulaError> {
    let rest = input.get(start..).unwrap_or_default();
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let digits = bytes
            .iter()
            .skip(from)
            .take_while(|byte| byte.is_ascii_digit());
        from + digits.count()
    };
    let mut len = digits(0);
    if bytes.get(len) == Some(&b'.') {
        len = digits(len + 1);
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let end = digits(len + 1 + sign);
        if end > len + 1 + sign {
            len = end;
        }
    }
    let text = rest.get(..len).unwrap_or_default();
    let after = rest.get(len..).unwrap_or_default();
    let unit_len = after.find(|c| !continues_word(c)).unwrap_or(after.len());
    let unit = after.get(..unit_len).unwrap_or_default();
    let span = start..start + len + unit_len;
    let scale = match UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, seconds)) => *seconds,
        None if unit.is_empty() => 1.0,
        None => {
            return Err(FormulaError::new(format!("\"{unit}\" is no unit"), span)
                .with_hint("units of time: ms, s, m, h, d, w"));
        }
    };
    match text.parse::<f64>().map(|number| number * scale) {
        Ok(number) if number.is_finite() => Ok((Token::Number(number), start, span.end)),
        _ => Err(FormulaError::new(format!("\"{text}\" is no number"), span)),
    }
}

/// The seconds since 1970 of a date.
pub(super) fn seconds(text: &str) -> Option<f64> {
    instant(text).map(|nanos| nanos as f64 / 1e9)
}

/// Where the filter that begins at `at` ends: at the comma that stands in no quotes, no parentheses and no
/// regular expression.
pub(super) fn filter_end(input: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut chars = input.get(at..)?.char_indices();
    while let Some((offset, c)) = chars.next() {
        match (quote, c) {
            (Some('/'), '\\') => drop(chars.next()),
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`' | '/') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => return Some(at + offset),
            _ => {}
        }
    }
    None
}
