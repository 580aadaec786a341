//! Metadata by path: which rows have which values.

use std::collections::BTreeMap;
use std::ops::Bound;

use roaring::RoaringBitmap;
use serde_json::{Map, Value};

use super::expr::Op;
use super::path::inside;
use super::value::{Num, Probe, instant, scalars};
use crate::values::Scalar;

/// Deepest object that is indexed; what lies deeper is stored and not found.
const MAX_DEPTH: usize = 64;

/// Metadata columns that a filter can be evaluated on.
pub trait Columns {
    /// The paths that some row has, sorted.
    fn paths(&self) -> Vec<String>;
    /// The rows that have a value at a path.
    #[doc(hidden)]
    fn present(&self, path: &str) -> RoaringBitmap;
    /// The rows whose value compares so with a probe.
    #[doc(hidden)]
    fn select(&self, path: &str, select: Select<'_>) -> RoaringBitmap;
    /// The rows with a value between two of one kind, ends included.
    #[doc(hidden)]
    fn between(&self, path: &str, range: Between<'_>) -> RoaringBitmap;
    /// The rows with one of some values.
    #[doc(hidden)]
    fn any(&self, path: &str, among: Among<'_>) -> RoaringBitmap;
    /// The rows with a text that begins with `prefix` and fits, if need be.
    #[doc(hidden)]
    fn texts(
        &self,
        path: &str,
        prefix: &str,
        fits: Option<&mut dyn FnMut(&str) -> bool>,
    ) -> RoaringBitmap;
    /// Whether a path is there, or something in it.
    fn knows(&self, path: &str) -> bool;
    /// Calls `visit` with every distinct value at a path, in the order of [`Scalar`], and its rows.
    #[doc(hidden)]
    fn each(&self, path: &str, visit: &mut dyn FnMut(Scalar<'_>, &mut dyn Iterator<Item = u32>));
}

/// A comparison of values of one type.
#[derive(Clone, Copy, Debug)]
pub struct Select<'a> {
    pub(crate) op: Op,
    pub(crate) probe: Probe<'a>,
}

/// Two values of one type that others lie between.
#[derive(Clone, Copy, Debug)]
pub struct Between<'a> {
    pub(crate) low: Probe<'a>,
    pub(crate) high: Probe<'a>,
}

/// Values that ascend and differ.
#[derive(Clone, Copy, Debug)]
pub struct Among<'a> {
    pub(crate) probes: &'a [Probe<'a>],
}

/// The rows of each value, in the order of the values.
pub(crate) type Values<K> = BTreeMap<K, Vec<u32>>;

/// The values at one path.
#[derive(Debug, Default)]
pub(crate) struct MemoryColumn {
    pub(crate) present: Vec<u32>,
    pub(crate) bools: Values<bool>,
    pub(crate) numbers: Values<Num>,
    pub(crate) texts: Values<Box<str>>,
    /// The texts that are dates, by instant.
    pub(crate) dates: Values<i128>,
}

/// Metadata columns in memory; rows are added in ascending order.
#[derive(Debug, Default)]
pub struct MemoryColumns {
    pub(crate) columns: BTreeMap<String, MemoryColumn>,
}

impl MemoryColumns {
    /// Columns without rows.
    #[must_use]
    pub fn new() -> Self {
        MemoryColumns::default()
    }

    /// Adds the metadata of a row.
    pub fn add(&mut self, row: u32, meta: &Map<String, Value>) {
        self.add_object(row, "", meta, 0);
    }

    fn add_object(&mut self, row: u32, parent: &str, object: &Map<String, Value>, depth: usize) {
        for (key, value) in object {
            let path = inside(parent, key);
            self.add_value(row, &path, value, depth);
        }
    }

