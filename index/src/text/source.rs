//! Postings in memory or sealed, read in one way.

use std::sync::Arc;

use roaring::RoaringBitmap;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy_fst::Automaton;

use super::analyzer::Analyzers;
use super::bm25::{Saturation, Totals};
use super::bounds::{LEAST_ROWS, TermBounds};
use super::cursor::{Blocks, END, Norms, Places};
use super::error::TextError;
use super::memory::{MemoryField, MemoryPostings, Postings};
use super::plan::Purpose;
use super::query::TextQuery;
use super::sealed::{SealedField, SealedText};
use super::search::TextSearch;
use super::terms::Fuzzy;

/// The postings of one segment, as a snapshot sees them.
#[derive(Clone, Copy, Debug)]
pub struct TextSource<'a> {
    part: Part<'a>,
    deletes: Option<&'a Arc<RoaringBitmap>>,
}

#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    Memory(&'a MemoryPostings, u32),
    Sealed(&'a SealedText),
}

/// One field of a segment.
#[derive(Clone, Copy)]
pub(crate) struct SourceField<'a> {
    source: TextSource<'a>,
    number: usize,
    part: FieldPart<'a>,
}

#[derive(Clone, Copy)]
enum FieldPart<'a> {
    Memory(&'a MemoryField, u32),
    Sealed(&'a SealedField),
}

/// The postings of a term that a field has.
#[derive(Clone, Debug)]
pub(crate) enum Found<'a> {
    Memory(&'a Postings, u32),
    Sealed(TermInfo),
}

impl Found<'_> {
    /// Rows that have the term, deleted ones too.
    pub(crate) fn rows(&self) -> u32 {
        match self {
            Found::Memory(postings, rows) => postings.visible(*rows) as u32,
            Found::Sealed(info) => info.doc_freq,
        }
    }
}

impl<'a> TextSource<'a> {
    /// Postings in memory, and the number of rows that belong to the snapshot: later ones are not there.
    #[must_use]
    pub fn memory(postings: &'a MemoryPostings, rows: u32) -> Self {
        TextSource {
            part: Part::Memory(postings, rows),
            deletes: None,
        }
    }

    /// A sealed index.
    #[must_use]
    pub fn sealed(text: &'a SealedText) -> Self {
        TextSource {
            part: Part::Sealed(text),
            deletes: None,
        }
    }

    /// Without these rows, which have been deleted: they count in no statistics, and are not found.
    #[must_use]
    pub fn without(self, deletes: &'a Arc<RoaringBitmap>) -> Self {
        TextSource {
            deletes: Some(deletes).filter(|deletes| !deletes.is_empty()),
            ..self
        }
    }

    /// The rows whose field matches a query, both analysed by the same; a field that the segment does not have
    /// is one without words.
    ///
    /// # Errors
    /// A sealed index that cannot be read.
    pub fn matches(
        &self,
        field: &str,
        query: &TextQuery,
        analyzers: &Analyzers,
    ) -> Result<RoaringBitmap, TextError> {
        let fields = [(field.to_string(), 1.0)];
        let search =
            TextSearch::planned_for(Purpose::Find, query, analyzers, &fields, vec![Some(*self)])?;
        search.matches(0)
    }

    /// Rows of the segment.
    pub(crate) fn rows(&self) -> u32 {
        match self.part {
            Part::Memory(_, rows) => rows,
            Part::Sealed(sealed) => sealed.rows(),
        }
    }

    /// Whether some of the rows that the postings have are not there.
    pub(crate) fn is_partial(&self) -> bool {
        self.deletes.is_some() || matches!(self.part, Part::Memory(..))
    }

