//! The pieces of a query.

use super::cut::{Cut, cuts};
use super::ngram::{Chars, gram};
use super::spec::Spec;

/// A piece of a query, analysed as the texts of the field are.
///
/// Pieces follow each other: a word and a gap take one position, a run as many as it has characters, an
/// identifier one for each of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A word: folded as its field folds, and its term.
    Word { folded: String, term: String },
    /// A run of characters that are not cut into words.
    Run(Run),
    /// An identifier of several parts. Texts have the whole, written as one word, at the position of the
    /// first part: it is one more way to find them, not a condition. There is none if it is too long.
    Compound { whole: Option<String>, parts: Run },
    /// A word that is passed over, though it has its place; as its field folds it.
    Gap(String),
}

/// The terms of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    /// Terms, with their distances from the first character, ascending.
    pub(crate) terms: Vec<(u32, String)>,
    /// What the terms begin with that stand for a run which is too short for one.
    pub(crate) start: Option<String>,
    /// Positions that it takes.
    pub(crate) positions: u32,
}

impl Run {
    /// The grams of so many characters; fewer stand for all grams that begin with them.
    fn grams(spec: &Spec, chars: &Chars, min: usize, max: usize) -> Run {
        let length = max.min(chars.len());
        let positions = chars.len() as u32;
        let start = (length < min).then(|| gram(chars).0);
        if length < min {
            return Run {
                start,
                positions,
                ..Run::default()
            };
        }
        let grams = chars.windows(length).map(|chars| gram(chars).0);
        Run {
            terms: (0..)
                .zip(grams)
                .filter(|(_, gram)| !spec.stops(gram))
                .collect(),
            start: None,
            positions,
        }
    }
}

/// The pieces of a query, in order.
pub(super) fn pieces(spec: &Spec, text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    cuts(spec, text, &mut |cut, _| {
        pieces.push(match cut {
            Cut::Word { folded, term } => Piece::Word { folded, term },
            Cut::Gap(folded) => Piece::Gap(folded),
            Cut::Pairs(chars) if chars.len() == 1 && spec.stops(&gram(chars).0) => {
                Piece::Gap(gram(chars).0)
            }
            Cut::Pairs(chars) => Piece::Run(Run::grams(spec, chars, 2, 2)),
            Cut::Grams(chars, min, max) => Piece::Run(Run::grams(spec, chars, min, max)),
            Cut::Compound { whole, parts } => {
                let positions = parts.len() as u32;
                let parts = (0..)
                    .zip(parts)
                    .filter_map(|(at, (part, _))| Some((at, part?)));
                let mut terms: Vec<(u32, String)> = parts.collect();
                if terms.is_empty() {
                    // All parts are left out: the whole is all that it can be found by.
                    terms.extend(whole.iter().map(|whole| (0, whole.clone())));
                }
                Piece::Compound {
                    whole,
                    parts: Run {
                        terms,
                        start: None,
                        positions,
                    },
                }
            }
        });
    });
    pieces
}
