//! Metadata columns as bytes, read where they lie.
//!
//! All integers are little-endian. A header of 16 bytes: `LUMOCOL1`, `u32` rows, `u32` paths. Then for each
//! path, in their order, an entry of 96 bytes: `u64` offset from the first byte and `u64` length of the
//! path, of the list of rows that have it, and of each kind of values: booleans, numbers, texts, dates. A
//! list of rows is `u32[]`, ascending. Values of a kind are nothing, or `u32 n`, `u32[n + 1]` where the
//! rows of each distinct value begin, the rows, `u32[]`, and the `n` values in their order.
//!
//! A boolean is a byte; a number is a byte (0 integer, 1 float) and 16 bytes (`i128`, or `f64` and 8 zero
//! bytes); a date is an `i128` of nanoseconds since 1970; texts are `u64[n]`, where each ends, then their
//! bytes.

use std::cmp::Ordering;

use ownedbytes::OwnedBytes;
use roaring::RoaringBitmap;

use super::column::{Among, Between, Columns, MemoryColumn, MemoryColumns, Select, Values};
use super::expr::Op;
use super::value::{Num, Probe};
use crate::error::DecodeError;
use crate::values::Scalar;

const MAGIC: &[u8; 8] = b"LUMOCOL1";
const HEADER: usize = 16;
/// One row in this many: from there on setting bits is faster than sorting.
const MANY: usize = 64;

/// Six pairs of offset and length: path, present rows, booleans, numbers, texts, dates.
const ENTRY: usize = 6 * 16;
const SECTION: &str = "metadata columns";

/// Writes all columns.
pub(crate) fn encode(columns: &MemoryColumns, rows: u32) -> Vec<u8> {
    let count = columns.columns.len();
    let mut table = Vec::with_capacity(HEADER + count * ENTRY);
    table.extend_from_slice(MAGIC);
    table.extend_from_slice(&rows.to_le_bytes());
    table.extend_from_slice(&(count as u32).to_le_bytes());
    let base = HEADER + count * ENTRY;
    let mut data = Vec::new();
    for (path, column) in &columns.columns {
        for part in parts(path, column) {
            table.extend_from_slice(&((base + data.len()) as u64).to_le_bytes());
            table.extend_from_slice(&(part.len() as u64).to_le_bytes());
            data.extend_from_slice(&part);
        }
    }
    table.append(&mut data);
    table
}

