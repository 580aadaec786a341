//! What a model wrote, checked: every citation and every quote is looked up in its passage.

use std::ops::Range;

use super::answer::Answer;
use super::passage::Passage;
use super::prompt::{NOT_FOUND, QUOTES};
use super::sentence::{is_telling, sentences};
use super::terms::Terms;
use crate::Citation;

/// Marks that open and close a quote in running text.
const MARKS: &[(char, char)] = &[
    ('"', '"'),
    ('\u{201c}', '\u{201d}'),
    ('\u{300c}', '\u{300d}'),
    ('\u{ab}', '\u{bb}'),
];

/// The answer that remains of a reply: a sentence that quotes what no passage says is left out, and so is
/// a citation of a passage that does not bear its sentence out. An answer without any citation is none.
pub(super) fn checked(reply: &str, passages: &[Passage], model: &str) -> Answer {
    let name = Some(model.to_string());
    let (body, quotes) = parts(reply);
    let body = markers_inside(body.trim());
    if body.trim_start().to_uppercase().starts_with(NOT_FOUND) {
        return Answer::not_found(name, 0);
    }
    let mut check = Check {
        passages,
        quotes: Vec::new(),
        citations: Vec::new(),
        refused: 0,
    };
    check.look_up(&quotes);
    let text = check.text(&body);
    let Check {
        citations, refused, ..
    } = check;
    if citations.is_empty() {
        return Answer::not_found(name, refused);
    }
    Answer {
        text,
        citations: in_text(citations),
        found: true,
        model: name,
        refused,
    }
}

struct Check<'a> {
    passages: &'a [Passage],
    /// Quotes that were found: the passage, from 0, and the place in it.
    quotes: Vec<(usize, Range<usize>)>,
    /// What was cited so far, in the order of its new numbers.
    citations: Vec<(usize, Range<usize>, Citation)>,
    refused: usize,
}

impl Check<'_> {
    /// Looks up the quotes below the answer.
    fn look_up(&mut self, quotes: &[(usize, &str)]) {
        for (number, quote) in quotes {
            let passage = number.checked_sub(1);
            let span = passage.and_then(|at| self.passages.get(at)?.find(quote));
            match passage.zip(span) {
                Some(found) => self.quotes.push(found),
                None => self.refused += 1,
            }
        }
    }

    /// The body with new numbers, without the sentences that do not hold.
    fn text(&mut self, body: &str) -> String {
        let mut text = String::with_capacity(body.len());
        let mut end = 0;
        for span in sentences(body) {
            let gap = &body[end..span.start];
            end = span.end;
            let Some(sentence) = self.sentence(&body[span]) else {
                continue;
            };
            text.push_str(if text.is_empty() {
                gap.trim_start()
            } else {
                gap
            });
            text.push_str(&sentence);
        }
        text.push_str(body[end..].trim_end());
        text
    }

    /// A sentence with new numbers; `None` when it quotes what no passage says.
    fn sentence(&mut self, sentence: &str) -> Option<String> {
        let mut inline = Vec::new();
        for quote in quoted(sentence).filter(|quote| is_telling(quote)) {
            let mut places = self.passages.iter().enumerate();
            let Some(found) = places.find_map(|(at, passage)| Some((at, passage.find(quote)?)))
            else {
                self.refused += 1;
                return None;
            };
            inline.push(found);
        }
        let mut text = String::with_capacity(sentence.len());
        let pieces = pieces(sentence);
        let plain: String = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Text(text) => Some(*text),
                Piece::Marker(_) => None,
            })
            .collect();
        let terms = Terms::of_question(&plain);
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Marker(numbers) => {
                    let mut cited = Vec::new();
                    for number in numbers {
                        match self.cite(number, &terms, &inline) {
                            Some(number) if !cited.contains(&number) => cited.push(number),
                            Some(_) => {}
                            None => self.refused += 1,
                        }
                    }
                    if cited.is_empty() {
                        text.truncate(text.trim_end_matches(' ').len());
                    }
                    for number in cited {
                        text.push_str(&format!("[{number}]"));
                    }
                }
            }
        }
        Some(text)
    }

    /// The new number of a citation of this passage by a sentence with these terms.
    fn cite(
        &mut self,
        number: usize,
        terms: &Terms,
        inline: &[(usize, Range<usize>)],
    ) -> Option<usize> {
        let at = number.checked_sub(1)?;
        let passage = self.passages.get(at)?;
        let given = inline
            .iter()
            .chain(&self.quotes)
            .filter(|(of, _)| *of == at);
        let shared = |span: &Range<usize>| {
            terms.shared(&Terms::of(
                passage.text.get(span.clone()).unwrap_or_default(),
            ))
        };
        // The quote that fits the sentence best, the first of equals; else the passage's own words.
        let span = given
            .map(|(_, span)| (shared(span), span))
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, span)| span.clone())
            .or_else(|| passage.support(terms))?;
        let known = self
            .citations
            .iter()
            .position(|(of, there, _)| *of == at && *there == span);
        if let Some(known) = known {
            return Some(known + 1);
        }
        let new = self.citations.len() + 1;
        let citation = passage.cite(new, span.clone());
        self.citations.push((at, span, citation));
        Some(new)
    }
}

