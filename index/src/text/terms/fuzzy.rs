//! Terms that are near a word.

use tantivy_fst::Automaton;

use super::Utf8;

/// Most characters of a word, by the bits of a state.
const MOST_CHARS: usize = 127;
/// Most edits.
const MOST_EDITS: usize = 2;

/// The terms that become a word by at most so many insertions, deletions, replacements or swaps of
/// neighbours (optimal string alignment), found by bits in parallel (Wu and Manber 1992; swaps after
/// Hyyro 2003).
#[derive(Clone, Debug)]
pub(crate) struct Fuzzy {
    word: Vec<char>,
    edits: usize,
}

/// Bit `i` of row `j` says that the term so far is `j` edits or fewer from the first `i` characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    rows: [u128; MOST_EDITS + 1],
    before: [u128; MOST_EDITS + 1],
    /// Where the last character stands in the word, as bits one further.
    last: u128,
    utf8: Utf8,
}

impl Fuzzy {
    /// `None` for words that are too long.
    pub(crate) fn new(word: &str, edits: u8) -> Option<Fuzzy> {
        let word: Vec<char> = word.chars().collect();
        (word.len() <= MOST_CHARS).then(|| Fuzzy {
            word,
            edits: usize::from(edits).min(MOST_EDITS),
        })
    }

    fn mask(&self, c: char) -> u128 {
        let same = self.word.iter().enumerate().filter(|(_, own)| **own == c);
        // Bit i + 1: the state that the character at i leads to.
        same.fold(0, |mask, (at, _)| mask | 1 << (at + 1))
    }
}

impl Automaton for Fuzzy {
    type State = Near;

    fn start(&self) -> Near {
        let mut rows = [0; MOST_EDITS + 1];
        for (edits, row) in rows.iter_mut().enumerate() {
            // So many characters of the word left out.
            *row = (1 << (edits + 1)) - 1;
        }
        Near {
            rows,
            before: [0; MOST_EDITS + 1],
            last: 0,
            utf8: Utf8::default(),
        }
    }

    fn is_match(&self, state: &Near) -> bool {
        let row = state.rows.get(self.edits).copied().unwrap_or_default();
        state.utf8.missing == 0 && row & (1 << self.word.len()) != 0
    }

    fn can_match(&self, state: &Near) -> bool {
        let row = state.rows.get(self.edits).copied().unwrap_or_default();
        // Rows with fewer edits are part of it; one more character may still be a swap.
        row != 0 || (self.edits > 0 && state.before.iter().any(|row| *row != 0))
    }

    fn accept(&self, state: &Near, byte: u8) -> Near {
        let mut next = *state;
        let Some(c) = next.utf8.push(byte) else {
            return next;
        };
        let mask = self.mask(c);
        let mut below = 0u128;
        let mut below_new = 0u128;
        let mut below_before = 0u128;
        let olds = state.rows.iter().zip(&state.before);
        for (edits, (new, (old, before))) in next.rows.iter_mut().zip(olds).enumerate() {
            *new = (old << 1) & mask;
            if edits > 0 {
                // A character replaced, one too many, one too few, two swapped.
                *new |= (below << 1) | below | (below_new << 1);
                *new |= (below_before << 2) & (mask << 1) & state.last;
            }
            (below, below_new, below_before) = (*old, *new, *before);
        }
        next.before = state.rows;
        next.last = mask;
        next
    }
}
