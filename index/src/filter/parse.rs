//! The grammar, by recursive descent.
//!
//! ```text
//! or      = and { OR and }
//! and     = not { AND not }
//! not     = NOT not | primary
//! primary = ( or ) | EXISTS ( path ) | path compare
//! compare = op value | [NOT] IN ( value { , value } ) | IS [NOT] NULL
//! path    = key { . key }       key = word | `anything`
//! value   = 'text' | "text" | number | date | TRUE | FALSE
//! op      = = | == | != | <> | < | <= | > | >=
//! ```

use std::ops::Range;

use super::error::FilterError;
use super::expr::{Filter, MAX_DEPTH, MAX_NODES, Node};
use super::lex::{Spanned, Token, lex};
use super::path::{is_keyword, join};
use super::value::{Form, Literal};

/// Longest text of a filter, in bytes.
const MAX_BYTES: usize = 16 << 10;

pub(crate) fn parse(input: &str) -> Result<Filter, FilterError> {
    if input.len() > MAX_BYTES {
        return Err(FilterError::limit(format!("longer than {MAX_BYTES} bytes")));
    }
    let tokens = lex(input)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        end: input.len(),
        nodes: 0,
    };
    if parser.tokens.is_empty() {
        return Err(FilterError::new("the filter is empty", 0..input.len())
            .with_hint("write a comparison such as year >= 2025"));
    }
    let node = parser.or(1)?;
    if parser.peek().is_some() {
        return Err(parser.unexpected("AND, OR or the end"));
    }
    Filter(node).check()
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    end: usize,
    nodes: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|spanned| &spanned.token)
    }

    fn span(&self) -> Range<usize> {
        self.tokens
            .get(self.at)
            .map_or(self.end..self.end, |spanned| spanned.span.clone())
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn word(&self, ahead: usize, keyword: &str) -> bool {
        let token = self
            .tokens
            .get(self.at + ahead)
            .map(|spanned| &spanned.token);
        matches!(token, Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let found = self.word(0, keyword);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token, wanted: &str) -> Result<(), FilterError> {
        if self.peek() != Some(token) {
            return Err(self.unexpected(wanted));
        }
        self.at += 1;
        Ok(())
    }

    fn unexpected(&self, wanted: &str) -> FilterError {
        let found = match self.peek() {
            None => "the filter ends".to_string(),
            Some(Token::Word(word)) => format!("\"{word}\" stands"),
            Some(_) => "something else stands".to_string(),
        };
        FilterError::new(format!("{found} where {wanted} is expected"), self.span())
    }

    fn or(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = vec![self.and(depth)?];
        while self.take_word("or") {
            nodes.push(self.and(depth)?);
        }
        Ok(flatten(nodes, false))
    }

    fn and(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = vec![self.not(depth)?];
        while self.take_word("and") {
            nodes.push(self.not(depth)?);
        }
        Ok(flatten(nodes, true))
    }

    fn not(&mut self, depth: usize) -> Result<Node, FilterError> {
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(FilterError::limit(format!(
                "nested deeper than {MAX_DEPTH} levels"
            )));
        }
        if self.nodes > MAX_NODES {
            return Err(FilterError::limit(format!("longer than {MAX_NODES} nodes")));
        }
        if self.take_word("not") {
            return Ok(Node::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.peek() == Some(&Token::Open) {
            self.at += 1;
            let node = self.or(depth + 1)?;
            self.expect(&Token::Close, "\")\"")?;
            return Ok(node);
        }
        if self.word(0, "exists") {
            self.at += 1;
            self.expect(&Token::Open, "\"(\" after EXISTS")?;
            let path = self.path()?;
            self.expect(&Token::Close, "\")\"")?;
            return Ok(Node::Exists { path });
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, FilterError> {
        let path = self.path()?;
        let start = self.span();
        if let Some(Token::Op(op)) = self.peek() {
            let op = *op;
            self.at += 1;
            let value = self.value()?;
            return Ok(Node::Compare { path, op, value });
        }
        if self.take_word("is") {
            let not = self.take_word("not");
            if !self.take_word("null") {
                return Err(self.unexpected("NULL").with_hint("compare with = and !="));
            }
            let exists = Node::Exists { path };
            return Ok(if not {
                exists
            } else {
                Node::Not(Box::new(exists))
            });
        }
        let not = self.word(0, "not") && self.word(1, "in");
        self.at += usize::from(not);
        if self.take_word("in") {
            let node = Node::In {
                path,
                values: self.list()?,
            };
            return Ok(if not { Node::Not(Box::new(node)) } else { node });
        }
        let error = self.unexpected("a comparison (=, !=, <, <=, >, >=, IN, IS NULL)");
        Err(match self.peek() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("like") => {
                FilterError::new("there is no LIKE", start)
                    .with_hint("search words with a text query, compare whole values here")
            }
            _ => error,
        })
    }

    fn list(&mut self) -> Result<Vec<Literal>, FilterError> {
        self.expect(&Token::Open, "\"(\" after IN")?;
        let mut values = vec![self.value()?];
        while self.peek() == Some(&Token::Comma) {
            self.at += 1;
            values.push(self.value()?);
        }
        self.expect(&Token::Close, "\",\" or \")\"")?;
        Ok(values)
    }

    fn path(&mut self) -> Result<String, FilterError> {
        let mut keys = Vec::new();
        loop {
            match self.peek() {
                Some(Token::Word(word)) if !is_keyword(word) => keys.push(word.clone()),
                Some(Token::Quoted(key)) => keys.push(key.clone()),
                Some(Token::Word(word)) => {
                    let hint = format!("write `{word}` in backticks if it is a field");
                    return Err(self.unexpected("a field").with_hint(hint));
                }
                Some(Token::Text(text)) => {
                    let hint =
                        format!("a field is written without quotes, or in backticks: `{text}`");
                    return Err(self.unexpected("a field").with_hint(hint));
                }
                _ => return Err(self.unexpected("a field")),
            }
            self.at += 1;
            if self.peek() != Some(&Token::Dot) {
                return Ok(join(keys.iter().map(String::as_str)));
            }
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Literal, FilterError> {
        let span = self.span();
        let form = match self.peek() {
            Some(Token::Text(text)) => Form::Text(text.clone()),
            Some(Token::Number(number)) => Form::Number(*number),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Form::Bool(true),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Form::Bool(false),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => {
                return Err(FilterError::new("nothing equals NULL", span)
                    .with_hint("write IS NULL or IS NOT NULL"));
            }
            Some(Token::Word(word)) => {
                let hint = format!("text is written in quotes: '{word}'");
                return Err(self.unexpected("a value").with_hint(hint));
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.next();
        Ok(Literal(form))
    }
}

/// One node stands for itself; a list inside of a list of the same kind is part of it.
fn flatten(mut nodes: Vec<Node>, all: bool) -> Node {
    if nodes.len() == 1
        && let Some(node) = nodes.pop()
    {
        return node;
    }
    let mut flat = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::And(inner) if all => flat.extend(inner),
            Node::Or(inner) if !all => flat.extend(inner),
            node => flat.push(node),
        }
    }
    if all { Node::And(flat) } else { Node::Or(flat) }
}