    pub(crate) fn deletes(&self) -> Option<&'a RoaringBitmap> {
        self.deletes.map(|deletes| &**deletes)
    }

    pub(crate) fn each_field_name(&self, each: impl FnMut(&'a str)) {
        match self.part {
            Part::Memory(memory, _) => {
                let names = memory.fields.iter().map(|field| field.name.as_str());
                names.for_each(each);
            }
            Part::Sealed(sealed) => {
                let names = sealed.fields.iter().map(|field| field.totals.name.as_str());
                names.for_each(each);
            }
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<SourceField<'a>> {
        let (number, part) = match self.part {
            Part::Memory(memory, rows) => {
                let mut fields = memory.fields.iter().enumerate();
                let (number, field) = fields.find(|(_, field)| field.name == name)?;
                (number, FieldPart::Memory(field, rows))
            }
            Part::Sealed(sealed) => {
                let mut fields = sealed.fields.iter().enumerate();
                let (number, field) = fields.find(|(_, field)| field.totals.name == name)?;
                (number, FieldPart::Sealed(field))
            }
        };
        Some(SourceField {
            source: *self,
            number,
            part,
        })
    }
}

impl<'a> SourceField<'a> {
    pub(crate) fn norms(&self) -> Norms<'a> {
        match self.part {
            FieldPart::Memory(field, _) => Norms(&field.norms),
            FieldPart::Sealed(field) => Norms(field.norms()),
        }
    }

    /// What the live rows have.
    pub(crate) fn totals(&self) -> Totals {
        let (all, dead) = match self.part {
            FieldPart::Memory(field, rows) => (field.totals(rows), self.dead()),
            FieldPart::Sealed(field) => (field.all_totals(), self.dead()),
        };
        match dead {
            Some((dead, deletes)) => {
                let norms = self.norms();
                all.without(dead.totals(deletes, self.number, |row| norms.of(row)))
            }
            None => all,
        }
    }

    /// Whether some of its rows have been deleted.
    pub(crate) fn has_deletes(&self) -> bool {
        self.source.deletes.is_some()
    }

    fn dead(&self) -> Option<(&'a super::dead::DeadRows, &'a Arc<RoaringBitmap>)> {
        let dead = match self.source.part {
            Part::Memory(memory, _) => &memory.dead,
            Part::Sealed(sealed) => &sealed.dead,
        };
        Some((dead, self.source.deletes?))
    }

    /// The postings of a term.
    pub(crate) fn find(&self, term: &str) -> Result<Option<Found<'a>>, TextError> {
        Ok(match self.part {
            FieldPart::Memory(field, rows) => {
                let postings = field.terms.get(term);
                let found = postings.map(|postings| Found::Memory(postings, rows));
                found.filter(|found| found.rows() > 0)
            }
            FieldPart::Sealed(field) => field.find(term)?.map(Found::Sealed),
        })
    }

    /// How many live rows have a term.
    pub(crate) fn live_rows(&self, term: &str, found: &Found<'a>) -> Result<u32, TextError> {
        let all = found.rows();
        let Some((dead, deletes)) = self.dead() else {
            return Ok(all);
        };
        let dead = dead.found(deletes, self.number, term, || {
            let mut blocks = self.blocks(found)?;
            Ok(count_in(&mut blocks, all, deletes))
        })?;
        Ok(all.saturating_sub(dead))
    }

    /// Adds the rows of a term to others.
    pub(crate) fn add_rows(
        &self,
        found: &Found<'a>,
        rows: &mut RoaringBitmap,
    ) -> Result<(), TextError> {
        let mut blocks = self.blocks(found)?;
        while blocks.rows().first().is_some_and(|row| *row < END) {
            rows.extend(blocks.rows().iter().copied());
            blocks.next();
        }
        Ok(())
    }

    pub(crate) fn blocks(&self, found: &Found<'a>) -> Result<Blocks<'a>, TextError> {
        match (self.part, found) {
            (FieldPart::Sealed(field), Found::Sealed(info)) => {
                Ok(Blocks::Sealed(Box::new(field.blocks(info)?)))
            }
            (_, Found::Memory(postings, rows)) => Ok(Blocks::memory(postings, *rows)),
            (FieldPart::Memory(..), Found::Sealed(_)) => Err(foreign()),
        }
    }

    pub(crate) fn places(&self, found: &Found<'a>) -> Result<Places<'a>, TextError> {
        match (self.part, found) {
            (FieldPart::Sealed(field), Found::Sealed(info)) => {
                Ok(Places::Sealed(Box::new(field.places(info)?)))
            }
            (_, Found::Memory(postings, rows)) => Ok(Places::memory(postings, *rows)),
            (FieldPart::Memory(..), Found::Sealed(_)) => Err(foreign()),
        }
    }

    /// The bounds of the blocks of a term, for terms that are worth it.
    pub(crate) fn bounds(
        &self,
        term: &str,
        found: &Found<'a>,
        saturation: Saturation,
    ) -> Result<Option<TermBounds>, TextError> {
        let FieldPart::Sealed(field) = self.part else {
            return Ok(None);
        };
        if found.rows() < LEAST_ROWS {
            return Ok(None);
        }
        let norms = self.norms();
        let bounds = field.bounds.get(term, saturation, |mut bounds| {
            let mut blocks = self.blocks(found)?;
            while blocks.rows().first().is_some_and(|row| *row < END) {
                let rows = blocks.rows().iter().zip(blocks.frequencies());
                bounds.push(rows.map(|(row, frequency)| (*row, *frequency, norms.of(*row))));
                blocks.next();
            }
            Ok(bounds)
        });
        bounds.map(Some)
    }

    /// Calls `each` with every term that an automaton accepts, and its rows, deleted ones too.
    pub(crate) fn each_term<A: Automaton>(
        &self,
        automaton: &A,
        prefix: &str,
        fits: impl Fn(&str) -> bool,
        each: &mut dyn FnMut(&str, u32),
    ) -> Result<(), TextError>
    where
        A::State: Clone,
    {
        match self.part {
            FieldPart::Memory(field, rows) => {
                for (term, postings) in &field.terms {
                    if term.starts_with(prefix) && fits(term) {
                        let visible = postings.visible(rows) as u32;
                        if visible > 0 {
                            each(term, visible);
                        }
                    }
                }
                Ok(())
            }
            FieldPart::Sealed(field) => field.each_term(automaton, prefix, each),
        }
    }

    /// Calls `each` with every term near a word, and its rows, deleted ones too.
    pub(crate) fn each_near(
        &self,
        fuzzy: &Fuzzy,
        each: &mut dyn FnMut(&str, u32),
    ) -> Result<(), TextError> {
        match self.part {
            FieldPart::Memory(field, rows) => {
                for (term, postings) in &field.terms {
                    let visible = postings.visible(rows) as u32;
                    if visible > 0 && fuzzy.fits(term) {
                        each(term, visible);
                    }
                }
                Ok(())
            }
            FieldPart::Sealed(field) => field.each_near(fuzzy, each),
        }
    }
}

fn foreign() -> TextError {
    TextError::Damaged("postings belong to another segment".to_string())
}

/// How many rows of a term are in a set.
fn count_in(blocks: &mut Blocks<'_>, rows: u32, set: &RoaringBitmap) -> u32 {
    let mut count = 0;
    if u64::from(rows) <= set.len().saturating_mul(8) {
        while blocks.rows().first().is_some_and(|row| *row < END) {
            let inside = blocks.rows().iter().filter(|row| set.contains(**row));
            count += inside.count() as u32;
            blocks.next();
        }
        return count;
    }
    for row in set {
        let at = blocks.seek(row);
        match blocks.rows().get(at) {
            Some(found) if *found == row => count += 1,
            Some(found) if *found < END => {}
            _ => break,
        }
    }
    count
}

/// The options that postings are read with.
pub(crate) const FREQUENCIES: IndexRecordOption = IndexRecordOption::WithFreqs;
pub(crate) const POSITIONS: IndexRecordOption = IndexRecordOption::WithFreqsAndPositions;
