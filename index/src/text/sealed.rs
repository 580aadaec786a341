//! A sealed keyword index: one tantivy segment, document id = row.

use ownedbytes::OwnedBytes;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Index, InvertedIndexReader, SegmentReader, Term};

use super::build::schema;
use super::bundle::{Bundle, FieldTotals};
use super::error::TextError;

/// The keyword index of a sealed segment, read where its bytes lie.
///
/// The bytes must have passed a checksum: the library that reads them trusts what it wrote.
pub struct SealedText {
    rows: u32,
    pub(crate) fields: Vec<SealedField>,
}

/// One text field.
pub(crate) struct SealedField {
    pub(crate) totals: FieldTotals,
    handle: Field,
    index: std::sync::Arc<InvertedIndexReader>,
    pub(crate) norms: FieldNormReader,
}

impl std::fmt::Debug for SealedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedText")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

fn damaged(error: impl std::fmt::Display) -> TextError {
    TextError::Damaged(error.to_string())
}

impl SealedText {
    /// Opens the bytes of an index.
    ///
    /// # Errors
    /// [`TextError::Damaged`], [`TextError::Version`].
    pub fn open(bytes: OwnedBytes) -> Result<SealedText, TextError> {
        let (bundle, rows, totals) = Bundle::decode(&bytes)?;
        let index = Index::open(bundle).map_err(damaged)?;
        let segments = index.searchable_segments().map_err(damaged)?;
        let names: Vec<String> = totals.iter().map(|field| field.name.clone()).collect();
        let (expected, handles) = schema(&names);
        if index.schema() != expected {
            return Err(damaged("its fields are not those of its table"));
        }
        let Some(segment) = segments.first().filter(|_| segments.len() == 1) else {
            // Nothing was ever added.
            return match (rows, segments.len()) {
                (0, 0) => Ok(SealedText {
                    rows,
                    fields: Vec::new(),
                }),
                (_, segments) => Err(damaged(format!("it has {segments} segments"))),
            };
        };
        let reader = SegmentReader::open(segment).map_err(damaged)?;
        if reader.max_doc() != rows {
            return Err(damaged(format!(
                "it has {} rows, not {rows}",
                reader.max_doc()
            )));
        }
        let mut fields = Vec::with_capacity(totals.len());
        for (totals, handle) in totals.into_iter().zip(handles) {
            fields.push(SealedField {
                totals,
                handle,
                index: reader.inverted_index(handle).map_err(damaged)?,
                norms: reader.get_fieldnorms_reader(handle).map_err(damaged)?,
            });
        }
        Ok(SealedText { rows, fields })
    }

    /// Behaves as if there were no field of this name; returns whether some row has words in it.
    pub fn hide(&mut self, field: &str) -> bool {
        let mut found = false;
        self.fields.retain(|known| {
            let hidden = known.totals.name == field;
            found |= hidden && known.totals.rows > 0;
            !hidden
        });
        found
    }

    /// Rows, with and without text.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }
}

impl SealedField {
    pub(crate) fn doc_freq(&self, term: &str) -> Result<u32, TextError> {
        self.index
            .doc_freq(&Term::from_field_text(self.handle, term))
            .map_err(damaged)
    }

    /// The rows of a term, with frequencies, and positions when wanted.
    pub(crate) fn postings(
        &self,
        term: &str,
        positions: bool,
    ) -> Result<Option<tantivy::postings::SegmentPostings>, TextError> {
        let option = match positions {
            true => IndexRecordOption::WithFreqsAndPositions,
            false => IndexRecordOption::WithFreqs,
        };
        let term = Term::from_field_text(self.handle, term);
        self.index.read_postings(&term, option).map_err(damaged)
    }

    /// Calls `each` with the terms that begin with a prefix and the number of rows of each.
    pub(crate) fn each_term(
        &self,
        prefix: &str,
        each: &mut dyn FnMut(&str, u32),
    ) -> Result<(), TextError> {
        let mut stream = self
            .index
            .terms()
            .range()
            .ge(prefix)
            .into_stream()
            .map_err(damaged)?;
        while stream.advance() {
            let Ok(term) = std::str::from_utf8(stream.key()) else {
                continue;
            };
            if !term.starts_with(prefix) {
                break;
            }
            each(term, stream.value().doc_freq);
        }
        Ok(())
    }
}
