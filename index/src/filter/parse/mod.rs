//! The grammar, by recursive descent.
//!
//! ```text
//! or      = and { OR and }
//! and     = not { AND not }
//! not     = NOT not | primary
//! primary = ( or ) | EXISTS ( path ) | LENGTH ( path ) op number | path compare | path elements
//!         | WITHIN ( path , lat , lon , distance ) | BOX ( path , south , west , north , east )
//!         | POLYGON ( path { , lat lon } )
//! compare = op value | BETWEEN value AND value | [NOT] IN ( value { , value } ) | IS [NOT] NULL
//!         | [NOT] pattern
//!         | [NOT] MATCH text
//! pattern = STARTS WITH text | LIKE text [ESCAPE text] | GLOB text | REGEXP text | =~ /regex/
//! elements = ANY ( or ) | ALL ( or ) | NONE ( or )
//! path    = key { . key }       key = word | `anything`
//! value   = 'text' | "text" | number | date | DATE text | TRUE | FALSE | NOW ( ) { sign duration }
//! op      = = | == | != | <> | < | <= | > | >=
//! ```
//!
//! Within the parentheses of `elements` paths are those of the element, and a comparison without a path is one
//! of the element itself. Words that are no keywords of a path (see `path.rs`) are words of the language only
//! where a field cannot stand, so that fields may be called so.

mod compare;
mod function;
mod value;

use std::ops::Range;

use super::error::FilterError;
use super::expr::{Filter, MAX_DEPTH, MAX_NODES, Node};
use super::lex::{Spanned, Token, lex};
use super::path::{is_keyword, join};

/// Longest text of a filter, in bytes.
const MAX_BYTES: usize = 1 << 20;

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
        regexes: 0,
        elements: 0,
    };
    if parser.tokens.is_empty() {
        return Err(FilterError::new("the filter is empty", 0..input.len())
            .with_hint("write a comparison such as year >= 2025"));
    }
    let node = parser.or(1)?;
    if parser.peek().is_some() {
        return Err(parser.unexpected("AND, OR or the end"));
    }
    let filter = Filter(node);
    filter.check()?;
    Ok(filter)
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    end: usize,
    nodes: usize,
    regexes: usize,
    /// In how many arrays what is read is about the elements.
    elements: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|spanned| &spanned.token)
    }

    fn span(&self) -> Range<usize> {
        self.span_ahead(0)
    }

    fn span_ahead(&self, ahead: usize) -> Range<usize> {
        self.tokens
            .get(self.at + ahead)
            .map_or(self.end..self.end, |spanned| spanned.span.clone())
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn word(&self, ahead: usize, keyword: &str) -> bool {
        let token = self.ahead(ahead);
        matches!(token, Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let found = self.word(0, keyword);
        self.at += usize::from(found);
        found
    }

    /// A word that is none of the language where a field may stand, and what follows it.
    fn is_called(&self, function: &str) -> bool {
        self.word(0, function) && self.ahead(1) == Some(&Token::Open)
    }

    fn ahead(&self, ahead: usize) -> Option<&Token> {
        self.tokens
            .get(self.at + ahead)
            .map(|spanned| &spanned.token)
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
        match self.function()? {
            Some(node) => Ok(node),
            None => self.comparison(depth),
        }
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
