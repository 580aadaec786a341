//! Reading the strict language.
//!
//! ```text
//! query   = clause+
//! clause  = ["+" | "-" | "NOT"] or
//! or      = and ("OR" and)*
//! and     = one ("AND" ["NOT"] one)*
//! one     = [FIELD ":"] atom ["^" NUMBER]
//! atom    = "(" query ")" ["@" NUMBER] | PHRASE ["~" NUMBER | "*"] | WORD ["~" [NUMBER]] | "/" REGEX "/"
//! ```

use std::ops::Range;

use super::expr::{Bool, Expr, Kind};
use super::lex::{Spanned, Token, Word, lex};
use super::{Fault, MAX_DEPTH};
use crate::text::terms::{TermRegex, Wildcard};

/// Most places that the words of a phrase may be away, together.
pub(super) const MAX_SLOP: u32 = 64;

pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let tokens = lex(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        end: text.len(),
    };
    let expr = parser.query()?;
    match parser.peek() {
        None => Ok(expr),
        Some((_, span)) => Err(Fault::new("this ) was never opened", span.clone())),
    }
}

struct Parser<'t> {
    tokens: &'t [Spanned],
    at: usize,
    depth: usize,
    end: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Spanned> {
        self.tokens.get(self.at)
    }

    fn take(&mut self) -> Option<&'t Spanned> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    fn eat(&mut self, wanted: &Token) -> bool {
        let found = self.peek().is_some_and(|(token, _)| token == wanted);
        self.at += usize::from(found);
        found
    }

    /// Where the next token is, or the end.
    fn here(&self) -> Range<usize> {
        self.peek()
            .map_or(self.end..self.end, |(_, span)| span.clone())
    }

    fn query(&mut self) -> Result<Expr, Fault> {
        let start = self.here();
        let mut parts = Bool::default();
        loop {
            match self.peek() {
                None | Some((Token::Close, _)) => break,
                Some((Token::Plus, _)) => {
                    self.take();
                    parts.must.push(self.or()?);
                }
                Some((Token::Minus | Token::Not, _)) => {
                    self.take();
                    parts.not.push(self.or()?);
                }
                Some(_) => parts.should.push(self.or()?),
            }
        }
        match (&parts.must[..], &parts.should[..], &parts.not[..]) {
            ([], [], []) => Err(Fault::new("words are missing here", start)),
            ([], [], _) => {
                let fault = Fault::new("NOT takes away from something", start);
                Err(fault.hint("write for example: wal AND NOT draft"))
            }
            ([], [_], []) => Ok(parts.should.remove(0)),
            _ => Ok(Expr::Bool(parts)),
        }
    }

    fn or(&mut self) -> Result<Expr, Fault> {
        let first = self.and()?;
        if !matches!(self.peek(), Some((Token::Or, _))) {
            return Ok(first);
        }
        let mut should = vec![first];
        while self.eat(&Token::Or) {
            should.push(self.and()?);
        }
        Ok(Expr::Bool(Bool {
            should,
            ..Bool::default()
        }))
    }

    fn and(&mut self) -> Result<Expr, Fault> {
        let first = self.one()?;
        if !matches!(self.peek(), Some((Token::And, _))) {
            return Ok(first);
        }
        let mut parts = Bool {
            must: vec![first],
            ..Bool::default()
        };
        while self.eat(&Token::And) {
            let to = match self.eat(&Token::Not) {
                true => &mut parts.not,
                false => &mut parts.must,
            };
            to.push(self.one()?);
        }
        Ok(Expr::Bool(parts))
    }

    fn one(&mut self) -> Result<Expr, Fault> {
        let expr = match self.peek() {
            Some((Token::Field(field), span)) => {
                self.take();
                let part = Box::new(self.atom()?);
                Expr::In {
                    field: field.clone(),
                    span: span.start..span.end - 1,
                    part,
                }
            }
            _ => self.atom()?,
        };
        Ok(match self.peek() {
            Some((Token::Boost(factor), _)) => {
                self.take();
                Expr::Boost {
                    factor: *factor,
                    part: Box::new(expr),
                }
            }
            _ => expr,
        })
    }

    fn atom(&mut self) -> Result<Expr, Fault> {
        let span = self.here();
        match self.take().map(|(token, _)| token) {
            Some(Token::Open) => self.group(span),
            Some(Token::Phrase(text)) => self.phrase(text, span),
            Some(Token::Word(word)) => self.word(word, span),
            Some(Token::Regex(pattern)) => {
                TermRegex::new(pattern).map_err(|detail| {
                    let detail = detail.lines().last().unwrap_or_default().trim().to_string();
                    Fault::new(format!("the regular expression is wrong: {detail}"), span)
                })?;
                Ok(Expr::leaf(Kind::Regex, pattern))
            }
            Some(Token::Not) => {
                let fault = Fault::new("NOT stands behind AND, or before a word", span);
                Err(fault.hint("write for example: wal AND NOT draft"))
            }
            Some(Token::And | Token::Or) => Err(Fault::new("a word is missing before this", span)
                .hint("in small letters it is a word itself")),
            Some(Token::Field(_)) => Err(Fault::new("one field is enough", span)),
            Some(_) => Err(Fault::new("a word is missing before this", span)),
            None => Err(Fault::new("a word is missing here", span)),
        }
    }

    fn group(&mut self, open: Range<usize>) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("at most {MAX_DEPTH} parentheses may be open");
            return Err(Fault::new(message, open));
        }
        let inner = self.query()?;
        self.depth -= 1;
        if !self.eat(&Token::Close) {
            return Err(Fault::new("this ( is not closed", open));
        }
        let Some((Token::AtLeast(count), span)) = self.peek() else {
            return Ok(inner);
        };
        self.take();
        match inner {
            // A group that chooses already is one part, whatever it chooses from.
            Expr::Bool(parts) if parts.at_least > 0 => Err(Fault::new(
                "@ stands behind a group that has one",
                span.clone(),
            )),
            Expr::Bool(parts) if (1..=parts.should.len()).contains(count) => Ok(Expr::Bool(Bool {
                at_least: *count,
                ..parts
            })),
            Expr::Bool(parts) => {
                let message = format!("@ takes 1 to {} here", parts.should.len().max(1));
                Err(Fault::new(message, span.clone()))
            }
            _ => Err(Fault::new(
                "@ needs several words to choose from",
                span.clone(),
            )),
        }
    }

    fn phrase(&mut self, text: &str, span: Range<usize>) -> Result<Expr, Fault> {
        if !text.chars().any(char::is_alphanumeric) {
            return Err(Fault::new("a phrase needs words", span));
        }
        let (slop, open) = match self.peek() {
            Some((Token::Near(Some(slop)), _)) if *slop <= MAX_SLOP => (*slop, false),
            Some((Token::Near(_), span)) => {
                let message = format!("a phrase takes ~ with a number up to {MAX_SLOP}");
                return Err(Fault::new(message, span.clone()));
            }
            Some((Token::Star, _)) => (0, true),
            _ => {
                return Ok(Expr::leaf(
                    Kind::Phrase {
                        slop: 0,
                        open: false,
                    },
                    text,
                ));
            }
        };
        self.take();
        Ok(Expr::leaf(Kind::Phrase { slop, open }, text))
    }

    fn word(&mut self, word: &Word, span: Range<usize>) -> Result<Expr, Fault> {
        let text = word.text.as_str();
        if !text.chars().any(char::is_alphanumeric) {
            let fault = Fault::new(format!("\"{text}\" has no letters or digits"), span);
            return Err(fault);
        }
        if let Some((Token::Near(edits), near)) = self.peek() {
            self.take();
            return match edits.unwrap_or(1) {
                edits @ 0..=2 if word.marks == 0 => Ok(match edits {
                    0 => Expr::leaf(Kind::Words, text),
                    edits => Expr::leaf(Kind::Fuzzy(edits as u8), text),
                }),
                0..=2 => Err(Fault::new("~ does not go with * and ?", near.clone())),
                _ => Err(Fault::new("a word takes ~1 or ~2", near.clone())),
            };
        }
        if word.marks == 0 {
            return Ok(Expr::leaf(Kind::Words, text));
        }
        if word.open && word.marks == 1 {
            let prefix = text.strip_suffix('*').unwrap_or(text);
            return Ok(Expr::leaf(Kind::Prefix, prefix));
        }
        match Wildcard::new(text) {
            Some(_) => Ok(Expr::leaf(Kind::Wildcard, text)),
            None => Err(Fault::new("this pattern is too long", span)),
        }
    }
}
