//! Whether passages answer a question, and the sentences that answer it best.

use std::ops::Range;

use lumos_engine::{EmbedKind, Embedder, Hit};

use super::answer::{Answer, one_line, spoken};
use super::passage::Passage;
use super::sentence::{is_column_row, is_comment, is_heading, is_telling, next_in_paragraph};
use super::terms::{Terms, Weights};
use crate::Result;

/// Least evidence that counts as an answer when only words can be compared: the share of the question's
/// terms, weighted by their rarity, that one passage has.
const MIN_COVERAGE: f32 = 0.5;
/// Least evidence when meaning can be compared too: half of that share plus the cosine similarity.
const MIN_EVIDENCE: f32 = 0.45;
/// Passages whose sentences are looked at.
const QUOTED_PASSAGES: usize = 8;
/// Text that is embedded to compare sentences by meaning, in bytes: about 160 words, some hundredths of a
/// second.
const MAX_EMBEDDED: usize = 1_000;
/// Heading that is embedded before a sentence, in bytes.
const MAX_HEADING: usize = 40;
/// The share of a passage from which on a sentence has the meaning of the whole.
const WHOLE: f32 = 0.8;
/// Most quotes of an answer.
const MAX_QUOTES: usize = 3;
/// The least score of a further quote, as a share of the best one's.
const FURTHER: f32 = 0.8;
/// What a line of code counts beside a sentence of text.
const CODE: f32 = 0.7;
/// What a question counts beside a statement.
const QUESTION: f32 = 0.7;
/// Longest quote that is extended by what a colon announces, in bytes.
const MAX_ANNOUNCED: usize = 600;
/// Quotes below this are extended by the sentence that follows, in bytes.
const SHORT: usize = 100;
/// Longest quote that is extended by what follows, in bytes.
const MAX_FOLLOWED: usize = 320;

/// The passages found, with what they are measured by.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) passages: Vec<Passage>,
    /// The question in small letters.
    asked: String,
    question: Terms,
    weights: Weights,
}

/// A sentence that may answer.
struct Candidate {
    passage: usize,
    span: Range<usize>,
    score: f32,
}

impl Evidence {
    pub(crate) fn new(question: &str, hits: Vec<Hit>) -> Self {
        let best = hits.first().map_or(0.0, |hit| hit.score);
        let passages: Vec<Passage> = hits
            .into_iter()
            .map(|hit| Passage::new(hit, best))
            .collect();
        let asked = one_line(question).to_lowercase();
        let question = Terms::of_question(question);
        let weights = Weights::new(&question, passages.iter().map(|passage| &passage.terms));
        Evidence {
            passages,
            asked,
            question,
            weights,
        }
    }

    /// Whether some passage has to do with the question.
    pub(crate) fn is_strong(&self) -> bool {
        !self.question.is_empty()
            && self.passages.iter().any(|passage| {
                let coverage = self.weights.coverage(&passage.terms);
                match passage.similarity {
                    Some(similarity) => 0.5 * coverage + similarity >= MIN_EVIDENCE,
                    None => coverage >= MIN_COVERAGE,
                }
            })
    }

