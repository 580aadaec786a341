//! The words of a question that carry its meaning, and how many of them a text has.

use std::collections::HashSet;

/// English words that say nothing about the subject, sorted.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "anyone", "anything", "are", "as",
    "at", "be", "because", "been", "before", "being", "between", "both", "but", "by", "can", "cannot",
    "could", "did", "do", "does", "doing", "done", "each", "else", "ever", "every", "explain", "find",
    "for", "from", "get", "give", "given", "go", "got", "had", "happen", "happened", "happens", "has",
    "have", "having", "he", "help", "her", "here", "him", "his", "how", "i", "if", "in", "into", "is",
    "it", "its", "just", "know", "let", "like", "look", "made", "make", "makes", "many", "may", "me",
    "mean", "means", "might", "mine", "more", "most", "much", "must", "my", "need", "needs", "no",
    "not", "of", "off", "on", "one", "only", "or", "other", "our", "out", "over", "please", "same",
    "say", "says", "shall", "she", "should", "show", "so", "some", "somebody", "someone", "something", "such", "take", "takes", "tell",
    "than", "that", "the", "their", "them", "then", "there", "these", "they", "thing", "things",
    "this", "those", "to", "too", "under", "up", "us", "use", "used", "uses", "using", "very", "want",
    "was", "way", "we", "were", "what", "when", "where", "whether", "which", "while", "who", "whom",
    "whose", "why", "will", "with", "within", "without", "would", "yes", "you", "your",
];

/// Chinese and Japanese pieces that ask, join or soften, longest first.
const STOP_PIECES: &[&str] = &[
    "\u{4e3a}\u{4ec0}\u{4e48}", // why
    "\u{600e}\u{4e48}\u{6837}", // how
    "\u{4ec0}\u{4e48}",         // what
    "\u{600e}\u{4e48}",         // how
    "\u{600e}\u{6837}",         // how
    "\u{5982}\u{4f55}",         // how
    "\u{54ea}\u{4e9b}",         // which
    "\u{54ea}\u{91cc}",         // where
    "\u{54ea}\u{4e2a}",         // which
    "\u{591a}\u{5c11}",         // how many
    "\u{591a}\u{4e45}",         // how long
    "\u{662f}\u{5426}",         // whether
    "\u{53ef}\u{4ee5}",         // may
    "\u{6211}\u{4eec}",         // we
    "\u{4ed6}\u{4eec}",         // they
    "\u{8bf7}\u{95ee}",         // excuse me
    "\u{8fd9}\u{4e2a}",         // this
    "\u{90a3}\u{4e2a}",         // that
    "\u{7684}",
    "\u{4e86}",
    "\u{5417}",
    "\u{5462}",
    "\u{662f}",
    "\u{6211}",
    "\u{4f60}",
    "\u{5b83}",
    "\u{5728}",
    "\u{548c}",
    "\u{4e0e}",
    "\u{628a}",
    "\u{88ab}",
    "\u{5427}",
    "\u{8c01}",
    "\u{51e0}",
    "\u{3067}\u{3059}\u{304b}", // is it?
    "\u{3067}\u{3059}",
    "\u{307e}\u{3059}",
    "\u{306e}",
    "\u{306f}",
    "\u{3092}",
    "\u{304c}",
    "\u{306b}",
];

/// Terms of a text: stems of words, and pairs of neighbouring characters where a script does not part
/// its words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Terms(HashSet<String>);

impl Terms {
    /// Every term.
    pub(crate) fn of(text: &str) -> Self {
        let mut terms = HashSet::new();
        each_run(text, |run, ideographic| {
            if ideographic {
                pairs(run, &mut terms);
            } else {
                terms.insert(stem(&run.to_lowercase()));
            }
        });
        Terms(terms)
    }

