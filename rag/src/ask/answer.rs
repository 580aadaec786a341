//! What a question is answered with.

use std::fmt;

use serde::Serialize;

use crate::Citation;

/// What is said when the documents do not answer.
pub(crate) const NOT_FOUND: &str = "not found in these documents";

/// An answer with the places that support it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// The answer, with `[n]` where citation `n` supports it.
    pub text: String,
    /// The places, in the order of their numbers from 1. Every quote occurs in its source.
    pub citations: Vec<Citation>,
    /// Whether the documents answer the question.
    pub found: bool,
    /// The model that wrote the text; `None` when it is made of quotes.
    pub model: Option<String>,
    /// Quotes and citations of the model that its passages do not bear out; none of them is in
    /// `text` or `citations`.
    pub refused: usize,
}

impl Answer {
    pub(crate) fn not_found(model: Option<String>, refused: usize) -> Self {
        Answer {
            text: NOT_FOUND.to_string(),
            citations: Vec::new(),
            found: false,
            model,
            refused,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)?;
        for citation in &self.citations {
            let quote = one_line(&citation.quote);
            write!(
                formatter,
                "\n[{}] {} \"{quote}\"",
                citation.number,
                citation.place()
            )?;
        }
        Ok(())
    }
}

/// The text with every run of white space as one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// A quote as it is said in running text: without marks of lists, tables and comments.
pub(crate) fn spoken(quote: &str) -> String {
    let lines = quote.lines().map(|line| {
        let line = line.trim();
        let line = ["///", "//!", "//", "/**", "/*"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line)
            .trim_start();
        ["- ", "* ", "+ ", "> "]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line)
    });
    let line = one_line(&lines.collect::<Vec<&str>>().join(" "));
    match line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
        Some(row) => {
            // A bar within a cell is escaped; what stands for it meanwhile occurs in no text.
            let row = row.replace("\\|", "\u{0}");
            let cells = row.split('|').map(str::trim);
            let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
            cells.join("; ").replace('\u{0}', "|")
        }
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_said_without_its_markup() {
        assert_eq!(
            spoken("| `Sync` | yes |  | always |"),
            "`Sync`; yes; always"
        );
        assert_eq!(spoken("| a\\|b | c |"), "a|b; c");
        assert_eq!(spoken("- one\n  thing"), "one thing");
        assert_eq!(spoken("/// Opens\n    /// the store."), "Opens the store.");
        assert_eq!(spoken("a // b"), "a // b");
    }

    #[test]
    fn an_answer_displays_as_its_text_and_a_line_for_each_citation() {
        let answer = Answer {
            text: "Every ninety days [1].".to_string(),
            citations: vec![Citation::new(
                1,
                "/k/keys.md",
                (3, 4),
                "every ninety\ndays",
                "k#0",
            )],
            found: true,
            model: None,
            refused: 0,
        };
        assert_eq!(
            answer.to_string(),
            "Every ninety days [1].\n[1] /k/keys.md:3-4 \"every ninety days\""
        );
    }
}
