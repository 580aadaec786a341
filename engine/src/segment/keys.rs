//! The keys of a segment: from row to key, from key to row, and in order.
//!
//! | bytes | content |
//! |---|---|
//! | `u32` | rows |
//! | `u32` | zero |
//! | `u64` | slots |
//! | `u64[rows + 1]` | where in the key bytes the key of each row begins, and where the last one ends |
//! | `u64[slots]` | hash table, see below |
//! | `u32[rows]` | all rows, ordered by key bytes and then by row |
//! | `u8[..]` | the key bytes of all rows, in row order |
//!
//! The table has two slots for each key that occurs, and holds the newest row of it. The search for a key
//! of hash `h` begins at slot `h * slots / 2^64` and goes on to the next one, around the end, until a slot
//! is zero. Bits 0 to 31 of a slot are the row plus one, bits 32 to 62 the low 31 bits of the hash; bit
//! 63 says that older rows have the same key. After [`PROBES`] slots the search changes to the order.

use std::ops::Bound;

use lumos_index::prefetch;
use ownedbytes::OwnedBytes;
use rayon::slice::ParallelSliceMut;
use roaring::RoaringBitmap;

use super::{SectionSink, u32_at, u64_at};

const HEADER_LEN: usize = 16;
/// Slots that a search looks at before it changes to the order, however keys were chosen.
const PROBES: usize = 32;
const OLDER: u64 = 1 << 63;
const TAG_MASK: u64 = 0x7fff_ffff;

/// Collects the keys of a segment.
#[derive(Debug, Default)]
pub(crate) struct KeysBuilder {
    bytes: Vec<u8>,
    ends: Vec<u64>,
}

impl KeysBuilder {
    pub(crate) fn new() -> Self {
        KeysBuilder::default()
    }

    /// Adds the key of the next row, which is `row`.
    pub(crate) fn add(&mut self, key: &str, row: u32) {
        debug_assert_eq!(self.ends.len(), row as usize, "rows come in order");
        self.bytes.extend_from_slice(key.as_bytes());
        self.ends.push(self.bytes.len() as u64);
    }

    fn key(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = row
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied();
        let end = self.ends.get(row).copied().unwrap_or_default();
        self.bytes
            .get(start.unwrap_or_default() as usize..end as usize)
            .unwrap_or_default()
    }

    /// Adds the section to `sink`; returns the rows whose keys later rows have too.
    pub(crate) fn finish(
        self,
        name: &str,
        sink: &mut dyn SectionSink,
    ) -> crate::Result<RoaringBitmap> {
        let mut order: Vec<u32> = (0..self.ends.len() as u32).collect();
        order.par_sort_unstable_by(|a, b| self.key(*a).cmp(self.key(*b)).then(a.cmp(b)));
        let (table, older) = self.table(&order);
        let mut head = [0; HEADER_LEN + 8];
        head[..4].copy_from_slice(&(order.len() as u32).to_le_bytes());
        head[8..16].copy_from_slice(&(table.len() as u64).to_le_bytes());
        sink.begin(name)?;
        sink.write(&head)?;
        // Numbers are little-endian in memory too: the index refuses other machines.
        sink.write(bytemuck::cast_slice(&self.ends))?;
        sink.write(bytemuck::cast_slice(&table))?;
        sink.write(bytemuck::cast_slice(&order))?;
        sink.write(&self.bytes)?;
        Ok(older)
    }

    fn table(&self, order: &[u32]) -> (Vec<u64>, RoaringBitmap) {
        let same = |a: &u32, b: &u32| self.key(*a) == self.key(*b);
        let mut table = vec![0; order.chunk_by(same).count() * 2];
        let mut all_older = RoaringBitmap::new();
        for rows in order.chunk_by(same) {
            let Some((&newest, replaced)) = rows.split_last() else {
                continue;
            };
            all_older.extend(replaced);
            let hash = hash(self.key(newest));
            let older = if replaced.is_empty() { 0 } else { OLDER };
            let slot = older | ((hash & TAG_MASK) << 32) | (u64::from(newest) + 1);
            let start = start(hash, table.len());
            let (before, after) = table.split_at_mut(start);
            if let Some(free) = after.iter_mut().chain(before).find(|slot| **slot == 0) {
                *free = slot;
            }
        }
        (table, all_older)
    }
}

