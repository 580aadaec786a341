//! Documents that look like text: words by Zipf's law, with words that like each other's company.

use std::collections::HashSet;

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((self.unit() * limit as f64) as usize).min(limit - 1)
    }
}

pub(crate) struct Corpus {
    pub(crate) documents: Vec<String>,
    /// Words by how many documents have them, the most frequent first.
    pub(crate) words: Vec<String>,
}

const WORDS: usize = 100_000;
const SYLLABLES: [&str; 40] = [
    "ba", "ko", "ri", "tu", "me", "la", "no", "sa", "vi", "do", "ka", "ro", "ti", "mu", "pe", "li",
    "na", "so", "ve", "da", "ku", "ra", "to", "mi", "pu", "le", "ni", "su", "va", "de", "ki", "ru",
    "ta", "mo", "pi", "lu", "ne", "si", "vo", "du",
];

fn word(rank: usize) -> String {
    let (mut word, mut rest) = (String::new(), rank + 40);
    while rest > 0 {
        word.push_str(SYLLABLES[rest % 40]);
        rest /= 40;
    }
    // No ending that a stemmer cuts.
    word.push('k');
    word
}

/// The documents, 100 words each on average, or the lines of the file that `LUMOS_BENCH_TEXTS` names.
pub(crate) fn corpus(count: usize) -> Corpus {
    if let Ok(path) = std::env::var("LUMOS_BENCH_TEXTS") {
        let lines = std::fs::read_to_string(path).unwrap();
        let documents: Vec<String> = lines.lines().take(count).map(str::to_lowercase).collect();
        let words = by_frequency(&documents);
        return Corpus { documents, words };
    }
    let mut dice = Dice::new(1);
    let names: Vec<String> = (0..WORDS).map(word).collect();
    let documents = (0..count).map(|_| {
        let length = (20.0 * (3.2 * dice.unit()).exp()) as usize / 2 + 5;
        let mut text = String::with_capacity(length * 8);
        let mut last = 0;
        for _ in 0..length {
            // Zipf's law, and every fourth word follows from the one before it.
            let rank = match dice.below(4) {
                0 => (last * 7 + 3) % WORDS,
                _ => ((WORDS as f64).powf(dice.unit()) - 1.0) as usize,
            };
            text.push_str(&names[rank]);
            text.push(' ');
            last = rank;
        }
        text
    });
    let documents: Vec<String> = documents.collect();
    let words = by_frequency(&documents);
    Corpus { documents, words }
}

fn by_frequency(documents: &[String]) -> Vec<String> {
    let mut counts = std::collections::HashMap::<&str, usize>::new();
    for document in documents {
        let words: HashSet<&str> = words_of(document).collect();
        for word in words {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts
        .into_iter()
        .map(|(word, _)| word.to_string())
        .collect()
}

/// Words of three letters and more.
pub(crate) fn words_of(document: &str) -> impl Iterator<Item = &str> {
    let words = document.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() > 2)
}
