//! The grammar, by recursive descent; see [`Formula`].

use std::ops::Range;

use super::Formula;
use super::error::FormulaError;
use super::lex::{self, Token};
use super::node::{FUNCTIONS, Function, Node, Op};
use crate::filter::{Filter, join};

/// Longest text of a formula, in bytes.
const MAX_BYTES: usize = 4 << 10;
/// Most nodes of a formula.
const MAX_NODES: usize = 256;
/// Deepest nesting of a formula.
const MAX_DEPTH: usize = 32;

pub(super) fn parse(input: &str) -> Result<Formula, FormulaError> {
    let limit = |detail: String| {
        FormulaError::new(format!("the formula is past its limits: {detail}"), 0..0)
    };
    if input.len() > MAX_BYTES {
        return Err(limit(format!("longer than {MAX_BYTES} bytes")));
    }
    if input.trim().is_empty() {
        return Err(FormulaError::new("the formula is empty", 0..input.len())
            .with_hint("write one such as 0.7 * score + 0.3 * popularity"));
    }
    let mut parser = Parser {
        input,
        token: Token::End,
        span: 0..0,
        nodes: Vec::new(),
        spans: Vec::new(),
        filters: Vec::new(),
        depth: 0,
    };
    parser.next()?;
    parser.sum()?;
    if parser.token != Token::End {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(Formula {
        text: input.to_string(),
        nodes: parser.nodes,
        spans: parser.spans,
        filters: parser.filters,
    })
}

struct Parser<'a> {
    input: &'a str,
    token: Token,
    /// Where the token is.
    span: Range<usize>,
    nodes: Vec<Node>,
    spans: Vec<Range<usize>>,
    filters: Vec<Filter>,
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Result<(), FormulaError> {
        self.read_from(self.span.end)
    }

    fn read_from(&mut self, at: usize) -> Result<(), FormulaError> {
        let (token, start, end) = lex::token(self.input, at)?;
        self.token = token;
        self.span = start..end;
        Ok(())
    }

    fn is(&self, sign: char) -> bool {
        self.token == Token::Sign(sign)
    }

    fn expect(&mut self, sign: char, wanted: &str) -> Result<(), FormulaError> {
        if !self.is(sign) {
            return Err(self.unexpected(wanted));
        }
        self.next()
    }

    fn unexpected(&self, wanted: &str) -> FormulaError {
        let found = match &self.token {
            Token::End => "the formula ends".to_string(),
            Token::Word(word) => format!("\"{word}\" stands"),
            Token::Sign(sign) => format!("\"{sign}\" stands"),
            Token::Number(_) => "a number stands".to_string(),
            Token::Quoted(_) | Token::Text(_) => "quoted text stands".to_string(),
        };
        FormulaError::new(
            format!("{found} where {wanted} is expected"),
            self.span.clone(),
        )
    }

    fn push(&mut self, node: Node, span: Range<usize>) -> Result<usize, FormulaError> {
        if self.nodes.len() == MAX_NODES {
            let detail = format!("the formula is past its limits: longer than {MAX_NODES} nodes");
            return Err(FormulaError::new(detail, span));
        }
        self.nodes.push(node);
        self.spans.push(span);
        Ok(self.nodes.len() - 1)
    }

    fn start(&self, of: usize) -> usize {
        self.spans.get(of).map_or(0, |span| span.start)
    }

    fn sum(&mut self) -> Result<usize, FormulaError> {
        self.chain(&[('+', Op::Add), ('-', Op::Subtract)], Self::term)
    }

    fn term(&mut self) -> Result<usize, FormulaError> {
        self.chain(&[('*', Op::Multiply), ('/', Op::Divide)], Self::unary)
    }

    fn chain(
        &mut self,
        signs: &[(char, Op)],
        part: fn(&mut Self) -> Result<usize, FormulaError>,
    ) -> Result<usize, FormulaError> {
        let begin = self.span.start;
        let mut left = part(self)?;
        while let Some((_, op)) = signs.iter().find(|(sign, _)| self.is(*sign)) {
            self.next()?;
            let right = part(self)?;
            let end = self.spans.get(right).map_or(begin, |span| span.end);
            left = self.push(Node::Binary(*op, left, right), begin..end)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<usize, FormulaError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let detail =
                format!("the formula is past its limits: nested deeper than {MAX_DEPTH} levels");
            return Err(FormulaError::new(detail, self.span.clone()));
        }
        let begin = self.span.start;
        let node = if self.is('-') {
            self.next()?;
            let of = self.unary()?;
            let end = self.spans.get(of).map_or(begin, |span| span.end);
            self.push(Node::Negate(of), begin..end)?
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn primary(&mut self) -> Result<usize, FormulaError> {
        let span = self.span.clone();
        match self.token.clone() {
            Token::Number(number) => {
                self.next()?;
                self.push(Node::Number(number), span)
            }
            Token::Sign('(') => {
                self.next()?;
                let inner = self.sum()?;
                let end = self.span.end;
                self.expect(')', "\")\"")?;
                // Errors mark the parentheses too.
                if let Some(marked) = self.spans.get_mut(inner) {
                    *marked = span.start..end;
                }
                Ok(inner)
            }
            Token::Quoted(key) => self.path(key, span),
            Token::Word(word) => {
                self.next()?;
                if self.is('(') {
                    return self.call(&word, span);
                }
                if word == "score" && !self.is('.') {
                    return self.push(Node::Score, span);
                }
                self.path_on(vec![word], span)
            }
            Token::Text(text) => {
                let error = FormulaError::new("text is no number", span);
                Err(error.with_hint(format!(
                    "a field is written without quotes, or in backticks: `{text}`; a date as date('{text}')"
                )))
            }
            _ => Err(self.unexpected("a number, a field or a function")),
        }
    }

    fn path(&mut self, key: String, span: Range<usize>) -> Result<usize, FormulaError> {
        self.next()?;
        self.path_on(vec![key], span)
    }

    /// A path whose first key was read.
    fn path_on(&mut self, keys: Vec<String>, span: Range<usize>) -> Result<usize, FormulaError> {
        let (path, end) = self.keys(keys, span.end)?;
        self.push(Node::Field(path), span.start..end)
    }

    fn keys(
        &mut self,
        mut keys: Vec<String>,
        mut end: usize,
    ) -> Result<(String, usize), FormulaError> {
        while self.is('.') {
            self.next()?;
            match self.token.clone() {
                Token::Word(key) | Token::Quoted(key) => keys.push(key),
                _ => return Err(self.unexpected("a key after \".\"")),
            }
            end = self.span.end;
            self.next()?;
        }
        Ok((join(keys.iter().map(String::as_str)), end))
    }

    /// A function whose name was read, at its parenthesis.
    fn call(&mut self, name: &str, span: Range<usize>) -> Result<usize, FormulaError> {
        let begin = span.start;
        let node = match name {
            "now" => {
                self.next()?;
                Node::Now
            }
            "leg" => {
                self.next()?;
                let (Token::Word(leg) | Token::Text(leg) | Token::Quoted(leg)) = self.token.clone()
                else {
                    return Err(self.unexpected("the name of a leg"));
                };
                self.next()?;
                Node::Leg(leg)
            }
            "date" => {
                self.next()?;
                let Token::Text(text) = self.token.clone() else {
                    let error = self.unexpected("a date in quotes");
                    return Err(error.with_hint("write date('2026-01-31')"));
                };
                let Some(seconds) = lex::seconds(&text) else {
                    let error =
                        FormulaError::new(format!("\"{text}\" is no date"), self.span.clone());
                    return Err(error.with_hint("write 2026-01-31 or 2026-01-31T08:00:00Z"));
                };
                self.next()?;
                Node::Number(seconds)
            }
            "default" => {
                let [of, other] = self.two()?;
                Node::Default(of, other)
            }
            "geo_km" => {
                self.next()?;
                let (Token::Word(key) | Token::Quoted(key)) = self.token.clone() else {
                    return Err(self.unexpected("the field of a place"));
                };
                let end = self.span.end;
                self.next()?;
                let (path, _) = self.keys(vec![key], end)?;
                self.expect(',', "\",\" and a latitude")?;
                let lat = self.sum()?;
                self.expect(',', "\",\" and a longitude")?;
                let lon = self.sum()?;
                Node::GeoKm(path, lat, lon)
            }
            "boost" => self.boost(&span)?,
            _ => self.function(name, span)?,
        };
        let end = self.span.end;
        self.expect(')', "\")\"")?;
        self.push(node, begin..end)
    }

    fn two(&mut self) -> Result<[usize; 2], FormulaError> {
        self.next()?;
        let first = self.sum()?;
        self.expect(',', "\",\" and another value")?;
        Ok([first, self.sum()?])
    }

    fn boost(&mut self, span: &Range<usize>) -> Result<Node, FormulaError> {
        let from = self.span.end;
        let Some(end) = lex::filter_end(self.input, from) else {
            return Err(
                FormulaError::new("boost needs a filter and a value", span.clone())
                    .with_hint("write boost(lang = 'en', 0.1)"),
            );
        };
        let text = self.input.get(from..end).unwrap_or_default();
        let filter = Filter::parse(text).map_err(|error| FormulaError::of_filter(&error, from))?;
        self.filters.push(filter);
        let number = self.filters.len() - 1;
        self.read_from(end + 1)?;
        Ok(Node::Boost(number, self.sum()?))
    }

    fn function(&mut self, name: &str, span: Range<usize>) -> Result<Node, FormulaError> {
        let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let Some((_, function, [least, most])) = known else {
            let names: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(
                FormulaError::new(format!("there is no function \"{name}\""), span).with_hint(
                    format!(
                        "there are: {}, leg, now, date, default, boost, geo_km",
                        names.join(", ")
                    ),
                ),
            );
        };
        self.next()?;
        let mut of = vec![self.sum()?];
        while self.is(',') && of.len() <= *most {
            self.next()?;
            of.push(self.sum()?);
        }
        if !(*least..=*most).contains(&of.len()) {
            let takes = match (least, most) {
                (1, 1) => "one value".to_string(),
                (least, most) if least == most => format!("{least} values"),
                (least, most) => format!("{least} to {most} values"),
            };
            let end = self.span.end;
            let detail = format!("{name} takes {takes}, it has {}", of.len());
            return Err(FormulaError::new(detail, span.start..end));
        }
        self.check_decay(*function, &of)?;
        Ok(Node::Call(*function, of))
    }

    /// A scale or a midpoint that is written as a number is checked at once.
    fn check_decay(&self, function: Function, of: &[usize]) -> Result<(), FormulaError> {
        if !matches!(
            function,
            Function::ExpDecay | Function::GaussDecay | Function::LinearDecay
        ) {
            return Ok(());
        }
        let written = |at: usize| {
            let node = *of.get(at)?;
            match self.nodes.get(node) {
                Some(Node::Number(number)) => Some((*number, self.start(node))),
                _ => None,
            }
        };
        let fault = |text: &str, at: usize| {
            let end = self
                .spans
                .iter()
                .find(|span| span.start == at)
                .map_or(at, |span| span.end);
            Err(FormulaError::new(text, at..end))
        };
        match (written(2), written(3)) {
            (Some((scale, at)), _) if scale <= 0.0 => {
                fault("the scale of a decay must be above 0", at)
            }
            (_, Some((midpoint, at))) if midpoint <= 0.0 || midpoint >= 1.0 => {
                fault("the midpoint of a decay must be above 0 and below 1", at)
            }
            _ => Ok(()),
        }
    }
}
