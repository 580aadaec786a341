//! Terms that a regular expression matches.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use regex_automata::Anchored;
use regex_automata::dfa::dense::{Config, DFA};
use regex_automata::dfa::{Automaton as _, StartKind};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use tantivy_fst::Automaton;

/// Memory of an automaton, and of making it, in bytes.
const MOST_BYTES: usize = 1 << 20;

#[derive(Clone, Debug)]
pub(crate) struct TermRegex {
    /// By which it is compared.
    text: String,
    automaton: Arc<DFA<Vec<u32>>>,
    start: Option<StateID>,
}

impl TermRegex {
    /// The automaton of an expression, which must match a term from its start to its end.
    ///
    /// # Errors
    /// What is wrong with it, or that it is too large.
    pub(crate) fn new(pattern: &str) -> Result<TermRegex, String> {
        let config = Config::new()
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(MOST_BYTES))
            .determinize_size_limit(Some(MOST_BYTES));
        let syntax = syntax::Config::new().nest_limit(32);
        syntax::parse_with(pattern, &syntax).map_err(|error| error.to_string())?;
        let automaton = DFA::builder()
            .configure(config)
            .thompson(thompson::Config::new().nfa_size_limit(Some(MOST_BYTES)))
            .syntax(syntax)
            .build(&format!("(?:{pattern})\\z"))
            .map_err(|error| error.to_string())?;
        let start = automaton.start_state(&start::Config::new().anchored(Anchored::Yes));
        Ok(TermRegex {
            text: pattern.to_string(),
            start: start.ok(),
            automaton: Arc::new(automaton),
        })
    }
}

impl PartialEq for TermRegex {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TermRegex {}

impl Hash for TermRegex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Automaton for TermRegex {
    type State = Option<StateID>;

    fn start(&self) -> Self::State {
        self.start
    }

    fn is_match(&self, state: &Self::State) -> bool {
        state.is_some_and(|state| {
            let end = self.automaton.next_eoi_state(state);
            self.automaton.is_match_state(end)
        })
    }

    fn can_match(&self, state: &Self::State) -> bool {
        state.is_some_and(|state| !self.automaton.is_dead_state(state))
    }

    fn accept(&self, state: &Self::State, byte: u8) -> Self::State {
        let next = self.automaton.next_state((*state)?, byte);
        (!self.automaton.is_quit_state(next)).then_some(next)
    }
}
