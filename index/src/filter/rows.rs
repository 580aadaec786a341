//! What a filter is evaluated on.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::column::Columns;
use super::side::{Side, SideKey, SideKind};
use crate::text::TextQuery;

/// The rows that a filter is evaluated on: columns, and what else was derived from the documents.
#[derive(Clone, Copy)]
pub struct FilterRows<'a> {
    pub(crate) columns: &'a dyn Columns,
    pub(crate) count: u32,
    pub(crate) sides: Option<&'a Sides<'a>>,
    pub(crate) words: Option<&'a WordsOf<'a>>,
}

/// The rows whose text field matches a keyword query.
pub type WordsOf<'a> = dyn Fn(&str, &TextQuery) -> RoaringBitmap + 'a;

impl<'a> FilterRows<'a> {
    /// The rows below `count` of some columns.
    pub fn new(columns: &'a dyn Columns, count: u32) -> FilterRows<'a> {
        FilterRows {
            columns,
            count,
            sides: None,
            words: None,
        }
    }

    /// With what [`Filter::sides`](crate::Filter::sides) asks for. A part of a filter whose side is missing
    /// matches nothing.
    #[must_use]
    pub fn sides(mut self, sides: &'a Sides<'a>) -> FilterRows<'a> {
        self.sides = Some(sides);
        self
    }

    /// With a way to the rows whose text matches; without one, no row does.
    #[must_use]
    pub fn words(mut self, words: &'a WordsOf<'a>) -> FilterRows<'a> {
        self.words = Some(words);
        self
    }
}

impl std::fmt::Debug for FilterRows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilterRows")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// What was derived from the documents of a segment, by key.
#[derive(Debug, Default)]
pub struct Sides<'a> {
    sides: BTreeMap<SideKey, &'a Side>,
}

impl<'a> Sides<'a> {
    pub(crate) fn get(&self, within: &[&str], path: &str, kind: SideKind) -> Option<&'a Side> {
        let key = SideKey {
            within: within.iter().map(ToString::to_string).collect(),
            path: path.to_string(),
            kind,
        };
        self.sides.get(&key).copied()
    }
}

impl<'a> FromIterator<(SideKey, &'a Side)> for Sides<'a> {
    fn from_iter<T: IntoIterator<Item = (SideKey, &'a Side)>>(sides: T) -> Self {
        Sides {
            sides: sides.into_iter().collect(),
        }
    }
}