fn in_text(citations: Vec<(usize, Range<usize>, Citation)>) -> Vec<Citation> {
    citations
        .into_iter()
        .map(|(.., citation)| citation)
        .collect()
}

/// The answer, and the numbered quotes below it.
fn parts(reply: &str) -> (&str, Vec<(usize, &str)>) {
    let mut at = 0;
    let mut body = reply;
    let mut below = "";
    for line in reply.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let word = line.trim().trim_matches(['*', '#', ':', ' ', '_']);
        if word.eq_ignore_ascii_case(QUOTES) {
            body = &reply[..start];
            below = &reply[at..];
        }
    }
    let quotes = below.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches(['-', '*', ' ']);
        let (numbers, end) = marker(line)?;
        let quote = line[end..].trim_start_matches([':', ' ']).trim();
        let inner = MARKS
            .iter()
            .find_map(|(open, close)| quote.strip_prefix(*open)?.strip_suffix(*close));
        let inner = inner.unwrap_or(quote);
        (!inner.is_empty()).then_some((*numbers.first()?, inner))
    });
    (body, quotes.collect())
}

/// A part of a sentence.
enum Piece<'a> {
    Text(&'a str),
    Marker(Vec<usize>),
}

fn pieces(sentence: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(c) = sentence[at..].chars().next() {
        if let Some((numbers, length)) = marker(&sentence[at..]) {
            if start < at {
                pieces.push(Piece::Text(&sentence[start..at]));
            }
            pieces.push(Piece::Marker(numbers));
            at += length;
            start = at;
        } else {
            at += c.len_utf8();
        }
    }
    if start < sentence.len() {
        pieces.push(Piece::Text(&sentence[start..]));
    }
    pieces
}

/// The numbers of a marker such as `[1]` or `[1, 3]` that a text begins with, and its length in bytes.
fn marker(text: &str) -> Option<(Vec<usize>, usize)> {
    let (rest, close) = match text.strip_prefix('[') {
        Some(rest) => (rest, ']'),
        None => (text.strip_prefix('\u{3010}')?, '\u{3011}'),
    };
    let end = rest.find(close)?;
    let inside = &rest[..end];
    if inside.len() > 40 {
        return None;
    }
    let numbers: Option<Vec<usize>> = inside
        .split([',', ';', '\u{ff0c}', '\u{3001}'])
        .map(|number| number.trim().parse().ok())
        .collect();
    let length = text.len() - rest.len() + end + close.len_utf8();
    numbers.map(|numbers| (numbers, length))
}

/// The text with markers before the full stop that they follow, so that they belong to its sentence.
fn markers_inside(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut at = 0;
    while let Some(c) = body[at..].chars().next() {
        let Some((_, length)) = marker(&body[at..]) else {
            text.push(c);
            at += c.len_utf8();
            continue;
        };
        let marker = &body[at..at + length];
        at += length;
        let before = text.trim_end_matches(' ');
        match before.chars().next_back().filter(|c| is_stop(*c)) {
            Some(stop) => {
                let length = before.len() - stop.len_utf8();
                let spaced = before[..length].ends_with(']');
                text.truncate(length);
                if !spaced {
                    text.push(' ');
                }
                text.push_str(marker);
                text.push(stop);
            }
            None => text.push_str(marker),
        }
    }
    text
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '\u{3002}' | '\u{ff01}' | '\u{ff1f}')
}

