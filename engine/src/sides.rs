//! What filters need beside columns, derived from the documents of a segment when they first need it.

use std::cell::Cell;
use std::sync::Arc;

use lumos_index::{
    Analyzers, FilterRows, MemoryColumns, Side, SideKey, Sides, TextError, TextQuery, TextSource,
    eval,
};
use lumos_wal::sync::Mutex;
use roaring::RoaringBitmap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::memory::{MemorySegment, Rows};
use crate::record::NOTHING;
use crate::sealed::SealedSegment;
use crate::search::BoundFilter;
use crate::source::{SegmentView, Source};
use crate::{Error, Result};

/// Things derived from a segment in memory that are kept.
const MOST: usize = 16;

/// The metadata of a payload.
#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default, rename = "m")]
    meta: Map<String, Value>,
}

/// What was derived from the rows of a segment in memory so far, and of how many rows; those used last are
/// the last.
#[derive(Debug, Default)]
pub(crate) struct GrowingSides(Mutex<Vec<(SideKey, Side, u32)>>);

/// Keyword queries of a filter, and the first that failed.
struct Words<'a> {
    text: Option<TextSource<'a>>,
    analyzers: &'a Analyzers,
    failed: Cell<Option<TextError>>,
}

impl<'a> Words<'a> {
    fn new(text: Option<TextSource<'a>>, analyzers: &'a Analyzers) -> Self {
        Words {
            text,
            analyzers,
            failed: Cell::new(None),
        }
    }

    fn rows(&self, field: &str, query: &TextQuery) -> RoaringBitmap {
        let found = self
            .text
            .map(|text| text.matches(field, query, self.analyzers));
        found.transpose().map_or_else(
            |error| {
                self.failed.set(Some(error));
                RoaringBitmap::new()
            },
            Option::unwrap_or_default,
        )
    }

    fn checked(&self, rows: RoaringBitmap) -> Result<RoaringBitmap> {
        match self.failed.take() {
            Some(error) => Err(error.into()),
            None => Ok(rows),
        }
    }
}

impl SegmentView {
    /// The live rows that match a filter.
    pub(crate) fn matches(&self, filter: &BoundFilter) -> Result<RoaringBitmap> {
        let mut rows = match &self.source {
            Source::Memory(segment) => segment.matches(filter, self.rows)?,
            Source::Sealed(segment) => segment.matches(filter)?,
        };
        rows -= &*self.deletes;
        Ok(rows)
    }
}

impl MemorySegment {
    fn matches(&self, bound: &BoundFilter, watermark: u32) -> Result<RoaringBitmap> {
        let filter = &*bound.filter;
        let keys = filter.sides();
        self.read(|rows| {
            let text = TextSource::memory(&rows.postings, watermark);
            let words = Words::new(Some(text), &bound.analyzers);
            let of = |field: &str, query: &TextQuery| words.rows(field, query);
            let plain = FilterRows::new(&rows.columns, watermark).words(&of);
            if keys.is_empty() {
                return words.checked(eval(filter, &plain));
            }
            let mut growing = self.sides().0.lock();
            extend(&mut growing, &keys, rows);
            let sides = growing.iter().map(|(key, side, _)| (key.clone(), side));
            let sides: Sides<'_> = sides.collect();
            words.checked(eval(filter, &plain.sides(&sides)))
        })
    }
}

/// Derives what is missing from the rows that are new.
fn extend(growing: &mut Vec<(SideKey, Side, u32)>, keys: &[SideKey], rows: &Rows) {
    for key in keys {
        let known = growing.iter().position(|(known, ..)| known == key);
        let entry = match known {
            Some(at) => growing.remove(at),
            None => (key.clone(), Side::new(key), 0),
        };
        growing.push(entry);
    }
    let spare = growing.len().saturating_sub(MOST.max(keys.len()));
    growing.drain(..spare);
    let wanted = growing.len() - keys.len();
    let wanted = growing.get_mut(wanted..).unwrap_or_default();
    let count = rows.entries.len() as u32;
    let from = wanted.iter().map(|(.., rows)| *rows).min().unwrap_or(count);
    for (row, entry) in (from..).zip(rows.entries.iter().skip(from as usize)) {
        // What does not parse is not in columns either.
        let meta: Meta = serde_json::from_slice(&entry.payload).unwrap_or_default();
        for (_, side, known) in wanted.iter_mut().filter(|(.., known)| *known <= row) {
            side.add(&meta.meta);
            *known = row + 1;
        }
    }
}

impl SealedSegment {
    fn matches(&self, bound: &BoundFilter) -> Result<RoaringBitmap> {
        let filter = &*bound.filter;
        let made = self.derived(&filter.sides())?;
        let sides: Sides<'_> = made
            .iter()
            .map(|(key, side)| (key.clone(), &**side))
            .collect();
        let nothing = MemoryColumns::new();
        let rows = match self.columns() {
            Some(columns) => FilterRows::new(columns, self.rows()),
            None => FilterRows::new(&nothing, self.rows()),
        };
        let words = Words::new(self.text().map(TextSource::sealed), &bound.analyzers);
        let of = |field: &str, query: &TextQuery| words.rows(field, query);
        words.checked(eval(filter, &rows.sides(&sides).words(&of)))
    }

    /// Things derived from the documents: those that are kept, and the others from one reading of all.
    pub(crate) fn derived(&self, keys: &[SideKey]) -> Result<Vec<(SideKey, Arc<Side>)>> {
        let (mut made, mut missing) = (Vec::new(), Vec::new());
        for key in keys {
            match self.sides().get(&key.name(), self.rows()) {
                Some(side) => made.push((key.clone(), side)),
                None => missing.push((key, Side::new(key))),
            }
        }
        if missing.is_empty() {
            return Ok(made);
        }
        for row in 0..self.rows() {
            let payload = self.payload(row)?;
            let left = self.hidden().strip_payload(self.key(row)?, &payload)?;
            let meta = match left.as_deref().unwrap_or(&payload) {
                NOTHING => Meta::default(),
                payload => serde_json::from_slice(payload).map_err(|source| Error::Json {
                    key: self.key(row).unwrap_or_default().to_string(),
                    source,
                })?,
            };
            for (_, side) in &mut missing {
                side.add(&meta.meta);
            }
        }
        for (key, side) in missing {
            let side = Arc::new(side.finish());
            self.sides()
                .put(&key.name(), self.rows(), side.bytes(), side.clone());
            made.push((key.clone(), side));
        }
        Ok(made)
    }
}
