//! Terms of a pattern besides those that are looked up one by one, read together.

use roaring::RoaringBitmap;

use super::cursor::END;
use super::error::TextError;
use super::memory::Postings;
use super::pattern::Form;
use super::source::{Found, SourceField};

/// Terms that a pattern stands for besides those that are scored one by one.
#[derive(Debug)]
pub(crate) struct RestTerms {
    pub(crate) field: usize,
    pub(crate) terms: Terms,
    pub(crate) weight: f32,
}

/// Some terms.
#[derive(Debug)]
pub(crate) enum Terms {
    Named(Vec<String>),
    /// All that fit, however many.
    Fitting(Form),
}

impl RestTerms {
    /// About how many rows of a segment have any of them.
    pub(crate) fn count(&self) -> u64 {
        match &self.terms {
            Terms::Named(terms) => terms.len() as u64,
            Terms::Fitting(_) => 1,
        }
    }

    /// Calls `each` with those that a segment has.
    fn each<'a>(
        &self,
        part: &SourceField<'a>,
        mut each: impl FnMut(Found<'a>) -> Result<(), TextError>,
    ) -> Result<(), TextError> {
        let mut one = |term: &str| part.find(term)?.map_or(Ok(()), &mut each);
        match &self.terms {
            Terms::Named(terms) => terms.iter().try_for_each(|term| one(term)),
            Terms::Fitting(form) => {
                let mut failed = None;
                form.each_term(part, &mut |term, _| {
                    if failed.is_none() {
                        failed = one(term).err();
                    }
                })?;
                failed.map_or(Ok(()), Err)
            }
        }
    }

    /// The rows of a segment that have any of them.
    pub(crate) fn rows(&self, part: &SourceField<'_>) -> Result<RoaringBitmap, TextError> {
        let mut rows = RoaringBitmap::new();
        self.each(part, |found| part.add_rows(&found, &mut rows))?;
        Ok(rows)
    }

    /// Where a segment has any of them, as if they were one term; of some rows only, when they are given.
    ///
    /// There may be thousands, of which few have many rows: to walk them side by side would take a reader for
    /// each.
    pub(crate) fn places(
        &self,
        part: &SourceField<'_>,
        within: Option<&RoaringBitmap>,
    ) -> Result<Postings, TextError> {
        let mut all: Vec<(u32, u32)> = Vec::new();
        let mut here: Vec<u32> = Vec::new();
        // The first of the rows that are asked for, from one on.
        let next = |row: u32| match within {
            Some(rows) => rows.range(row..).next().unwrap_or(END),
            None => row,
        };
        let first = next(0);
        if first < END {
            self.each(part, |found| {
                let mut places = part.places(&found)?;
                let mut row = places.seek(first);
                while row < END {
                    let wanted = next(row);
                    if wanted == END {
                        break;
                    }
                    if wanted == row {
                        here.clear();
                        places.append(0, &mut here);
                        all.extend(here.iter().map(|place| (row, *place)));
                    }
                    row = places.seek(wanted.max(row + 1));
                }
                Ok(())
            })?;
        }
        all.sort_unstable();
        // Parts of one word may share a place.
        all.dedup();
        let mut postings = Postings::default();
        all.into_iter()
            .for_each(|(row, place)| postings.push(row, place));
        Ok(postings)
    }
}
