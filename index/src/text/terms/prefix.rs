//! Terms that begin with a text.

use tantivy_fst::Automaton;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Prefix(pub(crate) String);

impl Automaton for Prefix {
    /// Bytes that fit so far; `None` when one did not.
    type State = Option<usize>;

    fn start(&self) -> Self::State {
        Some(0)
    }

    fn is_match(&self, state: &Self::State) -> bool {
        *state == Some(self.0.len())
    }

    fn can_match(&self, state: &Self::State) -> bool {
        state.is_some()
    }

    fn accept(&self, state: &Self::State, byte: u8) -> Self::State {
        let at = (*state)?;
        match self.0.as_bytes().get(at) {
            Some(wanted) if *wanted == byte => Some(at + 1),
            Some(_) => None,
            None => Some(at),
        }
    }
}
