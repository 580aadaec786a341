//! Postings in memory, searchable as rows are added.

use std::collections::HashMap;

use tantivy::fieldnorm::FieldNormReader;

use super::analyzer::{Analyzer, Analyzers};
use super::bm25::Totals;
use super::dead::DeadRows;

/// The rows of one term, with the places of the term in each.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    pub(crate) rows: Vec<u32>,
    /// Where the positions of each row end.
    ends: Vec<u32>,
    positions: Vec<u32>,
}

impl Postings {
    /// Adds a place; rows ascend, and so do places within one.
    pub(crate) fn push(&mut self, row: u32, position: u32) {
        self.positions.push(position);
        let end = self.positions.len() as u32;
        match (self.rows.last(), self.ends.last_mut()) {
            (Some(last), Some(slot)) if *last == row => *slot = end,
            _ => {
                self.rows.push(row);
                self.ends.push(end);
            }
        }
    }

    /// Where the term is in the row at `at` of the list.
    pub(crate) fn positions(&self, at: usize) -> &[u32] {
        let start = at
            .checked_sub(1)
            .and_then(|at| self.ends.get(at))
            .map_or(0, |end| *end as usize);
        let end = self.ends.get(at).map_or(0, |end| *end as usize);
        self.positions.get(start..end).unwrap_or_default()
    }

    /// How often the term is in the row at `at` of the list.
    pub(crate) fn frequency(&self, at: usize) -> u32 {
        let end = self.ends.get(at).copied().unwrap_or_default();
        let start = at.checked_sub(1).and_then(|at| self.ends.get(at));
        end - start.copied().unwrap_or_default()
    }

    /// Rows below the watermark.
    pub(crate) fn visible(&self, rows: u32) -> usize {
        self.rows.partition_point(|row| *row < rows)
    }
}

/// One text field.
#[derive(Debug, Default)]
pub(crate) struct MemoryField {
    pub(crate) name: String,
    pub(crate) analyzer: Analyzer,
    pub(crate) terms: HashMap<Box<str>, Postings>,
    /// For each row: its length as it is stored in a sealed segment.
    pub(crate) norms: Vec<u8>,
    /// For each row: what it and all before it have.
    totals: Vec<Totals>,
}

impl MemoryField {
    /// What the rows below the watermark have, deleted ones too.
    pub(crate) fn totals(&self, rows: u32) -> Totals {
        let at = (rows as usize).min(self.totals.len());
        at.checked_sub(1)
            .and_then(|at| self.totals.get(at))
            .copied()
            .unwrap_or_default()
    }

    fn pad(&mut self, rows: usize) {
        let last = self.totals.last().copied().unwrap_or_default();
        self.norms.resize(rows.max(self.norms.len()), 0);
        self.totals.resize(rows.max(self.totals.len()), last);
    }

    fn add(&mut self, row: u32, text: &str) {
        self.pad(row as usize);
        let mut tokens = 0u32;
        let analyzer = self.analyzer.clone();
        analyzer.each_token(text, &mut |term, _, position| {
            tokens += 1;
            match self.terms.get_mut(term) {
                Some(postings) => postings.push(row, position),
                None => {
                    let mut postings = Postings::default();
                    postings.push(row, position);
                    self.terms.insert(term.into(), postings);
                }
            }
        });
        let mut totals = self.totals.last().copied().unwrap_or_default();
        let norm = FieldNormReader::fieldnorm_to_id(tokens);
        totals.add(norm);
        self.norms.push(norm);
        self.totals.push(totals);
    }
}

/// Keyword postings in memory; rows are added in ascending order.
#[derive(Debug)]
pub struct MemoryPostings {
    pub(crate) fields: Vec<MemoryField>,
    pub(crate) dead: DeadRows,
}

impl MemoryPostings {
    /// Postings of these text fields, each analysed in its way, without rows.
    #[must_use]
    pub fn new(analyzers: &Analyzers, fields: &[String]) -> Self {
        let field = |name: &String| MemoryField {
            name: name.clone(),
            analyzer: analyzers.of(name).clone(),
            ..MemoryField::default()
        };
        MemoryPostings {
            fields: fields.iter().map(field).collect(),
            dead: DeadRows::default(),
        }
    }

    /// Adds the texts of a row, as pairs of field and text; fields that are not declared are passed over.
    pub fn add(&mut self, row: u32, texts: &[(&str, &str)]) {
        for field in &mut self.fields {
            if let Some((_, text)) = texts.iter().find(|(name, _)| *name == field.name) {
                field.add(row, text);
            }
        }
    }
}
