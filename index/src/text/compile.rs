//! A query analysed: which terms, and how they belong together.

use super::analyzer::{Analyzer, Piece, fold};
use super::edit::within;
use super::query::{Kind, Occur, TextQuery};

/// A query in terms, before the terms that the segments have are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compiled {
    pub(crate) groups: Vec<Group>,
}

/// What one clause asks for.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) occur: Occur,
    pub(crate) wanted: Wanted,
}

#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// All of these terms.
    All(Vec<String>),
    /// These terms at these distances from the first.
    Phrase(Vec<(u32, String)>),
    /// Any term that fits.
    Any(Pattern),
}

/// Terms by their form.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// What they begin with.
    pub(crate) prefix: String,
    /// For terms that are near a word: the word, and how many edits.
    pub(crate) near: Option<(Vec<char>, usize)>,
    /// The stem of the word, which fits in any case.
    pub(crate) stem: Option<String>,
}

impl Pattern {
    pub(crate) fn fits(&self, term: &str) -> bool {
        if self.stem.as_deref() == Some(term) {
            return true;
        }
        match &self.near {
            Some((word, edits)) => within(word, term, *edits),
            None => term.starts_with(&self.prefix),
        }
    }
}

impl Compiled {
    pub(crate) fn new(query: &TextQuery, analyzer: &Analyzer) -> Compiled {
        let mut groups = Vec::new();
        for clause in &query.clauses {
            let pieces = analyzer.pieces(&clause.text);
            let mut push = |wanted| {
                groups.push(Group {
                    occur: clause.occur,
                    wanted,
                })
            };
            match clause.kind {
                Kind::Words if clause.occur == Occur::Should => {
                    for piece in &pieces {
                        for wanted in alternatives(piece) {
                            push(wanted);
                        }
                    }
                }
                Kind::Words | Kind::Phrase => {
                    if let Some(wanted) = phrase(&pieces) {
                        push(wanted);
                    }
                }
                Kind::Prefix | Kind::Fuzzy(_) => {
                    if let Some(pattern) = pattern(clause.kind, &pieces) {
                        push(Wanted::Any(pattern));
                    } else if let Some(wanted) = phrase(&pieces) {
                        push(wanted);
                    }
                }
            }
        }
        Compiled { groups }
    }

    /// Whether a term of a text is one that the query looks for.
    pub(crate) fn marks(&self, term: &str) -> bool {
        self.groups
            .iter()
            .filter(|group| group.occur != Occur::MustNot)
            .any(|group| match &group.wanted {
                Wanted::All(terms) => terms.iter().any(|wanted| wanted == term),
                Wanted::Phrase(terms) => terms.iter().any(|(_, wanted)| wanted == term),
                Wanted::Any(pattern) => pattern.fits(term),
            })
    }
}

/// The terms of a piece, each for itself.
fn alternatives(piece: &Piece) -> Vec<Wanted> {
    match piece {
        Piece::Word { term, .. } => vec![Wanted::All(vec![term.clone()])],
        Piece::Run(chars) => match pairs(chars) {
            Ok(pairs) => pairs
                .into_iter()
                .map(|pair| Wanted::All(vec![pair]))
                .collect(),
            Err(single) => vec![Wanted::Any(single)],
        },
    }
}

/// The overlapping pairs of a run; a single character stands for all that begin with it.
fn pairs(chars: &[(char, std::ops::Range<usize>)]) -> Result<Vec<String>, Pattern> {
    match chars {
        [(single, _)] => Err(Pattern {
            prefix: single.to_string(),
            near: None,
            stem: None,
        }),
        _ => Ok(chars
            .windows(2)
            .map(|pair| pair.iter().map(|(c, _)| *c).collect())
            .collect()),
    }
}

/// Pieces that must follow each other.
fn phrase(pieces: &[Piece]) -> Option<Wanted> {
    let mut terms = Vec::new();
    let mut position = 0;
    for piece in pieces {
        match piece {
            Piece::Word { term, .. } => {
                terms.push((position, term.clone()));
                position += 1;
            }
            Piece::Run(chars) => {
                match pairs(chars) {
                    Ok(pairs) => terms.extend((position..).zip(pairs)),
                    // Alone it is a pattern; inside of a phrase its neighbours say enough.
                    Err(single) if pieces.len() == 1 => return Some(Wanted::Any(single)),
                    Err(_) => {}
                }
                position += chars.len() as u32;
            }
        }
    }
    match terms.len() {
        0 => None,
        1 => Some(Wanted::All(
            terms.into_iter().map(|(_, term)| term).collect(),
        )),
        _ => Some(Wanted::Phrase(terms)),
    }
}

/// The pattern of one word; of more than one there is none.
fn pattern(kind: Kind, pieces: &[Piece]) -> Option<Pattern> {
    let [Piece::Word { folded, term }] = pieces else {
        return None;
    };
    let near = match kind {
        Kind::Fuzzy(edits) => Some((term.chars().collect(), edits)),
        _ => None,
    };
    let prefix = if near.is_some() {
        String::new()
    } else {
        fold(folded)
    };
    Some(Pattern {
        prefix,
        near,
        stem: Some(term.clone()),
    })
}
