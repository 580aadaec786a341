//! Reading a query in which everything means something: words, and a few marks.

use super::expr::{Bool, Expr, Kind};

/// Reads a text that is not empty.
pub(super) fn parse(text: &str) -> Expr {
    let mut parts = Bool::default();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (to, body) = match first {
            '+' => (&mut parts.must, rest.get(1..).unwrap_or_default()),
            '-' => (&mut parts.not, rest.get(1..).unwrap_or_default()),
            _ => (&mut parts.should, rest),
        };
        let (clause, after) = clause(body);
        to.extend(clause);
        rest = after.trim_start();
    }
    Expr::Bool(parts)
}

/// The clause at the start of a text, and what follows it.
fn clause(text: &str) -> (Option<Expr>, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let (inner, after) = quoted.split_once('"').unwrap_or((quoted, ""));
        let kind = Kind::Phrase {
            slop: 0,
            open: false,
        };
        let clause = Expr::leaf(kind, inner);
        return ((!inner.trim().is_empty()).then_some(clause), after);
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c == '"')
        .unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end).unwrap_or((text, ""));
    let has_letters = |part: &str| part.chars().any(char::is_alphanumeric);
    let (kind, word) = match word.strip_suffix('*').filter(|part| has_letters(part)) {
        Some(prefix) => (Kind::Prefix, prefix),
        None => match word.rsplit_once('~').filter(|(part, _)| has_letters(part)) {
            Some((part, "0")) => (Kind::Words, part),
            Some((part, "" | "1")) => (Kind::Fuzzy(1), part),
            Some((part, "2")) => (Kind::Fuzzy(2), part),
            // What else stands behind the mark is of the word, as in `http://host/~alice`.
            _ => (Kind::Words, word),
        },
    };
    let clause = Expr::leaf(kind, word);
    (has_letters(word).then_some(clause), after)
}