fn parts(path: &str, column: &MemoryColumn) -> [Vec<u8>; 6] {
    let number = |number: &Num| {
        let mut bytes = [0; 17];
        match number {
            Num::Int(value) => bytes[1..].copy_from_slice(&value.to_le_bytes()),
            Num::Float(value) => {
                bytes[0] = 1;
                bytes[1..9].copy_from_slice(&value.to_le_bytes());
            }
        }
        bytes.to_vec()
    };
    let fixed = |values: Vec<Vec<u8>>| values.concat();
    let texts = |values: &Values<Box<str>>| {
        let mut bytes = Vec::new();
        let mut end = 0u64;
        for text in values.keys() {
            end += text.len() as u64;
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        values
            .keys()
            .for_each(|text| bytes.extend_from_slice(text.as_bytes()));
        bytes
    };
    [
        path.as_bytes().to_vec(),
        list(&column.present),
        kind(
            &column.bools,
            fixed(column.bools.keys().map(|v| vec![u8::from(*v)]).collect()),
        ),
        kind(
            &column.numbers,
            fixed(column.numbers.keys().map(number).collect()),
        ),
        kind(&column.texts, texts(&column.texts)),
        kind(
            &column.dates,
            fixed(
                column
                    .dates
                    .keys()
                    .map(|v| v.to_le_bytes().to_vec())
                    .collect(),
            ),
        ),
    ]
}

fn list(rows: &[u32]) -> Vec<u8> {
    rows.iter().flat_map(|row| row.to_le_bytes()).collect()
}

/// The lists come before the values: they have one width.
fn kind<K>(values: &Values<K>, encoded: Vec<u8>) -> Vec<u8> {
    if values.is_empty() {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&(values.len() as u32).to_le_bytes());
    let mut start = 0u32;
    bytes.extend_from_slice(&start.to_le_bytes());
    for rows in values.values() {
        start += rows.len() as u32;
        bytes.extend_from_slice(&start.to_le_bytes());
    }
    values
        .values()
        .for_each(|rows| bytes.extend_from_slice(&list(rows)));
    bytes.extend_from_slice(&encoded);
    bytes
}

/// Metadata columns of a sealed segment.
#[derive(Debug)]
pub struct SealedColumns {
    bytes: OwnedBytes,
    rows: u32,
    /// The entries, in the order of their paths.
    entries: Vec<(String, [(usize, usize); 6])>,
}

impl SealedColumns {
    /// Reads the columns of a segment of `rows` rows.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are something else, or an entry points out of them.
    pub fn open(bytes: OwnedBytes, rows: u32) -> Result<SealedColumns, DecodeError> {
        let found = bytes.len() as u64;
        let short = |needed: usize| DecodeError::Length {
            section: SECTION,
            needed: needed as u64,
            found,
        };
        let invalid = |offset: usize, reason| DecodeError::Invalid {
            section: SECTION,
            offset: offset as u64,
            reason,
        };
        if bytes.get(..8) != Some(MAGIC.as_slice()) {
            return Err(DecodeError::Magic { section: SECTION });
        }
        let stored = u32_at(&bytes, 8).ok_or_else(|| short(HEADER))?;
        let count = u32_at(&bytes, 12).ok_or_else(|| short(HEADER))? as usize;
        if stored != rows {
            return Err(invalid(8, "it belongs to a segment of another size"));
        }
        let table = HEADER + count * ENTRY;
        if table > bytes.len() {
            return Err(short(table));
        }
        let mut entries: Vec<(String, [(usize, usize); 6])> = Vec::with_capacity(count);
        for at in (HEADER..table).step_by(ENTRY) {
            let mut parts = [(0, 0); 6];
            for (i, part) in parts.iter_mut().enumerate() {
                *part = span(&bytes, at + i * 16)
                    .ok_or_else(|| invalid(at, "it points past the end"))?;
            }
            let path = bytes
                .get(parts[0].0..parts[0].1)
                .and_then(|path| std::str::from_utf8(path).ok());
            let path = path.ok_or_else(|| invalid(at, "the path is not UTF-8"))?;
            if entries
                .last()
                .is_some_and(|(last, _)| last.as_str() >= path)
            {
                return Err(invalid(at, "the paths are not in order"));
            }
            entries.push((path.to_string(), parts));
        }
        Ok(SealedColumns {
            bytes,
            rows,
            entries,
        })
    }

    /// Behaves as if no row had anything at this path or inside of it; returns whether some row has.
    pub fn hide(&mut self, path: &str) -> bool {
        let inside = format!("{path}.");
        let before = self.entries.len();
        self.entries
            .retain(|(entry, _)| entry != path && !entry.starts_with(&inside));
        self.entries.len() < before
    }

    /// Bytes of all columns.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn part(&self, path: &str, part: usize) -> Option<&[u8]> {
        let at = self
            .entries
            .binary_search_by(|(entry, _)| entry.as_str().cmp(path))
            .ok()?;
        let (start, end) = *self.entries.get(at)?.1.get(part)?;
        self.bytes.get(start..end)
    }

    fn kind(&self, path: &str, part: usize) -> Option<Kind<'_>> {
        self.part(path, part).and_then(Kind::read)
    }

    /// The rows of lists, each of which is in order.
    fn rows_of(&self, lists: &[&[u8]]) -> RoaringBitmap {
        let count: usize = lists.iter().map(|list| list.len() / 4).sum();
        let lists = lists.iter().flat_map(|list| list.as_chunks::<4>().0);
        let rows = lists.map(|row| u32::from_le_bytes(*row));
        let rows = rows.filter(|row| *row < self.rows);
        if count < self.rows as usize / MANY {
            let mut rows: Vec<u32> = rows.collect();
            rows.sort_unstable();
            return rows.into_iter().collect();
        }
        let mut bits = vec![0_u8; (self.rows as usize).div_ceil(8)];
        for row in rows {
            if let Some(byte) = bits.get_mut(row as usize / 8) {
                *byte |= 1 << (row % 8);
            }
        }
        RoaringBitmap::from_lsb0_bytes(0, &bits)
    }
}

