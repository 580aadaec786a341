//! A passage that may answer, and the checked quotes that can be taken from it.

use std::ops::Range;

use lumos_engine::{DEFAULT_TEXT_FIELD, Hit};
use serde_json::{Map, Value};

use super::sentence::{code_sentences, is_telling, sentences};
use super::terms::Terms;
use crate::Citation;
use crate::ingest::layout::{TITLE_FIELD, lines_of};

/// A stored chunk with how well it fits the question.
#[derive(Debug, Clone)]
pub(crate) struct Passage {
    pub(crate) key: String,
    pub(crate) source: String,
    /// The headings above it.
    pub(crate) title: String,
    /// The exact text of the source.
    pub(crate) text: String,
    /// The score of the search, relative to the best.
    pub(crate) share: f32,
    /// Cosine similarity to the question, when the question was embedded and it has a vector.
    pub(crate) similarity: Option<f32>,
    /// Terms of title and text.
    pub(crate) terms: Terms,
    meta: Map<String, Value>,
}

impl Passage {
    pub(crate) fn new(hit: Hit, best: f32) -> Self {
        let Hit {
            score,
            mut doc,
            vector_rank,
            ..
        } = hit;
        let title = doc.texts.remove(TITLE_FIELD).unwrap_or_default();
        let text = doc.texts.remove(DEFAULT_TEXT_FIELD).unwrap_or_default();
        let mut terms = Terms::of(&text);
        terms.extend(&Terms::of(&title));
        // A document that was put by hand is its own source.
        let source = doc
            .meta
            .get("source")
            .and_then(Value::as_str)
            .unwrap_or(&doc.key);
        Passage {
            source: source.to_string(),
            share: if best > 0.0 {
                (score / best).clamp(0.0, 1.0)
            } else {
                0.0
            },
            similarity: vector_rank.map(|rank| rank.score),
            key: doc.key,
            meta: doc.meta,
            title,
            text,
            terms,
        }
    }

    /// A part of its text below the innermost heading, which is cut to so many bytes.
    pub(crate) fn under_heading(&self, span: Range<usize>, heading: usize) -> String {
        let title = self.title.rsplit(" > ").next().unwrap_or_default();
        let mut end = heading.min(title.len());
        while !title.is_char_boundary(end) {
            end -= 1;
        }
        let text = self.text.get(span).unwrap_or_default();
        match &title[..end] {
            "" => text.to_string(),
            title => format!("{title}\n{text}"),
        }
    }

    /// Its first and last line in the source.
    pub(crate) fn lines(&self) -> (usize, usize) {
        lines_of(&self.meta, &self.text, 0..self.text.len())
    }

    /// A citation of a part of its text.
    pub(crate) fn cite(&self, number: usize, span: Range<usize>) -> Citation {
        let lines = lines_of(&self.meta, &self.text, span.clone());
        let quote = self.text.get(span).unwrap_or_default();
        Citation::new(
            number,
            self.source.as_str(),
            lines,
            quote,
            self.key.as_str(),
        )
    }

    /// Whether it is source code.
    pub(crate) fn is_code(&self) -> bool {
        let kind = self.meta.get("kind").and_then(Value::as_str);
        kind.is_some_and(|kind| !PROSE.contains(&kind))
    }

    /// The sentences of its text.
    pub(crate) fn sentences(&self) -> Vec<Range<usize>> {
        if self.is_code() {
            code_sentences(&self.text)
        } else {
            sentences(&self.text)
        }
    }

    /// The part of its text that a quote stands for: the same characters, white space aside. `None` when
    /// it does not occur, or says too little to be a quote.
    pub(crate) fn find(&self, quote: &str) -> Option<Range<usize>> {
        let quote = quote.trim();
        if !is_telling(quote) {
            return None;
        }
        if let Some(start) = self.text.find(quote) {
            return Some(start..start + quote.len());
        }
        let wanted: Vec<char> = squeezed(quote).map(|(_, c)| c).collect();
        let there: Vec<(usize, char)> = squeezed(&self.text).collect();
        let at = there
            .windows(wanted.len())
            .position(|window| window.iter().map(|(_, c)| c).eq(wanted.iter()))?;
        let (start, _) = *there.get(at)?;
        let (last, c) = *there.get(at + wanted.len() - 1)?;
        Some(start..last + c.len_utf8())
    }

    /// The sentence that shares most with these terms, when it shares enough to support them.
    pub(crate) fn support(&self, terms: &Terms) -> Option<Range<usize>> {
        let scored = self
            .sentences()
            .into_iter()
            .map(|span| (terms.covered_by(&Terms::of(&self.text[span.clone()])), span))
            .filter(|(share, span)| *share >= MIN_SUPPORT && is_telling(&self.text[span.clone()]));
        // Of equals the first.
        let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, span)| span)
    }
}

/// Kinds of documents that are made of sentences.
const PROSE: &[&str] = &["text", "markdown", "html", "corpus"];
/// The least share of a statement's terms that a sentence must have to support it.
const MIN_SUPPORT: f32 = 0.3;

/// The characters of a text with their offsets, every run of white space as one space.
fn squeezed(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut space = false;
    text.char_indices().filter_map(move |(at, c)| {
        let before = std::mem::replace(&mut space, c.is_whitespace());
        match (before, space) {
            (true, true) => None,
            (_, true) => Some((at, ' ')),
            _ => Some((at, c)),
        }
    })
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    pub(in crate::ask) fn passage(key: &str, text: &str, first_line: usize) -> Passage {
        let meta = json!({"source": format!("/{key}"), "first_line": first_line});
        Passage {
            key: format!("/{key}#0"),
            source: format!("/{key}"),
            title: String::new(),
            text: text.to_string(),
            share: 1.0,
            similarity: None,
            terms: Terms::of(text),
            meta: meta.as_object().cloned().unwrap(),
        }
    }

    #[test]
    fn a_quote_is_found_across_a_line_end_and_printed_as_the_source_has_it() {
        let passage = passage("a.md", "Keys are rotated every\nninety  days by hand.", 7);
        let span = passage.find("rotated every ninety days").unwrap();
        let citation = passage.cite(1, span);
        assert_eq!(citation.quote, "rotated every\nninety  days");
        assert_eq!(citation.lines, (7, 8));
    }

    #[test]
    fn words_that_are_not_there_and_words_that_say_nothing_are_no_quote() {
        let passage = passage("a.md", "Keys are rotated every ninety days.", 1);
        assert_eq!(passage.find("Keys are rotated every thirty days."), None);
        assert_eq!(passage.find("keys are rotated every ninety days."), None);
        assert_eq!(passage.find("every"), None);
        assert_eq!(passage.find(""), None);
    }

    proptest! {
        #[test]
        fn what_is_found_is_the_quote_but_for_white_space(
            text in "[a-c\u{4e2d} \n]{0,80}", quote in "[a-c\u{4e2d} \n]{1,30}"
        ) {
            let passage = passage("a.md", &text, 1);
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            match passage.find(&quote) {
                Some(span) => prop_assert_eq!(words(&text[span]), words(&quote)),
                None => prop_assert!(!is_telling(quote.trim()) || !text.contains(quote.trim())),
            }
        }
    }
}
