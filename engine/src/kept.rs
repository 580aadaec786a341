//! What was derived from a segment, kept for those who need it next.

use std::sync::Arc;

use lumos_wal::sync::Mutex;

/// Bytes of derived things that are kept for a segment, about.
const KEPT_BYTES: usize = 256 << 20;

/// Things derived from the first rows of a segment, by name; those used last are kept.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    /// The one used last is the last.
    entries: Mutex<Vec<Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    name: String,
    /// Of how many rows it was derived.
    rows: u32,
    bytes: usize,
    thing: Arc<T>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept {
            entries: Mutex::new(Vec::new()),
        }
    }
}

impl<T> Kept<T> {
    /// The thing of this name, if it knows the rows below `rows`.
    pub(crate) fn get(&self, name: &str, rows: u32) -> Option<Arc<T>> {
        let mut entries = self.entries.lock();
        let known = |entry: &Entry<T>| entry.rows >= rows && entry.name == name;
        let at = entries.iter().position(known)?;
        let entry = entries.remove(at);
        let thing = entry.thing.clone();
        entries.push(entry);
        Some(thing)
    }

    /// Keeps a thing of so many bytes, in the place of what was there of this name.
    pub(crate) fn put(&self, name: &str, rows: u32, bytes: usize, thing: Arc<T>) {
        let mut entries = self.entries.lock();
        entries.retain(|entry| entry.name != name);
        entries.push(Entry {
            name: name.to_string(),
            rows,
            bytes,
            thing,
        });
        let mut all: usize = entries.iter().map(|entry| entry.bytes).sum();
        while all > KEPT_BYTES && entries.len() > 1 {
            all -= entries.remove(0).bytes;
        }
    }

    /// The same, or as `make` makes it; others may make it too meanwhile.
    pub(crate) fn get_or_make(
        &self,
        name: &str,
        rows: u32,
        bytes: impl FnOnce(&T) -> usize,
        make: impl FnOnce() -> T,
    ) -> Arc<T> {
        if let Some(thing) = self.get(name, rows) {
            return thing;
        }
        let thing = Arc::new(make());
        self.put(name, rows, bytes(&thing), thing.clone());
        thing
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_derived_from_fewer_rows_is_derived_anew() {
        let kept = Kept::default();
        let make = |rows: u32| kept.get_or_make("a", rows, |_| 1, || rows);
        assert_eq!((*make(3), *make(2), *make(5), *make(3)), (3, 3, 5, 5));
        assert!(kept.get("b", 0).is_none());
    }

    #[test]
    fn the_bytes_that_are_kept_are_bounded() {
        let kept = Kept::default();
        for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
            kept.put(name, 1, KEPT_BYTES / 2, Arc::new(n));
            kept.get("a", 1);
        }
        // The one that was used the longest ago made room.
        assert!(kept.get("b", 1).is_none());
        assert_eq!(*kept.get("a", 1).unwrap(), 0);
        kept.put("large", 1, KEPT_BYTES * 2, Arc::new(9));
        assert_eq!(*kept.get("large", 1).unwrap(), 9);
        assert!(kept.get("a", 1).is_none());
    }
}