/// The part of an entry that has values of the kind of a probe.
fn part_of(probe: &Probe<'_>) -> usize {
    match probe {
        Probe::Bool(_) => 2,
        Probe::Number(_) => 3,
        Probe::Text(_) => 4,
        Probe::Date(_) => 5,
    }
}

/// A pair of offset and length, as bounds.
fn span(bytes: &OwnedBytes, at: usize) -> Option<(usize, usize)> {
    let number = |at: usize| u64_at(bytes, at).and_then(|number| usize::try_from(number).ok());
    let (start, len) = (number(at)?, number(at + 8)?);
    let end = start.checked_add(len).filter(|end| *end <= bytes.len())?;
    Some((start, end))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at.checked_add(4)?)?
        .try_into()
        .ok()
        .map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..at.checked_add(8)?)?
        .try_into()
        .ok()
        .map(u64::from_le_bytes)
}

fn i128_at(bytes: &[u8], at: usize) -> Option<i128> {
    bytes
        .get(at..at.checked_add(16)?)?
        .try_into()
        .ok()
        .map(i128::from_le_bytes)
}

/// The distinct values of one kind and their rows.
struct Kind<'a> {
    n: usize,
    starts: &'a [u8],
    rows: &'a [u8],
    values: &'a [u8],
}

impl<'a> Kind<'a> {
    fn read(bytes: &'a [u8]) -> Option<Kind<'a>> {
        let n = u32_at(bytes, 0)? as usize;
        let rows_at = 4 + (n + 1) * 4;
        let starts = bytes.get(4..rows_at)?;
        let total = u32_at(starts, n * 4)? as usize;
        let values_at = rows_at + total * 4;
        Some(Kind {
            n,
            starts,
            rows: bytes.get(rows_at..values_at)?,
            values: bytes.get(values_at..)?,
        })
    }

    /// How value `i` compares with a probe.
    fn compare(&self, i: usize, probe: &Probe<'_>) -> Option<Ordering> {
        Some(match probe {
            Probe::Bool(probe) => self.values.get(i)?.cmp(&u8::from(*probe)),
            Probe::Number(probe) => self.number(i)?.cmp(probe),
            Probe::Text(probe) => self.text(i)?.cmp(probe.as_bytes()),
            Probe::Date(probe) => i128_at(self.values, i * 16)?.cmp(probe),
        })
    }

    /// The first value from `low` on that is not below a probe, or is above it.
    fn first(&self, mut low: usize, probe: &Probe<'_>, least: Ordering) -> Option<usize> {
        // Steps that double find near ones soon: lists of probes go on from the last one.
        let (mut high, mut step) = (low, 1);
        while high < self.n && self.compare(high, probe)? < least {
            low = high + 1;
            high = (high + step).min(self.n);
            step *= 2;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.compare(middle, probe)? < least {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Some(low)
    }

    /// The values that are equal to a probe.
    fn equal(&self, probe: &Probe<'_>) -> Option<(usize, usize)> {
        let from = self.first(0, probe, Ordering::Equal)?;
        Some((from, self.first(from, probe, Ordering::Greater)?))
    }

    /// The rows of the values that compare so with a probe.
    fn select(&self, op: Op, probe: &Probe<'_>) -> Option<&'a [u8]> {
        let (not_below, above) = self.equal(probe)?;
        let (from, to) = match op {
            Op::Eq | Op::Ne => (not_below, above),
            Op::Lt => (0, not_below),
            Op::Lte => (0, above),
            Op::Gt => (above, self.n),
            Op::Gte => (not_below, self.n),
        };
        self.rows_between(from, to)
    }

    /// The rows of some values.
    fn rows_between(&self, from: usize, to: usize) -> Option<&'a [u8]> {
        let start = u32_at(self.starts, from * 4)? as usize;
        let end = u32_at(self.starts, to * 4)? as usize;
        self.rows.get(start * 4..end * 4)
    }

    /// The rows of value `i`, in order.
    fn rows_at(&self, i: usize) -> Option<&'a [u8]> {
        self.rows_between(i, i + 1)
    }

    fn number(&self, i: usize) -> Option<Num> {
        let at = i * 17;
        match self.values.get(at)? {
            0 => i128_at(self.values, at + 1).map(Num::Int),
            _ => Num::from_f64(f64::from_bits(u64_at(self.values, at + 1)?)),
        }
    }

    fn text(&self, i: usize) -> Option<&'a [u8]> {
        let end = |count: usize| match count.checked_sub(1) {
            Some(last) => u64_at(self.values, last * 8).and_then(|end| usize::try_from(end).ok()),
            None => Some(0),
        };
        self.values.get(self.n * 8..)?.get(end(i)?..end(i + 1)?)
    }
}

impl Columns for SealedColumns {
    fn paths(&self) -> Vec<String> {
        self.entries.iter().map(|(path, _)| path.clone()).collect()
    }

