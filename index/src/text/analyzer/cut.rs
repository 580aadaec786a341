//! What a text is cut into, the same for texts that are indexed and for queries.

use std::borrow::Cow;
use std::ops::Range;

use super::MAX_TERM_BYTES;
use super::compose::compose;
use super::fold::fold;
use super::ngram::{self, Chars};
use super::spec::{Kind, Spec};
use super::stem::{Language, Stems};
use super::words::{self, Found, Rules};
use super::{code, words::english};

/// A part of a text.
pub(super) enum Cut<'c> {
    Word {
        folded: String,
        term: String,
    },
    /// A word that is left out, folded.
    Gap(String),
    /// Characters that become pairs.
    Pairs(&'c Chars),
    /// Characters that become grams of these lengths.
    Grams(&'c Chars, usize, usize),
    /// An identifier of several parts, of which some may be left out.
    Compound {
        whole: Option<String>,
        parts: Vec<(Option<String>, Range<usize>)>,
    },
}

/// Gives `each` the parts of a text, in order.
pub(super) fn cuts(spec: &Spec, text: &str, each: &mut impl FnMut(Cut<'_>, Range<usize>)) {
    let stems = spec.stem.map(Language::stemmer);
    match spec.kind {
        Kind::Default => word_cuts(spec, stems.as_ref(), text, words::PLAIN, each),
        Kind::English => word_cuts(spec, stems.as_ref(), text, words::ENGLISH, each),
        Kind::Code => code_cuts(spec, text, each),
        Kind::Keyword { exact } => {
            let value = text.trim();
            let start = text.len() - text.trim_start().len();
            let term = start_of(value, exact);
            if !term.is_empty() {
                let folded = term.clone();
                each(Cut::Word { folded, term }, start..start + value.len());
            }
        }
        Kind::Whitespace { exact } => {
            let mut from = 0;
            for word in text.split_whitespace() {
                let rest = text.get(from..).unwrap_or_default();
                let start = from + (rest.len() - rest.trim_start().len());
                from = start + word.len();
                let word = &*written(stems.as_ref(), word);
                let folded = fold(word);
                let is_stop = spec.stops(&folded);
                let folded = if exact { word.to_string() } else { folded };
                match is_stop {
                    true => each(Cut::Gap(folded), start..from),
                    false => word_cut(stems.as_ref(), word, folded, start..from, each),
                }
            }
        }
        Kind::Ngram { min, max } => ngram::runs(text, &mut |chars| {
            let (_, span) = ngram::gram(chars);
            each(Cut::Grams(chars, min, max), span);
        }),
    }
}

fn word_cuts(
    spec: &Spec,
    stems: Option<&Stems>,
    text: &str,
    rules: Rules,
    each: &mut impl FnMut(Cut<'_>, Range<usize>),
) {
    let is_english = spec.kind == Kind::English;
    words::cut(text, rules, &mut |found, span, apostrophe| match found {
        Found::Run(chars) => each(Cut::Pairs(&chars), span),
        Found::Word(word) => {
            let word = &*written(stems, word);
            let mut folded = fold(word);
            if is_english {
                folded = english(&folded);
            }
            // The s of a genitive is no word.
            if apostrophe && folded == "s" {
                return;
            }
            match spec.stops(&folded) {
                true => each(Cut::Gap(folded), span),
                false => word_cut(stems, word, folded, span, each),
            }
        }
    });
}

fn written<'w>(stems: Option<&Stems>, word: &'w str) -> Cow<'w, str> {
    stems.map_or(Cow::Borrowed(word), |stems| stems.written(word))
}

fn word_cut(
    stems: Option<&Stems>,
    word: &str,
    folded: String,
    span: Range<usize>,
    each: &mut impl FnMut(Cut<'_>, Range<usize>),
) {
    if folded.is_empty() || folded.len() > MAX_TERM_BYTES {
        return;
    }
    let term = stems.map_or(Cow::Borrowed(&*folded), |stems| stems.stem(word, &folded));
    let term = match term.is_empty() || term.len() > MAX_TERM_BYTES {
        true => folded.clone(),
        false => term.into_owned(),
    };
    each(Cut::Word { folded, term }, span);
}

fn code_cuts(spec: &Spec, text: &str, each: &mut impl FnMut(Cut<'_>, Range<usize>)) {
    words::cut(text, words::CODE, &mut |found, span, _| {
        let word = match found {
            Found::Run(chars) => return each(Cut::Pairs(&chars), span),
            Found::Word(word) => word,
        };
        let mut whole = String::new();
        let mut parts: Vec<(String, Range<usize>)> = Vec::new();
        for part in code::parts(word) {
            let folded = fold(word.get(part.clone()).unwrap_or_default());
            if !folded.is_empty() {
                if whole.len() <= MAX_TERM_BYTES {
                    whole.push_str(&folded);
                }
                parts.push((folded, span.start + part.start..span.start + part.end));
            }
        }
        let (Some((_, first)), Some((_, last))) = (parts.first(), parts.last()) else {
            return;
        };
        let all = first.start..last.end;
        if let [(folded, span)] = parts.as_slice() {
            match spec.stops(folded) {
                true => each(Cut::Gap(folded.clone()), span.clone()),
                false => word_cut(None, "", folded.clone(), span.clone(), each),
            }
            return;
        }
        let kept = |part: &String| part.len() <= MAX_TERM_BYTES && !spec.stops(part);
        let parts = parts
            .into_iter()
            .map(|(part, span)| (Some(part).filter(kept), span));
        let cut = Cut::Compound {
            parts: parts.collect(),
            whole: Some(whole).filter(|whole| whole.len() <= MAX_TERM_BYTES),
        };
        each(cut, all);
    });
}

/// As much of a value as a term has room for.
fn start_of(value: &str, exact: bool) -> String {
    let mut term = String::new();
    let mut letter = [0; 4];
    let value = if exact { value.into() } else { compose(value) };
    for c in value.chars() {
        let written = &*c.encode_utf8(&mut letter);
        let next = match exact {
            true => Cow::Borrowed(written),
            false => Cow::Owned(fold(written)),
        };
        if term.len() + next.len() > MAX_TERM_BYTES {
            break;
        }
        term.push_str(&next);
    }
    term
}
