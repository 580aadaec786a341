//! Vectors that have to do with the words of their texts, as those of a model do.

use std::collections::HashMap;

use simsimd::SpatialSimilarity;

use crate::corpus::{Corpus, Dice, words_of};

pub(crate) const DIMENSION: usize = 384;

/// What vectors differ in: those of models lie near a surface of some dozens of directions.
const DIRECTIONS: usize = 64;
/// Length of the noise that a vector of a document has, the vector having 1.
const NOISE: f32 = 0.3;

/// A vector of unit length for each document, one after the other.
pub(crate) struct Vectors(Vec<f32>);

impl Vectors {
    /// The sum of the vectors of the words, weighted by how rare each is, and noise.
    pub(crate) fn of(corpus: &Corpus) -> Vectors {
        let ranks: HashMap<&str, usize> = (corpus.words.iter().enumerate())
            .map(|(rank, word)| (word.as_str(), rank))
            .collect();
        let mut dice = Dice::new(3);
        // Words differ in a few directions most of all.
        let spread = |at: usize| 1.0 / (1.0 + at as f32 / 8.0);
        let words: Vec<f32> = (0..corpus.words.len())
            .flat_map(|_| 0..DIRECTIONS)
            .map(|at| normal(&mut dice) * spread(at))
            .collect();
        let into: Vec<f32> = (0..DIRECTIONS * DIMENSION)
            .map(|_| normal(&mut dice))
            .collect();
        let mut all = Vec::with_capacity(corpus.documents.len() * DIMENSION);
        for document in &corpus.documents {
            let mut meaning = [0.0; DIRECTIONS];
            for word in words_of(document) {
                let rank = ranks[word];
                // By Zipf's law the logarithm of the rank is that of the rarity, but for a constant.
                let weight = (2.0 + rank as f32).ln().powi(2);
                let vector = &words[rank * DIRECTIONS..][..DIRECTIONS];
                for (sum, number) in meaning.iter_mut().zip(vector) {
                    *sum += weight * number;
                }
            }
            let mut vector = vec![0.0; DIMENSION];
            for (number, row) in meaning.iter().zip(into.chunks(DIMENSION)) {
                for (sum, factor) in vector.iter_mut().zip(row) {
                    *sum += number * factor;
                }
            }
            all.extend(noisy(vector, NOISE, &mut dice));
        }
        Vectors(all)
    }

    pub(crate) fn of_document(&self, number: usize) -> &[f32] {
        &self.0[number * DIMENSION..][..DIMENSION]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.0.chunks(DIMENSION)
    }

    /// The `k` nearest documents of those with numbers below this, nearest first: each is compared.
    pub(crate) fn nearest(&self, to: &[f32], k: usize, below: usize) -> Vec<u64> {
        let vectors = self.iter().take(below).zip(0..);
        best(
            vectors.map(|(vector, number)| (similar(to, vector), number)),
            k,
        )
    }

    /// The `k` nearest of some documents, nearest first.
    pub(crate) fn nearest_of(&self, to: &[f32], some: &[u64], k: usize) -> Vec<u64> {
        let similar = |&number: &u64| (similar(to, self.of_document(number as usize)), number);
        best(some.iter().map(similar), k)
    }
}

fn similar(a: &[f32], b: &[f32]) -> f64 {
    f32::dot(a, b).unwrap_or_default()
}

fn best(all: impl Iterator<Item = (f64, u64)>, k: usize) -> Vec<u64> {
    let mut all: Vec<(f64, u64)> = all.collect();
    if k < all.len() {
        all.select_nth_unstable_by(k, |a, b| b.0.total_cmp(&a.0));
        all.truncate(k);
    }
    all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().map(|(_, number)| number).collect()
}

/// At unit length, with noise of this length added before.
pub(crate) fn noisy(mut vector: Vec<f32>, length: f32, dice: &mut Dice) -> Vec<f32> {
    scale(&mut vector);
    let mut noise: Vec<f32> = vector.iter().map(|_| normal(dice)).collect();
    scale(&mut noise);
    for (number, noise) in vector.iter_mut().zip(noise) {
        *number += length * noise;
    }
    scale(&mut vector);
    vector
}

fn scale(vector: &mut [f32]) {
    let length = vector.iter().map(|number| number * number).sum::<f32>();
    let length = length.sqrt().max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|number| *number /= length);
}

/// Of the normal distribution, nearly: the sum of twelve.
fn normal(dice: &mut Dice) -> f32 {
    ((0..12).map(|_| dice.unit()).sum::<f64>() - 6.0) as f32
}
