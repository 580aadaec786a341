//! Postings in memory or sealed, read in one way.

use tantivy::DocSet;
use tantivy::TERMINATED;
use tantivy::postings::Postings as _;

use super::error::TextError;
use super::memory::MemoryPostings;
use super::sealed::SealedText;

/// The postings of one segment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TextSource<'a> {
    /// Postings in memory, and the number of rows that belong to the snapshot: later ones are not there.
    Memory(&'a MemoryPostings, u32),
    /// A sealed index.
    Sealed(&'a SealedText),
}

/// A row that has a term: its length as stored, how often it has the term, and where.
pub(crate) struct Posting<'p> {
    pub(crate) row: u32,
    pub(crate) norm: u8,
    pub(crate) frequency: u32,
    pub(crate) positions: &'p [u32],
}

impl<'a> TextSource<'a> {
    /// Rows of the segment.
    pub(crate) fn rows(&self) -> u32 {
        match self {
            TextSource::Memory(_, rows) => *rows,
            TextSource::Sealed(sealed) => sealed.rows(),
        }
    }

    pub(crate) fn field_names(&self) -> Vec<&'a str> {
        match self {
            TextSource::Memory(memory, _) => memory
                .fields
                .iter()
                .map(|field| field.name.as_str())
                .collect(),
            TextSource::Sealed(sealed) => sealed
                .fields
                .iter()
                .map(|field| field.totals.name.as_str())
                .collect(),
        }
    }

    /// Tokens of a field, and rows that have some.
    pub(crate) fn totals(&self, field: &str) -> (u64, u32) {
        match self {
            TextSource::Memory(memory, rows) => {
                let field = memory
                    .fields
                    .iter()
                    .find(|candidate| candidate.name == field);
                field.map_or((0, 0), |field| field.totals(*rows))
            }
            TextSource::Sealed(sealed) => {
                let field = sealed
                    .fields
                    .iter()
                    .find(|candidate| candidate.totals.name == field);
                field.map_or((0, 0), |field| (field.totals.tokens, field.totals.rows))
            }
        }
    }

    /// Rows whose field has a term.
    pub(crate) fn doc_freq(&self, field: &str, term: &str) -> Result<u32, TextError> {
        Ok(match self {
            TextSource::Memory(memory, rows) => {
                let field = memory
                    .fields
                    .iter()
                    .find(|candidate| candidate.name == field);
                let postings = field.and_then(|field| field.terms.get(term));
                postings.map_or(0, |postings| postings.visible(*rows) as u32)
            }
            TextSource::Sealed(sealed) => {
                let field = sealed
                    .fields
                    .iter()
                    .find(|candidate| candidate.totals.name == field);
                field.map_or(Ok(0), |field| field.doc_freq(term))?
            }
        })
    }

    /// Calls `each` with every term of a field that begins with a prefix and its number of rows.
    pub(crate) fn each_term(
        &self,
        field: &str,
        prefix: &str,
        each: &mut dyn FnMut(&str, u32),
    ) -> Result<(), TextError> {
        match self {
            TextSource::Memory(memory, rows) => {
                let field = memory
                    .fields
                    .iter()
                    .find(|candidate| candidate.name == field);
                for (term, postings) in field.map(|field| &field.terms).into_iter().flatten() {
                    if term.starts_with(prefix) {
                        let visible = postings.visible(*rows) as u32;
                        if visible > 0 {
                            each(term, visible);
                        }
                    }
                }
                Ok(())
            }
            TextSource::Sealed(sealed) => {
                let field = sealed
                    .fields
                    .iter()
                    .find(|candidate| candidate.totals.name == field);
                field.map_or(Ok(()), |field| field.each_term(prefix, each))
            }
        }
    }

    /// Calls `each` with every row whose field has a term, in order.
    pub(crate) fn each_posting(
        &self,
        field: &str,
        term: &str,
        positions: bool,
        each: &mut impl FnMut(Posting<'_>),
    ) -> Result<(), TextError> {
        match self {
            TextSource::Memory(memory, rows) => {
                let field = memory
                    .fields
                    .iter()
                    .find(|candidate| candidate.name == field);
                let Some(field) = field else { return Ok(()) };
                let Some(postings) = field.terms.get(term) else {
                    return Ok(());
                };
                for (at, row) in postings
                    .rows
                    .iter()
                    .enumerate()
                    .take(postings.visible(*rows))
                {
                    let positions = postings.positions(at);
                    each(Posting {
                        row: *row,
                        norm: field.norms.get(*row as usize).copied().unwrap_or_default(),
                        frequency: positions.len() as u32,
                        positions,
                    });
                }
            }
            TextSource::Sealed(sealed) => {
                let field = sealed
                    .fields
                    .iter()
                    .find(|candidate| candidate.totals.name == field);
                let Some(field) = field else { return Ok(()) };
                let Some(mut postings) = field.postings(term, positions)? else {
                    return Ok(());
                };
                let mut places = Vec::new();
                let mut row = postings.doc();
                while row != TERMINATED {
                    if positions {
                        postings.positions(&mut places);
                    }
                    each(Posting {
                        row,
                        norm: field.norms.fieldnorm_id(row),
                        frequency: postings.term_freq(),
                        positions: &places,
                    });
                    row = postings.advance();
                }
            }
        }
        Ok(())
    }
}
