//! What is asked of a field, or of elements.

use super::super::error::FilterError;
use super::super::expr::{MAX_REGEXES, MAX_VALUES, Node, Quantifier, too_many_regexes};
use super::super::lex::Token;
use super::super::pattern::{Pattern, Style};
use super::super::value::Literal;
use super::super::words::Words;
use super::Parser;

impl Parser {
    pub(super) fn comparison(&mut self, depth: usize) -> Result<Node, FilterError> {
        let path = match self.elements > 0 && self.is_of_element() {
            true => String::new(),
            false => self.path()?,
        };
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
            return Ok(negated(Node::Exists { path }, !not));
        }
        if self.take_word("between") {
            return self.between(path);
        }
        let not = self.word(0, "not") && is_listed(self, 1);
        self.at += usize::from(not);
        if self.take_word("in") {
            let values = self.list()?;
            return Ok(negated(Node::In { path, values }, not));
        }
        if let Some(pattern) = self.pattern()? {
            return Ok(negated(Node::Fits { path, pattern }, not));
        }
        if self.take_word("match") {
            let words = self.words()?;
            return Ok(negated(Node::Match { field: path, words }, not));
        }
        if let Some(quantifier) = self.quantifier() {
            return self.quantified(path, quantifier, depth);
        }
        Err(self.no_comparison())
    }

    /// Whether a comparison of the element itself begins here.
    fn is_of_element(&self) -> bool {
        let text = |ahead| matches!(self.ahead(ahead), Some(Token::Text(_)));
        match self.peek() {
            Some(Token::Op(_) | Token::Matches) => true,
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "in" | "is" => true,
                "starts" => self.word(1, "with") && text(2),
                "like" | "glob" | "regexp" => text(1),
                "between" => {
                    text(1)
                        || matches!(self.ahead(1), Some(Token::Number(_)))
                        || self.word(1, "true")
                        || self.word(1, "false")
                        || (self.word(1, "now") && self.ahead(2) == Some(&Token::Open))
                        || (self.word(1, "date") && text(2))
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn between(&mut self, path: String) -> Result<Node, FilterError> {
        let start = self.span().start;
        let low = self.value()?;
        if !self.take_word("and") {
            return Err(self.unexpected("AND and the greater value"));
        }
        let high_at = self.span();
        let high = self.value()?;
        if low.kind() != high.kind() {
            let error = "BETWEEN needs two values of one kind";
            return Err(FilterError::new(error, start..high_at.end));
        }
        Ok(Node::Between { path, low, high })
    }

    fn list(&mut self) -> Result<Vec<Literal>, FilterError> {
        self.expect(&Token::Open, "\"(\" after IN")?;
        let mut values = vec![self.value()?];
        while self.peek() == Some(&Token::Comma) {
            self.at += 1;
            values.push(self.value()?);
            if values.len() > MAX_VALUES {
                let detail = format!("more than {MAX_VALUES} values in lists");
                return Err(FilterError::limit(detail));
            }
        }
        self.expect(&Token::Close, "\",\" or \")\"")?;
        Ok(values)
    }

    fn pattern(&mut self) -> Result<Option<Pattern>, FilterError> {
        let style = if self.word(0, "starts") && self.word(1, "with") {
            self.at += 1;
            Style::Prefix
        } else if self.word(0, "like") {
            Style::Like
        } else if self.word(0, "glob") {
            Style::Glob
        } else if self.word(0, "regexp") || self.peek() == Some(&Token::Matches) {
            Style::Regex
        } else {
            return Ok(None);
        };
        self.at += 1;
        let span = self.span();
        let text = match self.peek() {
            Some(Token::Text(text)) => text.clone(),
            Some(Token::Regex(text)) if style == Style::Regex => text.clone(),
            _ => {
                let error = self.unexpected("a pattern");
                return Err(error.with_hint("a pattern is written in quotes: 'db-%'"));
            }
        };
        self.at += 1;
        if style == Style::Regex {
            self.regexes += 1;
            if self.regexes > MAX_REGEXES {
                return Err(too_many_regexes());
            }
        }
        let text = match style == Style::Like && self.take_word("escape") {
            true => self.escaped(&text)?,
            false => text,
        };
        let pattern = Pattern::new(style, &text);
        match pattern.fault() {
            Some(fault) => Err(FilterError::new(fault, span)),
            None => Ok(Some(pattern)),
        }
    }

    /// The pattern with backslashes in the place of the character that follows.
    fn escaped(&mut self, text: &str) -> Result<String, FilterError> {
        let escape = match self.peek() {
            Some(Token::Text(escape)) => escape.parse::<char>().ok(),
            _ => None,
        };
        let Some(escape) = escape else {
            return Err(self.unexpected("one character in quotes, after ESCAPE,"));
        };
        self.at += 1;
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c == escape {
                out.push('\\');
                out.extend(chars.next());
            } else if c == '\\' {
                out.push_str("\\\\");
            } else {
                out.push(c);
            }
        }
        Ok(out)
    }

    fn words(&mut self) -> Result<Words, FilterError> {
        let span = self.span();
        let Some(Token::Text(text)) = self.peek() else {
            let error = self.unexpected("a keyword query");
            return Err(
                error.with_hint("it is written in quotes: text MATCH 'wal AND \"group commit\"'")
            );
        };
        let words = Words::new(text);
        self.at += 1;
        match words.fault() {
            Some(fault) => Err(FilterError::new(fault, span)),
            None if self.elements > 0 => {
                let error = "MATCH is about the words of a document, not of an element";
                Err(FilterError::new(error, span))
            }
            None => Ok(words),
        }
    }

    fn quantifier(&mut self) -> Option<Quantifier> {
        let of = |word: &str| match word.to_ascii_lowercase().as_str() {
            "any" => Some(Quantifier::Any),
            "all" => Some(Quantifier::All),
            "none" => Some(Quantifier::None),
            _ => None,
        };
        let quantifier = match self.peek() {
            Some(Token::Word(word)) => of(word)?,
            _ => return None,
        };
        self.at += 1;
        Some(quantifier)
    }

    fn quantified(
        &mut self,
        path: String,
        quantifier: Quantifier,
        depth: usize,
    ) -> Result<Node, FilterError> {
        if self.peek() != Some(&Token::Open) {
            let error = self.unexpected("\"(\" and what elements are asked for");
            return Err(error.with_hint("tags ANY (= 'x'), items ANY (price > 10 AND qty < 5)"));
        }
        self.at += 1;
        self.elements += 1;
        let inner = self.or(depth + 1)?;
        self.elements -= 1;
        self.expect(&Token::Close, "\")\"")?;
        Ok(Node::Elements {
            path,
            quantifier,
            inner: Box::new(inner),
        })
    }

    fn no_comparison(&self) -> FilterError {
        let error = self.unexpected(
            "a comparison (=, !=, <, <=, >, >=, BETWEEN, IN, LIKE, STARTS WITH, MATCH, IS NULL, ANY)",
        );
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.to_ascii_lowercase();
                match word.as_str() {
                    "contains" | "has" | "includes" => {
                        error.with_hint("of an array: tags = 'x'; of a text: name LIKE '%x%'")
                    }
                    "ilike" | "matches" | "regex" | "rlike" => {
                        error.with_hint("a regular expression: name =~ /(?i)^db/")
                    }
                    "starts" | "startswith" | "begins" => error.with_hint("name STARTS WITH 'x'"),
                    _ => error,
                }
            }
            _ => error,
        }
    }
}

/// Whether something stands there that NOT can stand before.
fn is_listed(parser: &Parser, ahead: usize) -> bool {
    ["in", "like", "glob", "regexp", "starts", "match"]
        .iter()
        .any(|word| parser.word(ahead, word))
        || parser.ahead(ahead) == Some(&Token::Matches)
}

fn negated(node: Node, not: bool) -> Node {
    match not {
        true => Node::Not(Box::new(node)),
        false => node,
    }
}
