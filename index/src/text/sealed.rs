//! A sealed keyword index: one tantivy segment, document id = row.

use std::sync::OnceLock;

use ownedbytes::OwnedBytes;
use tantivy::directory::CompositeFile;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentComponent;
use tantivy::postings::{BlockSegmentPostings, SegmentPostings, TermInfo};
use tantivy::{Index, InvertedIndexReader, SegmentReader};
use tantivy_fst::Automaton;

use super::bm25::Totals;
use super::bounds::BoundsCache;
use super::build::schema;
use super::bundle::{Bundle, FieldTotals};
use super::dead::DeadRows;
use super::dictionary::Dictionary;
use super::error::TextError;
use super::source::{FREQUENCIES, POSITIONS};
use super::terms::Fuzzy;

/// The keyword index of a sealed segment, read where its bytes lie.
///
/// The bytes must have passed a checksum: the library that reads them trusts what it wrote.
pub struct SealedText {
    rows: u32,
    pub(crate) fields: Vec<SealedField>,
    pub(crate) dead: DeadRows,
}

/// One text field.
pub(crate) struct SealedField {
    pub(crate) totals: FieldTotals,
    index: std::sync::Arc<InvertedIndexReader>,
    reader: FieldNormReader,
    /// What it reads, copied when it is first needed: a byte a row, read for every row that is scored.
    norms: OnceLock<Box<[u8]>>,
    /// What all rows have, counted when it is first needed.
    all: OnceLock<Totals>,
    pub(crate) bounds: BoundsCache,
    /// None when no row has words.
    dictionary: Option<Dictionary>,
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
                    dead: DeadRows::default(),
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
        let terms = segment.open_read(SegmentComponent::Terms);
        let terms = CompositeFile::open(&terms.map_err(damaged)?).map_err(damaged)?;
        let mut fields = Vec::with_capacity(totals.len());
        for (totals, handle) in totals.into_iter().zip(handles) {
            let terms = terms.open_read(handle);
            fields.push(SealedField {
                totals,
                dictionary: terms.as_ref().map(Dictionary::open).transpose()?,
                index: reader.inverted_index(handle).map_err(damaged)?,
                reader: reader.get_fieldnorms_reader(handle).map_err(damaged)?,
                norms: OnceLock::new(),
                all: OnceLock::new(),
                bounds: BoundsCache::default(),
            });
        }
        Ok(SealedText {
            rows,
            fields,
            dead: DeadRows::default(),
        })
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

    /// The text fields, each with the description of the analyzer that made its terms.
    pub fn analyzers(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter().map(|field| &field.totals);
        fields.map(|totals| (totals.name.as_str(), totals.analyzer.as_str()))
    }

    /// Rows, with and without text.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }
}

impl SealedField {
    /// What all rows have, deleted ones too.
    pub(crate) fn all_totals(&self) -> Totals {
        *self.all.get_or_init(|| {
            let mut totals = Totals::default();
            self.norms().iter().for_each(|norm| totals.add(*norm));
            totals
        })
    }

    /// The stored length of each row.
    pub(crate) fn norms(&self) -> &[u8] {
        self.norms.get_or_init(|| {
            let rows = 0..self.reader.num_docs();
            rows.map(|row| self.reader.fieldnorm_id(row)).collect()
        })
    }

    pub(crate) fn find(&self, term: &str) -> Result<Option<TermInfo>, TextError> {
        self.index.terms().get(term).map_err(damaged)
    }

    /// The rows of a term, with frequencies.
    pub(crate) fn blocks(&self, info: &TermInfo) -> Result<BlockSegmentPostings, TextError> {
        let blocks = self
            .index
            .read_block_postings_from_terminfo(info, FREQUENCIES);
        blocks.map_err(damaged)
    }

    /// The rows of a term, with its places in each.
    pub(crate) fn places(&self, info: &TermInfo) -> Result<SegmentPostings, TextError> {
        let postings = self.index.read_postings_from_terminfo(info, POSITIONS);
        postings.map_err(damaged)
    }

    /// Calls `each` with the terms near a word, and the number of rows of each.
    pub(crate) fn each_near(
        &self,
        fuzzy: &Fuzzy,
        each: &mut dyn FnMut(&str, u32),
    ) -> Result<(), TextError> {
        let Some(dictionary) = &self.dictionary else {
            return Ok(());
        };
        dictionary.near(fuzzy, &mut |term| {
            let found = self.find(term)?.into_iter();
            found.for_each(|found| each(term, found.doc_freq));
            Ok(())
        })
    }

    /// Calls `each` with the terms that an automaton accepts, all of which have a prefix, and the number of
    /// rows of each.
    pub(crate) fn each_term<A: Automaton>(
        &self,
        automaton: &A,
        prefix: &str,
        each: &mut dyn FnMut(&str, u32),
    ) -> Result<(), TextError>
    where
        A::State: Clone,
    {
        let terms = self.index.terms().search(automaton).ge(prefix);
        let mut stream = terms.into_stream().map_err(damaged)?;
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