/// The slot at which the search for a hash begins.
fn start(hash: u64, slots: usize) -> usize {
    ((u128::from(hash) * slots as u128) >> 64) as usize
}

/// The hash of a key, fixed by the format: 8 bytes at a time, little-endian, the last ones filled up with
/// zeros, are multiplied into the state, and the two halves of the product are joined.
fn hash(key: &[u8]) -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    const LAST: u64 = 0xd6e8_feb8_6659_fd93;
    let fold = |state: u64, factor: u64| {
        let product = u128::from(state) * u128::from(factor);
        product as u64 ^ (product >> 64) as u64
    };
    let (words, rest) = key.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let mut state = LAST ^ key.len() as u64;
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), STEP);
    }
    fold(fold(state ^ u64::from_le_bytes(last), STEP) ^ STEP, LAST)
}

/// The keys of a sealed segment.
#[derive(Clone)]
pub(crate) struct Keys {
    rows: u32,
    ends: OwnedBytes,
    table: OwnedBytes,
    order: OwnedBytes,
    bytes: OwnedBytes,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the section of a segment of `rows` rows.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn open(bytes: OwnedBytes, rows: u32) -> Result<Keys, String> {
        let cut = || "the section of keys is cut".to_string();
        let found = u32_at(&bytes, 0).ok_or_else(cut)?;
        if found != rows {
            return Err(format!("there are {found} keys for {rows} rows"));
        }
        let rows = rows as usize;
        let slots = u64_at(&bytes, 8).and_then(|slots| usize::try_from(slots).ok());
        // A table has at most two slots for each row.
        let slots = slots.filter(|slots| *slots <= rows * 2).ok_or_else(cut)?;
        if bytes.len() < HEADER_LEN + (rows + 1 + slots) * 8 + rows * 4 {
            return Err(cut());
        }
        let (_, rest) = bytes.split(HEADER_LEN);
        let (ends, rest) = rest.split((rows + 1) * 8);
        let (table, rest) = rest.split(slots * 8);
        let (order, bytes) = rest.split(rows * 4);
        let keys = Keys {
            rows: found,
            ends,
            table,
            order,
            bytes,
        };
        if u64_at(&keys.ends, rows * 8) != Some(keys.bytes.len() as u64) {
            return Err(cut());
        }
        Ok(keys)
    }

