//! What is asked, of each kind: the same of every store.

use crate::corpus::{Corpus, Dice, words_of};

/// A query, in terms that every store has.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Term(String),
    Any(Vec<String>),
    All(Vec<String>),
    Phrase(Vec<String>),
    Fuzzy(String),
    /// A word among documents whose number is below this.
    Filtered(Vec<String>, u64),
}

pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) questions: Vec<Question>,
}

const ASKED: usize = 200;

pub(crate) fn kinds(corpus: &Corpus) -> Vec<Kind> {
    let mut dice = Dice::new(2);
    let count = corpus.documents.len() as u64;
    let between = |dice: &mut Dice, from: usize, to: usize| {
        let to = to.min(corpus.words.len());
        corpus.words[from.min(to - 1) + dice.below(to - from.min(to - 1))].clone()
    };
    let mut kinds = Vec::new();
    let mut push = |name, ask: &mut dyn FnMut(&mut Dice) -> Question| {
        let questions = (0..ASKED).map(|_| ask(&mut dice)).collect();
        kinds.push(Kind { name, questions });
    };
    push("term, in most documents", &mut |dice| {
        Question::Term(between(dice, 0, 50))
    });
    push("term, in some", &mut |dice| {
        Question::Term(between(dice, 100, 2_000))
    });
    push("term, rare", &mut |dice| {
        Question::Term(between(dice, 10_000, 30_000))
    });
    push("any of 2", &mut |dice| {
        Question::Any(vec![between(dice, 10, 200), between(dice, 200, 5_000)])
    });
    push("any of 5", &mut |dice| {
        let ranks = [
            (0, 100),
            (50, 500),
            (200, 2_000),
            (1_000, 10_000),
            (1_000, 20_000),
        ];
        Question::Any(
            ranks
                .iter()
                .map(|(from, to)| between(dice, *from, *to))
                .collect(),
        )
    });
    push("all of 2", &mut |dice| {
        Question::All(vec![between(dice, 0, 200), between(dice, 50, 2_000)])
    });
    push("all of 3", &mut |dice| {
        Question::All(vec![
            between(dice, 0, 50),
            between(dice, 0, 200),
            between(dice, 50, 500),
        ])
    });
    push("phrase of 2", &mut |dice| phrase(corpus, dice, 2));
    push("phrase of 3", &mut |dice| phrase(corpus, dice, 3));
    push("fuzzy, 1 edit", &mut |dice| {
        let mut word = between(dice, 500, 5_000);
        word.insert(dice.below(word.len() - 1) + 1, 'e');
        Question::Fuzzy(word)
    });
    for (name, percent) in [
        ("any of 2, 10 % of documents", 10),
        ("any of 2, 1 % of documents", 1),
    ] {
        push(name, &mut |dice| {
            let words = vec![between(dice, 10, 200), between(dice, 200, 5_000)];
            Question::Filtered(words, count * percent / 100)
        });
    }
    kinds
}

/// Words that stand together in some document.
fn phrase(corpus: &Corpus, dice: &mut Dice, length: usize) -> Question {
    loop {
        let document = &corpus.documents[dice.below(corpus.documents.len())];
        let words: Vec<&str> = words_of(document).collect();
        if words.len() < length + 1 {
            continue;
        }
        let at = dice.below(words.len() - length);
        let phrase = &words[at..at + length];
        // Words left out between two would make it none.
        if document.contains(&phrase.join(" ")) {
            return Question::Phrase(phrase.iter().map(|word| word.to_string()).collect());
        }
    }
}
