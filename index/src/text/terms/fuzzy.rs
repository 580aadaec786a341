//! Terms that are near a word.

use std::fmt;
use std::sync::Arc;

use tantivy::Term;
use tantivy::query::{DfaWrapper, FuzzyTermQuery};
use tantivy::schema::Field;
use tantivy_fst::Automaton;

/// Most edits.
const MOST_EDITS: u8 = 2;

/// The terms that become a word by at most so many insertions, deletions, replacements or swaps of
/// neighbours (optimal string alignment), by an automaton (Schulz and Mihov 2002).
#[derive(Clone)]
pub(crate) struct Fuzzy {
    word: String,
    automaton: Arc<DfaWrapper>,
}

impl Fuzzy {
    /// `None` for words that there is no automaton for.
    pub(crate) fn new(word: &str, edits: u8) -> Option<Fuzzy> {
        let term = Term::from_field_text(Field::from_field_id(0), word);
        let query = FuzzyTermQuery::new(term, edits.min(MOST_EDITS), true);
        Some(Fuzzy {
            word: word.to_string(),
            automaton: Arc::new(query.automaton().ok()?),
        })
    }
}

impl fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fuzzy").field(&self.word).finish()
    }
}

impl Automaton for Fuzzy {
    type State = u32;

    fn start(&self) -> u32 {
        self.automaton.start()
    }

    fn is_match(&self, state: &u32) -> bool {
        self.automaton.is_match(state)
    }

    fn can_match(&self, state: &u32) -> bool {
        self.automaton.can_match(state)
    }

    fn accept(&self, state: &u32, byte: u8) -> u32 {
        self.automaton.accept(state, byte)
    }
}
