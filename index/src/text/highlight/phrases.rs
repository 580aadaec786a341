//! Where a text has the words of phrases.

use std::collections::HashMap;
use std::ops::Range;

use crate::text::pattern::{Asked, Form};
use crate::text::slack::{MOST_ELEMENTS, Slack};

/// Phrases. A word of them is known once, however often it is asked for: a text may be full of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Phrases {
    phrases: Vec<Phrase>,
    /// The number of each word.
    words: HashMap<String, usize>,
    forms: Vec<(Form, usize)>,
}

/// The places that the words of phrases have in a text, by their numbers.
#[derive(Debug)]
pub(super) struct Places {
    positions: Vec<Vec<u32>>,
    spans: Vec<Vec<Range<usize>>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Phrase {
    /// How far each element is from the start, and its number.
    elements: Vec<(u32, usize)>,
    slop: u32,
}

impl Phrases {
    /// Adds a phrase, of which as many elements count as are searched.
    pub(super) fn add(&mut self, elements: Vec<(u32, Asked)>, slop: u32) {
        let elements = elements.into_iter().take(MOST_ELEMENTS);
        let elements = elements.map(|(offset, element)| (offset, self.number(element)));
        let elements = elements.collect();
        let phrase = Phrase { elements, slop };
        if !phrase.elements.is_empty() && !self.phrases.contains(&phrase) {
            self.phrases.push(phrase);
        }
    }

    fn number(&mut self, element: Asked) -> usize {
        let next = self.count();
        match element {
            Asked::Term(word) => *self.words.entry(word).or_insert(next),
            Asked::Form(form) => {
                let known = self.forms.iter().find(|(known, _)| *known == form);
                if let Some((_, number)) = known {
                    return *number;
                }
                self.forms.push((form, next));
                next
            }
        }
    }

    fn count(&self) -> usize {
        self.words.len() + self.forms.len()
    }

    /// Nowhere yet.
    pub(super) fn places(&self) -> Places {
        Places {
            positions: vec![Vec::new(); self.count()],
            spans: vec![Vec::new(); self.count()],
        }
    }

    /// Takes a term of a text and its position; terms come in order. `span` tells what of the text is meant, of a
    /// word or of a form.
    pub(super) fn take(
        &self,
        places: &mut Places,
        (term, position): (&str, u32),
        span: impl Fn(Option<&Form>) -> Range<usize>,
    ) {
        let word = self.words.get(term).map(|number| (None, *number));
        let forms = self.forms.iter();
        let forms = forms.filter(|(form, _)| form.fits(term));
        let forms = forms.map(|(form, number)| (Some(form), *number));
        for (form, number) in word.into_iter().chain(forms) {
            if let Some(positions) = places.positions.get_mut(number)
                && let Some(spans) = places.spans.get_mut(number)
                && positions.last() != Some(&position)
            {
                positions.push(position);
                spans.push(span(form));
            }
        }
    }

    /// Calls `each` with the numbers and places of words that belong to an occurrence of a phrase, as a
    /// search counts them: each place of a word once, however many occurrences have it.
    pub(super) fn each(&self, places: &Places, mut each: impl FnMut(usize, &Range<usize>)) {
        let spans = places.spans.iter();
        let mut given: Vec<Vec<bool>> = spans.map(|spans| vec![false; spans.len()]).collect();
        for Phrase { elements, slop } in &self.phrases {
            let mut slack = Slack::new(elements.iter().copied(), *slop);
            slack.each(&places.positions, |taken| {
                for ((_, number), at) in elements.iter().zip(taken) {
                    let given = given.get_mut(*number).and_then(|given| given.get_mut(*at));
                    let span = places.spans.get(*number).and_then(|spans| spans.get(*at));
                    if let (Some(given), Some(span)) = (given, span)
                        && !std::mem::replace(given, true)
                    {
                        each(*number, span);
                    }
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_once_however_many_phrases_and_words_of_them_have_it() {
        let mut phrases = Phrases::default();
        let words = |count: u32| (0..count).map(|at| (at, Asked::Term("a".to_string())));
        for slop in [0, 1, 1, 2] {
            phrases.add(words(1_000).collect(), slop);
        }
        assert_eq!((phrases.phrases.len(), phrases.words.len()), (3, 1));
        let mut places = phrases.places();
        for place in 0..1_000 {
            phrases.take(&mut places, ("a", place), |_| {
                place as usize..place as usize + 1
            });
        }
        let mut given: Vec<usize> = Vec::new();
        phrases.each(&places, |_, span| given.push(span.start));
        given.sort_unstable();
        assert_eq!(given, (0..1_000).collect::<Vec<_>>());
    }
}
