//! From text to terms: words, stemmed when English; pairs of characters where words are not spaced.

use std::borrow::Cow;
use std::ops::Range;

use frostem::{Algorithm, Stemmer};

/// Longest term, in bytes; longer words are no words.
const MAX_TERM_BYTES: usize = 128;

/// Turns text into terms. The same one must be used for a collection and its queries.
///
/// The default analyzer folds case, accents and full-width forms, splits words at everything that is
/// neither letter nor digit, and stems English (Porter 2). Runs of Chinese, Japanese and Korean
/// characters become overlapping pairs, the last character of a run alone too: every string of two or
/// more characters can be found, whatever a dictionary thinks of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Analyzer(());

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

/// A piece of a text that is analysed as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A word: folded, and its term.
    Word { folded: String, term: String },
    /// A run of characters without spaces between words.
    Run(Vec<(char, Range<usize>)>),
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
        pieces(text, &stemmer, &mut |piece, span| match piece {
            Piece::Word { term, .. } => {
                each(&term, span, position);
                position += 1;
            }
            Piece::Run(chars) => {
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
        pieces(text, &Stemmer::new(Algorithm::English), &mut |piece, _| {
            found.push(piece)
        });
        found
    }
}

/// Cuts a text into words and runs.
fn pieces(text: &str, stemmer: &Stemmer, each: &mut impl FnMut(Piece, Range<usize>)) {
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
                each(Piece::Run(run), start..end);
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
                    each(Piece::Word { folded, term }, start..end);
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

/// Folds case, accents of Latin letters, and full-width forms.
pub(crate) fn fold(word: &str) -> String {
    if word
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        return word.to_string();
    }
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        let narrow = match u32::from(c) {
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
            0x300..=0x36f => continue,
            _ => c,
        };
        for lower in narrow.to_lowercase() {
            match unaccented(lower) {
                Some(plain) => out.push_str(plain),
                None if matches!(u32::from(lower), 0x300..=0x36f) => {}
                None => out.push(lower),
            }
        }
    }
    out
}

/// The plain letters of an accented Latin one (Latin-1 and Latin Extended-A).
fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{e0}'..='\u{e5}' | '\u{101}' | '\u{103}' | '\u{105}' => "a",
        '\u{e6}' => "ae",
        '\u{e7}' | '\u{107}' | '\u{109}' | '\u{10b}' | '\u{10d}' => "c",
        '\u{10f}' | '\u{111}' | '\u{f0}' => "d",
        '\u{e8}'..='\u{eb}' | '\u{113}' | '\u{115}' | '\u{117}' | '\u{119}' | '\u{11b}' => "e",
        '\u{11d}' | '\u{11f}' | '\u{121}' | '\u{123}' => "g",
        '\u{125}' | '\u{127}' => "h",
        '\u{ec}'..='\u{ef}' | '\u{129}' | '\u{12b}' | '\u{12d}' | '\u{12f}' | '\u{131}' => "i",
        '\u{135}' => "j",
        '\u{137}' => "k",
        '\u{13a}' | '\u{13c}' | '\u{13e}' | '\u{140}' | '\u{142}' => "l",
        '\u{f1}' | '\u{144}' | '\u{146}' | '\u{148}' => "n",
        '\u{f2}'..='\u{f6}' | '\u{f8}' | '\u{14d}' | '\u{14f}' | '\u{151}' => "o",
        '\u{153}' => "oe",
        '\u{155}' | '\u{157}' | '\u{159}' => "r",
        '\u{df}' => "ss",
        '\u{15b}' | '\u{15d}' | '\u{15f}' | '\u{161}' | '\u{219}' => "s",
        '\u{163}' | '\u{165}' | '\u{167}' | '\u{21b}' => "t",
        '\u{fe}' => "th",
        '\u{f9}'..='\u{fc}'
        | '\u{169}'
        | '\u{16b}'
        | '\u{16d}'
        | '\u{16f}'
        | '\u{171}'
        | '\u{173}' => "u",
        '\u{175}' => "w",
        '\u{fd}' | '\u{ff}' | '\u{177}' => "y",
        '\u{17a}' | '\u{17c}' | '\u{17e}' => "z",
        _ => return None,
    })
}
