//! Values to compare with.

use super::super::error::FilterError;
use super::super::lex::{Token, VALUES};
use super::super::now::{Now, Shift, now};
use super::super::value::{Form, Literal, is_date};
use super::Parser;

impl Parser {
    pub(super) fn value(&mut self) -> Result<Literal, FilterError> {
        let span = self.span();
        if self.is_called("now") {
            return Ok(Literal(Form::Now(self.moment()?)));
        }
        if self.word(0, "date")
            && let Some(Token::Text(text)) = self.ahead(1)
        {
            let text = text.clone();
            self.at += 1;
            if !is_date(&text) {
                let error = FilterError::new(format!("\"{text}\" is not a date"), self.span());
                return Err(error.with_hint("2026-01-31 or 2026-01-31T08:00:00Z"));
            }
            self.at += 1;
            return Ok(Literal(Form::Text(text)));
        }
        let form = match self.peek() {
            Some(Token::Text(text)) => Form::Text(text.clone()),
            Some(Token::Number(number)) => Form::Number(*number),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Form::Bool(true),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Form::Bool(false),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => {
                return Err(FilterError::new("nothing equals NULL", span)
                    .with_hint("write IS NULL or IS NOT NULL"));
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("now") => {
                return Err(self.unexpected("a value").with_hint("write now()"));
            }
            Some(Token::Word(word)) => {
                let hint = format!("text is written in quotes: '{word}'");
                return Err(self.unexpected("a value").with_hint(hint));
            }
            Some(Token::Measure { number, unit, .. }) => {
                let error = format!("\"{number}{unit}\" is neither a number nor a date");
                return Err(FilterError::new(error, span).with_hint(VALUES));
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.next();
        Ok(Literal(form))
    }

    /// `now()` and durations that are added to it.
    fn moment(&mut self) -> Result<Now, FilterError> {
        self.at += 2;
        self.expect(&Token::Close, "\")\"")?;
        let mut moment = now();
        loop {
            let start = self.span().start;
            let sign = match self.peek() {
                Some(Token::Sign(minus)) => Some(*minus),
                _ => None,
            };
            self.at += usize::from(sign.is_some());
            let shift = match (self.peek(), sign) {
                (
                    Some(Token::Measure {
                        sign: own,
                        number,
                        unit,
                    }),
                    sign,
                ) if own.is_none() == sign.is_some() => {
                    let negative = own.or(sign).unwrap_or_default();
                    Shift::read(number, unit, negative)
                }
                (Some(Token::Measure { .. } | Token::Number(_)), _) | (_, Some(_)) => None,
                (_, None) => return Ok(moment),
            };
            let span = start..self.span().end;
            let Some(shift) = shift else {
                let error = FilterError::new("a duration is expected after now()", span);
                let hint = "now() - 7d; units: s, m, h, d, w, mo, y, months and years whole";
                return Err(error.with_hint(hint));
            };
            self.at += 1;
            moment = moment.shifted(shift);
            if moment.is_too_far() {
                let error = "a moment is at most 10,000 years from now";
                return Err(FilterError::new(error, span));
            }
        }
    }
}