/// What stands between marks of quotation.
fn quoted(sentence: &str) -> impl Iterator<Item = &str> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        let (at, (open, close)) = rest
            .char_indices()
            .find_map(|(at, c)| Some((at, *MARKS.iter().find(|(open, _)| *open == c)?)))?;
        let inside = &rest[at + open.len_utf8()..];
        let end = inside.find(close)?;
        rest = &inside[end + close.len_utf8()..];
        Some(&inside[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::super::passage::tests::passage;
    use super::*;

    fn passages() -> Vec<Passage> {
        vec![
            passage(
                "keys.md",
                "Rotate keys every ninety days.\nUse the rotate command.",
                3,
            ),
            passage(
                "logs.md",
                "A torn tail of the log is cut off\nwhen the store is opened.",
                10,
            ),
        ]
    }

    #[test]
    fn citations_get_new_numbers_and_the_quotes_of_the_source() {
        let reply = "The tail is cut off at opening. [2] Keys rotate every ninety days [1].\n\nQUOTES\n\
            [1] \"Rotate keys every ninety days.\"\n[2] \"cut off when the store is opened\"\n";
        let answer = checked(reply, &passages(), "m");
        assert!(answer.found);
        assert_eq!(
            answer.text,
            "The tail is cut off at opening [1]. Keys rotate every ninety days [2]."
        );
        assert_eq!(
            answer.citations[0].quote,
            "cut off\nwhen the store is opened"
        );
        assert_eq!(answer.citations[0].lines, (10, 11));
        assert_eq!(answer.citations[1].source, "/keys.md");
        assert_eq!((answer.refused, answer.model.as_deref()), (0, Some("m")));
    }

    #[test]
    fn an_invented_quote_is_not_shown_and_its_sentence_is_left_out() {
        let reply = "Keys rotate every ninety days [1]. The manual says \"rotate keys at every full moon\" [1].\n\
            QUOTES\n[1] \"Rotate keys at every full moon.\"\n[1] \"Rotate keys every ninety days.\"";
        let answer = checked(reply, &passages(), "m");
        assert_eq!(answer.text, "Keys rotate every ninety days [1].");
        assert_eq!(answer.citations.len(), 1);
        assert_eq!(answer.citations[0].quote, "Rotate keys every ninety days.");
        assert_eq!(answer.refused, 2);
    }

    #[test]
    fn a_quote_of_another_passage_does_not_count_for_this_one() {
        let reply = "It is cut off when the store is opened [2].\nQUOTES\n[2] Rotate keys every ninety days.";
        let answer = checked(reply, &passages(), "m");
        assert_eq!(answer.refused, 1);
        assert_eq!(
            answer.citations[0].quote,
            "A torn tail of the log is cut off\nwhen the store is opened."
        );
    }

    #[test]
    fn a_citation_that_its_passage_does_not_bear_out_is_left_out() {
        let reply =
            "Penguins live in Antarctica [1], and [7] too. Keys rotate every ninety days [1, 9].";
        let answer = checked(reply, &passages(), "m");
        assert_eq!(
            answer.text,
            "Penguins live in Antarctica, and too. Keys rotate every ninety days [1]."
        );
        assert_eq!(answer.citations.len(), 1);
        assert_eq!(answer.refused, 3);
    }

    #[test]
    fn an_answer_without_a_citation_that_holds_is_none() {
        for reply in [
            "NOT FOUND",
            "not found.",
            "Penguins live in Antarctica.",
            "",
            "[1]",
            "QUOTES",
        ] {
            let answer = checked(reply, &passages(), "m");
            assert!(!answer.found, "{reply}");
            assert!(answer.citations.is_empty());
            assert_eq!(answer.text, "not found in these documents");
        }
    }

    #[test]
    fn chinese_answers_are_checked_too() {
        let text = "\u{5bc6}\u{94a5}\u{5fc5}\u{987b}\u{6bcf}\u{4e5d}\u{5341}\u{5929}\u{8f6e}\u{6362}\u{4e00}\u{6b21}\u{3002}";
        let passages = [passage("a.md", text, 1)];
        let reply = "\u{5bc6}\u{94a5}\u{6bcf}\u{4e5d}\u{5341}\u{5929}\u{8f6e}\u{6362}\u{3002}\u{3010}1\u{3011}";
        let answer = checked(reply, &passages, "m");
        assert!(answer.found);
        assert_eq!(answer.citations[0].quote, text);
    }
}