    /// Answers with the best sentences; they are compared by meaning too where the question was embedded.
    pub(crate) fn quote(&self, sight: Option<(&dyn Embedder, &[f32])>) -> Result<Answer> {
        let mut candidates = self.candidates();
        if let Some((embedder, question)) = sight {
            self.compare(&mut candidates, embedder, question)?;
        }
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        let Some(best) = candidates.first().map(|candidate| candidate.score) else {
            return Ok(Answer::not_found(None, 0));
        };
        let mut chosen: Vec<(usize, Range<usize>)> = Vec::new();
        for Candidate {
            passage,
            span,
            score,
        } in candidates
        {
            if score < best * FURTHER || chosen.len() == MAX_QUOTES {
                break;
            }
            let span = self.extended(passage, span);
            if !chosen
                .iter()
                .any(|other| self.repeats((passage, &span), other))
            {
                chosen.push((passage, span));
            }
        }
        let mut text = String::new();
        let mut citations = Vec::new();
        for (number, (passage, span)) in (1..).zip(chosen) {
            let citation = self.passages[passage].cite(number, span);
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&spoken(&citation.quote));
            text.push_str(&format!(" [{number}]"));
            citations.push(citation);
        }
        Ok(Answer {
            text,
            citations,
            found: true,
            model: None,
            refused: 0,
        })
    }

    /// The sentences of the first passages, scored by their words.
    fn candidates(&self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (at, passage) in self.passages.iter().enumerate().take(QUOTED_PASSAGES) {
            let title = Terms::of(&passage.title);
            for span in passage.sentences() {
                let sentence = &passage.text[span.clone()];
                let says_nothing = is_heading(sentence) || is_column_row(&passage.text, &span);
                if says_nothing || !is_telling(sentence) || self.repeats_question(sentence) {
                    continue;
                }
                let mut terms = Terms::of(sentence);
                let alone = self.weights.coverage(&terms);
                terms.extend(&title);
                let under_title = self.weights.coverage(&terms);
                let mut score = alone + 0.4 * (under_title - alone) + 0.2 * passage.share;
                if passage.is_code() && !is_comment(sentence) {
                    score *= CODE;
                }
                if sentence.ends_with(['?', '\u{ff1f}']) {
                    score *= QUESTION;
                }
                candidates.push(Candidate {
                    passage: at,
                    span,
                    score,
                });
            }
        }
        candidates
    }

    /// Whether a sentence asks the same: quoting it would answer nothing.
    fn repeats_question(&self, sentence: &str) -> bool {
        self.asked.ends_with(['?', '\u{ff1f}'])
            && one_line(sentence).to_lowercase().contains(&self.asked)
    }

    /// Adds how near each sentence is to the question in meaning; leaves out the sentences with the fewest
    /// words of the question, where there are more than can be embedded in good time.
    fn compare(
        &self,
        candidates: &mut Vec<Candidate>,
        embedder: &dyn Embedder,
        question: &[f32],
    ) -> Result<()> {
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        let (mut similarities, mut texts) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        for candidate in candidates.iter() {
            let passage = &self.passages[candidate.passage];
            if let Some(similarity) = passage.similarity
                && candidate.span.len() as f32 >= WHOLE * passage.text.len() as f32
            {
                similarities.push(Some(similarity));
                continue;
            }
            let text = passage.under_heading(candidate.span.clone(), MAX_HEADING);
            bytes += text.len();
            if bytes > MAX_EMBEDDED && !texts.is_empty() {
                break;
            }
            similarities.push(None);
            texts.push(text);
        }
        candidates.truncate(similarities.len());
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(embedder.batch_size().max(1)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            vectors.extend(embedder.embed(&texts, EmbedKind::Document)?);
        }
        let mut vectors = vectors.iter();
        for (candidate, known) in candidates.iter_mut().zip(similarities) {
            let similarity = match known {
                Some(similarity) => similarity,
                None => vectors.next().map_or(0.0, |vector| dot(vector, question)),
            };
            candidate.score = 0.5 * candidate.score + similarity;
        }
        Ok(())
    }

    /// A short sentence with what follows it, and with what it announces by a colon.
    fn extended(&self, passage: usize, span: Range<usize>) -> Range<usize> {
        let text = &self.passages[passage].text;
        let spans = self.passages[passage].sentences();
        let Range { start, mut end } = span;
        while end - start < SHORT
            && !self.passages[passage].is_code()
            && let Some(next) =
                next_in_paragraph(text, &spans, end).filter(|next| next - start <= MAX_FOLLOWED)
        {
            end = next;
        }
        if text[start..end].ends_with([':', '\u{ff1a}']) {
            let announced = spans
                .iter()
                .skip_while(|next| next.start < end)
                .take_while(|next| {
                    next.end - start <= MAX_ANNOUNCED && !is_heading(&text[next.start..next.end])
                })
                .last();
            end = announced.map_or(end, |last| last.end);
        }
        start..end
    }

    /// Whether two quotes say the same: they overlap, or are in what neighbouring chunks share.
    fn repeats(&self, one: (usize, &Range<usize>), other: &(usize, Range<usize>)) -> bool {
        if one.0 == other.0 && one.1.start < other.1.end && other.1.start < one.1.end {
            return true;
        }
        let text = |passage: usize, span: &Range<usize>| {
            one_line(
                self.passages[passage]
                    .text
                    .get(span.clone())
                    .unwrap_or_default(),
            )
        };
        let (one, other) = (text(one.0, one.1), text(other.0, &other.1));
        one.contains(&other) || other.contains(&one)
    }
}

/// The cosine similarity of vectors of length 1.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
