//! From text to terms: words, stemmed when English; pairs of characters where words are not spaced.

mod fields;
mod fold;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use frostem::{Algorithm, Stemmer};

pub use fields::Analyzers;
pub(crate) use fold::fold;

/// Longest term, in bytes; longer words are no words.
const MAX_TERM_BYTES: usize = 128;

/// Turns text into terms. The same one must be used for a collection and its queries.
///
/// The default analyzer folds case, accents and full-width forms, splits words at everything that is
/// neither letter nor digit, and stems English (Porter 2). Runs of Chinese, Japanese and Korean
/// characters become overlapping pairs, the last character of a run alone too: every string of two or
/// more characters can be found, whatever a dictionary thinks of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analyzer(Arc<()>);

/// A term at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// The term.
    pub term: String,
    /// Where it comes from, in bytes of the text.
    pub span: Range<usize>,
    /// Its place among the words and characters of the text.
    pub position: u32,
}

/// A piece of a query, analysed as the texts of the field are.
///
/// Pieces follow each other: a word and a gap take one position, a run as many as it has characters, an
/// identifier one for each of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A word: folded, and its term.
    Word { folded: String, term: String },
    /// A run of characters that are not cut into words.
    Run(Run),
    /// An identifier of several parts. Texts have the whole, written as one word, at the position of the
    /// first part: it is one more way to find them, not a condition. There is none if it is too long.
    Compound { whole: Option<String>, parts: Run },
    /// A word that is passed over, though it has its place.
    Gap,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Dense,
    Other,
}

fn class(c: char) -> Class {
    let dense = matches!(u32::from(c),
        0x1100..=0x11ff | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x3100..=0x312f
        | 0x3130..=0x318f | 0x31a0..=0x31ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xa960..=0xa97f
        | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x1b000..=0x1b16f | 0x20000..=0x3fffd);
    if dense && (c.is_alphabetic() || matches!(c, '\u{3005}'..='\u{3007}' | '\u{30fc}')) {
        Class::Dense
    } else if c.is_alphanumeric() {
        Class::Word
    } else if matches!(u32::from(c), 0x300..=0x36f) {
        // A combining accent does not end a word, and is folded away.
        Class::Word
    } else {
        Class::Other
    }
}

impl Analyzer {
    /// The analyzer of this name; `default` is the only one.
    #[must_use]
    pub fn named(name: &str) -> Option<Analyzer> {
        (name == "default").then(Analyzer::default)
    }

    /// The terms of a text as it is indexed, in the order of their places.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.each_token(text, &mut |term, span, position| {
            tokens.push(Token {
                term: term.to_string(),
                span,
                position,
            });
        });
        tokens
    }

    /// Calls `each` with the terms of a text as it is indexed.
    pub(crate) fn each_token(&self, text: &str, each: &mut impl FnMut(&str, Range<usize>, u32)) {
        let stemmer = Stemmer::new(Algorithm::English);
        let mut position = 0;
        let mut pair = String::new();
        cuts(text, &stemmer, &mut |cut, span| match cut {
            Cut::Word { term, .. } => {
                each(&term, span, position);
                position += 1;
            }
            Cut::Run(chars) => {
                for (at, (first, from)) in chars.iter().enumerate() {
                    pair.clear();
                    pair.push(*first);
                    let mut end = from.end;
                    if let Some((second, to)) = chars.get(at + 1) {
                        pair.push(*second);
                        end = to.end;
                    }
                    each(&pair, from.start..end, position);
                    position += 1;
                }
            }
        });
    }

    /// The pieces of a query.
    pub(crate) fn pieces(&self, text: &str) -> Vec<Piece> {
        let mut found = Vec::new();
        let stemmer = Stemmer::new(Algorithm::English);
        cuts(text, &stemmer, &mut |cut, _| {
            found.push(match cut {
                Cut::Word { folded, term } => Piece::Word { folded, term },
                Cut::Run(chars) => Piece::Run(Run::pairs(&chars)),
            });
        });
        found
    }
}

impl Run {
    /// The overlapping pairs of characters; a single one stands for all pairs that begin with it.
    fn pairs(chars: &[(char, Range<usize>)]) -> Run {
        let pairs = chars.windows(2).map(|pair| pair.iter().map(|(c, _)| *c));
        Run {
            terms: (0..).zip(pairs.map(Iterator::collect)).collect(),
            start: match chars {
                [(single, _)] => Some(single.to_string()),
                _ => None,
            },
            positions: chars.len() as u32,
        }
    }
}

/// A word or a run of a text.
enum Cut {
    Word { folded: String, term: String },
    Run(Vec<(char, Range<usize>)>),
}

/// Cuts a text into words and runs.
fn cuts(text: &str, stemmer: &Stemmer, each: &mut impl FnMut(Cut, Range<usize>)) {
    let mut chars = text.char_indices().peekable();
    let mut apostrophe = false;
    while let Some((start, first)) = chars.next() {
        let kind = class(first);
        let mut end = start + first.len_utf8();
        match kind {
            Class::Other => {
                apostrophe = matches!(first, '\'' | '\u{2019}');
                continue;
            }
            Class::Dense => {
                let mut run = vec![(first, start..end)];
                while let Some((at, c)) = chars.next_if(|(_, c)| class(*c) == Class::Dense) {
                    end = at + c.len_utf8();
                    run.push((c, at..end));
                }
                each(Cut::Run(run), start..end);
            }
            Class::Word => {
                while let Some((at, c)) = chars.next_if(|(_, c)| class(*c) == Class::Word) {
                    end = at + c.len_utf8();
                }
                let folded = fold(text.get(start..end).unwrap_or_default());
                // The s of a genitive is no word.
                let genitive = apostrophe && folded == "s";
                if !genitive && !folded.is_empty() && folded.len() <= MAX_TERM_BYTES {
                    let term = stem(stemmer, &folded).into_owned();
                    each(Cut::Word { folded, term }, start..end);
                }
            }
        }
        apostrophe = false;
    }
}

/// The common stem of the forms of an English word; other words are their own.
fn stem<'a>(stemmer: &Stemmer, folded: &'a str) -> Cow<'a, str> {
    if folded.len() > 2 && folded.bytes().all(|byte| byte.is_ascii_lowercase()) {
        stemmer.stem(folded)
    } else {
        Cow::Borrowed(folded)
    }
}