    fn present(&self, path: &str) -> RoaringBitmap {
        self.part(path, 1)
            .map(|list| self.rows_of(&[list]))
            .unwrap_or_default()
    }

    // Bytes that contradict themselves match nothing; the segment's checksum reports them.
    fn select(&self, path: &str, select: Select<'_>) -> RoaringBitmap {
        let kind = self.kind(path, part_of(&select.probe));
        let rows = kind.and_then(|kind| kind.select(select.op, &select.probe));
        rows.map(|list| self.rows_of(&[list])).unwrap_or_default()
    }

    fn between(&self, path: &str, range: Between<'_>) -> RoaringBitmap {
        let Between { low, high } = range;
        let part = part_of(&low);
        let rows = || {
            let kind = self.kind(path, part).filter(|_| part == part_of(&high))?;
            let from = kind.first(0, &low, Ordering::Equal)?;
            let to = kind.first(0, &high, Ordering::Greater)?;
            kind.rows_between(from, to)
        };
        rows().map(|list| self.rows_of(&[list])).unwrap_or_default()
    }

    fn any(&self, path: &str, among: Among<'_>) -> RoaringBitmap {
        let mut lists = Vec::new();
        for probes in among.probes.chunk_by(|a, b| part_of(a) == part_of(b)) {
            let part = probes.first().map(part_of);
            let Some(kind) = part.and_then(|part| self.kind(path, part)) else {
                continue;
            };
            let mut at = 0;
            for probe in probes {
                let Some(next) = kind.first(at, probe, Ordering::Equal) else {
                    break;
                };
                at = next;
                if kind.compare(at, probe) == Some(Ordering::Equal) {
                    lists.extend(kind.rows_at(at));
                }
            }
        }
        self.rows_of(&lists)
    }

    fn texts(
        &self,
        path: &str,
        prefix: &str,
        mut fits: Option<&mut dyn FnMut(&str) -> bool>,
    ) -> RoaringBitmap {
        let Some(kind) = self.kind(path, 4) else {
            return RoaringBitmap::new();
        };
        let mut lists = Vec::new();
        let first = kind.first(0, &Probe::Text(prefix), Ordering::Equal);
        for i in first.unwrap_or(kind.n)..kind.n {
            let text = kind.text(i).and_then(|text| std::str::from_utf8(text).ok());
            let Some(text) = text.filter(|text| text.starts_with(prefix)) else {
                break;
            };
            if fits.as_mut().is_none_or(|fits| fits(text)) {
                lists.extend(kind.rows_at(i));
            }
        }
        self.rows_of(&lists)
    }

    fn knows(&self, path: &str) -> bool {
        let at = |path: &str| {
            let at = self
                .entries
                .partition_point(|(entry, _)| entry.as_str() < path);
            self.entries.get(at).map(|(entry, _)| entry.as_str())
        };
        let inside = format!("{path}.");
        at(path) == Some(path) || at(&inside).is_some_and(|entry| entry.starts_with(&inside))
    }

    fn each(&self, path: &str, visit: &mut dyn FnMut(Scalar<'_>, &mut dyn Iterator<Item = u32>)) {
        for part in [2, 3, 4] {
            let Some(kind) = self.part(path, part).and_then(Kind::read) else {
                continue;
            };
            for i in 0..kind.n {
                let value = match part {
                    2 => kind.values.get(i).map(|value| Scalar::Bool(*value > 0)),
                    3 => kind.number(i).map(Scalar::from),
                    _ => {
                        let text = kind.text(i).and_then(|text| std::str::from_utf8(text).ok());
                        text.map(Scalar::Text)
                    }
                };
                if let (Some(value), Some(list)) = (value, kind.rows_at(i)) {
                    let (list, _) = list.as_chunks::<4>();
                    visit(value, &mut list.iter().map(|row| u32::from_le_bytes(*row)));
                }
            }
        }
    }
}
