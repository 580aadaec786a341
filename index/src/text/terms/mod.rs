//! Terms by their form: which of those that a segment has does a pattern stand for?

mod fuzzy;
mod prefix;
mod regex;
mod wildcard;

pub(crate) use fuzzy::{Fuzzy, Near, Next};
pub(crate) use prefix::Prefix;
pub(crate) use regex::TermRegex;
pub(crate) use wildcard::Wildcard;

use tantivy_fst::Automaton;

/// A pattern of terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    Prefix(Prefix),
    Fuzzy(Fuzzy),
    Wildcard(Wildcard),
    Regex(TermRegex),
}

impl Pattern {
    pub(crate) fn fits(&self, term: &str) -> bool {
        match self {
            Pattern::Prefix(prefix) => fits(prefix, term),
            Pattern::Fuzzy(fuzzy) => fuzzy.fits(term),
            Pattern::Wildcard(wildcard) => fits(wildcard, term),
            Pattern::Regex(regex) => fits(regex, term),
        }
    }
}

fn fits<A: Automaton>(automaton: &A, term: &str) -> bool {
    let mut state = automaton.start();
    for byte in term.bytes() {
        if !automaton.can_match(&state) {
            return false;
        }
        state = automaton.accept(&state, byte);
    }
    automaton.is_match(&state)
}

/// Characters put together from the bytes of UTF-8, as automata over bytes need it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    bits: u32,
    missing: u8,
}

impl Utf8 {
    /// Takes the next byte; gives a character when it ends one.
    pub(crate) fn push(&mut self, byte: u8) -> Option<char> {
        match byte {
            0x00..=0x7f => (self.bits, self.missing) = (u32::from(byte), 0),
            0x80..=0xbf => {
                self.bits = self.bits << 6 | u32::from(byte & 0x3f);
                self.missing = self.missing.saturating_sub(1);
            }
            0xc0..=0xdf => (self.bits, self.missing) = (u32::from(byte & 0x1f), 1),
            0xe0..=0xef => (self.bits, self.missing) = (u32::from(byte & 0x0f), 2),
            _ => (self.bits, self.missing) = (u32::from(byte & 0x07), 3),
        }
        // What is no UTF-8 is no character of any pattern.
        (self.missing == 0).then(|| char::from_u32(self.bits).unwrap_or('\u{fffd}'))
    }
}

#[cfg(test)]
mod tests;
