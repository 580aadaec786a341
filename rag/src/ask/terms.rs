//! The words of a question that carry its meaning, and how many of them a text has.

use std::collections::HashSet;

use super::stem::stem;
use super::stop::{is_stop_word, without_stop_pieces};

/// Terms of a text: stems of words, and pairs of neighbouring characters where a script does not part
/// its words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Terms(HashSet<String>);

impl Terms {
    /// Every term.
    pub(crate) fn of(text: &str) -> Self {
        let mut terms = HashSet::new();
        each_run(text, |run, ideographic| {
            if ideographic {
                pairs(run, &mut terms);
            } else {
                terms.insert(stem(&run.to_lowercase()));
            }
        });
        Terms(terms)
    }

    /// Only the terms that carry the subject of a question; all of them when none does.
    pub(crate) fn of_question(text: &str) -> Self {
        let mut terms = HashSet::new();
        each_run(text, |run, ideographic| {
            if ideographic {
                for piece in without_stop_pieces(run) {
                    pairs(&piece, &mut terms);
                }
                return;
            }
            let word = run.to_lowercase();
            if !is_stop_word(&word) {
                terms.insert(stem(&word));
            }
        });
        // What is left of "what's" and the like.
        terms.retain(|term| term.chars().count() > 1 || !term.is_ascii());
        if terms.is_empty() {
            Terms::of(text)
        } else {
            Terms(terms)
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of these terms the other has.
    pub(crate) fn shared(&self, other: &Terms) -> usize {
        self.0.iter().filter(|term| other.0.contains(*term)).count()
    }

    /// The share of these terms that the other has, 0 to 1.
    pub(crate) fn covered_by(&self, other: &Terms) -> f32 {
        if self.is_empty() {
            return 0.0;
        }
        self.shared(other) as f32 / self.0.len() as f32
    }

    /// Adds the terms of the other.
    pub(crate) fn extend(&mut self, other: &Terms) {
        self.0.extend(other.0.iter().cloned());
    }
}

/// The terms of a question, each with its weight: what few texts have tells more.
#[derive(Debug, Clone)]
pub(crate) struct Weights(Vec<(String, f32)>);

impl Weights {
    /// Weights by how many of these texts have a term.
    pub(crate) fn new<'t>(
        question: &Terms,
        texts: impl Iterator<Item = &'t Terms> + Clone,
    ) -> Self {
        let count = texts.clone().count() as f32;
        let weigh = |term: &String| {
            let having = texts.clone().filter(|text| text.0.contains(term)).count() as f32;
            (term.clone(), (1.0 + count / (1.0 + having)).ln())
        };
        let mut weights: Vec<(String, f32)> = question.0.iter().map(weigh).collect();
        // Sums of floats depend on their order.
        weights.sort_by(|a, b| a.0.cmp(&b.0));
        Weights(weights)
    }

    /// The share of the weight that a text has, 0 to 1.
    pub(crate) fn coverage(&self, text: &Terms) -> f32 {
        let sum = |all: bool| -> f32 {
            let terms = self
                .0
                .iter()
                .filter(|(term, _)| all || text.0.contains(term));
            terms.map(|(_, weight)| weight).sum()
        };
        let total = sum(true);
        if total > 0.0 { sum(false) / total } else { 0.0 }
    }
}

/// The words of a question that search by keyword looks for, without what a query would read as an
/// operator.
pub(crate) fn keywords(question: &str) -> String {
    let mut every = Vec::new();
    let mut telling = Vec::new();
    each_run(question, |run, ideographic| {
        if every.len() >= MAX_KEYWORDS {
            return;
        }
        if ideographic {
            let head: String = run.chars().take(MAX_KEYWORDS).collect();
            telling.extend(without_stop_pieces(&head));
            every.push(head);
            return;
        }
        let word = run.to_lowercase();
        if word.len() > MAX_WORD_BYTES {
            return;
        }
        if !is_stop_word(&word) && (word.len() > 1 || !word.is_ascii()) {
            telling.push(word.clone());
        }
        every.push(word);
    });
    if telling.is_empty() {
        every.join(" ")
    } else {
        telling.join(" ")
    }
}

/// Words of a question that are looked for.
const MAX_KEYWORDS: usize = 32;
/// Longest word that is looked for, in bytes.
const MAX_WORD_BYTES: usize = 64;

/// Whether a script writes words without spaces between them.
pub(crate) fn is_ideographic(c: char) -> bool {
    matches!(u32::from(c),
        0x3005 | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7a3
        | 0xf900..=0xfaff | 0x20000..=0x3134f)
}

/// Calls back for every run of letters and digits of one kind of script.
fn each_run(text: &str, mut run: impl FnMut(&str, bool)) {
    let mut start = None;
    let mut kind = false;
    for (at, c) in text.char_indices() {
        let inside = c.is_alphanumeric();
        let ideographic = inside && is_ideographic(c);
        if let Some(from) = start
            && (!inside || ideographic != kind)
        {
            run(&text[from..at], kind);
            start = None;
        }
        if inside && start.is_none() {
            start = Some(at);
            kind = ideographic;
        }
    }
    if let Some(from) = start {
        run(&text[from..], kind);
    }
}

fn pairs(run: &str, terms: &mut HashSet<String>) {
    let ends: Vec<usize> = run
        .char_indices()
        .map(|(at, _)| at)
        .chain(std::iter::once(run.len()))
        .collect();
    if ends.len() == 2 {
        terms.insert(run.to_string());
    }
    for window in ends.windows(3) {
        terms.insert(run[window[0]..window[2]].to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_reduced_to_its_subject() {
        let terms = Terms::of_question("How do I rotate the keys?");
        assert_eq!(terms, Terms::of("rotate keys"));
        let terms = Terms::of_question("What is it?");
        assert!(!terms.is_empty(), "a question of stop words keeps them");
    }

    #[test]
    fn chinese_is_compared_by_pairs_of_characters_without_question_words() {
        // "How to rotate the key?" against "The key must be rotated."
        let question =
            Terms::of_question("\u{5982}\u{4f55}\u{8f6e}\u{6362}\u{5bc6}\u{94a5}\u{ff1f}");
        assert_eq!(question.0.len(), 3);
        let text = Terms::of("\u{5bc6}\u{94a5}\u{5fc5}\u{987b}\u{8f6e}\u{6362}\u{3002}");
        assert_eq!(question.shared(&text), 2);
    }

    #[test]
    fn what_every_text_has_weighs_little() {
        let texts = [
            Terms::of("lumos log"),
            Terms::of("lumos graph"),
            Terms::of("lumos keys"),
        ];
        let weights = Weights::new(&Terms::of_question("lumos keys"), texts.iter());
        assert!(weights.coverage(&texts[0]) < 0.4);
        assert_eq!(weights.coverage(&texts[2]), 1.0);
    }

    #[test]
    fn the_keywords_of_a_question_hold_no_operator() {
        assert_eq!(
            keywords("How do I -rotate \"the +keys\" fast*?"),
            "rotate keys fast"
        );
        assert_eq!(keywords("what is it"), "what is it");
        assert!(keywords(&"\u{5bc6}\u{94a5} word ".repeat(5_000)).len() < 2_048);
    }

    #[test]
    fn scripts_that_meet_without_a_space_are_parted() {
        let terms = Terms::of("Rust\u{8bed}\u{8a00}2026");
        assert_eq!(terms, Terms::of("rust \u{8bed}\u{8a00} 2026"));
    }
}
