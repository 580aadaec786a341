//! The terms of a sealed field, walked by what may come next.

use ownedbytes::OwnedBytes;
use tantivy::directory::FileSlice;
use tantivy_fst::raw::{Fst, Node};

use super::error::TextError;
use super::terms::{Fuzzy, Near, Next, Utf8};

/// What ends tantivy's file of a field, behind the transducer and a table of postings: the length of the
/// table, `u64`, the version and the kind of dictionary, both `u32`.
const FOOTER: usize = 16;
const FORM: [u32; 2] = [1, 1];

/// A transducer that has every term as a path of bytes.
pub(crate) struct Dictionary {
    fst: Fst<OwnedBytes>,
}

impl Dictionary {
    /// Opens the dictionary of a field.
    ///
    /// # Errors
    /// [`TextError::Damaged`].
    pub(crate) fn open(file: &FileSlice) -> Result<Dictionary, TextError> {
        let damaged = |what: &str| TextError::Damaged(format!("its terms {what}"));
        let bytes = file.read_bytes();
        let bytes = bytes.map_err(|error| damaged(&error.to_string()))?;
        let (table, form) = footer(&bytes).ok_or_else(|| damaged("are cut short"))?;
        if form != FORM {
            return Err(damaged(&format!("have the form {form:?}, not {FORM:?}")));
        }
        let table = usize::try_from(table).ok();
        let end = table.and_then(|table| (bytes.len() - FOOTER).checked_sub(table));
        let end = end.ok_or_else(|| damaged("are cut short"))?;
        match Fst::new(bytes.slice(0..end)) {
            Ok(fst) => Ok(Dictionary { fst }),
            Err(error) => Err(damaged(&error.to_string())),
        }
    }

    /// Calls `each` with the terms near a word.
    ///
    /// Where no edit is left, only the characters that can follow are looked for, instead of all that do.
    pub(crate) fn near(
        &self,
        fuzzy: &Fuzzy,
        each: &mut dyn FnMut(&str) -> Result<(), TextError>,
    ) -> Result<(), TextError> {
        let mut walk = Walk {
            fst: &self.fst,
            fuzzy,
            term: String::new(),
            each,
        };
        walk.visit(self.fst.root(), &fuzzy.start())
    }
}

/// The numbers at the end of a file.
fn footer(bytes: &[u8]) -> Option<(u64, [u32; 2])> {
    let (_, footer) = bytes.split_last_chunk::<FOOTER>()?;
    let (table, form) = footer.split_first_chunk::<8>()?;
    let (version, kind) = form.split_first_chunk::<4>()?;
    let form = [version, kind.first_chunk::<4>()?].map(|number| u32::from_le_bytes(*number));
    Some((u64::from_le_bytes(*table), form))
}

/// A walk through the terms near a word. It is as deep as a term has characters, of which there are 128.
struct Walk<'w> {
    fst: &'w Fst<OwnedBytes>,
    fuzzy: &'w Fuzzy,
    /// The path so far.
    term: String,
    each: &'w mut dyn FnMut(&str) -> Result<(), TextError>,
}

impl Walk<'_> {
    /// The terms that go on from a node.
    fn visit(&mut self, node: Node<'_>, near: &Near) -> Result<(), TextError> {
        if node.is_final() && self.fuzzy.is_match(near) {
            (self.each)(&self.term)?;
        }
        match self.fuzzy.next(near) {
            Next::Any => self.any(node, near, Utf8::default()),
            Next::These(these) => {
                for c in these.into_iter().flatten() {
                    if let Some(address) = self.follow(node, c) {
                        self.push(address, near, c)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The terms that go on with any character, of which some bytes may have been passed.
    fn any(&mut self, node: Node<'_>, near: &Near, passed: Utf8) -> Result<(), TextError> {
        for step in node.transitions() {
            let mut utf8 = passed;
            match utf8.push(step.inp) {
                Some(c) => self.push(step.addr, near, c)?,
                None => self.any(self.fst.node(step.addr), near, utf8)?,
            }
        }
        Ok(())
    }

    fn push(&mut self, address: usize, near: &Near, c: char) -> Result<(), TextError> {
        let Some(near) = self.fuzzy.push(near, c) else {
            return Ok(());
        };
        let length = self.term.len();
        self.term.push(c);
        self.visit(self.fst.node(address), &near)?;
        self.term.truncate(length);
        Ok(())
    }

    /// Where a character leads.
    fn follow(&self, node: Node<'_>, c: char) -> Option<usize> {
        let mut node = node;
        let (mut bytes, mut address) = ([0; 4], None);
        for byte in c.encode_utf8(&mut bytes).bytes() {
            if let Some(address) = address {
                node = self.fst.node(address);
            }
            address = Some(node.transition_addr(node.find_input(byte)?));
        }
        address
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use tantivy::directory::FileSlice;
    use tantivy::postings::TermInfo;
    use tantivy::termdict::TermDictionaryBuilder;

    use super::*;

    /// A file as tantivy writes it.
    fn file(terms: &BTreeSet<String>) -> Vec<u8> {
        let mut builder = TermDictionaryBuilder::create(Vec::new()).unwrap();
        for term in terms {
            builder.insert(term, &TermInfo::default()).unwrap();
        }
        builder.finish().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_walk_finds_the_terms_that_are_near(
            terms in prop::collection::btree_set("[ab\u{e9}\u{6570}\u{6578}]{0,6}", 0..80),
            word in "[ab\u{e9}\u{6570}]{0,6}",
            edits in 0u8..3,
        ) {
            let fuzzy = Fuzzy::new(&word, edits);
            let near: Vec<String> = terms.iter().filter(|term| fuzzy.fits(term)).cloned().collect();
            let dictionary = Dictionary::open(&FileSlice::from(file(&terms))).unwrap();
            let mut found = Vec::new();
            let each = &mut |term: &str| {
                found.push(term.to_string());
                Ok(())
            };
            dictionary.near(&fuzzy, each).unwrap();
            // Each once.
            found.sort_unstable();
            prop_assert_eq!(found, near);
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let good = file(&BTreeSet::from(["a".to_string()]));
        for cut in [0, 8, good.len() - 1] {
            assert!(Dictionary::open(&FileSlice::from(good[..cut].to_vec())).is_err());
        }
        let other = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 0x40;
            Dictionary::open(&FileSlice::from(bytes)).map(drop)
        };
        assert!(
            other(good.len() - 1)
                .unwrap_err()
                .to_string()
                .contains("form")
        );
        assert!(
            other(good.len() - FOOTER).is_err(),
            "more postings than bytes"
        );
    }
}
