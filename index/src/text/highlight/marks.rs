//! Where a text has what a query looks for.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::phrases::Phrases;
use crate::text::analyzer::{Analyzer, Piece};
use crate::text::pattern::{self, Form};
use crate::text::query::{Bool, Expr, Kind, Leaf, TextQuery};

/// A place that the query looks for, and which of its words it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) span: Range<usize>,
    pub(super) word: usize,
}

/// What a query looks for in one field.
#[derive(Debug, Default)]
struct Wanted {
    words: HashSet<String>,
    forms: Vec<(Form, Shown)>,
    phrases: Phrases,
}

/// How much of a term is marked.
#[derive(Clone, Copy, Debug)]
enum Shown {
    Whole,
    /// So many characters.
    Start(usize),
}

/// The marks of a text, by place.
pub(super) fn marks(analyzer: &Analyzer, field: &str, query: &TextQuery, text: &str) -> Vec<Mark> {
    let mut wanted = Wanted::default();
    wanted.add(&query.expr, analyzer, field, false);
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut marks: Vec<Mark> = Vec::new();
    let mut phrases = std::mem::take(&mut wanted.phrases);
    analyzer.each_token(text, &mut |term, span, position| {
        let shown = match wanted.words.contains(term) {
            true => Some(Shown::Whole),
            false => {
                let mut forms = wanted.forms.iter();
                let fits = forms.find(|(form, _)| form.fits(term));
                fits.map(|(_, shown)| *shown)
            }
        };
        if let Some(shown) = shown {
            let next = numbers.len();
            let word = *numbers.entry(term.to_string()).or_insert(next);
            let span = shorten(text, span.clone(), shown);
            marks.push(Mark { span, word });
        }
        phrases.take(term, position, &span);
    });
    // A phrase is as good as the different words it has.
    phrases.each(|number, span| {
        let (span, word) = (span.clone(), usize::MAX / 2 + number);
        marks.push(Mark { span, word });
    });
    marks.sort_by_key(|mark| (mark.span.start, mark.span.end, mark.word));
    marks.dedup();
    marks
}

fn shorten(text: &str, span: Range<usize>, shown: Shown) -> Range<usize> {
    let Shown::Start(chars) = shown else {
        return span;
    };
    let piece = text.get(span.clone()).unwrap_or_default();
    let end = piece.char_indices().nth(chars).map(|(at, _)| at);
    span.start..span.start + end.unwrap_or(piece.len())
}

impl Wanted {
    fn add(&mut self, expr: &Expr, analyzer: &Analyzer, field: &str, together: bool) {
        match expr {
            Expr::Leaf(leaf) => self.leaf(leaf, analyzer, together),
            Expr::Bool(Bool { must, should, .. }) => {
                for part in must {
                    self.add(part, analyzer, field, true);
                }
                for part in should {
                    self.add(part, analyzer, field, together);
                }
            }
            Expr::In {
                field: name, part, ..
            } if name == field => self.add(part, analyzer, field, together),
            Expr::In { .. } => {}
            Expr::Boost { part, .. } => self.add(part, analyzer, field, together),
        }
    }

    fn leaf(&mut self, leaf: &Leaf, analyzer: &Analyzer, together: bool) {
        if let Some(form) = pattern::form(analyzer, leaf) {
            self.forms.push((form, Shown::Whole));
            return;
        }
        let pieces = analyzer.pieces(&leaf.text);
        match leaf.kind {
            Kind::Words if !together => pieces.iter().for_each(|piece| self.alternatives(piece)),
            kind => self.phrase(&pieces, kind),
        }
    }

    fn alternatives(&mut self, piece: &Piece) {
        match piece {
            Piece::Gap(_) => {}
            Piece::Word { term, .. } => {
                self.words.insert(term.clone());
            }
            Piece::Run(run) => {
                self.words
                    .extend(run.terms.iter().map(|(_, term)| term.clone()));
                if let Some(start) = &run.start {
                    self.start(start);
                }
            }
            Piece::Compound { whole, parts } => {
                self.words.extend(whole.iter().cloned());
                let parts = parts.terms.iter();
                self.words.extend(parts.map(|(_, term)| term.clone()));
            }
        }
    }

    /// A run too short for a term: of the terms that begin with it, only the start is meant.
    fn start(&mut self, start: &str) {
        let shown = Shown::Start(start.chars().count());
        self.forms.push((Form::starting(start), shown));
    }

    fn phrase(&mut self, pieces: &[Piece], kind: Kind) {
        if let [Piece::Run(run)] = pieces
            && let Some(start) = &run.start
        {
            return self.start(start);
        }
        let slop = match kind {
            Kind::Phrase { slop, .. } => slop,
            _ => 0,
        };
        let places = pattern::places(pieces, kind);
        if !places.is_empty() {
            self.phrases.add(places, slop);
        }
    }
}
