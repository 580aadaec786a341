//! Terms by a pattern with `*` for any characters and `?` for one.

use tantivy_fst::Automaton;

use super::Utf8;

/// Most characters of a pattern, by the bits of a state.
pub(crate) const MOST_CHARS: usize = 126;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wildcard {
    /// What each place takes; `None` for any character.
    places: Vec<Option<char>>,
    /// Bit `i`: any characters may stand before place `i`.
    gaps: u128,
}

/// Bit `i` says that the first `i` places have been passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    places: u128,
    utf8: Utf8,
}

impl Wildcard {
    /// `None` for patterns that are too long.
    pub(crate) fn new(pattern: &str) -> Option<Wildcard> {
        let (mut places, mut gaps) = (Vec::new(), 0u128);
        for c in pattern.chars() {
            match c {
                '*' => gaps |= 1 << places.len().min(MOST_CHARS),
                '?' => places.push(None),
                c => places.push(Some(c)),
            }
        }
        (places.len() <= MOST_CHARS).then_some(Wildcard { places, gaps })
    }

    /// The characters that every term begins with.
    pub(crate) fn prefix(&self) -> String {
        let fixed = self.places.iter().enumerate();
        fixed
            .take_while(|(at, _)| self.gaps & (1 << at) == 0)
            .map_while(|(_, place)| *place)
            .collect()
    }
}

impl Automaton for Wildcard {
    type State = Passed;

    fn start(&self) -> Passed {
        Passed {
            places: 1,
            utf8: Utf8::default(),
        }
    }

    fn is_match(&self, state: &Passed) -> bool {
        state.utf8.missing == 0 && state.places & (1 << self.places.len()) != 0
    }

    fn can_match(&self, state: &Passed) -> bool {
        state.places != 0
    }

    fn accept(&self, state: &Passed, byte: u8) -> Passed {
        let mut next = *state;
        let Some(c) = next.utf8.push(byte) else {
            return next;
        };
        next.places = state.places & self.gaps;
        for (at, place) in self.places.iter().enumerate() {
            if state.places & (1 << at) != 0 && place.is_none_or(|place| place == c) {
                next.places |= 1 << (at + 1);
            }
        }
        next
    }
}
