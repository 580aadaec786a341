//! Scoring a segment, term by term.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use roaring::RoaringBitmap;

use super::error::TextError;
use super::query::Occur;
use super::source::TextSource;
use super::stats::{Bound, BoundWanted, FieldStats, K1, TextStats};

/// The scores of all rows of one segment for one query.
#[derive(Debug)]
pub struct TextScores {
    /// By row; 0 for rows without any of the terms.
    scores: Vec<f32>,
    /// Rows that have all that must be there; `None` when nothing must.
    required: Option<RoaringBitmap>,
    excluded: RoaringBitmap,
}

impl TextSource<'_> {
    /// Scores the rows of this segment with statistics that were gathered from it and others.
    ///
    /// # Errors
    /// A sealed index that cannot be read.
    pub fn evaluate(&self, stats: &TextStats) -> Result<TextScores, TextError> {
        let mut scores = TextScores {
            scores: vec![0.0; self.rows() as usize],
            required: None,
            excluded: RoaringBitmap::new(),
        };
        for Bound { occur, wanted } in &stats.groups {
            let mut rows = (*occur != Occur::Should).then(RoaringBitmap::new);
            let counts = *occur != Occur::MustNot;
            match wanted {
                BoundWanted::All(terms) => {
                    let mut all: Option<RoaringBitmap> = None;
                    for term in terms {
                        let mut having = rows.as_ref().map(|_| RoaringBitmap::new());
                        self.add_term(stats, *term, counts, &mut scores.scores, having.as_mut())?;
                        all = match (all, having) {
                            (Some(all), Some(having)) => Some(all & having),
                            (None, having) => having,
                            (all, None) => all,
                        };
                    }
                    rows = rows.and(all);
                }
                BoundWanted::Any(terms) => {
                    for term in terms {
                        self.add_term(stats, *term, counts, &mut scores.scores, rows.as_mut())?;
                    }
                }
                BoundWanted::Phrase(terms) => {
                    for field in &stats.fields {
                        self.add_phrase(
                            stats,
                            field,
                            terms,
                            counts,
                            &mut scores.scores,
                            rows.as_mut(),
                        )?;
                    }
                }
            }
            match (occur, rows) {
                (Occur::Must, Some(rows)) => {
                    scores.required = Some(match scores.required.take() {
                        Some(required) => required & rows,
                        None => rows,
                    });
                }
                (Occur::MustNot, Some(rows)) => scores.excluded |= rows,
                _ => {}
            }
        }
        Ok(scores)
    }

    fn add_term(
        &self,
        stats: &TextStats,
        term: usize,
        counts: bool,
        scores: &mut [f32],
        mut rows: Option<&mut RoaringBitmap>,
    ) -> Result<(), TextError> {
        let Some(text) = stats.terms.get(term) else {
            return Ok(());
        };
        for field in &stats.fields {
            let weight = field.weights.get(term).copied().unwrap_or_default();
            if weight == 0.0 {
                continue;
            }
            self.each_posting(&field.name, text, false, &mut |posting| {
                if counts && let Some(score) = scores.get_mut(posting.row as usize) {
                    *score += weight * saturated(field, posting.frequency, posting.norm);
                }
                if let Some(rows) = rows.as_deref_mut() {
                    rows.insert(posting.row);
                }
            })?;
        }
        Ok(())
    }

    /// Rows where the terms follow each other; a phrase weighs as much as its terms together.
    fn add_phrase(
        &self,
        stats: &TextStats,
        field: &FieldStats,
        terms: &[(u32, usize)],
        counts: bool,
        scores: &mut [f32],
        mut rows: Option<&mut RoaringBitmap>,
    ) -> Result<(), TextError> {
        let weights = || {
            terms
                .iter()
                .map(|(_, term)| field.weights.get(*term).copied().unwrap_or_default())
        };
        if weights().any(|weight| weight == 0.0) {
            return Ok(());
        }
        let weight: f32 = weights().sum();
        // For every row that has the terms so far: where the phrase would begin.
        let mut starts: HashMap<u32, (u8, Vec<u32>)> = HashMap::new();
        for (number, (offset, term)) in terms.iter().enumerate() {
            let Some(text) = stats.terms.get(*term) else {
                return Ok(());
            };
            let mut kept: HashMap<u32, (u8, Vec<u32>)> = HashMap::new();
            self.each_posting(&field.name, text, true, &mut |posting| {
                let here = posting
                    .positions
                    .iter()
                    .filter_map(|at| at.checked_sub(*offset));
                let begins: Vec<u32> = if number == 0 {
                    here.collect()
                } else {
                    let Some((_, before)) = starts.get(&posting.row) else {
                        return;
                    };
                    here.filter(|at| before.binary_search(at).is_ok()).collect()
                };
                if !begins.is_empty() {
                    kept.insert(posting.row, (posting.norm, begins));
                }
            })?;
            starts = kept;
        }
        for (row, (norm, begins)) in starts {
            if counts && let Some(score) = scores.get_mut(row as usize) {
                *score += weight * saturated(field, begins.len() as u32, norm);
            }
            if let Some(rows) = rows.as_deref_mut() {
                rows.insert(row);
            }
        }
        Ok(())
    }
}

/// The part of BM25 that depends on the row.
fn saturated(field: &FieldStats, frequency: u32, norm: u8) -> f32 {
    let frequency = frequency as f32;
    let length = field
        .lengths
        .get(usize::from(norm))
        .copied()
        .unwrap_or_default();
    frequency * (K1 + 1.0) / (frequency + length)
}

impl TextScores {
    /// The score of a row, 0 when it does not match.
    #[must_use]
    pub fn score(&self, row: u32) -> f32 {
        let fits = self
            .required
            .as_ref()
            .is_none_or(|required| required.contains(row))
            && !self.excluded.contains(row);
        if fits {
            self.scores.get(row as usize).copied().unwrap_or_default()
        } else {
            0.0
        }
    }

    /// The `k` best matching rows, best first, ties by row; of `accept` only, when given.
    #[must_use]
    pub fn top(&self, k: usize, accept: Option<&RoaringBitmap>) -> Vec<(f32, u32)> {
        let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(k.min(1_024) + 1);
        let mut bound = 0.0;
        for (row, &score) in (0u32..).zip(&self.scores) {
            // Most rows have none of the terms, or are worse than those kept.
            if score <= bound || self.score(row) == 0.0 {
                continue;
            }
            if accept.is_some_and(|accept| !accept.contains(row)) {
                continue;
            }
            best.push(Ranked(score, row));
            if best.len() > k {
                best.pop();
                bound = best.peek().map_or(f32::INFINITY, |worst| worst.0);
            }
        }
        best.into_sorted_vec()
            .into_iter()
            .map(|Ranked(score, row)| (score, row))
            .collect()
    }
}

/// Worse is greater: the heap gives up the worst first.
#[derive(PartialEq)]
struct Ranked(f32, u32);

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
