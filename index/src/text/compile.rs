//! A query analysed: which terms, and how they belong together.

use super::analyzer::{Analyzer, Piece, Run};
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
    let single = |term: &String| Wanted::All(vec![term.clone()]);
    match piece {
        Piece::Word { term, .. } => vec![single(term)],
        Piece::Run(run) => match starts_with(run) {
            Some(pattern) => vec![Wanted::Any(pattern)],
            None => run.terms.iter().map(|(_, term)| single(term)).collect(),
        },
        Piece::Compound { whole, parts } => {
            let parts = parts.terms.iter().map(|(_, term)| term);
            whole.iter().chain(parts).map(single).collect()
        }
        Piece::Gap => Vec::new(),
    }
}

/// A run that is too short for a term stands for all that begin with it.
fn starts_with(run: &Run) -> Option<Pattern> {
    run.start.as_ref().map(|start| Pattern {
        prefix: start.clone(),
        near: None,
        stem: None,
    })
}

/// Pieces that must follow each other.
fn phrase(pieces: &[Piece]) -> Option<Wanted> {
    let mut terms: Vec<(u32, String)> = Vec::new();
    let mut position = 0;
    for piece in pieces {
        match piece {
            Piece::Word { term, .. } => {
                terms.push((position, term.clone()));
                position += 1;
            }
            Piece::Run(run) => {
                // Alone it is a pattern; inside of a phrase its neighbours say enough.
                if let (Some(pattern), 1) = (starts_with(run), pieces.len()) {
                    return Some(Wanted::Any(pattern));
                }
                let run_terms = run.terms.iter();
                terms.extend(run_terms.map(|(at, term)| (position + at, term.clone())));
                position += run.positions;
            }
            Piece::Compound { parts, .. } => {
                let parts_terms = parts.terms.iter();
                terms.extend(parts_terms.map(|(at, term)| (position + at, term.clone())));
                position += parts.positions;
            }
            Piece::Gap => position += 1,
        }
    }
    let first = terms.first().map_or(0, |(at, _)| *at);
    match terms.len() {
        0 => None,
        1 => Some(Wanted::All(
            terms.into_iter().map(|(_, term)| term).collect(),
        )),
        _ => Some(Wanted::Phrase(
            terms
                .into_iter()
                .map(|(at, term)| (at - first, term))
                .collect(),
        )),
    }
}

/// The pattern of one word; of more than one there is none.
fn pattern(kind: Kind, pieces: &[Piece]) -> Option<Pattern> {
    // The beginning of an identifier, or one misspelt, is that of the whole.
    let (folded, term) = match pieces {
        [Piece::Word { folded, term }] => (folded, term),
        [
            Piece::Compound {
                whole: Some(whole), ..
            },
        ] => (whole, whole),
        _ => return None,
    };
    let near = match kind {
        Kind::Fuzzy(edits) => Some((term.chars().collect(), edits)),
        _ => None,
    };
    let prefix = if near.is_some() {
        String::new()
    } else {
        folded.clone()
    };
    Some(Pattern {
        prefix,
        near,
        stem: Some(term.clone()),
    })
}
