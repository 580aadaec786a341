//! Where a text has what a query looks for.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::phrases::Phrases;
use crate::text::analyzer::{Analyzer, Piece};
use crate::text::pattern::{self, Asked, Form};
use crate::text::query::{Bool, Expr, Kind, Leaf, TextQuery};

/// A place that the query looks for, and which of its words it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) span: Range<usize>,
    pub(super) word: usize,
}

/// What a query looks for in one field.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    words: HashSet<String>,
    forms: Vec<Form>,
    phrases: Phrases,
}

impl Wanted {
    pub(super) fn new(analyzer: &Analyzer, field: &str, query: &TextQuery) -> Wanted {
        let mut wanted = Wanted::default();
        wanted.add(&query.expr, analyzer, field, [true, false]);
        wanted
    }

    /// The marks of a text, by place.
    pub(super) fn marks(&self, analyzer: &Analyzer, text: &str) -> Vec<Mark> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut marks: Vec<Mark> = Vec::new();
        let mut places = self.phrases.places();
        analyzer.each_token(text, &mut |term, span, position| {
            let shown = match self.words.contains(term) {
                true => Some(span.clone()),
                false => {
                    let mut forms = self.forms.iter();
                    let form = forms.find(|form| form.fits(term));
                    form.map(|form| meant(form, text, &span))
                }
            };
            if let Some(span) = shown {
                let next = numbers.len();
                let word = *numbers.entry(term.to_string()).or_insert(next);
                marks.push(Mark { span, word });
            }
            self.phrases
                .take(&mut places, (term, position), |form| match form {
                    Some(form) => meant(form, text, &span),
                    None => span.clone(),
                });
        });
        // A phrase is as good as the different words it has.
        self.phrases.each(&places, |number, span| {
            let (span, word) = (span.clone(), usize::MAX / 2 + number);
            marks.push(Mark { span, word });
        });
        marks.sort_by_key(|mark| (mark.span.start, mark.span.end, mark.word));
        marks.dedup();
        marks
    }

    /// Adds a part that is looked for in this field or not, and whose words stand together or not.
    fn add(&mut self, expr: &Expr, analyzer: &Analyzer, field: &str, [here, together]: [bool; 2]) {
        match expr {
            Expr::Leaf(leaf) if here => self.leaf(leaf, analyzer, together),
            Expr::Leaf(_) => {}
            Expr::Bool(Bool { must, should, .. }) => {
                for part in must {
                    self.add(part, analyzer, field, [here, true]);
                }
                for part in should {
                    self.add(part, analyzer, field, [here, together]);
                }
            }
            // The innermost name counts.
            Expr::In {
                field: name, part, ..
            } => self.add(part, analyzer, field, [name == field, together]),
            Expr::Boost { part, .. } => self.add(part, analyzer, field, [here, together]),
        }
    }

    fn leaf(&mut self, leaf: &Leaf, analyzer: &Analyzer, together: bool) {
        if let Some(form) = pattern::form(analyzer, leaf) {
            self.forms.push(form);
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
                self.forms.extend(run.start.as_deref().map(Form::of_run));
            }
            Piece::Compound { whole, parts } => {
                self.words.extend(whole.iter().cloned());
                let parts = parts.terms.iter();
                self.words.extend(parts.map(|(_, term)| term.clone()));
            }
        }
    }

    fn phrase(&mut self, pieces: &[Piece], kind: Kind) {
        let slop = match kind {
            Kind::Phrase { slop, .. } => slop,
            _ => 0,
        };
        let mut places = pattern::places(pieces, kind);
        match &mut places[..] {
            [] => {}
            // One word is no phrase: it need not be followed.
            [(_, Asked::Form(_))] => {
                if let Some((_, Asked::Form(form))) = places.pop() {
                    self.forms.push(form);
                }
            }
            _ => self.phrases.add(places, slop),
        }
    }
}

/// What is meant of a term that fits.
fn meant(form: &Form, text: &str, span: &Range<usize>) -> Range<usize> {
    let piece = text.get(span.clone()).unwrap_or_default();
    span.start..span.start + form.meant(piece).len()
}