    /// Only the terms that carry the subject of a question; all of them when none does.
    pub(crate) fn of_question(text: &str) -> Self {
        let mut terms = HashSet::new();
        each_run(text, |run, ideographic| {
            if ideographic {
                for piece in without_stop_pieces(run) {
                    pairs(&piece, &mut terms);
                }
                return;
            }
            let word = run.to_lowercase();
            if STOP_WORDS.binary_search(&word.as_str()).is_err() {
                terms.insert(stem(&word));
            }
        });
        // What is left of "what's" and the like.
        terms.retain(|term| term.chars().count() > 1 || !term.is_ascii());
        if terms.is_empty() { Terms::of(text) } else { Terms(terms) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of these terms the other has.
    pub(crate) fn shared(&self, other: &Terms) -> usize {
        self.0.iter().filter(|term| other.0.contains(*term)).count()
    }

    /// The share of these terms that the other has, 0 to 1.
    pub(crate) fn covered_by(&self, other: &Terms) -> f32 {
        if self.is_empty() {
            return 0.0;
        }
        self.shared(other) as f32 / self.0.len() as f32
    }

    /// Adds the terms of the other.
    pub(crate) fn extend(&mut self, other: &Terms) {
        self.0.extend(other.0.iter().cloned());
    }
}

/// The terms of a question, each with its weight: what few texts have tells more.
#[derive(Debug, Clone)]
pub(crate) struct Weights(Vec<(String, f32)>);

impl Weights {
    /// Weights by how many of these texts have a term.
    pub(crate) fn new<'t>(question: &Terms, texts: impl Iterator<Item = &'t Terms> + Clone) -> Self {
        let count = texts.clone().count() as f32;
        let weigh = |term: &String| {
            let having = texts.clone().filter(|text| text.0.contains(term)).count() as f32;
            (term.clone(), (1.0 + count / (1.0 + having)).ln())
        };
        let mut weights: Vec<(String, f32)> = question.0.iter().map(weigh).collect();
        // Sums of floats depend on their order.
        weights.sort_by(|a, b| a.0.cmp(&b.0));
        Weights(weights)
    }

    /// The share of the weight that a text has, 0 to 1.
    pub(crate) fn coverage(&self, text: &Terms) -> f32 {
        let sum = |all: bool| -> f32 {
            let terms = self.0.iter().filter(|(term, _)| all || text.0.contains(term));
            terms.map(|(_, weight)| weight).sum()
        };
        let total = sum(true);
        if total > 0.0 { sum(false) / total } else { 0.0 }
    }
}

/// The words of a question that search by keyword looks for, without what a query would read as an
/// operator.
pub(crate) fn keywords(question: &str) -> String {
    let mut every = Vec::new();
    let mut telling = Vec::new();
    each_run(question, |run, ideographic| {
        if every.len() >= MAX_KEYWORDS {
            return;
        }
        if ideographic {
            let head: String = run.chars().take(MAX_KEYWORDS).collect();
            telling.extend(without_stop_pieces(&head));
            every.push(head);
            return;
        }
        let word = run.to_lowercase();
        if word.len() > MAX_WORD_BYTES {
            return;
        }
        if STOP_WORDS.binary_search(&word.as_str()).is_err() && (word.len() > 1 || !word.is_ascii()) {
            telling.push(word.clone());
        }
        every.push(word);
    });
    if telling.is_empty() { every.join(" ") } else { telling.join(" ") }
}

/// Words of a question that are looked for.
const MAX_KEYWORDS: usize = 32;
/// Longest word that is looked for, in bytes.
const MAX_WORD_BYTES: usize = 64;

/// Whether a script writes words without spaces between them.
pub(crate) fn is_ideographic(c: char) -> bool {
    matches!(u32::from(c),
        0x3005 | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7a3
        | 0xf900..=0xfaff | 0x20000..=0x3134f)
}

/// Calls back for every run of letters and digits of one kind of script.
fn each_run(text: &str, mut run: impl FnMut(&str, bool)) {
    let mut start = None;
    let mut kind = false;
    for (at, c) in text.char_indices() {
        let inside = c.is_alphanumeric();
        let ideographic = inside && is_ideographic(c);
        if let Some(from) = start
            && (!inside || ideographic != kind)
        {
            run(&text[from..at], kind);
            start = None;
        }
        if inside && start.is_none() {
            start = Some(at);
            kind = ideographic;
        }
    }
    if let Some(from) = start {
        run(&text[from..], kind);
    }
}

fn pairs(run: &str, terms: &mut HashSet<String>) {
    let ends: Vec<usize> =
        run.char_indices().map(|(at, _)| at).chain(std::iter::once(run.len())).collect();
    if ends.len() == 2 {
        terms.insert(run.to_string());
    }
    for window in ends.windows(3) {
        terms.insert(run[window[0]..window[2]].to_string());
    }
}

fn without_stop_pieces(run: &str) -> Vec<String> {
    let mut rest = run;
    let mut pieces = Vec::new();
    let mut piece = String::new();
    while let Some(c) = rest.chars().next() {
        if let Some(stop) = STOP_PIECES.iter().find(|stop| rest.starts_with(**stop)) {
            if !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
            }
            rest = &rest[stop.len()..];
        } else {
            piece.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// A crude stem, the same for the forms of most English words: it only has to agree with itself.
fn stem(word: &str) -> String {
    if !word.is_ascii() || word.len() <= 3 {
        return word.to_string();
    }
    let mut stem = word;
    for (suffix, least) in [("ies", 2), ("sses", 2), ("es", 3), ("s", 3)] {
        if let Some(rest) = stem.strip_suffix(suffix)
            && rest.len() >= least
            && !(suffix == "s" && (rest.ends_with('s') || rest.ends_with('u')))
        {
            stem = match suffix {
                "sses" => &stem[..rest.len() + 2],
                "ies" => &stem[..rest.len() + 1],
                "es" if !rest.ends_with(['s', 'x', 'z', 'h']) => &stem[..rest.len() + 1],
                _ => rest,
            };
            break;
        }
    }
    for suffix in ["ing", "edly", "ed", "ion", "ly"] {
        if let Some(rest) = stem.strip_suffix(suffix)
            && rest.len() >= 3
        {
            stem = rest;
            break;
        }
    }
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && !matches!(b, b's' | b'l' | b'z')
        && stem.len() > 3
    {
        stem = &stem[..stem.len() - 1];
    }
    let stem = if stem.len() > 3 { stem.strip_suffix('e').unwrap_or(stem) } else { stem };
    match stem.strip_suffix('y') {
        Some(rest) if rest.len() >= 3 => format!("{rest}i"),
        _ => stem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted_so_that_they_are_found() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["rotate", "rotates", "rotated", "rotating", "rotation"][..],
            &["key", "keys"],
            &["policy", "policies"],
            &["commit", "commits", "committed", "committing"],
            &["crash", "crashes", "crashed"],
            &["write", "writes", "writing"],
            &["delete", "deleted", "deleting", "deletes"],
        ] {
            let stems: HashSet<String> = forms.iter().map(|word| stem(word)).collect();
            assert_eq!(stems.len(), 1, "{forms:?} gave {stems:?}");
        }
        assert_ne!(stem("index"), stem("indeed"));
    }

    #[test]
    fn a_question_is_reduced_to_its_subject() {
        let terms = Terms::of_question("How do I rotate the keys?");
        assert_eq!(terms, Terms::of("rotate keys"));
        let terms = Terms::of_question("What is it?");
        assert!(!terms.is_empty(), "a question of stop words keeps them");
    }

    #[test]
    fn chinese_is_compared_by_pairs_of_characters_without_question_words() {
        // "How to rotate the key?" against "The key must be rotated."
        let question = Terms::of_question("\u{5982}\u{4f55}\u{8f6e}\u{6362}\u{5bc6}\u{94a5}\u{ff1f}");
        assert_eq!(question.0.len(), 3);
        let text = Terms::of("\u{5bc6}\u{94a5}\u{5fc5}\u{987b}\u{8f6e}\u{6362}\u{3002}");
        assert_eq!(question.shared(&text), 2);
    }

    #[test]
    fn what_every_text_has_weighs_little() {
        let texts = [Terms::of("lumos log"), Terms::of("lumos graph"), Terms::of("lumos keys")];
        let weights = Weights::new(&Terms::of_question("lumos keys"), texts.iter());
        assert!(weights.coverage(&texts[0]) < 0.4);
        assert_eq!(weights.coverage(&texts[2]), 1.0);
    }

    #[test]
    fn the_keywords_of_a_question_hold_no_operator() {
        assert_eq!(keywords("How do I -rotate \"the +keys\" fast*?"), "rotate keys fast");
        assert_eq!(keywords("what is it"), "what is it");
        assert!(keywords(&"\u{5bc6}\u{94a5} word ".repeat(5_000)).len() < 2_048);
    }

    #[test]
    fn scripts_that_meet_without_a_space_are_parted() {
        let terms = Terms::of("Rust\u{8bed}\u{8a00}2026");
        assert_eq!(terms, Terms::of("rust \u{8bed}\u{8a00} 2026"));
    }
}
