//! Terms of a pattern besides those that are looked up one by one, read together.

use roaring::RoaringBitmap;

use super::cursor::END;
use super::error::TextError;
use super::memory::Postings;
use super::source::SourceField;

/// Terms that a pattern stands for besides those that are scored one by one.
#[derive(Debug)]
pub(crate) struct RestTerms {
    pub(crate) field: usize,
    pub(crate) terms: Vec<String>,
    pub(crate) weight: f32,
    /// The rows of each segment, where they are known without the terms.
    pub(crate) rows: Vec<RoaringBitmap>,
}

impl RestTerms {
    /// About how many rows of a segment have any of them.
    pub(crate) fn count(&self, segment: usize) -> u64 {
        let rows = self.rows.get(segment).map(RoaringBitmap::len);
        rows.unwrap_or(self.terms.len() as u64)
    }

    /// The rows of a segment that have any of them.
    pub(crate) fn rows(
        &self,
        segment: usize,
        part: &SourceField<'_>,
    ) -> Result<RoaringBitmap, TextError> {
        if let Some(rows) = self.rows.get(segment) {
            return Ok(rows.clone());
        }
        let mut rows = RoaringBitmap::new();
        for term in &self.terms {
            if let Some(found) = part.find(term)? {
                part.add_rows(&found, &mut rows)?;
            }
        }
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
        for term in self.terms.iter().filter(|_| first < END) {
            let Some(found) = part.find(term)? else {
                continue;
            };
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