    fn add_value(&mut self, row: u32, path: &str, value: &Value, depth: usize) {
        if value.is_null() || depth > MAX_DEPTH {
            return;
        }
        let column = match self.columns.get_mut(path) {
            Some(column) => column,
            None => self.columns.entry(path.to_string()).or_default(),
        };
        push(&mut column.present, row);
        scalars(value, &mut |scalar| column.add(row, scalar));
        match value {
            Value::Object(object) => self.add_object(row, path, object, depth + 1),
            Value::Array(items) => {
                for item in items {
                    if let Value::Object(object) = item {
                        self.add_object(row, path, object, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// Adds an element of an array as a row: a scalar is found at the empty path.
    pub(crate) fn add_element(&mut self, row: u32, element: &Value) {
        self.add_value(row, "", element, 0);
    }

    /// The bytes that [`SealedColumns::open`](crate::SealedColumns::open) reads, for a segment of `rows`
    /// rows.
    #[must_use]
    pub fn encode(&self, rows: u32) -> Vec<u8> {
        super::sealed::encode(self, rows)
    }
}

impl MemoryColumn {
    fn add(&mut self, row: u32, scalar: &Value) {
        match scalar {
            Value::Bool(value) => push(self.bools.entry(*value).or_default(), row),
            Value::Number(number) => {
                if let Some(number) = Num::from_json(number) {
                    push(self.numbers.entry(number).or_default(), row);
                }
            }
            Value::String(text) => {
                match self.texts.get_mut(text.as_str()) {
                    Some(rows) => push(rows, row),
                    None => {
                        self.texts.insert(text.as_str().into(), vec![row]);
                    }
                }
                if let Some(instant) = instant(text) {
                    push(self.dates.entry(instant).or_default(), row);
                }
            }
            _ => {}
        }
    }
}

/// Arrays may hold a value twice.
fn push(rows: &mut Vec<u32>, row: u32) {
    if rows.last() != Some(&row) {
        rows.push(row);
    }
}

impl Columns for MemoryColumns {
    fn paths(&self) -> Vec<String> {
        self.columns.keys().cloned().collect()
    }

    fn present(&self, path: &str) -> RoaringBitmap {
        self.columns
            .get(path)
            .map(|column| column.present.iter().copied().collect())
            .unwrap_or_default()
    }

    fn select(&self, path: &str, select: Select<'_>) -> RoaringBitmap {
        let Some(column) = self.columns.get(path) else {
            return RoaringBitmap::new();
        };
        match select.probe {
            Probe::Bool(value) => range(&column.bools, select.op, &value),
            Probe::Number(value) => range(&column.numbers, select.op, &value),
            Probe::Date(value) => range(&column.dates, select.op, &value),
            Probe::Text(value) => range::<_, str>(&column.texts, select.op, value),
        }
    }

    fn between(&self, path: &str, range: Between<'_>) -> RoaringBitmap {
        let Some(column) = self.columns.get(path) else {
            return RoaringBitmap::new();
        };
        match (range.low, range.high) {
            (Probe::Bool(low), Probe::Bool(high)) => within(&column.bools, &low, &high),
            (Probe::Number(low), Probe::Number(high)) => within(&column.numbers, &low, &high),
            (Probe::Date(low), Probe::Date(high)) => within(&column.dates, &low, &high),
            (Probe::Text(low), Probe::Text(high)) => within::<_, str>(&column.texts, low, high),
            _ => RoaringBitmap::new(),
        }
    }

    fn any(&self, path: &str, among: Among<'_>) -> RoaringBitmap {
        let Some(column) = self.columns.get(path) else {
            return RoaringBitmap::new();
        };
        let lists = among.probes.iter().filter_map(|probe| match *probe {
            Probe::Bool(value) => column.bools.get(&value),
            Probe::Number(value) => column.numbers.get(&value),
            Probe::Text(value) => column.texts.get(value),
            Probe::Date(value) => column.dates.get(&value),
        });
        gather(lists)
    }

    fn texts(
        &self,
        path: &str,
        prefix: &str,
        mut fits: Option<&mut dyn FnMut(&str) -> bool>,
    ) -> RoaringBitmap {
        let Some(column) = self.columns.get(path) else {
            return RoaringBitmap::new();
        };
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let texts = column.texts.range::<str, _>(from);
        let texts = texts.take_while(|(text, _)| text.starts_with(prefix));
        let texts = texts.filter(|(text, _)| fits.as_mut().is_none_or(|fits| fits(text)));
        gather(texts.map(|(_, rows)| rows))
    }

    fn knows(&self, path: &str) -> bool {
        let inside = format!("{path}.");
        let next = self
            .columns
            .range::<str, _>((Bound::Included(inside.as_str()), Bound::Unbounded));
        let mut next = next.map(|(path, _)| path);
        self.columns.contains_key(path) || next.next().is_some_and(|path| path.starts_with(&inside))
    }

    fn each(&self, path: &str, visit: &mut dyn FnMut(Scalar<'_>, &mut dyn Iterator<Item = u32>)) {
        let Some(column) = self.columns.get(path) else {
            return;
        };
        for (value, rows) in &column.bools {
            visit(Scalar::Bool(*value), &mut rows.iter().copied());
        }
        for (value, rows) in &column.numbers {
            visit(Scalar::from(*value), &mut rows.iter().copied());
        }
        for (value, rows) in &column.texts {
            visit(Scalar::Text(value), &mut rows.iter().copied());
        }
    }
}

fn range<K, Q>(values: &Values<K>, op: Op, probe: &Q) -> RoaringBitmap
where
    K: Ord + std::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    let bounds = match op {
        Op::Eq | Op::Ne => (Bound::Included(probe), Bound::Included(probe)),
        Op::Lt => (Bound::Unbounded, Bound::Excluded(probe)),
        Op::Lte => (Bound::Unbounded, Bound::Included(probe)),
        Op::Gt => (Bound::Excluded(probe), Bound::Unbounded),
        Op::Gte => (Bound::Included(probe), Bound::Unbounded),
    };
    gather(values.range::<Q, _>(bounds).map(|(_, rows)| rows))
}

fn within<K, Q>(values: &Values<K>, low: &Q, high: &Q) -> RoaringBitmap
where
    K: Ord + std::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    if low > high {
        return RoaringBitmap::new();
    }
    let bounds = (Bound::Included(low), Bound::Included(high));
    gather(values.range::<Q, _>(bounds).map(|(_, rows)| rows))
}

/// The rows of some lists.
fn gather<'a>(lists: impl Iterator<Item = &'a Vec<u32>>) -> RoaringBitmap {
    lists.flat_map(|rows| rows.iter().copied()).collect()
}