    /// The newest row that has this key and is live.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn find(
        &self,
        key: &str,
        live: impl Fn(u32) -> bool,
    ) -> Result<Option<u32>, String> {
        let key = key.as_bytes();
        let slots = self.table.len() / 8;
        let hash = hash(key);
        let mut at = start(hash, slots);
        for _ in 0..PROBES.min(slots) {
            let slot = u64_at(&self.table, at * 8).unwrap_or_default();
            if slot == 0 {
                return Ok(None);
            }
            if (slot >> 32) & TAG_MASK == hash & TAG_MASK {
                let row = (slot as u32).wrapping_sub(1);
                if self.raw(row)? == key {
                    return match live(row) {
                        true => Ok(Some(row)),
                        false if slot & OLDER == 0 => Ok(None),
                        false => self.find_in_order(key, live),
                    };
                }
            }
            at = if at + 1 == slots { 0 } else { at + 1 };
        }
        if slots == 0 {
            Ok(None)
        } else {
            self.find_in_order(key, live)
        }
    }

    fn find_in_order(&self, key: &[u8], live: impl Fn(u32) -> bool) -> Result<Option<u32>, String> {
        let mut at = self.rank(|other| other <= key)?;
        while let Some(before) = at.checked_sub(1) {
            let row = self.ordered(before)?;
            if self.raw(row)? != key {
                break;
            }
            if live(row) {
                return Ok(Some(row));
            }
            at = before;
        }
        Ok(None)
    }

    /// The key of a row.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn key(&self, row: u32) -> Result<&str, String> {
        std::str::from_utf8(self.raw(row)?)
            .map_err(|_| format!("the key of row {row} is not UTF-8"))
    }

    /// Asks the processor for where the key of a row lies.
    pub(crate) fn prefetch_place(&self, row: u32) {
        prefetch(&self.ends, row as usize * 8);
    }

    /// Asks the processor for the key of a row, which is known to lie somewhere already.
    pub(crate) fn prefetch_key(&self, row: u32) {
        if let Some(start) = u64_at(&self.ends, row as usize * 8) {
            prefetch(&self.bytes, start as usize);
        }
    }

    /// The least and the greatest key; `None` when there is none.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn range(&self) -> Result<Option<(&str, &str)>, String> {
        let Some(last) = self.rows.checked_sub(1) else {
            return Ok(None);
        };
        let key = |at: u32| self.key(self.ordered(at)?);
        Ok(Some((key(0)?, key(last)?)))
    }

    /// Keys from `from` on with their rows, in the order of key bytes; rows of one key oldest first.
    pub(crate) fn from(
        &self,
        from: Bound<&str>,
    ) -> impl Iterator<Item = Result<(&str, u32), String>> {
        let start = match from {
            Bound::Included(key) => self.rank(|other| other < key.as_bytes()),
            Bound::Excluded(key) => self.rank(|other| other <= key.as_bytes()),
            Bound::Unbounded => Ok(0),
        };
        let (failed, start) = match start {
            Ok(start) => (None, start),
            Err(detail) => (Some(Err(detail)), self.rows),
        };
        failed.into_iter().chain((start..self.rows).map(|at| {
            let row = self.ordered(at)?;
            Ok((self.key(row)?, row))
        }))
    }

    /// How many of the ordered rows `before` holds for: it holds for none after one it does not hold for.
    fn rank(&self, before: impl Fn(&[u8]) -> bool) -> Result<u32, String> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            match before(self.raw(self.ordered(middle)?)?) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }

    fn ordered(&self, at: u32) -> Result<u32, String> {
        u32_at(&self.order, at as usize * 4).ok_or_else(|| format!("there is no key {at}"))
    }

    #[inline]
    fn raw(&self, row: u32) -> Result<&[u8], String> {
        let place = |row: usize| u64_at(&self.ends, row.checked_mul(8)?);
        let row = row as usize;
        place(row)
            .zip(place(row + 1))
            .and_then(|(start, end)| self.bytes.get(start as usize..end as usize))
            .ok_or_else(|| format!("the key of row {row} is outside the section"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::segment::SegmentBuffer;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn encode(keys: &[String]) -> Vec<u8> {
        let mut builder = KeysBuilder::new();
        for (row, key) in keys.iter().enumerate() {
            builder.add(key, row as u32);
        }
        let mut sink = SegmentBuffer::new(0).unwrap();
        builder.finish("keys", &mut sink).unwrap();
        sink.section().unwrap().to_vec()
    }

    fn open(keys: &[String]) -> Keys {
        Keys::open(OwnedBytes::new(encode(keys)), keys.len() as u32).unwrap()
    }

    proptest! {
        /// Against a plain scan: the newest live row of a key, whatever else has it, and no key that is
        /// not there.
        #[test]
        fn find_agrees_with_a_scan(
            keys in proptest::collection::vec("[a-c]{0,3}", 0..80),
            dead in proptest::collection::btree_set(0u32..80, 0..60),
            wanted in "[a-d]{0,3}",
        ) {
            let section = open(&keys);
            let live = |row: u32| !dead.contains(&row);
            for key in keys.iter().chain([&wanted]) {
                let expected = (0..keys.len() as u32).rev()
                    .find(|row| &keys[*row as usize] == key && live(*row));
                prop_assert_eq!(section.find(key, live).unwrap(), expected);
                prop_assert_eq!(section.find_in_order(key.as_bytes(), live).unwrap(), expected);
            }
            for (row, key) in keys.iter().enumerate() {
                prop_assert_eq!(section.key(row as u32).unwrap(), key);
            }
        }

        /// From any bound on, in the order of the bytes.
        #[test]
        fn order_is_that_of_the_bytes(
            keys in proptest::collection::vec(".{0,4}", 0..60), bound in ".{0,4}",
        ) {
            let section = open(&keys);
            let mut sorted: Vec<(&str, u32)> =
                keys.iter().enumerate().map(|(row, key)| (key.as_str(), row as u32)).collect();
            sorted.sort_unstable();
            for from in [Bound::Included(&*bound), Bound::Excluded(&*bound), Bound::Unbounded] {
                let found: Vec<_> = section.from(from).collect::<Result<_, _>>().unwrap();
                let expected: Vec<_> = sorted.iter().copied().filter(|(key, _)| match from {
                    Bound::Included(bound) => *key >= bound,
                    Bound::Excluded(bound) => *key > bound,
                    Bound::Unbounded => true,
                }).collect();
                prop_assert_eq!(found, expected);
            }
        }

        /// Any change to the bytes gives an answer or an error, in bounded time, never a panic.
        #[test]
        fn damaged_sections_do_not_panic(
            keys in proptest::collection::vec("[a-c]{0,3}", 0..30),
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..20),
            cut in any::<Option<usize>>(),
        ) {
            let mut bytes = encode(&keys);
            for (at, byte) in changes {
                let len = bytes.len();
                bytes[at % len] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut % (bytes.len() + 1));
            }
            if let Ok(section) = Keys::open(OwnedBytes::new(bytes), keys.len() as u32) {
                for key in &keys {
                    let _any = section.find(key, |row| row % 2 == 0);
                }
                let _any = section.from(Bound::Excluded("b")).count();
                let _any: Vec<_> = (0..40).map(|row| section.key(row).is_ok()).collect();
            }
        }
    }

    /// Table and order must agree when the table is too crowded around a key, as chosen keys can make it.
    #[test]
    fn crowded_slots_fall_back_to_the_order() {
        let candidates = (0..100_000u32).map(|n| format!("k{n}"));
        let crowd: Vec<String> = candidates
            .filter(|key| hash(key.as_bytes()) >> 56 == 7)
            .take(60)
            .collect();
        let mut keys: Vec<String> = (0..20).flat_map(|_| crowd.clone()).collect();
        keys.extend((0..40).map(|n| format!("other{n}")));
        let section = open(&keys);
        for (row, key) in keys.iter().enumerate() {
            let found = section.find(key, |_| true).unwrap().unwrap();
            assert_eq!((&keys[found as usize], found >= row as u32), (key, true));
        }
        let mut longest = 0;
        let slots = section.table.len() / 8;
        for key in &keys {
            let first = start(hash(key.as_bytes()), slots);
            let taken = (0..slots)
                .take_while(|n| u64_at(&section.table, (first + n) % slots * 8) != Some(0));
            longest = longest.max(taken.count());
        }
        assert!(
            longest > PROBES,
            "the test should crowd the table: {longest}"
        );
    }

    /// Ordinary keys must not collide: a miss should end at the first slots.
    #[test]
    fn hashes_of_similar_keys_differ() {
        let keys: Vec<String> = (0..50_000).map(|n| format!("doc/{n:06}")).collect();
        let hashes: BTreeSet<u64> = keys.iter().map(|key| hash(key.as_bytes())).collect();
        assert_eq!(hashes.len(), keys.len());
        let starts: BTreeSet<usize> = hashes.iter().map(|h| start(*h, 100_000)).collect();
        // Throwing 50,000 balls at 100,000 slots hits 39,347 of them on average.
        assert!(starts.len() > 38_500, "{} starts", starts.len());
    }

    /// The format fixes the hash: a change makes every file unreadable.
    #[test]
    fn the_hash_never_changes() {
        assert_eq!(hash(b""), 0x4f32_9cad_faf7_c73c);
        assert_eq!(hash(b"a"), 0x10a9_42af_7673_2947);
        assert_eq!(hash(b"documents/0001"), 0xaa82_0a72_5e7a_4a10);
    }
}
