//! What is asked: some words of a document, and its vector with noise.

use std::collections::HashMap;

use crate::corpus::{Corpus, Dice, words_of};
use crate::vectors::{Vectors, noisy};

const ASKED: usize = 200;
const WORDS: usize = 4;
/// Length of the noise that the vector of a question has on top of that of the document.
const NOISE: f32 = 0.5;

pub(crate) struct Question {
    /// The document that it was made from.
    pub(crate) document: u64,
    pub(crate) words: Vec<String>,
    pub(crate) vector: Vec<f32>,
}

/// Which legs answer.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Legs {
    Words,
    Vector,
    Both,
}

/// Documents that a question is answered with, unless its kind says otherwise.
pub(crate) const K: usize = 10;
/// What each leg of a hybrid search of Lumos brings where ten are asked for.
pub(crate) const DEPTH: usize = 200;

/// Questions of one kind.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) legs: Legs,
    /// How many are asked for.
    pub(crate) hits: usize,
    /// Only documents with numbers below this.
    pub(crate) below: Option<u64>,
    pub(crate) questions: Vec<Question>,
}

pub(crate) fn kinds(corpus: &Corpus, vectors: &Vectors) -> Vec<Kind> {
    let count = corpus.documents.len() as u64;
    let kinds = [
        ("words alone", Legs::Words, K, None),
        ("vectors alone", Legs::Vector, K, None),
        ("words alone, 200 best", Legs::Words, DEPTH, None),
        ("vectors alone, 200 best", Legs::Vector, DEPTH, None),
        ("both", Legs::Both, K, None),
        ("both, 10 % of documents", Legs::Both, K, Some(count / 10)),
        ("both, 1 % of documents", Legs::Both, K, Some(count / 100)),
    ];
    let kind = |(name, legs, hits, below)| Kind {
        name,
        legs,
        hits,
        below,
        // Without a filter the same of every kind, so that what two legs take can be added up.
        questions: questions(corpus, vectors, below.unwrap_or(count)),
    };
    kinds.map(kind).into()
}

impl Kind {
    /// How many a leg brings.
    pub(crate) fn depth(&self) -> usize {
        if self.legs == Legs::Both {
            DEPTH
        } else {
            self.hits
        }
    }
}

fn questions(corpus: &Corpus, vectors: &Vectors, below: u64) -> Vec<Question> {
    let ranks: HashMap<&str, usize> = (corpus.words.iter().enumerate())
        .map(|(rank, word)| (word.as_str(), rank))
        .collect();
    let mut dice = Dice::new(4);
    let question = |_| {
        let document = dice.below(below as usize);
        let mut there: Vec<&str> = words_of(&corpus.documents[document]).collect();
        there.sort_unstable();
        there.dedup();
        let mut words = Vec::new();
        while words.len() < WORDS && !there.is_empty() {
            // People ask with the rarer words: of two the rarer one.
            let (a, b) = (dice.below(there.len()), dice.below(there.len()));
            let rarer = if ranks[there[a]] > ranks[there[b]] {
                a
            } else {
                b
            };
            words.push(there.swap_remove(rarer).to_string());
        }
        Question {
            document: document as u64,
            words,
            vector: noisy(vectors.of_document(document).to_vec(), NOISE, &mut dice),
        }
    };
    (0..ASKED).map(question).collect()
}
