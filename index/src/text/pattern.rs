//! Which form of term a part of a query asks for.

use super::analyzer::{Analyzer, Piece};
use super::error::TextError;
use super::query::{Kind, Leaf};
use super::source::SourceField;
use super::terms::{Fuzzy, Pattern, Prefix, TermRegex, Wildcard};

/// Terms by their form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    pattern: Pattern,
    /// What all of them begin with.
    prefix: String,
    /// The term of the word itself, which fits in any case.
    stem: Option<String>,
    /// Whether that term comes first.
    near: bool,
    /// How many characters of a term are meant, where not all of it is.
    meant: Option<usize>,
}

impl Form {
    /// Terms that begin as a word, and the term of the word itself.
    fn going_on(folded: &str, term: &str) -> Form {
        Form {
            stem: Some(term.to_string()),
            ..Form::starting(folded)
        }
    }

    /// Terms so many edits away.
    fn near(term: &str, edits: u8) -> Form {
        Form {
            stem: Some(term.to_string()),
            near: true,
            ..Form::of(Pattern::Fuzzy(Fuzzy::new(term, edits)))
        }
    }

    /// Terms that begin so.
    fn starting(prefix: &str) -> Form {
        Form {
            prefix: prefix.to_string(),
            ..Form::of(Pattern::Prefix(Prefix(prefix.to_string())))
        }
    }

    /// The terms that begin with a run which is too short for one: only the run is meant of them.
    pub(crate) fn of_run(start: &str) -> Form {
        Form {
            meant: Some(start.chars().count()),
            ..Form::starting(start)
        }
    }

    fn of(pattern: Pattern) -> Form {
        Form {
            pattern,
            prefix: String::new(),
            stem: None,
            near: false,
            meant: None,
        }
    }

    /// What is meant of a text that a term stands for.
    pub(crate) fn meant<'t>(&self, text: &'t str) -> &'t str {
        let end = self.meant.and_then(|chars| text.char_indices().nth(chars));
        end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
    }

    pub(crate) fn fits(&self, term: &str) -> bool {
        self.stem.as_deref() == Some(term) || self.pattern.fits(term)
    }

    /// The term that counts before all others.
    pub(crate) fn exact(&self) -> Option<&str> {
        self.stem.as_deref().filter(|_| self.near)
    }

    /// Calls `each` with the terms of a segment that fit, and their rows.
    pub(crate) fn each_term(
        &self,
        part: &SourceField<'_>,
        each: &mut dyn FnMut(&str, u32),
    ) -> Result<(), TextError> {
        let fits = |term: &str| self.pattern.fits(term);
        match &self.pattern {
            Pattern::Prefix(prefix) => part.each_term(prefix, &self.prefix, fits, each),
            Pattern::Fuzzy(fuzzy) => part.each_near(fuzzy, each),
            Pattern::Wildcard(wildcard) => part.each_term(wildcard, &self.prefix, fits, each),
            Pattern::Regex(regex) => part.each_term(regex, &self.prefix, fits, each),
        }?;
        // The stem of a word may not look like it.
        if let Some(stem) = self.stem.as_ref().filter(|stem| !self.pattern.fits(stem))
            && let Some(found) = part.find(stem)?
        {
            each(stem, found.rows());
        }
        Ok(())
    }
}

/// What may stand at a place of a phrase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    Term(String),
    Form(Form),
}

/// The places of words that stand one after the other, as far from the first as they are in the query.
///
/// A word that is cut into several is such a phrase: when it may go on, its last piece does; when it may be
/// misspelt, each of them may.
pub(crate) fn places(pieces: &[Piece], kind: Kind) -> Vec<(u32, Asked)> {
    let open = matches!(kind, Kind::Prefix | Kind::Phrase { open: true, .. });
    let word = |term: &String| match kind {
        Kind::Fuzzy(edits) => Asked::Form(Form::near(term, edits)),
        _ => Asked::Term(term.clone()),
    };
    let mut places: Vec<(u32, Asked)> = Vec::with_capacity(pieces.len());
    let mut at = 0;
    for (number, piece) in pieces.iter().enumerate() {
        let last = open && number + 1 == pieces.len();
        match piece {
            Piece::Gap(_) => at += 1,
            Piece::Word { folded, term } => {
                let asked = match last {
                    true => Asked::Form(Form::going_on(folded, term)),
                    false => word(term),
                };
                places.push((at, asked));
                at += 1;
            }
            Piece::Run(run) => {
                let terms = run.terms.iter();
                places.extend(terms.map(|(far, term)| (at + far, Asked::Term(term.clone()))));
                if let Some(start) = &run.start {
                    places.push((at, Asked::Form(Form::of_run(start))));
                }
                at += run.positions;
            }
            Piece::Compound { whole, parts } => {
                for (far, term) in &parts.terms {
                    let ends = far + 1 == parts.positions || whole.as_ref() == Some(term);
                    let asked = match last && ends {
                        true => Asked::Form(Form::starting(term)),
                        false => word(term),
                    };
                    places.push((at + far, asked));
                }
                at += parts.positions;
            }
        }
    }
    // The start of a word may look like a stop word. Behind other words it says nothing: texts may have the
    // stop word there, of which nothing is known.
    if let (true, true, Some(Piece::Gap(start))) = (open, places.is_empty(), pieces.last()) {
        places.push((0, Asked::Form(Form::starting(start))));
    }
    places
}

/// Whether a leaf asks for words that begin as a stop word does, and for nothing else.
pub(crate) fn is_stop_start(analyzer: &Analyzer, leaf: &Leaf) -> bool {
    if leaf.kind != Kind::Prefix {
        return false;
    }
    let pieces = analyzer.pieces(&leaf.text);
    !pieces.is_empty() && pieces.iter().all(|piece| matches!(piece, Piece::Gap(_)))
}

/// The form that a leaf asks for, if it asks for one: of more than one word there is none.
pub(crate) fn form(analyzer: &Analyzer, leaf: &Leaf) -> Option<Form> {
    let word = || match &analyzer.pieces(&leaf.text)[..] {
        [Piece::Word { folded, term }] => Some((folded.clone(), term.clone())),
        // The beginning of an identifier, or one misspelt, is that of the whole.
        [
            Piece::Compound {
                whole: Some(whole), ..
            },
        ] => Some((whole.clone(), whole.clone())),
        _ => None,
    };
    match leaf.kind {
        Kind::Words | Kind::Phrase { .. } => None,
        Kind::Prefix => {
            let (folded, term) = word()?;
            Some(Form::going_on(&folded, &term))
        }
        Kind::Fuzzy(edits) => {
            let (_, term) = word()?;
            Some(Form::near(&term, edits))
        }
        Kind::Wildcard => {
            let wildcard = Wildcard::new(&analyzer.fold(&leaf.text))?;
            Some(Form {
                prefix: wildcard.prefix(),
                ..Form::of(Pattern::Wildcard(wildcard))
            })
        }
        Kind::Regex => Some(Form::of(Pattern::Regex(TermRegex::new(&leaf.text).ok()?))),
    }
}
